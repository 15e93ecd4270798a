"""Reads of content, each logged in the access log in the same transaction (I18)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any
from uuid import UUID

from service.audit.rules import Activity, Purpose
from service.audit.store.access_log import AccessLog, ContentRead
from service.cases.rules.amendments import amended_form, amendments_by_place, amendments_of, place_of
from service.cases.rules.certificate import ContentCertificate
from service.cases.rules.model import Content, PartAddress, Transition
from service.cases.rules.point_in_time import HistoryUntil, PointInTime
from service.cases.store.cases import Cases, VisiblePart
from service.cases.store.contents import Contents
from service.cases.use_cases.case_reading import CaseReading, read_case, require_addressed
from service.cases.use_cases.opening_question import opening_question
from service.cases.use_cases.reading_rights import Reader
from service.database.transaction import Transaction
from service.identity.caller import Caller
from service.people.use_cases.identify import identify
from service.vocabulary.actor import Actor, SightBasis
from service.vocabulary.calendar import day_in_amsterdam
from service.vocabulary.refusals import NotFound
from service.vocabulary.roles import FAMILY_ROLES, Role

RECONSIDERATION_OUTCOMES = ("confirm_advice", "conclude_revised")

# Purpose of use (NEN 7513) of each role. A person states none for the ordinary work of their role.
PURPOSE_BY_ROLE: Mapping[Role, Purpose] = {
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
EMERGENCY_PURPOSE: Purpose = "emergency"


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """Content of one entry. `current` is the form after its amendments; None when there are none.

    `destroyed` is the certificate of destroyed content, whose `body` is empty.
    """

    entry: Transition
    body: Mapping[str, Any]
    current: Mapping[str, Any] | None = None
    amendments: tuple[Transition, ...] = ()
    destroyed: ContentCertificate | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFile:
    """The content of a case that the reader may read, in order of sequence: all of it, or a page.

    `last_sequence`: the last entry of the page; None when no page follows.
    """

    sight: VisiblePart
    documents: tuple[Document, ...]
    past: HistoryUntil | None = None
    last_sequence: int | None = None


@dataclass(frozen=True, slots=True)
class HistoryExtent:
    """A stretch of a history: at most `limit` entries after entry `after`."""

    limit: int
    after: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryDocument:
    """Content of one entry, for a reader who sees its part."""

    sight: VisiblePart
    document: Document
    past: HistoryUntil | None = None


def read_file(
    transaction: Transaction,
    caller: Caller,
    case_id: UUID,
    when: PointInTime | None = None,
    extent: HistoryExtent | None = None,
) -> CaseFile:
    """Read and log the file of a case, or the documents of a stretch of its history. Each read of a page is logged.

    A family reads its own words and the forms that are addressed to it.

    Raises NotFound for a person who may not see the whole case, and the refusal of `Reader.require_file`.
    """
    actor = identify(transaction, caller)
    reading = read_case(transaction, actor, case_id, when)
    sight = reading.require_whole_case()
    entries, last_sequence = entries_of(reading, extent)
    seat = require_seat(transaction, reading.entitled_actor, sight)
    reader = reader_of(transaction, actor, sight, reading, seat=seat)
    reader.require_file()
    by_place = amendments_by_place(reading.history_without_notes)
    amendments = {entry.sequence: tuple(by_place.get(place_of(entry), ())) for entry in entries}
    numbers = {entry.sequence for entry in (*entries, *chain.from_iterable(amendments.values()))}
    contents = Contents(transaction).open(case_id, None if extent is None else sorted(numbers))
    detail = "own file" if seat.acting.role in FAMILY_ROLES else "whole file"
    log_reading(transaction, caller, actor, sight, "read_case_file", log_detail(detail, reading.past), seat=seat)
    destroyed = destroyed_contents(transaction, case_id, contents)
    documents = tuple(
        _document(entry, amendments[entry.sequence], contents, destroyed)
        for entry in entries
        if entry.sequence in contents and reader.may_read(entry)
    )
    return CaseFile(sight=sight, documents=documents, past=reading.past, last_sequence=last_sequence)


def entries_of(reading: CaseReading, extent: HistoryExtent | None) -> tuple[tuple[Transition, ...], int | None]:
    """Returns (entries of this stretch, sequence of its last entry if more follow); all entries without an extent."""
    if extent is None:
        return reading.history, None
    entries = reading.entries_after(extent.after, extent.limit + 1)
    page = entries[: extent.limit]
    return page, page[-1].sequence if len(entries) > extent.limit else None


def entries_of_part(
    reading: CaseReading, part_id: UUID, extent: HistoryExtent | None
) -> tuple[tuple[Transition, ...], int | None]:
    """Returns (entries of this stretch of a part, `part_sequence` of its last entry if more follow).

    Without an extent: all entries of the part.
    """
    if extent is None:
        return reading.entries_of_part(part_id), None
    entries = reading.entries_of_part(part_id, extent.after, extent.limit + 1)
    page = entries[: extent.limit]
    return page, page[-1].part_sequence if len(entries) > extent.limit else None


def read_entry(
    transaction: Transaction,
    caller: Caller,
    address: PartAddress,
    part_sequence: int,
    when: PointInTime | None = None,
) -> EntryDocument:
    """Read and log the content of one entry of a part; of the first entry of an escalation, its question.

    Raises NotFound, and the refusal of `Reader.require_entry`.
    """
    actor = identify(transaction, caller)
    # Sight of the present part comes first: an unknown part is refused before an impossible moment.
    case_id, part_id = address.case_id, address.part_id
    sight = require_addressed(read_case(transaction, actor, case_id).require_part(part_id), address)
    reading = read_case(transaction, actor, case_id, when)
    entry, history = reading.find_entry(part_id, part_sequence), reading.history_without_notes
    if entry is None:
        raise NotFound
    amendments = amendments_of(entry, history)
    document = _document(entry, amendments, {}, {})
    if sight.may_read_case or _is_open_to(actor, entry):
        numbers = [entry.sequence, *(amendment.sequence for amendment in amendments)]
        contents = Contents(transaction).open(case_id, numbers)
        document = _document(entry, amendments, contents, destroyed_contents(transaction, case_id, contents))
        if question := opening_question(transaction, case_id, history, entry):
            document = replace(document, body={**document.body, "form": question})
    if document.body or document.current:
        seat = require_seat(transaction, reading.entitled_actor, sight)
        reader_of(transaction, actor, sight, reading, seat=seat).require_entry(entry)
        name = entry.form or ("question" if "form" in document.body else "grounds")
        log_reading(
            transaction,
            caller,
            actor,
            sight,
            "read_entry",
            log_detail(f"{name}#{entry.sequence}", reading.past),
            seat=seat,
        )
    return EntryDocument(sight=sight, document=document, past=reading.past)


def _is_open_to(actor: Actor, entry: Transition) -> bool:
    """True unless the entry is of a reconsideration, by another organisation, and is no outcome."""
    by_own_organisation = entry.organisation_id in {membership.organisation_id for membership in actor.memberships}
    return entry.part_kind != "reconsideration" or by_own_organisation or entry.trigger in RECONSIDERATION_OUTCOMES


def destroyed_contents(
    transaction: Transaction, case_id: UUID, contents: Mapping[int, Content]
) -> dict[int, ContentCertificate]:
    """Returns the certificates of the destroyed ones among these contents, by sequence."""
    if not any(content.is_destroyed for content in contents.values()):
        return {}
    return Contents(transaction).certificates(case_id)


def _document(
    entry: Transition,
    amendments: tuple[Transition, ...],
    contents: Mapping[int, Content],
    destroyed: Mapping[int, ContentCertificate],
) -> Document:
    """The document of an entry, from `contents` by sequence; empty when they do not hold the entry."""
    content = contents.get(entry.sequence)
    return Document(
        entry=entry,
        body=content.body if content else {},
        current=amended_form(entry, amendments, contents) or None if amendments and content else None,
        amendments=amendments,
        destroyed=destroyed.get(entry.sequence),
    )


def log_detail(detail: str, past: HistoryUntil | None) -> str:
    """The detail for the access log. It names the last entry of a past view, which may differ from the present one."""
    return f"{detail}, as known at {past.last_entry.sequence}" if past else detail


def require_whole_case(transaction: Transaction, actor: Actor, case_id: UUID) -> VisiblePart:
    """The main part, for a person who may see the whole case. Raises NotFound."""
    return read_case(transaction, actor, case_id).require_whole_case()


def reader_of(
    transaction: Transaction, actor: Actor, sight: VisiblePart, reading: CaseReading, *, seat: SightBasis
) -> Reader:
    """The rights of this person in this seat. For a past view, the rights of today limit them as well."""
    if reading.past is None:
        return Reader(transaction, actor, seat, reading.history_without_notes)
    today = Reader(
        transaction,
        actor,
        require_seat(transaction, actor, sight),
        Cases(transaction).history_without_notes(sight.case.id),
    )
    on = day_in_amsterdam(reading.moment)
    return Reader(transaction, reading.entitled_actor, seat, reading.history, on=on, present_reader=today)


def log_reading(
    transaction: Transaction,
    caller: Caller,
    actor: Actor,
    sight: VisiblePart,
    activity: Activity,
    detail: str,
    *,
    seat: SightBasis | None = None,
) -> None:
    """Log a read of this case, with its purpose (I18). `detail` names forms and holds no content."""
    seat = seat or require_seat(transaction, actor, sight)
    AccessLog(transaction).record(
        ContentRead(
            person_id=actor.person_id,
            membership=seat.acting,
            activity=activity,
            purpose=EMERGENCY_PURPOSE if seat.emergency else PURPOSE_BY_ROLE[seat.acting.role],
            case_id=sight.case.id,
            detail=detail,
            trace_id=caller.trace_id,
            emergency=seat.emergency,
        )
    )


def require_seat(transaction: Transaction, actor: Actor, sight: VisiblePart) -> SightBasis:
    """The seat in which this person sees the part: the first membership that alone shows as much of the case.

    Family roles come first, so a relative who also works on the case reads as family. Emergency access counts when no
    membership does. Raises NotFound.
    """
    for membership in sorted(actor.memberships, key=lambda membership: membership.role not in FAMILY_ROLES):
        sight_alone = Cases(transaction).find_part(
            sight.case.id, sight.part.id, seen_by=replace(actor, memberships=(membership,), emergencies=())
        )
        if sight_alone and sight_alone.may_read_case == sight.may_read_case:
            return SightBasis(membership)
    for emergency in actor.emergencies:
        if emergency.case_id == sight.case.id:
            return SightBasis(emergency.acting, emergency=True)
    raise NotFound
