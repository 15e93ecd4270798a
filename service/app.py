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

from service.audit.store.access_log import AccessLog
from service.cases.store.cases import Cases
from service.cases.store.drafts import FormDrafts
from service.database.administration_seals import AdministrationSeals
from service.database.engine import open_engine
from service.database.health import require_durable_writes, require_timeouts
from service.database.keyring import Keyring, load_master_key, require_key_of_mode
from service.database.migrations import current_revision, expected_revision
from service.database.private_files import restrict_to_owner, restrict_to_owner_if_ours, write_key_file_once
from service.database.protections import require_protections
from service.database.row_security import require_row_security
from service.database.standby import require_synchronous_standby
from service.database.steady_clock import SteadyClock
from service.database.transaction import Transaction
from service.database.worker_threads import Database
from service.events.relay.relay import Relay
from service.events.relay.webhook_client import WebhookClient
from service.events.store.backlog import outbox_age, read_gauges
from service.http.app_context import AppContext
from service.http.edge import EdgeMiddleware
from service.http.rate_limit import RateLimiter
from service.http.readiness import Readiness
from service.identity.discovery import make_issuers
from service.identity.issuer import Issuer
from service.identity.tokens import DemonstrationSigner, TokenValidator
from service.kinds import KINDS
from service.people.store.regions import RegionRegister
from service.people.use_cases.demonstration import (
    DEMONSTRATION_ISSUER,
    is_demonstration,
    load_demonstration,
    require_real_people,
)
from service.retention.rules.entry_destruction import DESTROY_TRIGGER, KIND
from service.retention.store.destruction_list import DestructionList
from service.retention.use_cases.destroy_content import destroy_content
from service.retention.use_cases.replay import ReplayResult, replay_destructions
from service.routes import create_api
from service.settings import Settings
from service.vocabulary.utf8 import read_text_file
from service.workflows.rules.rulebook import Rulebook, read_rules
from service.workflows.store.definitions import Definitions
from service.workflows.use_cases import store_decided_settings

log = structlog.get_logger("casusroute")


class NoWorkflows(RuntimeError):
    """The folder of the workflow files has no settings.toml."""


class NotMigrated(RuntimeError):
    """The database is not at the schema that this version needs."""


class IssuersRefused(RuntimeError):
    """The settings trust no issuer, trust real issuers in a demonstration, or the signing key cannot be read."""


@dataclass(frozen=True, slots=True)
class ServiceInstance:
    """The service in this process: its application, its database and its readiness."""

    application: ASGIApp
    api: FastAPI
    database: Database
    readiness: Readiness

    def gauges(self) -> dict[str, float]:
        """Returns the current value of each gauge, by its name in `service.metrics`."""
        return {**read_gauges(self.database), "units_under_way": self.database.units_in_progress}


def read_rulebook(folder: Path) -> Rulebook:
    """Read the rulebook from a folder of workflow files.

    Raises NoWorkflows, NotUtf8, and RulesRefused with all faults.
    """
    if not (folder / "settings.toml").is_file():
        raise NoWorkflows(f"{folder} is no folder of workflow files: it has no settings.toml (CASUSROUTE_WORKFLOWS)")
    return read_rules({file.name: read_text_file(file) for file in sorted(folder.glob("*.toml"))}, KINDS)


def open_database(settings: Settings, clock: Callable[[], datetime] | None = None) -> Database:
    key_text = settings.master_key.get_secret_value() if settings.master_key else None
    keyring = Keyring(load_master_key(key_text, settings.master_key_file, mode=settings.mode))
    engine = open_engine(settings.database_url, settings.database_connections)
    connections, queue = settings.database_connections, settings.database_queue
    return Database(engine, keyring, connections=connections, queue=queue, clock=clock)


def prepare_database(
    settings: Settings,
    clock: Callable[[], datetime] | None = None,
    check_people: Callable[[Transaction], None] = lambda _: None,
) -> tuple[Database, Rulebook]:
    """Prepare a migrated database for this version. Returns (database, rules in force).

    `check_people` creates the fictional people of a demonstration, or refuses them in production. Raises as
    `build_service` does.
    """
    rules = read_rulebook(settings.workflows)
    database = open_database(settings, clock)
    try:
        follow_destruction_list(database, settings)
        return database, database.write_sync(
            lambda transaction: _prepare(transaction, settings, rules, check_people, database.clock)
        )
    except BaseException:
        database.close()
        raise


def build_service(settings: Settings, clock: Callable[[], datetime] | None = None) -> ServiceInstance:
    """Build the service on a migrated database.

    Raises NotMigrated, ProtectionMissing, RowSecurityNotBinding, MasterKeyRefused, RulesRefused,
    NotADemonstration, IssuersRefused.
    """
    signer = _signer(settings) if settings.mode == "demonstration" else None
    issuers = _trusted_issuers(settings, signer)
    database, rules = prepare_database(
        settings, clock, partial(load_demonstration, issuer=DEMONSTRATION_ISSUER) if signer else require_real_people
    )
    webhook_client = WebhookClient(address=settings.base_url, targets=settings.webhook_targets)
    relay = Relay(database, webhook_client, settings)
    readiness = Readiness(database, settings, outbox_age)
    database.monitor_sync(readiness.watch_standby)
    destruction_list = DestructionList(settings.destruction_list)
    context = AppContext(
        database=database,
        readiness=readiness,
        number_rate_limiter=RateLimiter(settings.numbers_per_minute),
        rules=rules,
        tokens=TokenValidator(issuers),
        signer=signer,
        base_url=settings.base_url,
        event_source=settings.event_source,
        validate_receiver=webhook_client.ask_consent,
        after_steps={(KIND, DESTROY_TRIGGER): partial(destroy_content, destruction_list=destruction_list)},
    )
    api = create_api(rules, settings.base_url)
    api.state.context = context
    api.state.certificate_list = destruction_list
    api.state.background = relay.run_in_background if settings.relay == "in_process" else webhook_client.open
    return ServiceInstance(EdgeMiddleware(api, settings, lambda: api.state.context.tokens), api, database, readiness)


def _signer(settings: Settings) -> DemonstrationSigner:
    """Create the signer of a demonstration. Its key file stands next to the master key file: tokens outlive a restart.

    When the master key is a setting there is no key file, and every start makes a new signing key. Raises
    IssuersRefused.
    """
    if settings.master_key:
        return DemonstrationSigner(DEMONSTRATION_ISSUER)
    file = settings.master_key_file.with_name(f"{settings.master_key_file.name}.tokens")
    if file.exists():
        restrict_to_owner_if_ours(file)
    else:
        write_key_file_once(file, DemonstrationSigner.new_key())
    try:
        return DemonstrationSigner(DEMONSTRATION_ISSUER, file.read_bytes())
    except (ValueError, JoseError):
        raise IssuersRefused(f"{file} has no key to sign tokens with; remove the file, and a new key is made") from None


def _trusted_issuers(settings: Settings, signer: DemonstrationSigner | None) -> tuple[Issuer, ...]:
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
    return make_issuers(
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
        follow_destruction_list(database, settings)
    except BaseException:
        database.close()
        raise
    return Relay(database, WebhookClient(address=settings.base_url, targets=settings.webhook_targets), settings)


def follow_destruction_list(database: Database, settings: Settings) -> ReplayResult:
    """Check that the database may be served, then destroy again every listed case that a restored backup brought back.

    Raises NotMigrated, ProtectionMissing, RowSecurityNotBinding, MasterKeyRefused, ListRefused,
    FileNotPrivate, Unavailable.
    """
    restrict_to_owner(settings.destruction_list)

    def check_and_replay(transaction: Transaction) -> ReplayResult:
        _require_servable(transaction, settings)
        return replay_destructions(transaction, DestructionList(settings.destruction_list))

    replayed = database.write_sync(check_and_replay)
    for case_id in replayed.destroyed:
        log.warning("destroyed_again", case=str(case_id))
    for case_id in replayed.cases_with_destroyed_content:
        log.warning("content_destroyed_again", case=str(case_id))
    for case_id in replayed.skipped:
        log.warning("lived_on_after_destruction", case=str(case_id))
    return replayed


def _require_servable(transaction: Transaction, settings: Settings) -> None:
    transaction.allow_all_rows("start")
    if current_revision(transaction.connection) != expected_revision():
        raise NotMigrated("the database needs `python -m service migrate` first")
    require_protections(transaction.connection)
    if not settings.database_may_lose_data:
        require_durable_writes(transaction.connection)
    require_timeouts(transaction.connection)
    if settings.synchronous_standby == "require":
        require_synchronous_standby(transaction.connection)
    if settings.requires_row_security:
        require_row_security(transaction.connection)
    transaction.keyring.require_matching_master_key(transaction.connection)


def _prepare(
    transaction: Transaction,
    settings: Settings,
    rules: Rulebook,
    people: Callable[[Transaction], None],
    clock: SteadyClock,
) -> Rulebook:
    _require_servable(transaction, settings)
    for moment in (Cases(transaction).last_recorded_at(), AccessLog(transaction).last_read_at()):
        if moment:
            clock.go_on_from(moment)
    was_demonstration, was_new = is_demonstration(transaction), not Definitions(transaction).list_definitions()
    RegionRegister(transaction).load_shipped_files()
    for workflow in rules.newest.values():
        Definitions(transaction).add(workflow.definition)
    for region_settings in rules.settings.by_name().values():
        Definitions(transaction).add_settings(region_settings)
    FormDrafts(transaction).remove_expired()
    people(transaction)
    if settings.master_key is None:
        now = is_demonstration(transaction)
        named = "master_key_file" in settings.model_fields_set
        known = was_demonstration if now else named or not was_new
        require_key_of_mode(settings.master_key_file, demonstration=now, allow_unmarked=known)
    store_decided_settings(transaction, rules)
    AdministrationSeals(transaction).cover_all()
    return rules.with_older(Definitions(transaction).list_definitions())
