"""I11, I12, issue 4.2: no character of a stored history, or of a head, can be changed without being found."""

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
from api_tests.support.servers import Running
from api_tests.support.tampering import change, lay_bare, undone
from api_tests.support.transactions import transaction_on
from service.cases.store.tables import cases, contents, destructions, parts, transitions
from service.integrity.rules import Head
from service.integrity.store.case_history import Verification, verify
from service.integrity.store.heads import Heads
from service.retention.store.tables import destruction_proposals, destruction_signatures

# How the case is called stands nowhere else, and its id is what everything else names it by: see the digest of heads.
NOT_OF_THE_HISTORY = {(cases, "id"), (cases, "number")}
# Of a destroyed case nothing is left that could tell these; they tell nothing of a child either.
NOT_OF_THE_REMAINS = {*NOT_OF_THE_HISTORY, (cases, "region"), (parts, "workflow")}
# One character at a time is a thousand questions; on PostgreSQL some, for its own types.
EACH = {"sqlite": 1, "postgresql": 20}


@pytest.fixture(scope="module")
def small(people: People) -> CaseFile:
    """A question for a consult and a note: every kind of column, in the fewest characters."""
    case = CaseFile.asked(people)
    case.fire("add_note")
    return case


@pytest.fixture
def connection(service: Running, small: CaseFile) -> Iterator[Connection]:
    """Whose transaction is never committed."""
    assert small.id  # made before the database is locked
    engine = engine_for(service.settings.database_url, undermined=True)
    with engine.connect() as opened:
        yield opened
        opened.rollback()
    engine.dispose()


def _rows(connection: Connection, case_id: str) -> Iterator[tuple[Table, Row[Any]]]:
    for table, owner in ((transitions, "case_id"), (contents, "case_id"), (cases, "id"), (parts, "case_id")):
        for row in connection.execute(select(table).where(table.c[owner] == case_id)):
            yield table, row


def _slips(column: Column[Any], truth: Any) -> Iterator[tuple[int, Any]]:
    """The value with one character, digit or byte another: a letter in its other case, which is easiest missed."""
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
    "issue 4.2: every single character of a history row counts, also one that only looks the same",
    "service/integrity/store/case_history.py",
    "return same and bool(facts_digest(row.facts_salt, entry) == row.facts_digest)",
    "return bool(facts_digest(row.facts_salt, entry) == row.facts_digest)",
)
def test_i12_each_character_of_each_row_counts(connection: Connection, service: Running, small: CaseFile) -> None:
    lay_bare(connection)

    unseen, tried = _unseen(connection, small, EACH[service.engine], but=NOT_OF_THE_HISTORY)

    assert unseen == []
    assert tried > 2000 / EACH[service.engine]
    assert verify(connection, small.id).sound


def test_i12_each_character_that_a_destruction_left_counts(
    connection: Connection, service: Running, small: CaseFile
) -> None:
    destroy(connection, small.id)
    assert replace(verify(connection, small.id), head="") == Verification(True, 2, "", destroyed=True)
    lay_bare(connection)

    unseen, tried = _unseen(connection, small, 3 * EACH[service.engine], but=NOT_OF_THE_REMAINS)

    assert unseen == []
    assert tried > 200 / EACH[service.engine]


@broken_by(
    "issue 4.2: a destroyed case is sound beside the certificate of its own history alone",
    "service/integrity/store/destroyed_case.py",
    "if head != (expected.entries, expected.head) and not is_shorter_replay:",
    "if False:",
)
@broken_by(
    "issue 4.2: what was to be emptied and was not is found",
    "service/integrity/store/destroyed_case.py",
    "return all(values[name] is None for name in names)",
    "return values[names[0]] is None",
)
def test_what_a_destruction_left_is_sound_beside_its_own_certificate_alone(
    connection: Connection, small: CaseFile
) -> None:
    """Emptied rows without a certificate, full rows beside one, and a certificate of another history: none is sound."""
    destroy(connection, small.id)
    lay_bare(connection)
    for change_to, fault in (
        (delete(destructions), "emptied"),
        (update(destructions).values(entries=1), "certificate"),
        (update(destructions).values(head="e" * 64), "certificate"),
        (update(transitions).where(transitions.c.sequence == 2).values(role="chair"), "not_emptied"),
        (update(contents).where(contents.c.sequence == 1).values(ciphertext=b"rest"), "not_emptied"),
        (update(parts).values(due_on="2031-01-01"), "not_emptied"),
        (update(cases).values(recorded_at=1), "case_head"),
    ):
        with undone(connection):
            owner = change_to.table.c["id" if change_to.table is cases else "case_id"]
            connection.execute(change_to.where(owner == small.id))

            found = verify(connection, small.id)

        assert (found.sound, found.fault) == (False, fault)


def test_a_restored_case_that_followed_its_destruction_may_be_shorter_than_its_certificate_and_no_other(
    connection: Connection, small: CaseFile
) -> None:
    """A backup from before the last entries comes back, and the list of destructions empties the case in it again."""
    destroy(connection, small.id)
    lay_bare(connection)
    kept = [Head(small.id, 5, "d" * 64)]
    heads, of = Heads(transaction_on(connection)), update(destructions).where(destructions.c.case_id == small.id)
    connection.execute(of.values(entries=5))
    with undone(connection):
        connection.execute(of.values(replayed_at=3))
        followed = verify(connection, small.id).sound, list(heads.departures(kept))
    cut_off = (
        verify(connection, small.id).fault,
        [(departure.sequence, departure.fault) for departure in heads.departures(kept)],
    )

    assert followed == (True, [])
    assert cut_off == ("certificate", [(3, "cut_off")])


def destroy(connection: Connection, case_id: str) -> None:
    """As the product does it, with the two signatures that the database asks for."""
    case = connection.execute(select(cases).where(cases.c.id == case_id)).one()
    proposal = str(uuid4())
    decided = {"case_id": case_id, "ground": "retention", "policy": "p" * 64}
    told = {"id": proposal, "sequence": case.sequence, "recorded_at": 1}
    connection.execute(destruction_proposals.insert(), {**decided, **told})
    for capacity, role in (("team", "chair"), ("data_protection", "data_protection_officer")):
        signed = {"proposal_id": proposal, "capacity": capacity, "role": role, "signed_at": 1}
        by = {"person_id": str(uuid4()), "organisation_id": case.team_id}
        connection.execute(destruction_signatures.insert(), {**signed, **by})
    done = {"proposal_id": proposal, "signed": "[]", "destroyed_at": 2, "day": "2026-01-01", "certificate": "c" * 64}
    of = {"entries": case.sequence, "contents": 2, "head": case.digest}
    connection.execute(destructions.insert(), {**decided, **done, **of})


def _unseen(
    connection: Connection, small: CaseFile, each: int, *, but: Collection[tuple[Table, str]]
) -> tuple[list[str], int]:
    """Which slips verification does not see at their entry or the next, and how many were tried."""
    unseen, tried = list[str](), 0
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

                found = verify(connection, small.id)

                tried += 1
                if found.sound or (expected and found.first_bad_sequence not in (expected, expected + 1)):
                    unseen.append(f"{table.name}.{column.name} at {at}: {found.first_bad_sequence} {found.reason}")
                back = {**_place(table, row), column.name: slip} if column.primary_key else _place(table, row)
                change(connection, table, back, column.name, truth)

    return unseen, tried
