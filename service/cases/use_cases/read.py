"""Reading content: who may, what of it, and the line in the access log that stands or falls with the reading (I18)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from service.audit.rules import Activity, Purpose
from service.audit.store.access_log import AccessLog, Reading
from service.cases.rules.amendments import amendments_of, as_it_reads
from service.cases.rules.model import Content, Transition
from service.cases.rules.point_in_time import Past, When
from service.cases.store.cases import Cases, Sight
from service.cases.store.contents import Contents
from service.cases.use_cases.case_reading import CaseReading, read_case
from service.cases.use_cases.put_question import asked
from service.cases.use_cases.reading_rights import Reader
from service.database.transaction import Transaction
from service.identity.caller import Caller
from service.people.use_cases.identify import identify
from service.vocabulary.actor import Actor, Seat
from service.vocabulary.calendar import day_in_amsterdam
from service.vocabulary.refusals import NotFound
from service.vocabulary.roles import FAMILY_ROLES, Role

OUTCOMES = ("confirm_advice", "conclude_revised")

# Purpose of use (NEN 7513) by role: nobody has to state one for the ordinary work of their role.
PURPOSES: Mapping[Role, Purpose] = {
    Role.LOCAL_TEAM: "directing_help_locally",
    Role.PARENT: "reading_about_ones_own_child",
    Role.YOUNG_PERSON: "reading_about_oneself",
    Role.COORDINATOR: "work_of_the_expert_team",
    Role.SCREENER: "work_of_the_expert_team",
    Role.CHAIR: "work_of_the_expert_team",
    Role.PROCESS_DIRECTOR: "work_of_the_expert_team",
    Role.EXPERT: "review_at_the_table",
    Role.EXPERT_BY_EXPERIENCE: "review_at_the_table",
    Role.PROVIDER: "answering_for_an_advice_line",
    Role.MUNICIPALITY: "answering_for_an_advice_line",
    Role.CCE_LIAISON: "escalation",
    Role.EXPERTISE_NETWORK: "answering_beyond_the_region",
    Role.NATIONAL_SUPPORT: "answering_beyond_the_region",
    Role.FACILITATOR: "learning",
    Role.DATA_PROTECTION_OFFICER: "oversight_of_the_file",
}
IN_AN_EMERGENCY: Purpose = "emergency"


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What was written at one entry. `current` is what the form says after amendments, when there were any.

    `corrected_by`: the numbers in its part of these amendments.
    """

    entry: Transition
    body: Mapping[str, Any]
    current: Mapping[str, Any] | None = None
    corrected_by: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFile:
    """Everything written in a case, in order."""

    sight: Sight
    documents: tuple[Document, ...]
    past: Past | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryRead:
    """What was written at one entry, for whoever sees its part."""

    sight: Sight
    document: Document
    past: Past | None = None


def read_file(transaction: Transaction, caller: Caller, case_id: UUID, when: When | None = None) -> CaseFile:
    """The file of a case; a family reads its own words in it and what was said to it.

    Raises NotFound for whoever may not see all of the case, and the refusal of what is withheld from the others.
    """
    actor = identify(transaction, caller)
    reading = read_case(transaction, actor, case_id, when)
    sight, history = reading.whole(), reading.history
    seat = seat_of(transaction, reading.rights, sight)
    reader = reader_of(transaction, actor, sight, reading, seat=seat)
    reader.insist_on_file()
    contents = Contents(transaction).open(case_id)
    what = "own file" if seat.acting.role in FAMILY_ROLES else "whole file"
    log(transaction, caller, actor, sight, "read_case_file", as_of(what, reading.past), seat=seat)
    documents = tuple(
        _document(it, history, contents) for it in history if it.sequence in contents and reader.may_read(it)
    )
    return CaseFile(sight=sight, documents=documents, past=reading.past)


def read_entry(
    transaction: Transaction, caller: Caller, case_id: UUID, part_id: UUID, part_sequence: int, when: When | None = None
) -> EntryRead:
    """What was written at one entry of a part; at the first of an escalation, what was asked. Raises NotFound."""
    actor = identify(transaction, caller)
    # The part of today comes first: one that is not there is refused before a moment that cannot be looked back at.
    sight = read_case(transaction, actor, case_id).of_part(part_id)
    reading = read_case(transaction, actor, case_id, when)
    history = reading.history
    entry = next((it for it in history if (it.part_id, it.part_sequence) == (part_id, part_sequence)), None)
    if entry is None:
        raise NotFound
    found = _document(entry, history, {})
    if sight.whole or _is_for(actor, entry):
        numbers = [entry.sequence, *(it.sequence for it in amendments_of(entry, history))]
        found = _document(entry, history, Contents(transaction).open(case_id, numbers))
        if question := asked(transaction, case_id, history, entry):
            found = replace(found, body={**found.body, "form": question})
    if found.body:
        seat = seat_of(transaction, reading.rights, sight)
        reader_of(transaction, actor, sight, reading, seat=seat).insist_on(entry)
        read = entry.form or ("question" if "form" in found.body else "grounds")
        log(transaction, caller, actor, sight, "read_entry", as_of(f"{read}#{entry.sequence}", reading.past), seat=seat)
    return EntryRead(sight=sight, document=found, past=reading.past)


def _is_for(actor: Actor, entry: Transition) -> bool:
    """Of a reconsideration, whoever asked for it reads what they wrote and what came of it, not the weighing."""
    mine = entry.organisation_id in {held.organisation_id for held in actor.memberships}
    return entry.part_kind != "reconsideration" or mine or entry.trigger in OUTCOMES


def _document(entry: Transition, history: Sequence[Transition], contents: Mapping[int, Content]) -> Document:
    """What these contents tell of an entry; nothing, where they do not hold it."""
    amendments = amendments_of(entry, history)
    written = contents.get(entry.sequence)
    return Document(
        entry=entry,
        body=written.body if written else {},
        current=as_it_reads(entry, amendments, contents) if amendments and written else None,
        corrected_by=tuple(it.part_sequence for it in amendments),
    )


def as_of(detail: str, past: Past | None) -> str:
    """What the access log says was read: what was known then may be less, or other, than what is known now."""
    return f"{detail}, as known at {past.last.sequence}" if past else detail


def whole_case(transaction: Transaction, actor: Actor, case_id: UUID) -> Sight:
    """The case, for whoever may see all of it. Raises NotFound."""
    return read_case(transaction, actor, case_id).whole()


def reader_of(transaction: Transaction, actor: Actor, sight: Sight, reading: CaseReading, *, seat: Seat) -> Reader:
    """This person in this seat, to whom the history of the reading is known; looking back, as limited as today."""
    if reading.past is None:
        return Reader(transaction, actor, seat, reading.history)
    today = Reader(transaction, actor, seat_of(transaction, actor, sight), Cases(transaction).history(sight.case.id))
    on = day_in_amsterdam(reading.at)
    return Reader(transaction, reading.rights, seat, reading.history, on=on, today=today)


def log(
    transaction: Transaction,
    caller: Caller,
    actor: Actor,
    sight: Sight,
    activity: Activity,
    detail: str,
    *,
    seat: Seat | None = None,
) -> None:
    """Write down who reads what of this case, and why. `detail` names forms, never what they say."""
    seat = seat or seat_of(transaction, actor, sight)
    AccessLog(transaction).record(
        Reading(
            person_id=actor.person_id,
            acting=seat.acting,
            activity=activity,
            purpose=IN_AN_EMERGENCY if seat.emergency else PURPOSES[seat.acting.role],
            case_id=sight.case.id,
            detail=detail,
            trace_id=caller.trace_id,
            emergency=seat.emergency,
        )
    )


def seat_of(transaction: Transaction, actor: Actor, sight: Sight) -> Seat:
    """What this person's sight of the part rests on: the first membership that shows as much all by itself.

    Where none does, an emergency. Whoever is also of the family reads as family, whatever they are besides. Raises
    NotFound.
    """
    for held in sorted(actor.memberships, key=lambda it: it.role not in FAMILY_ROLES):
        alone = Cases(transaction).find(
            sight.case.id, sight.part.id, seen_by=Actor(person_id=actor.person_id, memberships=(held,))
        )
        if alone and alone.whole == sight.whole:
            return Seat(held)
    for taken in actor.emergencies:
        if taken.case_id == sight.case.id:
            return Seat(taken.acting, emergency=True)
    raise NotFound
