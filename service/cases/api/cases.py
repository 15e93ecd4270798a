"""/v1/cases: submitting, finding and looking at cases; their history and what may happen next."""

from collections.abc import Sequence
from typing import Annotated, Literal
from uuid import UUID, uuid4

from fastapi import APIRouter, Request, Response
from pydantic import Field, TypeAdapter

from service.cases.api.point_in_time import Dated, TheLooking
from service.cases.api.presenter import Drawing, ids_of_case, ids_of_entry, ids_of_part, possible_view
from service.cases.api.steps import fire, made_answer
from service.cases.api.views import CaseInPart, CaseView, EntryView, MadeView, PossibleView
from service.cases.rules.amendments import corrections
from service.cases.rules.forms.consult import ConsultRequest
from service.cases.rules.forms.referral import Referral
from service.cases.rules.model import Part, Transition
from service.cases.rules.steps import Step, possible
from service.cases.store.cases import Cases, Sight
from service.cases.use_cases.case_reading import CaseReading, read_case
from service.cases.use_cases.read import CaseFile, Document, read_file
from service.cases.use_cases.situation import as_it_stands
from service.cases.use_cases.submit import Submission, make_keys, submit
from service.database.transaction import Transaction
from service.http.context import OnceOnly, TheCaller, TheHouse, Version, read_body
from service.http.json_models import Body, Moment, View
from service.http.openapi import may_refuse, takes
from service.http.request_faults import CheckedRoute
from service.http.responses import answer
from service.identity.caller import Caller
from service.people.use_cases.identify import identify
from service.vocabulary.language import FreeText
from service.vocabulary.messages import MESSAGES
from service.vocabulary.refusals import InputFault, Invalid
from service.workflows.rules.rulebook import Rulebook


class SubmitBody(Body):
    """A submission: the referral itself, or the draft that holds it."""

    trigger: Literal["submit"]
    occurred_at: Moment | None = Field(default=None, description="With an offset from UTC; now when left out.")
    grounds: FreeText | None = None
    form: Referral | None = Field(default=None, description="The referral; or give draftId.")
    draft_id: UUID | None = Field(default=None, description="Your draft: it is submitted and used up.")


class ConsultBody(Body):
    """A question: asked in one's own words, without consent, since nothing in it tells who the child is."""

    trigger: Literal["ask_consult"]
    occurred_at: Moment | None = Field(default=None, description="With an offset from UTC; now when left out.")
    grounds: FreeText | None = None
    form: ConsultRequest = Field(description="Form consult_request@1.")


SUBMISSION: TypeAdapter[SubmitBody | ConsultBody] = TypeAdapter(
    Annotated[SubmitBody | ConsultBody, Field(discriminator="trigger")]
)

router = APIRouter(tags=["cases"], route_class=CheckedRoute)


class History(Dated):
    """The history of a case or of one of its parts, in order."""

    transitions: list[EntryView]


class PossibleTransitions(View):
    """What may happen next, and what stands in the way."""

    version: int
    transitions: list[PossibleView]


class DocumentView(Dated):
    """What was written at one entry; `current` is the form after its amendments, when there were any."""

    entry: EntryView
    grounds: str | None
    form: dict[str, object] | None
    current: dict[str, object] | None


class CaseFileView(Dated):
    """Everything that was written in a case, in order. Reading it is logged."""

    case_id: UUID
    number: str
    documents: list[DocumentView]


@router.post(
    "/cases",
    status_code=201,
    response_model=MadeView,
    openapi_extra=takes("submission"),
    responses=may_refuse(400, 401, 403, 404, 409, 413, 415),
)
async def submit_case(request: Request, house: TheHouse, caller: TheCaller, once: OnceOnly) -> Response:
    """Submit a case (aanmelden), with the referral or with the draft that holds it; or ask a consult."""
    body = await read_body(request, SUBMISSION, tagged=True)
    if isinstance(body, SubmitBody) and (body.form is None) == (body.draft_id is None):
        raise Invalid((InputFault("body", "/form", "form_or_draft", MESSAGES["input"]["form_or_draft"]),))
    case_id = house.database.keyring.id_for("case", caller.issuer, caller.subject, once.key)
    await house.database.write(lambda transaction: make_keys(transaction, case_id))

    def work(transaction: Transaction) -> Response:
        when = body.occurred_at or transaction.now
        step = Step(trigger=body.trigger, occurred_at=when, grounds=body.grounds, form=body.form)
        submission = Submission(step=step, draft_id=body.draft_id if isinstance(body, SubmitBody) else None)
        made = submit(transaction, caller, submission, once, case_id=case_id, rules=house.rules, new_id=uuid4)
        return made_answer(transaction, house.rules, made)

    return await house.database.write(work)


@router.get("/cases/{case_id}", response_model=CaseView | CaseInPart, responses=may_refuse(400, 401, 404))
async def get_case(case_id: UUID, house: TheHouse, caller: TheCaller, looking: TheLooking) -> Response:
    """Where a case stands: its state and its parts, who must act, what comes next, by when."""

    def work(transaction: Transaction) -> Response:
        reading = read_case(transaction, identify(transaction, caller), case_id, looking.when)
        parts, sight = reading.parts, reading.sight
        if sight is None:
            return answer(_case_in_part(transaction, house.rules, case_id, parts))
        view = _case_view(transaction, house.rules, reading, sight)
        return looking.answer(view, reading.past, version=sight.part.sequence)

    return await house.database.read(work)


@router.get("/cases/{case_id}/transitions", response_model=History, responses=may_refuse(400, 401, 404))
async def list_transitions(case_id: UUID, house: TheHouse, caller: TheCaller, looking: TheLooking) -> Response:
    """The whole history of a case, parts included: who did what and when. Facts, no content."""

    def work(transaction: Transaction) -> Response:
        reading = read_case(transaction, identify(transaction, caller), case_id, looking.when)
        sight = reading.whole()
        view = history_view(transaction, house.rules, reading.history, whole=True)
        return looking.answer(view, reading.past, version=sight.part.sequence)

    return await house.database.read(work)


@router.post(
    "/cases/{case_id}/transitions",
    status_code=201,
    response_model=MadeView,
    openapi_extra=takes("case"),
    responses=may_refuse(400, 401, 403, 404, 409, 412, 413, 415, 428),
)
async def add_transition(
    request: Request, case_id: UUID, house: TheHouse, caller: TheCaller, once: OnceOnly, version: Version
) -> Response:
    """Take a step with the case. If-Match carries the version you decided on; a repeated request acts once."""
    return await fire(request, house, caller, (case_id, case_id), once, version, kind="case")


@router.get(
    "/cases/{case_id}/possible-transitions", response_model=PossibleTransitions, responses=may_refuse(400, 401, 404)
)
async def list_possible_transitions(case_id: UUID, house: TheHouse, caller: TheCaller) -> Response:
    """Every step this state knows: which you may take now, and for the others every reason why not."""

    def work(transaction: Transaction) -> Response:
        view = possible_transitions(transaction, caller, house.rules, case_id, case_id)
        return answer(view, version=view.version)

    return await house.database.read(work)


@router.get("/cases/{case_id}/file", response_model=CaseFileView, responses=may_refuse(400, 401, 403, 404, 503))
async def get_file(case_id: UUID, house: TheHouse, caller: TheCaller, looking: TheLooking) -> Response:
    """Everything written in the case, in order. Reading it is logged with your role and its purpose."""

    def work(transaction: Transaction) -> Response:
        file = read_file(transaction, caller, case_id, looking.when)
        return looking.answer(_file_view(transaction, house.rules, file), file.past)

    return await house.database.write(work)


def _case_view(transaction: Transaction, rules: Rulebook, reading: CaseReading, sight: Sight) -> CaseView:
    parts, history, settings = reading.parts, reading.history, reading.settings(rules)
    drawing = Drawing.of(transaction, rules, ids_of_case(sight, parts), at=reading.at)
    return drawing.case(sight, parts, history, settings)


def _case_in_part(transaction: Transaction, rules: Rulebook, case_id: UUID, parts: Sequence[Part]) -> CaseInPart:
    drawing = Drawing.of(transaction, rules, [id_ for part in parts for id_ in ids_of_part(part)])
    number = Cases(transaction).number(case_id)
    return CaseInPart(id=case_id, number=number, parts=[drawing.part(part) for part in parts])


def _file_view(transaction: Transaction, rules: Rulebook, file: CaseFile) -> CaseFileView:
    drawing = Drawing.of(transaction, rules, [id_ for it in file.documents for id_ in ids_of_entry(it.entry)])
    documents = [document_view(drawing, it, whole=True) for it in file.documents]
    return CaseFileView(case_id=file.sight.case.id, number=file.sight.case.number, documents=documents)


def history_view(transaction: Transaction, rules: Rulebook, entries: Sequence[Transition], *, whole: bool) -> History:
    """The entries of a case or of one part. `whole`: the reader may read the whole case."""
    drawing = Drawing.of(transaction, rules, [id_ for entry in entries for id_ in ids_of_entry(entry)])
    corrected = corrections(entries)
    return History(
        transitions=[drawing.transition(it, whole=whole, corrected_by=corrected.get(it.sequence, ())) for it in entries]
    )


def possible_transitions(
    transaction: Transaction, caller: Caller, rules: Rulebook, case_id: UUID, part_id: UUID
) -> PossibleTransitions:
    actor = identify(transaction, caller)
    sight = read_case(transaction, actor, case_id).of_part(part_id)
    situation = as_it_stands(transaction, actor, sight.case, sight.part, rules)
    views = [possible_view(it, rules) for it in possible(situation, rules)]
    return PossibleTransitions(version=sight.part.sequence, transitions=views)


def document_view(drawing: Drawing, document: Document, *, whole: bool) -> DocumentView:
    return DocumentView(
        entry=drawing.transition(document.entry, whole=whole, corrected_by=document.corrected_by),
        grounds=document.body.get("grounds"),
        form=document.body.get("form"),
        current=None if document.current is None else dict(document.current),
    )
