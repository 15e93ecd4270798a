"""/v1/cases: submitting, finding and looking at cases; their history and what may happen next."""

from typing import Annotated, Literal
from uuid import UUID, uuid4

from fastapi import APIRouter, Request, Response
from pydantic import Field, TypeAdapter

from service.cases.api.point_in_time import Looking, TheLooking
from service.cases.api.presenter import Drawing, ids_of_case, ids_of_entry, ids_of_part, possible_view
from service.cases.api.steps import fire, made_answer
from service.cases.api.views import CaseInPart, CaseView, Dated, EntryView, MadeView, PossibleView
from service.cases.rules.amendments import corrections
from service.cases.rules.forms.consult import ConsultRequest
from service.cases.rules.forms.referral import Referral
from service.cases.rules.steps import Step, possible
from service.cases.store.cases import Cases
from service.cases.use_cases.look_back import look_back, settings_then
from service.cases.use_cases.read import Document, read_file
from service.cases.use_cases.situation import as_it_stands
from service.cases.use_cases.submit import Submission, make_keys, submit
from service.database.transaction import Transaction
from service.http.context import OnceOnly, TheAsker, TheHouse, Version, read_body
from service.http.json_models import Body, Moment, View
from service.http.openapi import may_refuse, takes
from service.http.request_faults import CheckedRoute
from service.http.responses import answer
from service.identity.caller import Asker
from service.people.use_cases.identify import known
from service.vocabulary.language import FreeText
from service.vocabulary.messages import MESSAGES
from service.vocabulary.refusals import InputFault, Invalid, NotFound
from service.workflows.rules.rulebook import Rulebook
from service.workflows.use_cases import settings_in_force


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
async def submit_case(request: Request, house: TheHouse, asker: TheAsker, once: OnceOnly) -> Response:
    """Submit a case (aanmelden), with the referral or with the draft that holds it; or ask a consult."""
    body = await read_body(request, SUBMISSION, tagged=True)
    if isinstance(body, SubmitBody) and (body.form is None) == (body.draft_id is None):
        raise Invalid((InputFault("body", "/form", "form_or_draft", MESSAGES["input"]["form_or_draft"]),))
    case_id = house.database.keyring.id_for("case", asker.issuer, asker.subject, once.key)
    await house.database.write(lambda transaction: make_keys(transaction, case_id))

    def work(transaction: Transaction) -> Response:
        when = body.occurred_at or transaction.now
        step = Step(trigger=body.trigger, occurred_at=when, grounds=body.grounds, form=body.form)
        submission = Submission(step=step, draft_id=body.draft_id if isinstance(body, SubmitBody) else None)
        made = submit(transaction, asker, submission, once, case_id=case_id, rules=house.rules, new_id=uuid4)
        return made_answer(transaction, house.rules, made)

    return await house.database.write(work)


@router.get("/cases/{case_id}", response_model=CaseView | CaseInPart, responses=may_refuse(400, 401, 404))
async def get_case(case_id: UUID, house: TheHouse, asker: TheAsker, looking: TheLooking) -> Response:
    """Where a case stands: its state and its parts, who must act, what comes next, by when."""

    def work(transaction: Transaction) -> Response:
        actor = known(transaction, asker)
        if looking.when:
            then = look_back(transaction, actor, case_id, looking.when)
            past, settings = then.past, settings_then(transaction, house.rules, then.past)
            drawing = Drawing.of(transaction, house.rules, ids_of_case(then.sight, then.parts), at=past.at)
            return answer(looking.dated(drawing.case(then.sight, then.parts, past.history, settings), then))
        parts = Cases(transaction).parts(case_id, seen_by=actor)
        sight = Cases(transaction).find(case_id, case_id, seen_by=actor)
        if sight is not None:
            history = Cases(transaction).history(case_id)
            settings = settings_in_force(transaction, house.rules, sight.case.region)
            drawing = Drawing.of(transaction, house.rules, ids_of_case(sight, parts))
            return answer(drawing.case(sight, parts, history, settings), version=sight.part.sequence)
        if not parts:
            raise NotFound
        drawing = Drawing.of(transaction, house.rules, [id_ for part in parts for id_ in ids_of_part(part)])
        number = Cases(transaction).number(case_id)
        return answer(CaseInPart(id=case_id, number=number, parts=[drawing.part(part) for part in parts]))

    return await house.database.read(work)


@router.get("/cases/{case_id}/transitions", response_model=History, responses=may_refuse(400, 401, 404))
async def list_transitions(case_id: UUID, house: TheHouse, asker: TheAsker, looking: TheLooking) -> Response:
    """The whole history of a case, parts included: who did what and when. Facts, no content."""
    return await house.database.read(
        lambda transaction: history_of(transaction, asker, house.rules, (case_id, None), looking)
    )


@router.post(
    "/cases/{case_id}/transitions",
    status_code=201,
    response_model=MadeView,
    openapi_extra=takes("case"),
    responses=may_refuse(400, 401, 403, 404, 409, 412, 413, 415, 428),
)
async def add_transition(
    request: Request, case_id: UUID, house: TheHouse, asker: TheAsker, once: OnceOnly, version: Version
) -> Response:
    """Take a step with the case. If-Match carries the version you decided on; a repeated request acts once."""
    return await fire(request, house, asker, (case_id, case_id), once, version, kind="case")


@router.get(
    "/cases/{case_id}/possible-transitions", response_model=PossibleTransitions, responses=may_refuse(400, 401, 404)
)
async def list_possible_transitions(case_id: UUID, house: TheHouse, asker: TheAsker) -> Response:
    """Every step this state knows: which you may take now, and for the others every reason why not."""
    return await house.database.read(lambda transaction: possible_of(transaction, asker, house.rules, case_id, case_id))


@router.get("/cases/{case_id}/file", response_model=CaseFileView, responses=may_refuse(400, 401, 403, 404, 503))
async def get_file(case_id: UUID, house: TheHouse, asker: TheAsker, looking: TheLooking) -> Response:
    """Everything written in the case, in order. Reading it is logged with your role and its purpose."""

    def work(transaction: Transaction) -> Response:
        file = read_file(transaction, asker, case_id, looking.when)
        drawing = Drawing.of(transaction, house.rules, [id_ for it in file.documents for id_ in ids_of_entry(it.entry)])
        documents = [document_view(drawing, it, whole=True) for it in file.documents]
        case = file.sight.case
        return answer(looking.dated(CaseFileView(case_id=case.id, number=case.number, documents=documents), file.then))

    return await house.database.write(work)


def history_of(
    transaction: Transaction, asker: Asker, rules: Rulebook, address: tuple[UUID, UUID | None], looking: Looking
) -> Response:
    """The entries of the case, or of one part. The whole of it only for whoever may read the whole case."""
    actor = known(transaction, asker)
    case_id, part_id = address
    then = look_back(transaction, actor, case_id, looking.when) if looking.when else None
    sight = (
        then.of_part(part_id or case_id)
        if then
        else Cases(transaction).find(case_id, part_id or case_id, seen_by=actor)
    )
    if sight is None or (part_id is None and not sight.whole):
        raise NotFound
    history = then.past.history if then else Cases(transaction).history(case_id)
    entries = [it for it in history if part_id is None or it.part_id == part_id]
    drawing = Drawing.of(transaction, rules, [id_ for entry in entries for id_ in ids_of_entry(entry)])
    corrected = corrections(entries)
    view = History(
        transitions=[
            drawing.transition(it, whole=sight.whole, corrected_by=corrected.get(it.sequence, ())) for it in entries
        ]
    )
    return answer(looking.dated(view, then), version=None if then else sight.part.sequence)


def possible_of(transaction: Transaction, asker: Asker, rules: Rulebook, case_id: UUID, part_id: UUID) -> Response:
    actor = known(transaction, asker)
    sight = Cases(transaction).find(case_id, part_id, seen_by=actor)
    if sight is None:
        raise NotFound
    situation = as_it_stands(transaction, actor, sight.case, sight.part, rules)
    views = [possible_view(it) for it in possible(situation, rules)]
    return answer(PossibleTransitions(version=sight.part.sequence, transitions=views), version=sight.part.sequence)


def document_view(drawing: Drawing, document: Document, *, whole: bool) -> DocumentView:
    return DocumentView(
        entry=drawing.transition(document.entry, whole=whole, corrected_by=document.corrected_by),
        grounds=document.body.get("grounds"),
        form=document.body.get("form"),
        current=None if document.current is None else dict(document.current),
    )
