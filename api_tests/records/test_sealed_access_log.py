"""Rows of the access log are sealed into one chain: a removed, changed or added row is found, and a cut chain too."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, delete, func, insert, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from api_tests.records.test_verified_whole import Installation, unprotected
from api_tests.support.case_file import CaseFile
from api_tests.support.databases import new_database
from api_tests.support.engines import ENGINES
from api_tests.support.forgery import columns_of, engine_for
from api_tests.support.people import everybody
from api_tests.support.sabotages import broken_by
from api_tests.support.servers import running, settings_for
from api_tests.support.tampering import remove_protections, rolled_back
from api_tests.support.transactions import transaction_on
from service.audit.store.seals import LogSeals, digest_of_rows, digest_of_seal
from service.audit.store.tables import access_log, access_log_seals

pytestmark = pytest.mark.server

SECONDS = 30  # until the relay must have sealed


@dataclass(frozen=True)
class SealedLog:
    """A stopped service whose access log has two seals, of at least two rows each, and one row that is not sealed."""

    installation: Installation
    engine: Engine

    def digest_file(self, folder: Path) -> Path:
        (folder / "heads").write_text(self.installation.command("digest")[1])
        return folder / "heads"


@pytest.fixture(scope="module", params=ENGINES)
def log(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SealedLog]:
    folder = tmp_path_factory.mktemp(f"sealed_{request.param}")
    settings = settings_for(
        folder, new_database(request, folder, request.param), relay="in_process", relay_seconds=0.05
    )
    with running(settings) as service:
        people = everybody(service.url)
        case = CaseFile.submitted(people)
        for sealed in (1, 2):
            for _ in range(2):
                assert people.esra.get(f"{case.path}/file").status_code == 200
            service.clock.let_pass(minutes=10)
            _wait_for_seals(service.tables, sealed)
        assert people.esra.get(f"{case.path}/file").status_code == 200
        for person in people.values():
            person.client.close()
    engine = engine_for(settings.database_url, undermined=True)
    yield SealedLog(Installation(settings, {}, folder / "heads", {}, {}), engine)
    engine.dispose()


def _wait_for_seals(engine: Engine, count: int) -> None:
    until = monotonic() + SECONDS
    while monotonic() < until:
        with engine.connect() as connection:
            if connection.execute(select(func.count()).select_from(access_log_seals)).scalar_one() >= count:
                return
        sleep(0.05)
    raise AssertionError(f"the relay made no {count} seals")


def _faults(connection: Connection) -> list[tuple[str, int]]:
    return list(LogSeals(transaction_on(connection)).faults())


@broken_by(
    "The relay seals the access log",
    "service/events/relay/relay.py",
    "                await self._seal_log()\n",
    "",
    case="sqlite",
)
def test_the_relay_seals_what_was_read_and_verification_counts_the_rest(log: SealedLog) -> None:
    code, output = log.installation.command("verify", "--json")
    summary = json.loads(output.splitlines()[-1])
    digest = log.installation.command("digest")[1]

    with log.engine.connect() as connection:
        seals = connection.execute(select(access_log_seals).order_by(access_log_seals.c.number)).all()
        rows = connection.execute(select(func.count()).select_from(access_log)).scalar_one()

    assert (code, summary["sound"], [seal.number for seal in seals]) == (0, True, [1, 2])
    assert summary["unsealed"] == rows - sum(seal.entries for seal in seals) == 1
    assert json.loads(digest.splitlines()[0])["log"] == {"seal": 2, "digest": seals[-1].digest}


def _first_row() -> Any:
    return access_log.c.id == select(func.min(access_log.c.id)).scalar_subquery()


def _replace_a_row(connection: Connection) -> None:
    """A forger puts a copy of the first row in the place of the second."""
    first, second = connection.execute(select(access_log).order_by(access_log.c.id).limit(2)).all()
    connection.execute(delete(access_log).where(access_log.c.id == second.id))
    connection.execute(insert(access_log), {**columns_of(first), "id": second.id})


def _run(statement: Any) -> Callable[[Connection], object]:
    return lambda connection: connection.execute(statement)


_SEAL = access_log_seals.c.number
FORGERIES: dict[str, tuple[Callable[[Connection], object], list[tuple[str, int]]]] = {
    "a row that is gone": (_run(delete(access_log).where(_first_row())), [("log_rows", 1)]),
    "a row in place of another": (_replace_a_row, [("log_rows", 1)]),
    "a reader who is another": (
        _run(update(access_log).where(_first_row()).values(role="parent")),
        [("log_rows", 1)],
    ),
    "a moment that is another": (
        _run(update(access_log).where(_first_row()).values(event_at=access_log.c.event_at + 1)),
        [("log_rows", 1)],
    ),
    "a seal with another count": (
        _run(update(access_log_seals).where(_SEAL == 2).values(entries=9)),
        [("log_seal", 2)],
    ),
    "a first seal that is gone": (_run(delete(access_log_seals).where(_SEAL == 1)), [("log_seal", 2)]),
    "all rows that are gone": (_run(delete(access_log)), [("log_rows", 1), ("log_rows", 2)]),
}


@broken_by(
    "Verification finds a removed row of the access log",
    "service/audit/store/seals.py",
    "elif (len(of_seal), digest_of_rows(of_seal)) != (seal.entries, seal.rows_digest):",
    "elif False:",
    case="sqlite gone",
)
@broken_by(
    "Verification finds a changed row of the access log",
    "service/audit/store/seals.py",
    "elif (len(of_seal), digest_of_rows(of_seal)) != (seal.entries, seal.rows_digest):",
    "elif len(of_seal) != seal.entries:",
    case="postgresql reader",
)
@pytest.mark.parametrize(("attack", "findings"), FORGERIES.values(), ids=FORGERIES.keys())
def test_what_is_forged_in_a_sealed_log_is_found(
    log: SealedLog, attack: Callable[[Connection], object], findings: list[tuple[str, int]]
) -> None:
    with log.engine.connect() as connection:
        assert _faults(connection) == []
        remove_protections(connection)
        with rolled_back(connection):
            attack(connection)

            assert _faults(connection) == findings
        connection.rollback()


@pytest.mark.parametrize(
    "changes",
    [{"number": 4}, {"prev_digest": "d" * 64}, {"last_id": 1}, {"entries": 0}],
    ids=["gap", "other chain", "earlier row", "no rows"],
)
def test_the_database_refuses_a_seal_that_does_not_follow(log: SealedLog, changes: dict[str, Any]) -> None:
    with log.engine.connect() as connection:
        last = columns_of(connection.execute(select(access_log_seals).where(_SEAL == 2)).one())
        following = {**last, "number": 3, "last_id": last["last_id"] + 1, "prev_digest": last["digest"]}

        with pytest.raises(IntegrityError):
            connection.execute(insert(access_log_seals), {**following, **changes})


@pytest.mark.parametrize("statement", [update(access_log_seals).values(entries=9), delete(access_log_seals)])
def test_the_database_refuses_any_change_of_a_seal(log: SealedLog, statement: Any) -> None:
    with log.engine.connect() as connection, pytest.raises(DBAPIError, match="access_log_seals is append-only"):
        connection.execute(statement)


def _cut_off(connection: Connection) -> None:
    connection.execute(delete(access_log_seals).where(_SEAL == 2))


def _rewrite(connection: Connection) -> None:
    """Remove a row, and make its seal and its chain right again."""
    first, second = connection.execute(select(access_log_seals).order_by(_SEAL)).all()
    connection.execute(delete(access_log).where(access_log.c.id == first.last_id + 1))
    rows = connection.execute(
        select(access_log).where(access_log.c.id > first.last_id, access_log.c.id <= second.last_id)
    ).all()
    rows_digest = digest_of_rows(rows)
    digest = digest_of_seal(first.digest, 2, second.last_id, len(rows), rows_digest)
    values = {"entries": len(rows), "rows_digest": rows_digest, "digest": digest}
    connection.execute(update(access_log_seals).where(_SEAL == 2).values(values))
    assert _faults(connection) == []


@broken_by(
    "A digest kept elsewhere reveals seals of the access log that were rewritten or cut off",
    "service/commands/verify.py",
    "if seal.seal and present[chain] != seal.digest:",
    "if seal.seal and chain != 'log' and present[chain] != seal.digest:",
    case="sqlite",
)
@pytest.mark.parametrize(
    ("attack", "code"), [(_rewrite, "log_rewritten"), (_cut_off, "log_cut_off")], ids=["rewritten", "cut off"]
)
def test_a_chain_that_was_rewritten_or_cut_off_is_found_against_a_digest(
    log: SealedLog, tmp_path: Path, attack: Callable[[Connection], None], code: str
) -> None:
    """The rows and the seals are put back afterwards, with protections off."""
    digest = str(log.digest_file(tmp_path))
    assert log.installation.findings("--against", digest) == (0, set())
    with log.engine.connect() as connection:
        tables = {
            table: [columns_of(row) for row in connection.execute(select(table))]
            for table in (access_log, access_log_seals)
        }
    with unprotected(log.installation) as connection:
        attack(connection)

    exit_code, findings = log.installation.findings("--against", digest)
    with unprotected(log.installation) as connection:
        for table, rows in tables.items():
            connection.execute(delete(table))
            connection.execute(insert(table), rows)

    assert (exit_code, [finding[1] for finding in findings]) == (1, [code])
