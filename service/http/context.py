"""Ready-made parameters of routes: who asks, with what, on which version; and what the service was built from."""

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from inspect import unwrap
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request
from pydantic import TypeAdapter, ValidationError

from service.database.idempotency import IdempotencyKey
from service.database.worker_threads import Database
from service.http import request_faults as faults
from service.http.rate_limit import Meter
from service.http.readiness import Readiness
from service.identity.caller import Caller
from service.identity.tokens import Signer, Tokens
from service.vocabulary.input_faults import input_fault
from service.vocabulary.messages import MESSAGES
from service.vocabulary.refusals import InputFault, TooMany
from service.vocabulary.strict_json import Unreadable, meaning
from service.workflows.rules.rulebook import Rulebook

T = TypeVar("T")
JSON = "application/json"
_LARGE = 50_000  # bytes


@dataclass(frozen=True, slots=True)
class House:
    """What the composition root put together. `signer` is there in demonstration mode alone.

    `asked` meters what each person asks.

    `agreed` asks a receiver of events whether it wants them, and how many a minute at most; raises TargetRefused.
    """

    database: Database
    readiness: Readiness
    asked: Meter
    rules: Rulebook
    tokens: Tokens
    signer: Signer | None
    draft_days: int
    address: str
    event_source: str
    agreed: Callable[[str], Awaitable[int | None]]


class NotAcceptable(Exception):
    """The answer cannot be given in any form that the caller takes."""


class UnsupportedMediaType(Exception):
    """The request is in a form that is not read here."""


def house(request: Request) -> House:
    built: House = request.app.state.house
    return built


async def _house(request: Request) -> House:
    return house(request)


async def _caller(request: Request) -> Caller:
    identity = await house(request).tokens.identity(request.headers.getlist("authorization"))
    if seconds := house(request).asked.take((identity.issuer, identity.subject)):
        raise TooMany(seconds)
    return Caller(identity.issuer, identity.subject, request.scope["trace_id"], identity.machine)


async def _version(request: Request) -> int | None:
    """The version in If-Match, a strong entity tag as GET gave it; None when there is none (RFC 9110, 13.1.1)."""
    given = request.headers.get("if-match")
    if given is None:
        return None
    if not re.fullmatch(r'"\d{1,9}"', given, re.ASCII):
        faults.found("header", "If-Match", "not_a_version")
        return None
    return int(given.strip('"'))


async def _once(request: Request) -> IdempotencyKey:
    """The Idempotency-Key with everything that is asked under it."""
    key = request.headers.get("idempotency-key")
    if key is None or not re.fullmatch(r"[\x21-\x7e]{1,200}", key):
        faults.found("header", "Idempotency-Key", "key_missing" if key is None else "key_malformed")
        return IdempotencyKey("", "")
    try:
        meant = await _meaning(request)
    except Unreadable:
        meant = ""  # refused a moment later, where the body is read
    matched = request.headers.get("if-match", "")
    asked = "\n".join((request.method, request.scope["path"], matched, hashlib.sha256(meant.encode()).hexdigest()))
    return IdempotencyKey(key, asked)


async def check_request(request: Request) -> None:
    """For every route: unknown or repeated query keys are refused, and an answer in JSON must be welcome."""
    faults.begin()
    route = request.scope["route"]
    allowed: set[str] = request.app.state.query_keys.get((route.path, request.method), set())
    keys = [key for key, _ in request.query_params.multi_items()]
    for key in sorted({key for key in keys if key not in allowed or keys.count(key) > 1}):
        faults.found("query", key, "unknown_query_key")
    offered = getattr(unwrap(route.endpoint), "offers", (JSON,))
    if accepted(request, offered) is None:
        raise NotAcceptable


def accepted(request: Request, offered: tuple[str, ...]) -> str | None:
    """The first form on offer that the caller takes; weights other than zero are not compared."""
    ranges = [it.strip().lower() for it in request.headers.get("accept", "*/*").split(",")]
    taken = [it.split(";")[0].strip() for it in ranges if not re.search(r";\s*q=0(\.0*)?\s*$", it)]
    by_name = (form for form in offered for it in taken if it == form)
    by_range = (form for form in offered for it in taken if it in ("*/*", form.split("/")[0] + "/*"))
    return next(by_name, None) or next(by_range, None)


async def read_body(request: Request, adapter: TypeAdapter[T], *, tagged: bool = False) -> T:
    """The body as its type. `tagged`: the type is a union told apart by a member.

    Raises Invalid with every fault of the body, and of the query and the headers before it.
    """
    content_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if content_type != JSON:
        raise UnsupportedMediaType
    try:
        await _meaning(request)
        read = await _aside(partial(adapter.validate_json, by_alias=True, by_name=False), await request.body())
    except Unreadable as wrong:
        raise faults.together_with([InputFault("body", "", wrong.code, MESSAGES["input"][wrong.code])]) from None
    except ValidationError as wrong:
        told = wrong.errors(include_input=False)
        raise faults.together_with(_body_fault(_untagged(it) if tagged else it) for it in told) from None
    faults.insist()
    return read


async def _meaning(request: Request) -> str:
    """The canonical text of the body, computed once. Raises Unreadable."""
    if not hasattr(request.state, "meaning"):
        request.state.meaning = await _aside(meaning, await request.body())
    known: str = request.state.meaning
    return known


async def _aside(read: Callable[[bytes], T], body: bytes) -> T:
    """A large body is read in a thread, so that one long file does not hold up everybody else's requests."""
    return await asyncio.to_thread(read, body) if len(body) > _LARGE else read(body)


def _body_fault(error: Any) -> InputFault:
    if error["type"] == "json_invalid" and "recursion" in error["ctx"]["error"]:
        return InputFault("body", "", "too_deep", MESSAGES["input"]["too_deep"])
    return input_fault("body", "", error)


def _untagged(error: Any) -> Any:
    """The union puts its tag in front of every place; the JSON has no such step."""
    union_itself = error["type"] in ("union_tag_invalid", "union_tag_not_found", "json_invalid")
    return error if union_itself else {**error, "loc": error["loc"][1:]}


TheHouse = Annotated[House, Depends(_house)]
TheCaller = Annotated[Caller, Depends(_caller)]
Version = Annotated[int | None, Depends(_version)]
OnceOnly = Annotated[IdempotencyKey, Depends(_once)]
