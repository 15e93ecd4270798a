"""Changes of people, organisations, memberships, settings and figures are sealed into one chain: a forgery is found."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from threading import Barrier, Thread
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Connection, Engine, Row, Table, delete, insert, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from api_tests.records.test_verified_whole import Installation, unprotected
from api_tests.support.administration import Office
from api_tests.support.case_file import CaseFile
from api_tests.support.databases import new_database
from api_tests.support.demonstration import ORGANISATION_IDS, PERSON_IDS
from api_tests.support.engines import ENGINES
from api_tests.support.forgery import Changes, columns_of, engine_for
from api_tests.support.people import everybody
from api_tests.support.sabotages import broken_by
from api_tests.support.servers import running, settings_for
from api_tests.support.tampering import remove_protections, rolled_back
from api_tests.support.transactions import transaction_on
from service.app import open_database, prepare_database
from service.database.administration_seals import AdministrationSeals
from service.database.covered_rows import COVERED
from service.database.keyring import Keyring, MasterKeyRefused, load_master_key
from service.database.tables import administration_seals
from service.database.transaction import Transaction
from service.events.store.subscriptions import Subscription, WebhookSubscriptions
from service.events.store.tables import subscriptions
from service.integrity.rules.digest import write_digest
from service.offers.store.destroyed_case_figures import DestroyedCaseFigures
from service.offers.store.tables import kept_figures
from service.people.store.people import People as StoredPeople
from service.people.store.relations import Memberships
from service.people.store.tables import (
    administrative_changes,
    coverages,
    emergency_accesses,
    memberships,
    municipalities,
    municipality_changes,
    organisation_successions,
    organisations,
    people,
    regions,
)
from service.people.use_cases.demonstration import DEMONSTRATION_ISSUER, load_demonstration
from service.tables import metadata
from service.vocabulary.calendar import day_in_amsterdam
from service.workflows.store.tables import dated_region_settings

pytestmark = pytest.mark.server

Attack = Callable[[Connection], object]
FIGURE = (2025, "living", "family_home")
ROOS, JOKE, IVO = (str(PERSON_IDS[key]) for key in ("roos", "joke", "ivo"))
_seal = administration_seals.c


@dataclass(frozen=True)
class Administration:
    """A stopped service in which each table of the administration has a row, most written after the first seal."""

    installation: Installation
    engine: Engine
    keyring: Keyring

    def faults(self, connection: Connection) -> list[tuple[str, str]]:
        return list(AdministrationSeals(transaction_on(connection, self.keyring)).faults())

    def write(self, work: Callable[[Transaction], object]) -> None:
        """Let the service do this work in a transaction."""
        database = open_database(self.installation.settings)
        database.write_sync(work)
        database.close()

    def digest_file(self, folder: Path) -> str:
        (folder / "heads").write_text(self.installation.command("digest")[1])
        return str(folder / "heads")


@pytest.fixture(scope="module", params=ENGINES)
def administration(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Administration]:
    folder = tmp_path_factory.mktemp(f"administration_{request.param}")
    settings = settings_for(folder, new_database(request, folder, request.param))
    with running(settings) as service:
        at_work = everybody(service.url)
        office = Office(service, at_work.roos)
        _administer(office)
        CaseFile.submitted(at_work).read_in_an_emergency(by="petra")
        service.built.database.write_sync(_add_webhook_and_figure)
        for person in at_work.values():
            person.client.close()
        office.clients.close()
    engine = engine_for(settings.database_url, undermined=True)
    keyring = Keyring(load_master_key(None, settings.master_key_file))
    yield Administration(Installation(settings, {}, folder / "heads", {}, {}), engine, keyring)
    engine.dispose()


def _administer(office: Office) -> None:
    """End a membership and an organisation, cover a region, move a municipality, and decide settings."""
    provider, successor = office.add_organisation("provider"), office.add_organisation("provider")
    member = office.add_member(provider, "provider")
    assert office.end_membership(member, provider, "provider", office.day(-1)).status_code == 201
    office.record_change(
        "/organisation-ends", organisationId=provider, successorId=successor, validUntil=office.day(30)
    )
    office.record_change(
        "/coverages", organisationId=str(ORGANISATION_IDS["ret"]), region="JZ43", validFrom=office.day(10)
    )
    office.record_change("/municipalities", code="GM9001", name="Nieuw Land", region="JZ11")
    office.record_change("/municipality-changes", municipality="GM9001", region="JZ14", validFrom=office.day(5))
    office.record_change("/regions/JZ11/settings", validFrom=office.day(9), settings={})


def _add_webhook_and_figure(transaction: Transaction) -> None:
    roos = UUID(ROOS)
    webhook = Subscription(
        id=uuid4(), organisation_id=ORGANISATION_IDS["ret"], url="https://ontvanger.example/", types=None,
        per_minute=None, state="active", reason=None, version=1, secrets=(b"s" * 32,), made_by=roos,
        made_at=transaction.now, changed_by=roos, changed_at=transaction.now,
    )  # fmt: skip
    WebhookSubscriptions(transaction).add(webhook)
    for _ in range(2):
        DestroyedCaseFigures(transaction).add_case("JZ10", [FIGURE])


def _rows(connection: Connection, table: Table) -> list[Row[Any]]:
    return list(connection.execute(select(table).order_by(*table.primary_key)))


@broken_by(
    "Every transaction that changes the administration seals its change",
    "service/database/worker_threads.py",
    "            AdministrationSeals(transaction).seal_changes()\n",
    "",
    case="sqlite",
)
def test_every_table_of_the_administration_has_rows_and_all_of_them_are_sealed(administration: Administration) -> None:
    with administration.engine.connect() as connection:
        empty = [table for table in COVERED if not _rows(connection, metadata.tables[table])]
        seals = _rows(connection, administration_seals)

    assert empty == []
    assert [seal.number for seal in seals] == list(range(1, len(seals) + 1))
    assert administration.installation.findings() == (0, set())


def _changed(table: Table, where: Any, **values: Any) -> Attack:
    def attack(connection: Connection) -> None:
        assert connection.execute(update(table).where(where).values(values)).rowcount == 1

    return attack


def _inserted(table: Table, **changes: Any) -> Attack:
    """A copy of the first row with these changes."""

    def attack(connection: Connection) -> None:
        connection.execute(insert(table), {**columns_of(_rows(connection, table)[0]), **changes})

    return attack


def _deleted(table: Table, which: int = 0) -> Attack:
    def attack(connection: Connection) -> None:
        row = columns_of(_rows(connection, table)[which])
        same = [column == row[column.name] for column in table.primary_key]
        assert connection.execute(delete(table).where(*same)).rowcount == 1

    return attack


def _changed_first(table: Table, **values: Any) -> Attack:
    def attack(connection: Connection) -> None:
        row = columns_of(_rows(connection, table)[0])
        same = [column == row[column.name] for column in table.primary_key]
        assert connection.execute(update(table).where(*same).values(values)).rowcount == 1

    return attack


def _swap_subjects(connection: Connection) -> None:
    """Let the token of one person be that of another, and the other way round."""
    subjects = {row.id: row.subject for row in _rows(connection, people)}
    for id_, subject in ((JOKE, "nobody"), (ROOS, subjects[JOKE]), (JOKE, subjects[ROOS])):
        connection.execute(update(people).where(people.c.id == id_).values(subject=subject))


_LIVING = (memberships.c.person_id == JOKE) & (memberships.c.role == "provider")
_AS_ADMINISTRATOR = {"person_id": JOKE, "organisation_id": str(ORGANISATION_IDS["ret"]), "role": "administrator"}
FORGERIES: dict[str, tuple[Attack, str]] = {
    "a swapped subject": (_swap_subjects, "people"),
    "a subject of an outsider": (_changed(people, people.c.id == ROOS, subject="mallory"), "people"),
    "a renamed person": (_changed(people, people.c.id == JOKE, name="Mallory"), "people"),
    "a forged person": (_inserted(people, id=str(uuid4()), subject="mallory"), "people"),
    "a forged membership": (_inserted(memberships, **_AS_ADMINISTRATOR), "memberships"),
    "a back-dated membership": (_changed(memberships, _LIVING, valid_from="2020-01-01"), "memberships"),
    "a prolonged membership": (
        _changed(memberships, memberships.c.valid_until < "9999-12-31", valid_until="9999-12-31"),
        "memberships",
    ),
    "a deleted membership": (_deleted(memberships), "memberships"),
    "a membership in another role": (_changed(memberships, _LIVING, role="chair"), "memberships"),
    "a forged coverage": (_inserted(coverages, region="JZ42"), "coverages"),
    "an organisation of another kind": (_changed_first(organisations, kind="installation"), "organisations"),
    "another successor": (_changed_first(organisation_successions, successor_id=ROOS), "organisation_successions"),
    "another region of a municipality": (
        _changed(municipalities, municipalities.c.code == "GM0392", region="JZ14"),
        "municipalities",
    ),
    "another successor of a municipality": (
        _changed_first(municipality_changes, region=None, successor="GM0392"),
        "municipality_changes",
    ),
    "a renamed region": (_changed(regions, regions.c.code == "JZ10", name="Mallory"), "regions"),
    "a changed figure": (_changed_first(kept_figures, cases=1), "kept_figures"),
    "a deleted figure": (_deleted(kept_figures), "kept_figures"),
    "a deleted log line": (_deleted(administrative_changes, -1), "administrative_changes"),
    "an altered log line": (_changed_first(administrative_changes, actor_id=JOKE), "administrative_changes"),
    "a longer emergency access": (_changed_first(emergency_accesses, until=2**52), "emergency_accesses"),
    "settings from another day": (
        _changed_first(dated_region_settings, valid_from="2020-01-01"),
        "dated_region_settings",
    ),
    "a webhook to elsewhere": (_changed_first(subscriptions, url="https://mallory.example/"), "subscriptions"),
}


@broken_by(
    "Verification finds a forged row of the administration",
    "service/database/administration_seals.py",
    "if self._sum_of_rows(table) != sum_]",
    "if False]",
    case="sqlite",
)
@broken_by(
    "The sum of a table counts every column of its rows",
    "service/database/covered_rows.py",
    "for name, value in row.items() if value is not None",
    "for name, value in row.items() if name != 'valid_from'",
    case="sqlite-a_back-dated_membership",
)
@pytest.mark.parametrize(("attack", "table"), FORGERIES.values(), ids=[name.replace(" ", "_") for name in FORGERIES])
def test_a_forged_row_is_found_by_the_name_of_its_table(
    administration: Administration, attack: Attack, table: str
) -> None:
    with administration.engine.connect() as connection:
        assert administration.faults(connection) == []
        remove_protections(connection)
        with rolled_back(connection):
            attack(connection)

            assert administration.faults(connection) == [("administration_rows", table)]
        connection.rollback()


def _last(connection: Connection) -> Changes:
    return columns_of(_rows(connection, administration_seals)[-1])


def _replay(connection: Connection) -> None:
    """Put the content of the second seal at the end of the chain, and a membership back as it was then."""
    second, last = columns_of(_rows(connection, administration_seals)[1]), _last(connection)
    row = {**second, "number": last["number"] + 1, "prev_digest": last["digest"]}
    connection.execute(insert(administration_seals), row)


def _older_sums(connection: Connection) -> None:
    """Put the sums of the seal before the last one into the last one."""
    before, last = map(columns_of, _rows(connection, administration_seals)[-2:])
    at = _seal.number == last["number"]
    connection.execute(update(administration_seals).where(at).values(sums=before["sums"]))


def _without(number: int) -> Attack:
    def attack(connection: Connection) -> None:
        connection.execute(delete(administration_seals).where(_seal.number == number))

    return attack


SEAL_FORGERIES: dict[str, tuple[Attack, Callable[[int], int]]] = {
    "a replayed seal": (_replay, lambda count: count + 1),
    "sums of an older seal": (_older_sums, lambda count: count),
    "another moment": (_changed(administration_seals, _seal.number == 2, sealed_at=0), lambda _: 2),
    "a made-up digest": (_changed(administration_seals, _seal.number == 2, digest="d" * 64), lambda _: 2),
    "a seal that is gone": (_without(2), lambda _: 3),
    "a first seal that is gone": (_without(1), lambda _: 2),
}


@broken_by(
    "Verification finds a forged seal of the administration",
    "service/database/administration_seals.py",
    "return (seal.number, seal.prev_digest) == (number + 1, digest) and self._is_authentic(seal)",
    "return (seal.number, seal.prev_digest) == (number + 1, digest)",
    case="sqlite-sums",
)
@broken_by(
    "Verification finds a removed seal of the administration",
    "service/database/administration_seals.py",
    "return (seal.number, seal.prev_digest) == (number + 1, digest) and self._is_authentic(seal)",
    "return self._is_authentic(seal)",
    case="sqlite-a_seal",
)
@pytest.mark.parametrize(
    ("attack", "number_of"), SEAL_FORGERIES.values(), ids=[name.replace(" ", "_") for name in SEAL_FORGERIES]
)
def test_a_forged_seal_is_found_by_its_number(
    administration: Administration, attack: Attack, number_of: Callable[[int], int]
) -> None:
    """A digest that was made up leaves the next seal without its predecessor as well."""
    with administration.engine.connect() as connection:
        count = _last(connection)["number"]
        remove_protections(connection)
        with rolled_back(connection):
            attack(connection)

            assert administration.faults(connection)[0] == ("administration_seal", str(number_of(count)))
        connection.rollback()


def _end_membership(transaction: Transaction) -> None:
    keys = {"person_id": JOKE, "organisation_id": ORGANISATION_IDS["duinhuis"], "role": "provider"}
    assert Memberships(transaction).end(day_in_amsterdam(transaction.now), keys)


def _rename(transaction: Transaction) -> None:
    assert StoredPeople(transaction).rename("person", UUID(JOKE), "Joke de Vries")


FOLLOWED: dict[str, tuple[Attack, Callable[[Transaction], None], str]] = {
    "the same membership": (FORGERIES["a back-dated membership"][0], _end_membership, "memberships"),
    "the same person": (_swap_subjects, _rename, "people"),
    "another table": (FORGERIES["a changed figure"][0], _rename, "kept_figures"),
    "the forged figure": (
        FORGERIES["a changed figure"][0],
        lambda transaction: DestroyedCaseFigures(transaction).add_case("JZ10", [FIGURE]),
        "kept_figures",
    ),
}


@broken_by(
    "A forged row of the administration is not taken over by the next change",
    "service/database/covered_rows.py",
    "            self._note(self._tag({**stored, **values}) - self._tag(stored))\n",
    "            self._changes[self._table.name] = 0\n",
    case="sqlite",
)
@pytest.mark.parametrize(
    ("attack", "change", "table"), FOLLOWED.values(), ids=[name.replace(" ", "_") for name in FOLLOWED]
)
def test_a_forgery_that_an_honest_change_follows_stays_found(
    administration: Administration, attack: Attack, change: Callable[[Transaction], None], table: str
) -> None:
    with administration.engine.connect() as connection:
        remove_protections(connection)
        with rolled_back(connection):
            count = _last(connection)["number"]
            attack(connection)
            transaction = transaction_on(connection, administration.keyring)
            change(transaction)
            AdministrationSeals(transaction).seal_changes()

            assert _last(connection)["number"] == count + 1
            assert administration.faults(connection) == [("administration_rows", table)]
        connection.rollback()


@broken_by(
    "A forged seal of the administration is not continued",
    "service/database/administration_seals.py",
    "return self._sums_of(last) if self._is_authentic(last) else dict.fromkeys(COVERED, 0)",
    "return self._sums_of(last)",
    case="sqlite",
)
def test_sums_that_were_put_into_the_last_seal_for_a_while_are_not_continued(administration: Administration) -> None:
    """The forger puts everything back, and removes what the last seal added."""
    with administration.engine.connect() as connection:
        remove_protections(connection)
        with rolled_back(connection):
            before, honest = (columns_of(row) for row in _rows(connection, administration_seals)[-2:])
            figures = [columns_of(row) for row in _rows(connection, kept_figures)]
            at = _seal.number == honest["number"]
            _older_sums(connection)
            transaction = transaction_on(connection, administration.keyring)
            _rename(transaction)
            AdministrationSeals(transaction).seal_changes()
            connection.execute(update(administration_seals).where(at).values(honest))
            for table in (subscriptions, kept_figures):
                connection.execute(delete(table))

            assert figures
            assert before["digest"] == honest["prev_digest"]
            assert administration.faults(connection) != []
        connection.rollback()


@pytest.mark.parametrize("changes", [{"number": 1}, {"prev_digest": "d" * 64}], ids=["gap", "other_chain"])
def test_the_database_refuses_a_seal_that_does_not_follow(
    administration: Administration, changes: dict[str, Any]
) -> None:
    with administration.engine.connect() as connection:
        last = _last(connection)
        following = {**last, "number": last["number"] + 1, "prev_digest": last["digest"]}
        apart = {"number": following["number"] + 1} if "number" in changes else changes

        with pytest.raises(IntegrityError):
            connection.execute(insert(administration_seals), {**following, **apart})


@pytest.mark.parametrize("statement", [update(administration_seals).values(sealed_at=0), delete(administration_seals)])
def test_the_database_refuses_any_change_of_a_seal(administration: Administration, statement: Any) -> None:
    with (
        administration.engine.connect() as connection,
        pytest.raises(DBAPIError, match="administration_seals is append-only"),
    ):
        connection.execute(statement)


def test_sums_are_not_readable_in_the_database(administration: Administration) -> None:
    with administration.engine.connect() as connection:
        stored = b"".join(row.sums for row in _rows(connection, administration_seals))

    assert not [table for table in COVERED if table.encode() in stored]


def _codes(verdict: tuple[int | str | None, set[tuple[str, str, int]]]) -> tuple[int | str | None, set[str]]:
    """Returns (exit code, codes of the findings) of a verification."""
    return verdict[0], {code for _, code, _ in verdict[1]}


def _copy_of(connection: Connection) -> dict[Table, list[Changes]]:
    tables = (*(metadata.tables[name] for name in COVERED), administration_seals)
    return {table: [columns_of(row) for row in _rows(connection, table)] for table in tables}


def _put_back(connection: Connection, copy: dict[Table, list[Changes]]) -> None:
    for table, rows in copy.items():
        connection.execute(delete(table))
        if rows:
            connection.execute(insert(table), rows)


@broken_by(
    "A digest kept elsewhere reveals seals of the administration that were rewritten or cut off",
    "service/commands/verify.py",
    "if seal.seal and present[chain] != seal.digest:",
    "if seal.seal and chain == 'log':",
    case="sqlite",
)
def test_rows_that_were_set_back_with_their_seals_are_found_against_a_digest_alone(
    administration: Administration, tmp_path: Path
) -> None:
    """The last change is cut off, and then another is made in its place. All is put back afterwards."""
    installation = administration.installation
    with administration.engine.connect() as connection:
        before = _copy_of(connection)
    administration.write(_rename)
    with administration.engine.connect() as connection:
        after = _copy_of(connection)
    digest = administration.digest_file(tmp_path)
    sound = installation.findings("--against", digest)
    with unprotected(installation) as connection:
        _put_back(connection, before)
    alone, cut_off = installation.findings(), installation.findings("--against", digest)
    administration.write(_end_membership)
    again, rewritten = installation.findings(), installation.findings("--against", digest)
    with unprotected(installation) as connection:
        _put_back(connection, after)

    assert sound == alone == again == (0, set())
    assert [_codes(verdict) for verdict in (cut_off, rewritten)] == [
        (1, {"administration_cut_off"}),
        (1, {"administration_rewritten"}),
    ]


def test_a_digest_of_a_version_without_these_seals_is_still_compared(
    administration: Administration, tmp_path: Path
) -> None:
    (tmp_path / "heads").write_text("".join(write_digest([], datetime.now(UTC), "0011")))

    assert administration.installation.findings("--against", str(tmp_path / "heads")) == (0, set())


@broken_by(
    "Processes that open a database at once make one first seal of its administration",
    "service/database/administration_seals.py",
    "            if sums != before:\n",
    "            if sums:\n",
    case="postgresql",
)
@broken_by(
    "A database that was migrated gets its first seal of the administration when it is opened",
    "service/app.py",
    "    AdministrationSeals(transaction).cover_all()\n",
    "",
    case="sqlite",
)
def test_a_database_without_seals_gets_one_when_processes_open_it_and_verification_says_so_before(
    administration: Administration, tmp_path: Path
) -> None:
    """As after the migration, or after somebody emptied the table: only a digest tells the two apart."""
    installation, digest = administration.installation, administration.digest_file(tmp_path)
    with administration.engine.connect() as connection:
        copy = _copy_of(connection)
    with unprotected(installation) as connection:
        connection.execute(delete(administration_seals))
    code, report = installation.command("verify")
    administration.write(_rename)
    with administration.engine.connect() as connection:
        unsealed = _rows(connection, administration_seals)
    _at_once(4, lambda _: prepare_database(installation.settings, check_people=_load)[0].close())
    with administration.engine.connect() as connection:
        seals = _rows(connection, administration_seals)
    alone, against = installation.findings(), installation.findings("--against", digest)
    with unprotected(installation) as connection:
        _put_back(connection, copy)

    assert code == 0
    assert "administrationSeals 0" in report
    assert "The administration has no seal yet" in report
    assert (unsealed, [seal.number for seal in seals]) == ([], [1])
    assert alone == (0, set())
    assert _codes(against) == (1, {"administration_cut_off"})


def _load(transaction: Transaction) -> None:
    load_demonstration(transaction, DEMONSTRATION_ISSUER)


def _at_once(count: int, work: Callable[[int], None]) -> None:
    """Let so many threads begin this work at the same moment, each with its number. Raises what one of them raised."""
    together, errors = Barrier(count), list[BaseException]()

    def run(number: int) -> None:
        together.wait()
        try:
            work(number)
        except BaseException as error:  # noqa: BLE001 - raised below, in the thread of the test
            errors.append(error)

    threads = [Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


@broken_by(
    "Administrators who change at once leave one chain",
    "service/database/administration_seals.py",
    '            self._connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _ADVISORY_LOCK})\n',
    "            pass\n",
    case="postgresql",
)
def test_processes_that_change_the_administration_at_once_leave_one_sound_chain(
    administration: Administration,
) -> None:
    """They change rows of their own at the same moment, and then the same rows."""
    count, turns = 4, 8
    with administration.engine.connect() as connection:
        before = _last(connection)["number"]
    together = Barrier(count)

    def change(number: int) -> None:
        database = open_database(administration.installation.settings)
        for turn in range(turns):
            together.wait(60)
            database.write_sync(
                _add_own_person if turn % 2 else partial(_change_same_rows, name=f"Ivo {number} {turn}")
            )
        database.close()

    _at_once(count, change)

    with administration.engine.connect() as connection:
        assert administration.faults(connection) == []
        assert _last(connection)["number"] == before + count * turns


def _add_own_person(transaction: Transaction) -> None:
    StoredPeople(transaction).add_person(uuid4(), issuer=DEMONSTRATION_ISSUER, subject=str(uuid4()), name="Nieuw")


def _change_same_rows(transaction: Transaction, name: str) -> None:
    DestroyedCaseFigures(transaction).add_case("JZ11", [FIGURE])
    StoredPeople(transaction).rename("person", UUID(IVO), name)


def test_another_master_key_is_refused_also_where_nothing_is_encrypted_yet(tmp_path: Path) -> None:
    settings = settings_for(tmp_path, f"sqlite:///{tmp_path / 'casusroute.db'}")
    with running(settings):
        pass
    settings.master_key_file.unlink()

    with pytest.raises(MasterKeyRefused, match="not the key of this database"):
        prepare_database(settings, check_people=_load)
