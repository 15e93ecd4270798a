"""/v1/cases: submitting, finding and looking at cases; their history and what may happen next."""

from collections.abc import Sequence
from uuid import UUID

from fastapi import Response
from pydantic import Field

from service.cases.api.form_shapes import FormContent
from service.cases.api.point_in_time import Dated, Looking, TheLooking, show_version_of_present
from service.cases.api.presenter import Drawing, ids_of_case, ids_of_entry, ids_of_part, possible_view
from service.cases.api.step_bodies import StepBody, step_of
from service.cases.api.steps import StepRoute, take_step, takes
from service.cases.api.views import CaseInPart, CaseView, EntryView, MadeView, PossibleView
from service.cases.rules.amendments import corrections
from service.cases.rules.model import Part, Transition
from service.cases.rules.steps import possible
from service.cases.store.cases import Cases, Sight
from service.cases.use_cases.case_reading import CaseReading, read_case
from service.cases.use_cases.read import CaseFile, Document, read_file
from service.cases.use_cases.situation import as_it_stands
from service.database.transaction import Transaction
from service.http.house import TheHouse
from service.http.json_models import View
from service.http.openapi import may_refuse
from service.http.parameters import CaseId, OnceOnly, TheCaller, Version
from service.http.responses import show_version
from service.http.strict_route import StrictRouter
from service.identity.caller import Caller
from service.people.use_cases.identify import identify
from service.workflows.rules.rulebook import Rulebook

router = StrictRouter("cases")


class History(Dated):
    """The history of a case or of one of its parts, in order."""

    transitions: list[EntryView]

    def version_of(self, part_id: UUID) -> int:
        """The number of the last entry of this part."""
        return max(it.part_sequence for it in self.transitions if it.part_id == part_id)


class PossibleTransitions(View):
    """What may happen next, and what stands in the way."""

    version: int
    transitions: list[PossibleView]


class DocumentView(Dated):
    """What was written at one entry; `current` is the form after its amendments, when there were any."""

    entry: EntryView
    grounds: str | None
    form: FormContent | None = Field(description="As it was sent; `entry.form` names the form.")
    current: FormContent | None


class CaseFileView(Dated):
    """Everything that was written in a case, in order. Reading it is logged."""

    case_id: UUID
    number: str
    documents: list[DocumentView]


@router.get("/cases/{caseId}")
async def get_case(
    case_id: CaseId, house: TheHouse, caller: TheCaller, looking: TheLooking, response: Response
) -> CaseView | CaseInPart:
    """Where a case stands: its state and its parts, who must act, what comes next, by when."""
    view = await house.database.read(
        lambda transaction: view_case(transaction, caller, case_id, looking, rules=house.rules)
    )
    if isinstance(view, CaseView):
        show_version_of_present(response, view, view.main.version)
    return view


def view_case(
    transaction: Transaction, caller: Caller, case_id: UUID, looking: Looking, *, rules: Rulebook
) -> CaseView | CaseInPart:
    """As much of the case as this caller may see."""
    reading = read_case(transaction, identify(transaction, caller), case_id, looking.when)
    if reading.sight is None:
        return _case_in_part(transaction, rules, case_id, reading.parts)
    return looking.dated(_case_view(transaction, rules, reading, reading.sight), reading.past)


@router.get("/cases/{caseId}/transitions")
async def list_transitions(
    case_id: CaseId, house: TheHouse, caller: TheCaller, looking: TheLooking, response: Response
) -> History:
    """The whole history of a case, parts included: who did what and when. Facts, no content."""
    view = await house.database.read(
        lambda transaction: view_history(transaction, caller, case_id, looking, rules=house.rules)
    )
    show_version_of_present(response, view, view.version_of(case_id))
    return view


def view_history(
    transaction: Transaction, caller: Caller, case_id: UUID, looking: Looking, *, rules: Rulebook
) -> History:
    """The history of a case that this caller may read as a whole."""
    reading = read_case(transaction, identify(transaction, caller), case_id, looking.when)
    reading.whole()
    return looking.dated(history_of(transaction, rules, reading.history, whole=True), reading.past)


def step_router(rules: Rulebook) -> StrictRouter:
    """The route that takes a step with the case itself, as the workflows know it."""
    router = StrictRouter("cases", StepRoute)

    @router.post("/cases/{caseId}/transitions", status_code=201, responses=may_refuse(403))
    @takes(step_of("case", rules.versions("case")))
    async def add_transition(
        case_id: CaseId,
        body: StepBody,
        house: TheHouse,
        caller: TheCaller,
        once: OnceOnly,
        version: Version,
        response: Response,
    ) -> MadeView:
        """Take a step with the case. If-Match carries the version you decided on; a repeated request acts once."""
        return await take_step(house, caller, (case_id, case_id), body, once, version, response)

    return router


@router.get("/cases/{caseId}/possible-transitions")
async def list_possible_transitions(
    case_id: CaseId, house: TheHouse, caller: TheCaller, response: Response
) -> PossibleTransitions:
    """Every step this state knows: which you may take now, and for the others every reason why not."""
    view = await house.database.read(
        lambda transaction: view_possible_transitions(transaction, caller, case_id, case_id, rules=house.rules)
    )
    show_version(response, view.version)
    return view


@router.get("/cases/{caseId}/file", responses=may_refuse(403))
async def get_file(case_id: CaseId, house: TheHouse, caller: TheCaller, looking: TheLooking) -> CaseFileView:
    """Everything written in the case, in order. Reading it is logged with your role and its purpose."""
    return await house.database.write(
        lambda transaction: view_file(transaction, caller, case_id, looking, rules=house.rules)
    )


def view_file(
    transaction: Transaction, caller: Caller, case_id: UUID, looking: Looking, *, rules: Rulebook
) -> CaseFileView:
    """What was written in the case. The transaction writes: reading is logged."""
    file = read_file(transaction, caller, case_id, looking.when)
    return looking.dated(_file_view(transaction, rules, file), file.past)


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


def history_of(transaction: Transaction, rules: Rulebook, entries: Sequence[Transition], *, whole: bool) -> History:
    """The entries of a case or of one part. `whole`: the reader may read the whole case."""
    drawing = Drawing.of(transaction, rules, [id_ for entry in entries for id_ in ids_of_entry(entry)])
    corrected = corrections(entries)
    return History(
        transitions=[drawing.transition(it, whole=whole, corrected_by=corrected.get(it.sequence, ())) for it in entries]
    )


def view_possible_transitions(
    transaction: Transaction, caller: Caller, case_id: UUID, part_id: UUID, *, rules: Rulebook
) -> PossibleTransitions:
    """What may happen next with the part, for this caller."""
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
