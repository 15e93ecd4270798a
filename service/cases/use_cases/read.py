"""Reads of content, each logged in the access log in the same transaction (I18)."""

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

# Purpose of use (NEN 7513) of each role. A person states none for the ordinary work of their role.
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
    """Content of one entry. `current` is the form after its amendments; None when there are none.

    `corrected_by`: the `part_sequence` of each amendment.
    """

    entry: Transition
    body: Mapping[str, Any]
    current: Mapping[str, Any] | None = None
    corrected_by: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFile:
    """All content of a case that the reader may read, in order of sequence."""

    sight: Sight
    documents: tuple[Document, ...]
    past: Past | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryRead:
    """Content of one entry, for a reader who sees its part."""

    sight: Sight
    document: Document
    past: Past | None = None


def read_file(transaction: Transaction, caller: Caller, case_id: UUID, when: When | None = None) -> CaseFile:
    """Read and log the file of a case. A family reads its own words and the forms that are addressed to it.

    Raises NotFound for a person who may not see the whole case, and the refusal of `Reader.require_file`.
    """
    actor = identify(transaction, caller)
    reading = read_case(transaction, actor, case_id, when)
    sight, history = reading.whole(), reading.history
    seat = seat_of(transaction, reading.rights, sight)
    reader = reader_of(transaction, actor, sight, reading, seat=seat)
    reader.insist_on_file()
    contents = Contents(transaction).open(case_id)
    detail = "own file" if seat.acting.role in FAMILY_ROLES else "whole file"
    log(transaction, caller, actor, sight, "read_case_file", as_of(detail, reading.past), seat=seat)
    documents = tuple(
        _document(entry, history, contents)
        for entry in history
        if entry.sequence in contents and reader.may_read(entry)
    )
    return CaseFile(sight=sight, documents=documents, past=reading.past)


def read_entry(
    transaction: Transaction, caller: Caller, case_id: UUID, part_id: UUID, part_sequence: int, when: When | None = None
) -> EntryRead:
    """Read and log the content of one entry of a part; of the first entry of an escalation, its question.

    Raises NotFound, and the refusal of `Reader.require_entry`.
    """
    actor = identify(transaction, caller)
    # Sight of the present part comes first: an unknown part is refused before an impossible moment.
    sight = read_case(transaction, actor, case_id).of_part(part_id)
    reading = read_case(transaction, actor, case_id, when)
    history = reading.history
    entry = next((event for event in history if (event.part_id, event.part_sequence) == (part_id, part_sequence)), None)
    if entry is None:
        raise NotFound
    document = _document(entry, history, {})
    if sight.whole or _is_open_to(actor, entry):
        numbers = [entry.sequence, *(amendment.sequence for amendment in amendments_of(entry, history))]
        document = _document(entry, history, Contents(transaction).open(case_id, numbers))
        if question := asked(transaction, case_id, history, entry):
            document = replace(document, body={**document.body, "form": question})
    if document.body:
        seat = seat_of(transaction, reading.rights, sight)
        reader_of(transaction, actor, sight, reading, seat=seat).insist_on(entry)
        name = entry.form or ("question" if "form" in document.body else "grounds")
        log(transaction, caller, actor, sight, "read_entry", as_of(f"{name}#{entry.sequence}", reading.past), seat=seat)
    return EntryRead(sight=sight, document=document, past=reading.past)


def _is_open_to(actor: Actor, entry: Transition) -> bool:
    """False for what another organisation wrote in a reconsideration, unless it is the outcome."""
    by_own_organisation = entry.organisation_id in {membership.organisation_id for membership in actor.memberships}
    return entry.part_kind != "reconsideration" or by_own_organisation or entry.trigger in OUTCOMES


def _document(entry: Transition, history: Sequence[Transition], contents: Mapping[int, Content]) -> Document:
    """The document of an entry, from `contents` by sequence; empty when they do not hold the entry."""
    amendments = amendments_of(entry, history)
    content = contents.get(entry.sequence)
    return Document(
        entry=entry,
        body=content.body if content else {},
        current=as_it_reads(entry, amendments, contents) if amendments and content else None,
        corrected_by=tuple(amendment.part_sequence for amendment in amendments),
    )


def as_of(detail: str, past: Past | None) -> str:
    """The detail for the access log. It names the last entry of a past view, which may differ from the present one."""
    return f"{detail}, as known at {past.last.sequence}" if past else detail


def whole_case(transaction: Transaction, actor: Actor, case_id: UUID) -> Sight:
    """The main part, for a person who may see the whole case. Raises NotFound."""
    return read_case(transaction, actor, case_id).whole()


def reader_of(transaction: Transaction, actor: Actor, sight: Sight, reading: CaseReading, *, seat: Seat) -> Reader:
    """The rights of this person in this seat. For a past view, the rights of today limit them as well."""
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
    """Log a read of this case, with its purpose (I18). `detail` names forms and holds no content."""
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
    """The seat in which this person sees the part: the first membership that alone shows as much of the case.

    Family roles come first, so a relative who also works on the case reads as family. Emergency access counts when no
    membership does. Raises NotFound.
    """
    for membership in sorted(actor.memberships, key=lambda membership: membership.role not in FAMILY_ROLES):
        sight_alone = Cases(transaction).find(
            sight.case.id, sight.part.id, seen_by=Actor(person_id=actor.person_id, memberships=(membership,))
        )
        if sight_alone and sight_alone.whole == sight.whole:
            return Seat(membership)
    for emergency in actor.emergencies:
        if emergency.case_id == sight.case.id:
            return Seat(emergency.acting, emergency=True)
    raise NotFound
