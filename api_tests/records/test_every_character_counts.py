"""I11, I12: verification finds a change of any single character of a stored history or head."""

from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Column, Connection, LargeBinary, Row, Table, delete, select, update

from api_tests.support.case_file import CaseFile
from api_tests.support.forgery import engine_for
from api_tests.support.people import People
from api_tests.support.sabotages import broken_by
from api_tests.support.servers import RunningService
from api_tests.support.tampering import change, remove_protections, rolled_back
from api_tests.support.transactions import transaction_on
from service.cases.store.tables import cases, contents, destructions, parts, transitions
from service.integrity.rules.digest import Head
from service.integrity.store.case_history import Verification, verify_history
from service.integrity.store.heads import Heads
from service.retention.store.tables import destruction_proposals, destruction_signatures

# No entry holds the number of the case, and its id is only a reference: the digest of heads covers both.
NOT_OF_THE_HISTORY = {(cases, "id"), (cases, "number")}
# A destroyed case keeps nothing that these could be checked against; they say nothing about a child.
NOT_OF_THE_REMAINS = {*NOT_OF_THE_HISTORY, (cases, "region"), (parts, "workflow")}
# Each change needs a verification: every character on SQLite, one in 20 on PostgreSQL for its column types.
EACH = {"sqlite": 1, "postgresql": 20}


@pytest.fixture(scope="module")
def small(people: People) -> CaseFile:
    """A question for a consult and a note: every kind of column, in the fewest characters."""
    case = CaseFile.ask_consult(people)
    case.fire("add_note")
    return case


@pytest.fixture
def connection(service: RunningService, small: CaseFile) -> Iterator[Connection]:
    """A connection whose transaction is never committed."""
    assert small.id  # made before the database is locked
    engine = engine_for(service.settings.database_url, undermined=True)
    with engine.connect() as connection:
        yield connection
        connection.rollback()
    engine.dispose()


def _rows(connection: Connection, case_id: str) -> Iterator[tuple[Table, Row[Any]]]:
    for table, owner in ((transitions, "case_id"), (contents, "case_id"), (cases, "id"), (parts, "case_id")):
        for row in connection.execute(select(table).where(table.c[owner] == case_id)):
            yield table, row


def _slips(column: Column[Any], truth: Any) -> Iterator[tuple[int, Any]]:
    """Pairs (place, value with one changed character). A letter changes its case, the easiest change to miss."""
    if isinstance(column.type, LargeBinary):
        yield from ((at, truth[:at] + bytes([truth[at] ^ 1]) + truth[at + 1 :]) for at in range(len(truth)))
    elif isinstance(truth, int):
        for at, digit in enumerate(digits := str(truth)):
            yield at, int(digits[:at] + str((int(digit) + 5) % 10) + digits[at + 1 :])
    else:
        for at, letter in enumerate(truth):
            other = letter.swapcase() if letter.isalpha() else chr(ord(letter) ^ 1)
            yield at, truth[:at] + other + truth[at + 1 :]


def _place(table: Table, row: Row[Any]) -> dict[str, Any]:
    return {key.name: getattr(row, key.name) for key in table.primary_key}


@broken_by(
    "I12: verification finds each changed character of a history row, also one that looks the same",
    "service/integrity/store/case_history.py",
    "return same and bool(facts_digest(row.facts_salt, entry) == row.facts_digest)",
    "return bool(facts_digest(row.facts_salt, entry) == row.facts_digest)",
)
def test_i12_each_character_of_each_row_counts(
    connection: Connection, service: RunningService, small: CaseFile
) -> None:
    remove_protections(connection)

    undetected, count = _undetected(connection, small, EACH[service.engine], but=NOT_OF_THE_HISTORY)

    assert undetected == []
    assert count > 2000 / EACH[service.engine]
    assert verify_history(connection, small.id).sound


def test_i12_each_character_that_a_destruction_left_counts(
    connection: Connection, service: RunningService, small: CaseFile
) -> None:
    destroy(connection, small.id)
    assert replace(verify_history(connection, small.id), head="") == Verification(True, 2, "", destroyed=True)
    remove_protections(connection)

    undetected, count = _undetected(connection, small, 3 * EACH[service.engine], but=NOT_OF_THE_REMAINS)

    assert undetected == []
    assert count > 200 / EACH[service.engine]


@broken_by(
    "Verification accepts a destroyed case only with the certificate of its own history",
    "service/integrity/store/destroyed_case.py",
    "if head != (expected.entries, expected.head) and not is_shorter_replay:",
    "if False:",
)
@broken_by(
    "Verification finds a value that a destruction should have emptied",
    "service/integrity/store/destroyed_case.py",
    "return all(values[name] is None for name in names)",
    "return values[names[0]] is None",
)
def test_what_a_destruction_left_is_sound_beside_its_own_certificate_alone(
    connection: Connection, small: CaseFile
) -> None:
    """Emptied rows without a certificate, full rows with one, and a certificate of another history are not sound."""
    destroy(connection, small.id)
    remove_protections(connection)
    for change_to, fault in (
        (delete(destructions), "emptied"),
        (update(destructions).values(entries=1), "certificate"),
        (update(destructions).values(head="e" * 64), "certificate"),
        (update(transitions).where(transitions.c.sequence == 2).values(role="chair"), "not_emptied"),
        (update(contents).where(contents.c.sequence == 1).values(ciphertext=b"rest"), "not_emptied"),
        (update(parts).values(due_on="2031-01-01"), "not_emptied"),
        (update(cases).values(recorded_at=1), "case_head"),
    ):
        with rolled_back(connection):
            owner = change_to.table.c["id" if change_to.table is cases else "case_id"]
            connection.execute(change_to.where(owner == small.id))

            verification = verify_history(connection, small.id)

        assert (verification.sound, verification.fault) == (False, fault)


def test_a_restored_case_that_followed_its_destruction_may_be_shorter_than_its_certificate_and_no_other(
    connection: Connection, small: CaseFile
) -> None:
    """A backup from before the last entries is restored, and the list of destructions empties its case again."""
    destroy(connection, small.id)
    remove_protections(connection)
    recorded_heads = [Head(small.id, 5, "d" * 64)]
    heads, certificate = (
        Heads(transaction_on(connection)),
        update(destructions).where(destructions.c.case_id == small.id),
    )
    connection.execute(certificate.values(entries=5))
    with rolled_back(connection):
        connection.execute(certificate.values(replayed_at=3))
        followed = verify_history(connection, small.id).sound, list(heads.mismatches(recorded_heads))
    cut_off = (
        verify_history(connection, small.id).fault,
        [(departure.sequence, departure.fault) for departure in heads.mismatches(recorded_heads)],
    )

    assert followed == (True, [])
    assert cut_off == ("certificate", [(3, "cut_off")])


def destroy(connection: Connection, case_id: str) -> None:
    """Destroy the case as the service does, with the two signatures that the database asks for."""
    case = connection.execute(select(cases).where(cases.c.id == case_id)).one()
    proposal = str(uuid4())
    basis = {"case_id": case_id, "ground": "retention", "policy": "p" * 64}
    details = {"id": proposal, "sequence": case.sequence, "recorded_at": 1}
    connection.execute(destruction_proposals.insert(), {**basis, **details})
    for capacity, role in (("team", "chair"), ("data_protection", "data_protection_officer")):
        signature = {"proposal_id": proposal, "capacity": capacity, "role": role, "signed_at": 1}
        signer = {"person_id": str(uuid4()), "organisation_id": case.team_id}
        connection.execute(destruction_signatures.insert(), {**signature, **signer})
    outcome = {"proposal_id": proposal, "signed": "[]", "destroyed_at": 2, "day": "2026-01-01", "certificate": "c" * 64}
    extent = {"entries": case.sequence, "contents": 2, "head": case.digest}
    connection.execute(destructions.insert(), {**basis, **outcome, **extent})


def _undetected(
    connection: Connection, small: CaseFile, each: int, *, but: Collection[tuple[Table, str]]
) -> tuple[list[str], int]:
    """Returns (changes that verification misses at their entry and the next, number of changes)."""
    undetected, count = list[str](), 0
    for table, row in _rows(connection, small.id):
        expected = getattr(row, "sequence", None) if table in (transitions, contents) else None
        for column in table.columns:
            truth = getattr(row, column.name)
            if truth is None or (table, column.name) in but:
                continue
            for at, slip in _slips(column, truth):
                if at % each:
                    continue
                change(connection, table, _place(table, row), column.name, slip)

                verification = verify_history(connection, small.id)

                count += 1
                if verification.sound or (expected and verification.first_bad_sequence not in (expected, expected + 1)):
                    undetected.append(
                        f"{table.name}.{column.name} at {at}: {verification.first_bad_sequence} {verification.reason}"
                    )
                back = {**_place(table, row), column.name: slip} if column.primary_key else _place(table, row)
                change(connection, table, back, column.name, truth)

    return undetected, count
