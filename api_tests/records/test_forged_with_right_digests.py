"""I11, I12: verification finds an entry that the service would never record, although every digest of it is right."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Connection

from api_tests.support.demonstration import ORGANISATION_IDS, PERSON_IDS
from api_tests.support.forgery import (
    Changes,
    Forger,
    KnownCases,
    first_entry,
    insert_row,
    new_part,
    next_entry,
    parts_of,
    sealed_content,
)
from api_tests.support.sabotages import broken_by
from api_tests.support.tampering import remove_protections
from service.cases.rules.history_chain import entry_digest, facts_digest
from service.cases.store.rows import row_to_transition
from service.cases.store.tables import contents, parts, transitions
from service.integrity.rules.register import Register
from service.integrity.store.case_history import Verification, verify_history

NEW = "00000000-0000-4000-8000-000000000001"
YEAR_2200 = 7_258_118_400_000_000  # microseconds since 1970
NOTE, REASSIGNMENT = {"form": "note@1"}, {"form": "reassignment@1", "trigger_name": "reassign"}


def _by(person: str, organisation: str, role: str) -> Changes:
    return {
        "actor_id": str(PERSON_IDS[person]),
        "organisation_id": str(ORGANISATION_IDS[organisation]),
        "role": role,
    }


BY_CHAIR = _by("esra", "ret", "chair")


@dataclass(frozen=True)
class StoredRow:
    """A row of the history as a forger can write it; `_mapping` is what the service reads of a row."""

    _mapping: Changes


def _insert_with_right_digests(connection: Connection, row: Changes, *, content_form: str | None) -> int:
    """Insert an entry and its content with the digests that they must have. Returns its sequence."""
    content = None
    if content_form:
        content, digest = sealed_content(row["case_id"], row["sequence"], content_form)
        row = {**row, "content_digest": digest}
    facts = facts_digest(row["facts_salt"], row_to_transition(StoredRow(row)))  # type: ignore[arg-type]  # reads as a row
    digest = entry_digest(row["prev_digest"], row["sequence"], facts, row["content_digest"])
    insert_row(connection, transitions, {**row, "facts_digest": facts, "digest": digest})
    if content:
        insert_row(connection, contents, content)
    return int(row["sequence"])


def _forge(connection: Connection, known: KnownCases, *, content_form: str | None = "note@1", **changes: Any) -> int:
    """A note of the chair as the next entry of the case, with these changes and right digests."""
    row = next_entry(connection, known.advised, **{**NOTE, "codes": None, "age_band": None, **BY_CHAIR, **changes})
    return _insert_with_right_digests(connection, row, content_form=content_form)


def _verify(connection: Connection, known: KnownCases, **run: Any) -> Verification:
    return verify_history(connection, known.advised, until=datetime.now(UTC), **run)


# Changes of the next note -> the fault that verification must name.
FORGERIES: dict[str, tuple[Changes, str]] = {
    "a parent who takes a step of the team": ({**REASSIGNMENT, **_by("wilma", "gezin-w", "parent")}, "role"),
    "a role that the person never had": (_by("anna", "ret", "chair"), "membership"),
    "the chair of another team": (_by("petra", "ret-twente", "chair"), "acting_organisation"),
    "a local team that did not submit the case": (_by("otto", "team-enschede", "local_team"), "acting_organisation"),
    "the form of another step": ({"form": "reassignment@1", "content_form": "reassignment@1"}, "form"),
    "a form that is left out": ({"form": None, "content_form": None}, "form"),
    "a form without content": ({"content_form": None}, "content_missing"),
    "content of another form": ({"content_form": "amendment@1"}, "content_missing"),
    "another role that must act": ({"party": "municipality"}, "party"),
    "another organisation that must act": ({"party_id": str(ORGANISATION_IDS["ret-twente"])}, "party"),
    "nobody who must act": ({"party": None, "party_id": None}, "party"),
    "another person who must act": ({"assignee_id": str(PERSON_IDS["vera"])}, "assignee"),
    "a person who is not there and must act": (
        {**REASSIGNMENT, "content_form": "reassignment@1", "assignee_id": NEW},
        "person",
    ),
    "no due day": ({"due_on": None}, "due_day"),
    "a due day in the year 2200": ({"due_on": "2200-01-01"}, "due_day"),
    "another region": ({"region": "JZ01"}, "region"),
    "a moment in life in the year 2200": ({"occurred_at": YEAR_2200}, "moments"),
    "a moment of recording in the year 2200": ({"recorded_at": YEAR_2200}, "moments"),
    "both moments in the year 2200": ({"occurred_at": YEAR_2200, "recorded_at": YEAR_2200}, "moments"),
    "a risk score": ({"codes": '{"risk_score":["high"]}'}, "codes"),
    "a code that is not on its list": ({"codes": '{"urgency":["whenever"]}'}, "codes"),
    "a code of a list that its form does not have": ({"codes": '{"urgency":["acute"]}'}, "codes"),
    "a code that is a number": ({"codes": '{"goal":[1]}'}, "codes"),
    "a note that corrects another entry": ({"codes": '{"amends":["1"]}'}, "codes"),
    "an age that is no band": ({"age_band": "13"}, "codes"),
}
# Foreign keys refuse these; a session that may switch them off can store them.
NAMES_NOBODY: dict[str, tuple[Changes, str]] = {
    "a person who is not there": ({"actor_id": NEW}, "person"),
    "an organisation that is not there": ({"organisation_id": NEW}, "organisation"),
}


def test_a_note_with_right_digests_is_sound_and_so_is_a_part_that_its_step_opened(forger: Forger) -> None:
    """A genuine entry is sound: the findings below are due to the forgery."""
    with forger.at_work() as connection:
        sequence = _forge(connection, forger.cases)

        verification = _verify(connection, forger.cases)

    assert (verification.sound, verification.fault, verification.entries) == (True, None, sequence)


@broken_by(
    "I12: verification finds a step by a role that may not take it",
    "service/integrity/rules/recorded_steps.py",
    '"role": entry.role in trigger.roles',
    '"role": True',
    case="sqlite parent",
)
@broken_by(
    "I12: verification finds an open state without its due day",
    "service/integrity/rules/recorded_steps.py",
    "return due_on == previous if keeps_day else self._is_within_term(due_on, step)",
    "return True",
    case="sqlite due",
)
@broken_by(
    "I12: verification finds an entry in another region than that of its case",
    "service/integrity/rules/recorded_steps.py",
    "return entry.region == self._first.entry.region",
    "return True",
    case="postgresql region",
)
@broken_by(
    "I12: verification finds a code that is on no list",
    "service/vocabulary/coded_facts.py",
    "return name in _PATTERNS and _PATTERNS[name].fullmatch(code) is not None",
    "return True",
    case="sqlite score",
)
@broken_by(
    "I12: verification finds an entry that was recorded after the moment of verification",
    "service/integrity/rules/recorded_steps.py",
    "and (self._latest is None or entry.recorded_at <= self._latest)",
    "",
    case="postgresql both",
)
@broken_by(
    "I12: verification finds an actor who never had the role",
    "service/integrity/rules/recorded_steps.py",
    '"membership": (entry.actor_id, entry.role, entry.organisation_id) in self._register.memberships',
    '"membership": True',
    case="sqlite never",
)
@pytest.mark.parametrize(("changes", "fault"), FORGERIES.values(), ids=FORGERIES.keys())
def test_i12_a_forged_entry_with_right_digests_is_found(forger: Forger, changes: Changes, fault: str) -> None:
    with forger.at_work() as connection:
        sequence = _forge(connection, forger.cases, **changes)

        verification = _verify(connection, forger.cases)

    assert (verification.fault, verification.first_bad_sequence) == (fault, sequence)
    assert verification.reason


@pytest.mark.parametrize(("changes", "fault"), NAMES_NOBODY.values(), ids=NAMES_NOBODY.keys())
def test_i12_an_entry_that_names_what_is_not_there_is_found(forger: Forger, changes: Changes, fault: str) -> None:
    if not forger.undermined:
        return  # foreign keys refuse it: test_an_entry_that_names_what_is_not_there_is_refused
    with forger.at_work() as connection:
        sequence = _forge(connection, forger.cases, **changes)

        verification = _verify(connection, forger.cases)

    assert (verification.fault, verification.first_bad_sequence) == (fault, sequence)


@broken_by(
    "I12: verification finds a state in the phase of another one",
    "service/integrity/rules/recorded_steps.py",
    '"phase": entry.phase == state.phase',
    '"phase": True',
    case="undermined-sqlite",
)
def test_i12_an_open_case_in_the_phase_of_an_end_is_found(forger: Forger) -> None:
    """The database refuses such an entry, so the forger removes its protections first."""
    with forger.at_work() as connection:
        if not forger.undermined:
            return  # only a superuser may remove them on PostgreSQL
        remove_protections(connection)
        sequence = _forge(connection, forger.cases, phase="ended")

        verification = _verify(connection, forger.cases)

    assert (verification.fault, verification.first_bad_sequence) == ("phase", sequence)


@broken_by(
    "I12: verification finds a part that no step opened",
    "service/integrity/rules/recorded_steps.py",
    '"cause": self._is_opened_by_its_cause(step)',
    '"cause": True',
    case="sqlite owner",
)
@pytest.mark.parametrize("cause", [None, 1])
def test_i12_a_part_that_no_step_opened_is_found(forger: Forger, cause: int | None) -> None:
    with forger.at_work() as connection:
        like = parts_of(connection, forger.cases.advised, "commitment")[0]
        insert_row(connection, parts, new_part(like, NEW))
        row = first_entry(connection, like, NEW, cause=cause, codes=None, age_band=None, **BY_CHAIR)
        sequence = _insert_with_right_digests(connection, row, content_form=None)

        verification = _verify(connection, forger.cases)

    assert (verification.fault, verification.first_bad_sequence) == ("cause", sequence)


def test_a_person_who_joins_while_a_run_goes_on_is_known_to_it(forger: Forger) -> None:
    """The run has read people before: it reads them again before it calls anybody unknown."""
    before = Register()
    with forger.at_work() as connection:
        assert _verify(connection, forger.cases, register=before).sound
        before.memberships.clear()
        before.regions.clear()

        assert _verify(connection, forger.cases, register=before).sound
