"""The composition root: settings in, application out; nothing else knows how the house is put together."""

import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, get_args

import structlog
from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from service.api import (
    access,
    administered,
    administration,
    advices,
    beside,
    cases,
    destructions,
    drafts,
    escalation,
    events,
    gaps,
    learning,
    offers,
    over_time,
    parts,
    reference,
    retention,
    service_itself,
    subject_access,
    subscriptions,
    verification,
    work_items,
    workflow_versions,
)
from service.api.bodies import BODIES
from service.api.dependencies import House, NotAcceptable, UnsupportedMediaType, check_request
from service.api.documentation import page
from service.api.edge import Edge, TooLarge, TooSlow
from service.api.faults import CheckedRoute, with_all_found
from service.api.language import language_of
from service.api.limits import Meter
from service.api.openapi import document
from service.api.problems import bare, problem
from service.api.readiness import Readiness
from service.api.steps import union_for
from service.api.tokens import Signer, Tokens
from service.domain.case import PartKind
from service.domain.refusals import Refusal
from service.domain.rulebook import Rulebook, read_rules
from service.domain.words import Language
from service.issuers.issuer import Issuer
from service.issuers.published import issuers_of
from service.relay.outside import Outside
from service.relay.relay import Relay
from service.settings import Settings
from service.storage.condition import figures, insist_on_disk
from service.storage.database import Database, open_engine
from service.storage.destruction_list import DestructionList
from service.storage.keys import Keyring, load_master_key
from service.storage.migrating import expected_revision, revision_of
from service.storage.protections import insist
from service.storage.sweeping import scrub
from service.storage.unit import Unit
from service.storage.wall import insist_on_wall
from service.use_cases.demonstration import ISSUER, furnish, insist_on_real_people
from service.use_cases.destroyed import Replayed, replay
from service.use_cases.region_settings import keep_decided

log = structlog.get_logger("casusroute")
_ALWAYS = {NotAcceptable: 406, UnsupportedMediaType: 415, TooLarge: 413, TooSlow: 408, Exception: 500}
_ROUTERS = (
    cases, beside, access, subject_access, parts, escalation, over_time, advices, work_items, drafts, offers, gaps,
    learning, administration, administered, workflow_versions, events, subscriptions, reference, service_itself,
    verification, retention, destructions,
)  # fmt: skip


class NotMigrated(RuntimeError):
    """The database is not at the schema that this version needs."""


class IssuersRefused(RuntimeError):
    """Nobody could sign in, or a demonstration and real issuers would stand side by side."""


@dataclass(frozen=True, slots=True)
class Built:
    """An application, the database behind it, and whether requests should be sent to it."""

    application: ASGIApp
    api: FastAPI
    database: Database
    readiness: Readiness

    def now(self) -> dict[str, float]:
        """What is to be seen from outside at this moment, by the names in `metrics`."""
        return {**figures(self.database), "units_under_way": self.database.under_way}


def read_folder(folder: Path) -> Rulebook:
    """The rules of a folder of workflow files. Raises RulesRefused with everything that is wrong."""
    return read_rules({file.name: file.read_text(encoding="utf-8") for file in sorted(folder.glob("*.toml"))})


def open_database(settings: Settings, clock: Callable[[], datetime] | None = None) -> Database:
    given = settings.master_key.get_secret_value() if settings.master_key else None
    keyring = Keyring(load_master_key(given, settings.master_key_file))
    engine = open_engine(settings.database_url, settings.database_connections)
    connections, queue = settings.database_connections, settings.database_queue
    return Database(engine, keyring, connections=connections, queue=queue, clock=clock)


def prepared(
    settings: Settings,
    clock: Callable[[], datetime] | None = None,
    people: Callable[[Unit], None] = lambda _: None,
) -> tuple[Database, Rulebook]:
    """A migrated database made ready for this version, and the rules in force. Raises as `build` does.

    `people` looks at who is in it: fictional people or real ones.
    """
    rules = read_folder(settings.workflows)
    database = open_database(settings, clock)
    try:
        followed(database, settings)
        return database, database.write_now(lambda unit: _prepare(unit, settings, rules, people))
    except BaseException:
        database.close()
        raise


def build(settings: Settings, clock: Callable[[], datetime] | None = None) -> Built:
    """The service on a migrated database.

    Raises NotMigrated, Unprotected, NoSecondWall, MasterKeyRefused, RulesRefused, NotADemonstration, IssuersRefused.
    """
    signer = Signer(ISSUER) if settings.mode == "demonstration" else None
    issuers = _trusted(settings, signer)
    database, rules = prepared(settings, clock, partial(furnish, issuer=ISSUER) if signer else insist_on_real_people)
    outside = Outside(address=settings.address, targets=settings.webhook_targets)
    relay = Relay(database, outside, settings)
    readiness = Readiness(database, settings)
    house = House(
        database=database,
        destructions=DestructionList(settings.destruction_list),
        readiness=readiness,
        asked=Meter(settings.person_per_minute),
        rules=rules,
        tokens=Tokens(issuers),
        signer=signer,
        draft_days=rules.settings.default.draft_days,
        address=settings.address,
        event_source=settings.event_source,
        agreed=outside.agreed,
    )
    api = create_api(rules, settings.address)
    api.state.house = house
    api.state.background = relay.at_work if settings.relay == "in_process" else outside.open
    return Built(Edge(api, settings), api, database, readiness)


def _trusted(settings: Settings, signer: Signer | None) -> tuple[Issuer, ...]:
    """Whose tokens are taken: those of a demonstration or those of real issuers, never both. Raises IssuersRefused."""
    if signer and settings.issuers:
        raise IssuersRefused("a demonstration trusts nobody but itself: leave CASUSROUTE_ISSUERS out")
    if signer:
        return (signer.issuer,)
    if not settings.issuers:
        raise IssuersRefused(
            "nobody could sign in: name in CASUSROUTE_ISSUERS who vouches for people and machines, "
            """for example [{"name": "https://login.example"}]"""
        )
    return issuers_of(settings)


def build_relay(settings: Settings, clock: Callable[[], datetime] | None = None) -> Relay:
    """The relay by itself, on a database that is served elsewhere.

    Raises NotMigrated, Unprotected, NoSecondWall, MasterKeyRefused.
    """
    database = open_database(settings, clock)
    try:
        followed(database, settings)
    except BaseException:
        database.close()
        raise
    return Relay(database, Outside(address=settings.address, targets=settings.webhook_targets), settings)


def followed(database: Database, settings: Settings) -> Replayed:
    """Make a database that is fit to be served follow the list of destructions: one that came back may hold too much.

    Raises NotMigrated, Unprotected, NoSecondWall, MasterKeyRefused, ListRefused, Unavailable.
    """

    def work(unit: Unit) -> Replayed:
        _insist(unit, settings)
        return replay(unit, DestructionList(settings.destruction_list))

    found = database.write_now(work)
    if found.destroyed:
        scrub(database.engine)
    for case_id in found.destroyed:
        log.warning("destroyed_again", case=str(case_id))
    for case_id in found.lived_on:
        log.warning("lived_on_after_destruction", case=str(case_id))
    return found


def _insist(unit: Unit, settings: Settings) -> None:
    unit.sees_all("start")
    if revision_of(unit.connection) != expected_revision():
        raise NotMigrated("the database needs `python -m service migrate` first")
    insist(unit.connection)
    if not settings.database_may_lose_data:
        insist_on_disk(unit.connection)
    if settings.insists_on_wall:
        insist_on_wall(unit.connection)
    unit.keyring.insist(unit.connection)


def _prepare(unit: Unit, settings: Settings, rules: Rulebook, people: Callable[[Unit], None]) -> Rulebook:
    _insist(unit, settings)
    unit.reference.load()
    for workflow in rules.newest.values():
        unit.definitions.keep(workflow.definition)
    for chosen in rules.settings.named().values():
        unit.definitions.keep_settings(chosen)
    unit.drafts.remove_expired()
    people(unit)
    keep_decided(unit, rules)
    return rules.with_older(unit.definitions.all())


def create_api(rules: Rulebook, public_url: str) -> FastAPI:
    """The routes, their refusals and their document; `state.house` is still to be moved into."""

    @asynccontextmanager
    async def lifespan(api: FastAPI) -> AsyncIterator[None]:
        async with api.state.house.tokens.at_work(), api.state.background():
            yield
        api.state.house.database.close()

    api = FastAPI(
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        dependencies=[Depends(check_request)],
        generate_unique_id_function=lambda route: route.name,
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    api.router.route_class = CheckedRoute
    for room in _ROUTERS:
        api.include_router(room.router)
    unions = {kind: union_for(rules.versions(kind)) for kind in get_args(PartKind)}
    described = document(api, {**BODIES, **unions}, public_url)
    api.state.unions = unions
    api.state.query_keys = _query_keys(described)
    api.openapi = lambda: described  # type: ignore[method-assign]  # as FastAPI documents it
    _refuse(api, described)
    _publish(api, described)
    return api


def _query_keys(described: dict[str, Any]) -> dict[tuple[str, str], set[str]]:
    """What may stand in a query, by route and method: as published, no more."""
    found = {}
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            keys = {it["name"] for it in operation.get("parameters", ()) if it["in"] == "query"}
            found[(_as_routed(path), method.upper())] = keys
    return found


def _as_routed(path: str) -> str:
    return re.sub(r"\{(\w+)\}", lambda match: "{" + re.sub(r"([A-Z])", r"_\1", match[1]).lower() + "}", path)


def _refuse(api: FastAPI, described: dict[str, Any]) -> None:
    """Every way of saying no, as a problem in the language of the asker."""
    served = {**described["paths"], "/openapi.json": ("get",), "/docs": ("get",)}
    shapes = [
        (re.compile(re.sub(r"\{\w+\}", "[^/]+", path)), sorted(method.upper() for method in operations))
        for path, operations in served.items()
    ]

    def allow(path: str) -> str:
        methods = {method for shape, some in shapes if shape.fullmatch(path) for method in some}
        return ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set())))

    def language(request: Request) -> Language:
        return language_of(dict(request.scope["headers"]))

    @api.exception_handler(Refusal)
    async def refused(request: Request, refusal: Refusal) -> Response:
        return problem(refusal, language(request))

    @api.exception_handler(RequestValidationError)
    async def invalid(request: Request, wrong: RequestValidationError) -> Response:
        return problem(with_all_found(wrong), language(request))

    @api.exception_handler(HTTPException)
    async def routed(request: Request, wrong: HTTPException) -> Response:
        headers = {"Allow": allow(request.scope["path"].removeprefix("/v1"))} if wrong.status_code == 405 else None  # noqa: PLR2004
        return bare(wrong.status_code, language(request), headers)

    def always(status: int) -> Callable[[Request, Exception], Awaitable[Response]]:
        async def answered(request: Request, _: Exception) -> Response:
            return bare(status, language(request))

        return answered

    for kind, status in _ALWAYS.items():
        api.add_exception_handler(kind, always(status))


def _publish(api: FastAPI, described: dict[str, Any]) -> None:
    """The document itself, for everybody and from everywhere, and as a page to read."""
    text = json.dumps(described, ensure_ascii=False).encode()
    from_everywhere = {"Access-Control-Allow-Origin": "*"}

    @api.get("/openapi.json", include_in_schema=False)
    async def openapi() -> Response:
        return Response(text, headers=from_everywhere, media_type="application/json")

    drawn = page(described)

    @api.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return HTMLResponse(drawn)

    docs.offers = ("text/html", "application/json")  # type: ignore[attr-defined]  # read by check_request
