"""I11, I12: verification finds every change of stored rows that evaded the database, and names its place."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, Row, delete, select, update

from api_tests.support.forgery import KnownCases, columns_of, engine_for, entries_of_case, entries_of_part, head_of_part
from api_tests.support.sabotages import Returns, broken_by
from api_tests.support.servers import RunningService
from api_tests.support.tampering import change, false_values, remove_protections, rolled_back
from service.cases.rules.history_chain import entry_digest, facts_digest
from service.cases.store.rows import row_to_transition
from service.cases.store.tables import cases, contents, parts, transitions
from service.integrity.store.case_history import Verification, verify_history
from service.workflows.store.tables import workflow_edges, workflows

# Columns of a head that the history does not contain: id and number of the case, and the team that took it up.
NOT_OF_THE_HISTORY = {"id", "number", "team_id"}


@pytest.fixture(scope="module")
def bare(service: RunningService, known: KnownCases) -> Iterator[Connection]:
    """A connection without protections and constraints, in one transaction that is never committed."""
    assert known.advised  # made before the database is locked
    engine = engine_for(service.settings.database_url, undermined=True)
    with engine.connect() as connection:
        remove_protections(connection)
        yield connection
        connection.rollback()
    engine.dispose()


def _in_the_middle(entries: list[Row[Any]]) -> Row[Any]:
    return entries[2]


def _begun_by_another(entries: list[Row[Any]]) -> Row[Any]:
    return next(entry for entry in entries if entry.part_kind == "commitment" and entry.cause)


def _last(entries: list[Row[Any]]) -> Row[Any]:
    return entries[-1]


WHICH = {"in the middle": _in_the_middle, "that begins a part of another": _begun_by_another, "at the end": _last}


def _verify(connection: Connection, known: KnownCases) -> Verification:
    return verify_history(connection, UUID(known.advised))


def test_an_untouched_case_is_sound_also_with_parts_that_other_entries_began(
    bare: Connection, known: KnownCases
) -> None:
    entries = entries_of_case(bare, known.advised)

    verification = _verify(bare, known)

    assert {entry.part_kind for entry in entries} == {"case", "commitment", "funding", "placement", "escalation"}
    assert (verification.sound, verification.entries, verification.head) == (True, len(entries), entries[-1].digest)
    assert (verification.first_bad_sequence, verification.reason) == (None, None)


@broken_by(
    "The digest of an entry covers every fact of the entry",
    "service/cases/rules/history_chain.py",
    '        "ageBand": entry.age_band,\n',
    "",
    case="sqlite age_band",
)
@pytest.mark.parametrize("which", WHICH.values(), ids=WHICH.keys())
@pytest.mark.parametrize("column", transitions.columns.keys())
def test_a_changed_column_of_an_entry_is_found_at_that_entry(
    bare: Connection, known: KnownCases, column: str, which: Any
) -> None:
    entry = which(entries_of_case(bare, known.advised))
    place = {"case_id": known.advised, "sequence": entry.sequence}
    for lie in false_values(transitions.c[column], getattr(entry, column)):
        with rolled_back(bare):
            change(bare, transitions, place, column, lie)

            verification = _verify(bare, known)

        assert (verification.sound, verification.first_bad_sequence) == (False, entry.sequence), (
            f"{column} = {lie!r}: {verification.reason}"
        )
        assert verification.reason


@broken_by(
    "The digest of content covers everything that is stored of the content",
    "service/cases/rules/history_chain.py",
    '"nonce": nonce.hex(), ',
    "",
    case="sqlite-nonce",
)
@broken_by(
    "Verification finds content that was changed",
    Returns("service/integrity/store/case_history.py", "_content_holds", True),
    case="postgresql",
)
@pytest.mark.parametrize("column", contents.columns.keys())
def test_a_changed_column_of_content_is_found_at_its_entry(bare: Connection, known: KnownCases, column: str) -> None:
    content = bare.execute(select(contents).where(contents.c.case_id == known.advised, contents.c.sequence == 2)).one()
    for lie in false_values(contents.c[column], getattr(content, column)):
        with rolled_back(bare):
            change(bare, contents, {"case_id": known.advised, "sequence": 2}, column, lie)

            verification = _verify(bare, known)

        assert (verification.sound, verification.first_bad_sequence) == (False, 2), (
            f"{column} = {lie!r}: {verification.reason}"
        )


@pytest.mark.parametrize("column", sorted(set(cases.columns.keys()) - NOT_OF_THE_HISTORY | {"team_id"}))
def test_a_changed_head_of_a_case_is_found(bare: Connection, known: KnownCases, column: str) -> None:
    case = bare.execute(select(cases).where(cases.c.id == known.advised)).one()
    for lie in false_values(cases.c[column], getattr(case, column)):
        with rolled_back(bare):
            change(bare, cases, {"id": known.advised}, column, lie)

            verification = _verify(bare, known)

        assert not verification.sound, f"{column} = {lie!r}"


@broken_by(
    "Verification finds a changed head of a part",
    "service/integrity/store/case_history.py",
    'yield entry.sequence, "part_head"',
    "continue",
    case="postgresql",
)
@pytest.mark.parametrize("column", parts.columns.keys())
def test_a_changed_head_of_a_part_is_found(bare: Connection, known: KnownCases, column: str) -> None:
    begun = _begun_by_another(entries_of_case(bare, known.advised)).part_id
    for lie in false_values(parts.c[column], getattr(head_of_part(bare, begun), column)):
        with rolled_back(bare):
            change(bare, parts, {"id": begun}, column, lie)

            verification = _verify(bare, known)

        assert not verification.sound, f"{column} = {lie!r}"
        if column not in ("id", "case_id"):
            assert verification.first_bad_sequence == entries_of_part(bare, begun)[-1].sequence


@pytest.mark.parametrize("which", WHICH.values(), ids=WHICH.keys())
def test_a_removed_entry_is_found_where_it_stood(bare: Connection, known: KnownCases, which: Any) -> None:
    entry = which(entries_of_case(bare, known.advised))
    with rolled_back(bare):
        for table in (contents, transitions):
            bare.execute(delete(table).where(table.c.case_id == known.advised, table.c.sequence == entry.sequence))

        verification = _verify(bare, known)

    assert (verification.sound, verification.first_bad_sequence) == (False, entry.sequence)


def test_a_history_cut_off_with_its_heads_left_is_found_at_the_cut(bare: Connection, known: KnownCases) -> None:
    with rolled_back(bare):
        for table in (contents, transitions):
            bare.execute(delete(table).where(table.c.case_id == known.advised, table.c.sequence > 4))

        verification = _verify(bare, known)

    assert (verification.sound, verification.first_bad_sequence) == (False, 5)


def test_an_emptied_entry_is_found_and_emptied_content_too(bare: Connection, known: KnownCases) -> None:
    """Only a recorded destruction may empty them, and this case has none."""
    facts = [column.name for column in transitions.columns if column.nullable and not column.name.startswith("prev_")]
    emptied = dict.fromkeys(set(facts) - {"content_digest"})
    for table, values in ((transitions, emptied), (contents, dict.fromkeys(("salt", "nonce", "ciphertext")))):
        with rolled_back(bare):
            bare.execute(update(table).where(table.c.case_id == known.advised, table.c.sequence == 3).values(values))

            verification = _verify(bare, known)

        assert (verification.sound, verification.first_bad_sequence) == (False, 3)


def test_contents_that_changed_places_are_found_at_the_first(bare: Connection, known: KnownCases) -> None:
    first, second = (
        columns_of(row)
        for row in bare.execute(
            select(contents).where(contents.c.case_id == known.advised, contents.c.sequence.in_((2, 3)))
        )
    )
    with rolled_back(bare):
        for row, other in ((first, second), (second, first)):
            at = (contents.c.case_id == known.advised, contents.c.sequence == row["sequence"])
            bare.execute(update(contents).where(*at).values({**other, "sequence": row["sequence"]}))

        verification = _verify(bare, known)

    assert (verification.sound, verification.first_bad_sequence) == (False, 2)


def test_removed_content_and_content_without_an_entry_are_found(bare: Connection, known: KnownCases) -> None:
    entries = entries_of_case(bare, known.advised)
    at = (contents.c.case_id == known.advised, contents.c.sequence == 2)
    silent = next(entry.sequence for entry in entries if entry.content_digest is None)
    for sequence, bad in ((silent, silent), (len(entries) + 9, len(entries) + 9), (None, 2)):
        with rolled_back(bare):
            if sequence is None:
                bare.execute(delete(contents).where(*at))
            else:
                copied = columns_of(bare.execute(select(contents).where(*at)).one())
                bare.execute(contents.insert(), {**copied, "sequence": sequence})

            verification = _verify(bare, known)

        assert (verification.sound, verification.first_bad_sequence) == (False, bad)


def test_an_entry_rewritten_with_new_digests_is_found_at_the_next(bare: Connection, known: KnownCases) -> None:
    before, entry = entries_of_case(bare, known.advised)[1:3]
    with rolled_back(bare):
        change(bare, transitions, {"case_id": known.advised, "sequence": 3}, "occurred_at", entry.occurred_at + 1)
        facts = facts_digest(entry.facts_salt, row_to_transition(entries_of_case(bare, known.advised)[2]))
        digest = entry_digest(before.digest, 3, facts, entry.content_digest)
        change(bare, transitions, {"case_id": known.advised, "sequence": 3}, "facts_digest", facts)
        change(bare, transitions, {"case_id": known.advised, "sequence": 3}, "digest", digest)

        verification = _verify(bare, known)

    assert (verification.sound, verification.first_bad_sequence) == (False, 4)


@broken_by(
    "Verification trusts a workflow definition only when it matches its hash",
    Returns("service/integrity/store/references.py", "matches_hash", True),
)
def test_a_definition_that_was_rewritten_vouches_for_nothing(bare: Connection, known: KnownCases) -> None:
    workflow = entries_of_case(bare, known.advised)[0].workflow
    definition = str(bare.execute(select(workflows.c.definition).where(workflows.c.hash == workflow)).scalar_one())
    for lie in (definition.replace("chair", "screener", 1), "{}", ""):
        with rolled_back(bare):
            change(bare, workflows, {"hash": workflow}, "definition", lie)

            verification = _verify(bare, known)

        assert (verification.sound, verification.first_bad_sequence) == (False, 1)


def test_an_edge_put_beside_a_definition_vouches_for_nothing(bare: Connection, known: KnownCases) -> None:
    """The definition decides, not the table of edges: every entry holds the hash of the definition."""
    with rolled_back(bare):
        bare.execute(delete(workflow_edges))

        assert _verify(bare, known).sound
