"""Routes of /v1/cases/{caseId}: the case, its history, its file, its steps and the possible transitions."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from fastapi import Response
from pydantic import Field

from service.cases.api.form_shapes import FormContent
from service.cases.api.point_in_time import (
    NEXT_CURSOR,
    PagedDependency,
    PagedQuery,
    PointInTimeDependency,
    PointInTimeQuery,
    PointInTimeView,
    history_cursors,
    next_page_cursor,
    show_version_of_present,
)
from service.cases.api.presenter import Presenter, ids_of_case, ids_of_entry, ids_of_part, possible_transition_view
from service.cases.api.step_bodies import StepBody, step_type
from service.cases.api.steps import StepRoute, take_step_over_http, with_step_body
from service.cases.api.views import CaseInPart, CaseView, EntryView, MadeView, PossibleView
from service.cases.rules.amendments import amendments_by_place, place_of
from service.cases.rules.certificate import ContentCertificate
from service.cases.rules.model import Part, PartAddress, Transition
from service.cases.rules.steps import possible_transitions
from service.cases.store.cases import Cases, VisiblePart
from service.cases.use_cases.case_reading import CaseReading, read_case, require_addressed
from service.cases.use_cases.read_content import CaseFile, Document, entries_of, read_file
from service.cases.use_cases.situation import load_situation
from service.database.transaction import Transaction
from service.http.app_context import AppContextDependency
from service.http.json_models import InTwoLanguages, Labelled, View
from service.http.openapi import refusal_responses
from service.http.parameters import CallerDependency, CaseId, IdempotencyKeyHeader, IfMatchVersion
from service.http.responses import set_version_tag
from service.http.strict_route import StrictRouter
from service.identity.caller import Caller
from service.people.use_cases.identify import identify
from service.vocabulary.messages import MESSAGES
from service.workflows.rules.rulebook import Rulebook

router = StrictRouter("cases")


class History(PointInTimeView):
    """The history of a case or of one of its parts, in order of sequence."""

    transitions: list[EntryView]
    next_cursor: str | None = Field(default=None, description=NEXT_CURSOR)


class PossibleTransitions(View):
    """The transitions from the present state, with the reasons against each. `version` is that of the part."""

    version: int
    transitions: list[PossibleView]


class DestroyedContentView(View):
    """The destruction of the content of one entry. `partId` is the entry destruction, which records what remains."""

    day: date
    ground: Labelled
    part_id: UUID
    certificate: str = Field(description="SHA-256 of the certificate, as in the list of destructions.")
    certificate_facts: dict[str, Any] | None = Field(
        description="The certificate itself, as in the list of destructions. For readers of the whole case; else null."
    )


class DocumentView(PointInTimeView):
    """Content of one entry. `current` is the form after its amendments; null when there are none."""

    entry: EntryView
    destroyed: DestroyedContentView | None = Field(
        default=None, description="Set when the content was destroyed; also in a view of an earlier moment."
    )
    grounds: str | None
    form: FormContent | None = Field(description="The form as it was sent; `entry.form` has its name.")
    current: FormContent | None


class CaseFileView(PointInTimeView):
    """All content of a case that you may read, in order of sequence. The read is logged."""

    case_id: UUID
    number: str
    documents: list[DocumentView]
    next_cursor: str | None = Field(default=None, description=NEXT_CURSOR)


@router.get("/cases/{caseId}")
async def get_case(
    case_id: CaseId,
    context: AppContextDependency,
    caller: CallerDependency,
    query: PointInTimeDependency,
    response: Response,
) -> CaseView | CaseInPart:
    """State of a case and of its parts: the party that must act, the next action and its due date."""
    view = await context.database.read(
        lambda transaction: view_case(transaction, caller, case_id, query, rules=context.rules)
    )
    if isinstance(view, CaseView):
        show_version_of_present(response, view, view.main.version)
    return view


def view_case(
    transaction: Transaction, caller: Caller, case_id: UUID, query: PointInTimeQuery, *, rules: Rulebook
) -> CaseView | CaseInPart:
    """The case, or the parts of it that this caller may see. Raises NotFound."""
    reading = read_case(transaction, identify(transaction, caller), case_id, query.point_in_time)
    if reading.sight is None:
        return _case_in_part(transaction, rules, case_id, reading.parts)
    return query.with_as_of(_case_view(transaction, rules, reading, reading.sight), reading.past)


@router.get("/cases/{caseId}/transitions")
async def list_transitions(
    case_id: CaseId,
    context: AppContextDependency,
    caller: CallerDependency,
    query: PagedDependency,
    response: Response,
) -> History:
    """The history of a case and its parts, up to the requested moment: facts, no content. All of it, or a page."""
    view, version = await context.database.read(
        lambda transaction: view_history(transaction, caller, case_id, query, rules=context.rules)
    )
    show_version_of_present(response, view, version)
    return view


def view_history(
    transaction: Transaction, caller: Caller, case_id: UUID, query: PagedQuery, *, rules: Rulebook
) -> tuple[History, int]:
    """Returns (the history of a case or a page of it, the version of the case). Raises NotFound, Invalid."""
    reading = read_case(transaction, identify(transaction, caller), case_id, query.point_in_time)
    version = reading.require_whole_case().part.sequence
    cursors = history_cursors(transaction.keyring, case_id)
    entries, last_sequence = entries_of(reading, query.extent(cursors))
    view = history_view(transaction, rules, entries, reading.history_without_notes, whole=True)
    cursor = next_page_cursor(cursors, last_sequence)
    return query.with_as_of(view.model_copy(update={"next_cursor": cursor}), reading.past), version


def step_router(rules: Rulebook) -> StrictRouter:
    """The route that takes a step with the case itself. Its body type comes from the workflows of the case."""
    router = StrictRouter("cases", StepRoute)

    @router.post("/cases/{caseId}/transitions", status_code=201, responses=refusal_responses(403))
    @with_step_body(step_type("case", rules.versions("case")))
    async def add_transition(
        case_id: CaseId,
        body: StepBody,
        context: AppContextDependency,
        caller: CallerDependency,
        idempotency_key: IdempotencyKeyHeader,
        version: IfMatchVersion,
        response: Response,
    ) -> MadeView:
        """Take a step with the case. Send the version that you decided on in If-Match. A repeated request acts once."""
        address = PartAddress(case_id, case_id, "case")
        return await take_step_over_http(context, caller, address, body, idempotency_key, version, response)

    return router


@router.get("/cases/{caseId}/possible-transitions")
async def list_possible_transitions(
    case_id: CaseId, context: AppContextDependency, caller: CallerDependency, response: Response
) -> PossibleTransitions:
    """Every step of the case in its present state: those that you may take now, and the reasons against the others."""
    view = await context.database.read(
        lambda transaction: view_possible_transitions(
            transaction, caller, PartAddress(case_id, case_id, "case"), rules=context.rules
        )
    )
    set_version_tag(response, view.version)
    return view


@router.get("/cases/{caseId}/file", responses=refusal_responses(403))
async def get_file(
    case_id: CaseId, context: AppContextDependency, caller: CallerDependency, query: PagedDependency
) -> CaseFileView:
    """The content of the case that you may read, in order: all of it, or that of a page of the history.

    A page may hold fewer documents than `limit`, since not every entry has content that you may read. Each read is
    logged with your role and its purpose.
    """
    return await context.database.write(
        lambda transaction: view_file(transaction, caller, case_id, query, rules=context.rules)
    )


def view_file(
    transaction: Transaction, caller: Caller, case_id: UUID, query: PagedQuery, *, rules: Rulebook
) -> CaseFileView:
    """The file of the case, or a page of it. Needs a transaction that writes: the read is logged."""
    extent = query.extent(history_cursors(transaction.keyring, case_id))
    file = read_file(transaction, caller, case_id, query.point_in_time, extent)
    return query.with_as_of(_file_view(transaction, rules, file), file.past)


def _case_view(transaction: Transaction, rules: Rulebook, reading: CaseReading, sight: VisiblePart) -> CaseView:
    parts, history, settings = reading.parts, reading.history_without_notes, reading.settings(rules)
    presenter = Presenter.of(transaction, rules, ids_of_case(sight, parts), at=reading.moment)
    return presenter.case_view(sight, parts, history, settings)


def _case_in_part(transaction: Transaction, rules: Rulebook, case_id: UUID, parts: Sequence[Part]) -> CaseInPart:
    presenter = Presenter.of(transaction, rules, [id_ for part in parts for id_ in ids_of_part(part)])
    number = Cases(transaction).case_number(case_id)
    return CaseInPart(id=case_id, number=number, parts=[presenter.part_view(part) for part in parts])


def _file_view(transaction: Transaction, rules: Rulebook, file: CaseFile) -> CaseFileView:
    presenter = Presenter.of(
        transaction, rules, [id_ for document in file.documents for id_ in ids_of_entry(document.entry)]
    )
    documents = [document_view(presenter, document, whole=True) for document in file.documents]
    case = file.sight.case
    cursor = next_page_cursor(history_cursors(transaction.keyring, case.id), file.last_sequence)
    return CaseFileView(case_id=case.id, number=case.number, documents=documents, next_cursor=cursor)


def history_view(
    transaction: Transaction,
    rules: Rulebook,
    entries: Sequence[Transition],
    history: Sequence[Transition],
    *,
    whole: bool,
) -> History:
    """The history view of these entries; `history` holds their amendments. `whole`: the reader sees the whole case."""
    presenter = Presenter.of(transaction, rules, [id_ for entry in entries for id_ in ids_of_entry(entry)])
    amendments = amendments_by_place(history)
    return History(
        transitions=[
            presenter.entry_view(entry, whole=whole, amendments=amendments.get(place_of(entry), ()))
            for entry in entries
        ]
    )


def view_possible_transitions(
    transaction: Transaction, caller: Caller, address: PartAddress, *, rules: Rulebook
) -> PossibleTransitions:
    """The possible transitions of the part, for this caller. Raises NotFound."""
    actor = identify(transaction, caller)
    sight = require_addressed(read_case(transaction, actor, address.case_id).require_part(address.part_id), address)
    situation = load_situation(transaction, actor, sight.case, sight.part, rules, whole=sight.may_read_case)
    views = [possible_transition_view(transition, rules) for transition in possible_transitions(situation, rules)]
    return PossibleTransitions(version=sight.part.sequence, transitions=views)


def document_view(presenter: Presenter, document: Document, *, whole: bool) -> DocumentView:
    return DocumentView(
        entry=presenter.entry_view(document.entry, whole=whole, amendments=document.amendments),
        destroyed=_destroyed_view(document.destroyed, whole=whole) if document.destroyed else None,
        grounds=document.body.get("grounds"),
        form=document.body.get("form"),
        current=None if document.current is None else dict(document.current),
    )


def _destroyed_view(certificate: ContentCertificate, *, whole: bool) -> DestroyedContentView:
    words = MESSAGES["content_destruction_grounds"][certificate.ground]
    return DestroyedContentView(
        day=certificate.day,
        ground=Labelled(code=certificate.ground, label=InTwoLanguages.of(words)),
        part_id=certificate.part_id,
        certificate=certificate.digest,
        certificate_facts=certificate.to_facts() if whole else None,
    )
