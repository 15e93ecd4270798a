"""The composition root: builds the application, the relay and their database from the settings."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

import structlog
from fastapi import FastAPI
from joserfc.errors import JoseError
from starlette.types import ASGIApp

from service.cases.store.drafts import Drafts
from service.database.engine import open_engine
from service.database.health import insist_on_disk
from service.database.keyring import Keyring, insist_on_key_of_mode, load_master_key
from service.database.migrations import expected_revision, revision_of
from service.database.own_files import make_once, take_from_others, take_from_others_if_ours
from service.database.protections import insist
from service.database.row_security import insist_on_wall
from service.database.sqlite_log import scrub
from service.database.transaction import Transaction
from service.database.worker_threads import Database
from service.events.relay.relay import Relay
from service.events.relay.webhook_client import Outside
from service.events.store.backlog import figures, outbox_age
from service.http.edge import Edge
from service.http.house import House
from service.http.rate_limit import Meter
from service.http.readiness import Readiness
from service.identity.discovery import issuers_of
from service.identity.issuer import Issuer
from service.identity.tokens import Signer, Tokens
from service.kinds import KINDS
from service.people.store.regions import Reference
from service.people.use_cases.demonstration import ISSUER, furnish, insist_on_real_people, is_demonstration
from service.retention.store.certificate_list import DestructionList
from service.retention.use_cases.carry_out import Replayed, replay
from service.routes import create_api
from service.settings import Settings
from service.workflows.rules.rulebook import Rulebook, read_rules
from service.workflows.store.definitions import Definitions
from service.workflows.use_cases import keep_decided

log = structlog.get_logger("casusroute")


class NotMigrated(RuntimeError):
    """The database is not at the schema that this version needs."""


class IssuersRefused(RuntimeError):
    """The settings trust no issuer, trust real issuers in a demonstration, or the signing key cannot be read."""


@dataclass(frozen=True, slots=True)
class Built:
    """The service in this process: its application, its database and its readiness."""

    application: ASGIApp
    api: FastAPI
    database: Database
    readiness: Readiness

    def now(self) -> dict[str, float]:
        """Returns the current value of each gauge, by its name in `service.metrics`."""
        return {**figures(self.database), "units_under_way": self.database.under_way}


def read_folder(folder: Path) -> Rulebook:
    """Read the rulebook from a folder of workflow files. Raises RulesRefused with all faults of all files."""
    return read_rules({file.name: file.read_text(encoding="utf-8") for file in sorted(folder.glob("*.toml"))}, KINDS)


def open_database(settings: Settings, clock: Callable[[], datetime] | None = None) -> Database:
    key_text = settings.master_key.get_secret_value() if settings.master_key else None
    keyring = Keyring(load_master_key(key_text, settings.master_key_file, mode=settings.mode))
    engine = open_engine(settings.database_url, settings.database_connections)
    connections, queue = settings.database_connections, settings.database_queue
    return Database(engine, keyring, connections=connections, queue=queue, clock=clock)


def prepared(
    settings: Settings,
    clock: Callable[[], datetime] | None = None,
    people: Callable[[Transaction], None] = lambda _: None,
) -> tuple[Database, Rulebook]:
    """Prepare a migrated database for this version. Returns (database, rules in force).

    `check_people` creates the fictional people of a demonstration, or refuses them in production. Raises as
    `build_service` does.
    """
    rules = read_folder(settings.workflows)
    database = open_database(settings, clock)
    try:
        followed(database, settings)
        return database, database.write_now(lambda transaction: _prepare(transaction, settings, rules, people))
    except BaseException:
        database.close()
        raise


def build(settings: Settings, clock: Callable[[], datetime] | None = None) -> Built:
    """Build the service on a migrated database.

    Raises NotMigrated, ProtectionMissing, RowSecurityNotBinding, MasterKeyRefused, RulesRefused,
    NotADemonstration, IssuersRefused.
    """
    signer = _signer(settings) if settings.mode == "demonstration" else None
    issuers = _trusted_issuers(settings, signer)
    database, rules = prepared(settings, clock, partial(furnish, issuer=ISSUER) if signer else insist_on_real_people)
    webhook_client = Outside(address=settings.address, targets=settings.webhook_targets)
    relay = Relay(database, webhook_client, settings)
    readiness = Readiness(database, settings, outbox_age)
    context = House(
        database=database,
        readiness=readiness,
        asked=Meter(settings.person_per_minute),
        rules=rules,
        tokens=Tokens(issuers),
        signer=signer,
        address=settings.address,
        event_source=settings.event_source,
        agreed=webhook_client.agreed,
    )
    api = create_api(rules, settings.address)
    api.state.house = context
    api.state.certificate_list = DestructionList(settings.destruction_list)
    api.state.background = relay.at_work if settings.relay == "in_process" else webhook_client.open
    return Built(Edge(api, settings), api, database, readiness)


def _signer(settings: Settings) -> Signer:
    """Create the signer of a demonstration. Its key file stands next to the master key file: tokens outlive a restart.

    When the master key is a setting there is no key file, and every start makes a new signing key. Raises
    IssuersRefused.
    """
    if settings.master_key:
        return Signer(ISSUER)
    file = settings.master_key_file.with_name(f"{settings.master_key_file.name}.tokens")
    if file.exists():
        take_from_others_if_ours(file)
    else:
        make_once(file, Signer.new_key())
    try:
        return Signer(ISSUER, file.read_bytes())
    except (ValueError, JoseError):
        raise IssuersRefused(f"{file} has no key to sign tokens with; remove the file, and a new key is made") from None


def _trusted_issuers(settings: Settings, signer: Signer | None) -> tuple[Issuer, ...]:
    """The issuers whose tokens are accepted: the demonstration or real issuers, never both. Raises IssuersRefused."""
    if signer and settings.issuers:
        raise IssuersRefused("a demonstration accepts only its own tokens; remove CASUSROUTE_ISSUERS")
    if signer:
        return (signer.issuer,)
    if not settings.issuers:
        raise IssuersRefused(
            "nobody could sign in; name the issuers of people and machines in CASUSROUTE_ISSUERS, "
            """for example [{"name": "https://login.example"}]"""
        )
    return issuers_of(
        settings.issuers,
        refresh_seconds=settings.issuer_refresh_seconds,
        keep_seconds=settings.issuer_keep_hours * 3600,
    )


def build_relay(settings: Settings, clock: Callable[[], datetime] | None = None) -> Relay:
    """Build the relay as a process of its own, on a database that another process serves.

    Raises NotMigrated, ProtectionMissing, RowSecurityNotBinding, MasterKeyRefused.
    """
    database = open_database(settings, clock)
    try:
        followed(database, settings)
    except BaseException:
        database.close()
        raise
    return Relay(database, Outside(address=settings.address, targets=settings.webhook_targets), settings)


def followed(database: Database, settings: Settings) -> Replayed:
    """Check that the database may be served, then destroy again every listed case that a restored backup brought back.

    Raises NotMigrated, ProtectionMissing, RowSecurityNotBinding, MasterKeyRefused, ListRefused,
    FileNotPrivate, Unavailable.
    """
    take_from_others(settings.destruction_list)

    def check_and_replay(transaction: Transaction) -> Replayed:
        _require_servable(transaction, settings)
        return replay(transaction, DestructionList(settings.destruction_list))

    replayed = database.write_now(check_and_replay)
    if replayed.destroyed:
        scrub(database.engine)
    for case_id in replayed.destroyed:
        log.warning("destroyed_again", case=str(case_id))
    for case_id in replayed.lived_on:
        log.warning("lived_on_after_destruction", case=str(case_id))
    return replayed


def _require_servable(transaction: Transaction, settings: Settings) -> None:
    transaction.allow_all_rows("start")
    if revision_of(transaction.connection) != expected_revision():
        raise NotMigrated("the database needs `python -m service migrate` first")
    insist(transaction.connection)
    if not settings.database_may_lose_data:
        insist_on_disk(transaction.connection)
    if settings.insists_on_wall:
        insist_on_wall(transaction.connection)
    transaction.keyring.insist(transaction.connection)


def _prepare(
    transaction: Transaction, settings: Settings, rules: Rulebook, people: Callable[[Transaction], None]
) -> Rulebook:
    _require_servable(transaction, settings)
    was_demonstration, was_new = is_demonstration(transaction), not Definitions(transaction).all()
    Reference(transaction).load()
    for workflow in rules.newest.values():
        Definitions(transaction).keep(workflow.definition)
    for region_settings in rules.settings.named().values():
        Definitions(transaction).keep_settings(region_settings)
    Drafts(transaction).remove_expired()
    people(transaction)
    if settings.master_key is None:
        now = is_demonstration(transaction)
        named = "master_key_file" in settings.model_fields_set
        known = was_demonstration if now else named or not was_new
        insist_on_key_of_mode(settings.master_key_file, demonstration=now, known=known)
    keep_decided(transaction, rules)
    return rules.with_older(Definitions(transaction).all())
