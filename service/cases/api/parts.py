"""/v1/cases/{caseId}/placements, commitments, escalations and so on: what lives a life of its own beside a case."""

from dataclasses import dataclass
from uuid import UUID

from fastapi import APIRouter, Request, Response

from service.cases.api.cases import (
    DocumentView,
    History,
    PossibleTransitions,
    document_view,
    history_view,
    possible_transitions,
)
from service.cases.api.point_in_time import Dated, TheLooking
from service.cases.api.presenter import Drawing, ids_of_entry, ids_of_part
from service.cases.api.steps import fire
from service.cases.api.views import MadeView, PartView
from service.cases.use_cases.case_reading import read_case
from service.cases.use_cases.read import EntryRead, read_entry
from service.database.transaction import Transaction
from service.http.context import OnceOnly, TheCaller, TheHouse, Version
from service.http.openapi import may_refuse, takes
from service.http.request_faults import CheckedRoute
from service.http.responses import answer
from service.kinds import KINDS
from service.people.use_cases.identify import identify
from service.vocabulary.refusals import NotFound
from service.workflows.rules.kinds import PartKind, collection
from service.workflows.rules.rulebook import Rulebook

router = APIRouter(tags=["parts"], route_class=CheckedRoute)


class Parts(Dated):
    """The parts of one kind that you may see."""

    items: list[PartView]


def _entry_view(transaction: Transaction, rules: Rulebook, read: EntryRead) -> DocumentView:
    drawing = Drawing.of(transaction, rules, ids_of_entry(read.document.entry))
    return document_view(drawing, read.document, whole=read.sight.whole)


@router.get(
    "/cases/{case_id}/transitions/{number}",
    response_model=DocumentView,
    responses=may_refuse(400, 401, 403, 404, 503),
    tags=["cases"],
)
async def get_transition(
    case_id: UUID, number: int, house: TheHouse, caller: TheCaller, looking: TheLooking
) -> Response:
    """What was written at the n-th step of the case itself. Reading it is logged."""

    def work(transaction: Transaction) -> Response:
        read = read_entry(transaction, caller, case_id, case_id, number, looking.when)
        return looking.answer(_entry_view(transaction, house.rules, read), read.past)

    return await house.database.write(work)


@dataclass(frozen=True, slots=True)
class PartRoutes:
    """The six routes of one kind of part."""

    kind: PartKind

    async def list_parts(self, case_id: UUID, house: TheHouse, caller: TheCaller, looking: TheLooking) -> Response:
        """The parts of this kind that you may see."""

        def work(transaction: Transaction) -> Response:
            reading = read_case(transaction, identify(transaction, caller), case_id, looking.when)
            own = [part for part in reading.parts if part.kind == self.kind]
            ids = [id_ for part in own for id_ in ids_of_part(part)]
            drawing = Drawing.of(transaction, house.rules, ids, at=reading.at)
            return looking.answer(Parts(items=[drawing.part(part) for part in own]), reading.past)

        return await house.database.read(work)

    async def get_part(
        self, case_id: UUID, part_id: UUID, house: TheHouse, caller: TheCaller, looking: TheLooking
    ) -> Response:
        """Where the part stands, who must act, by when."""

        def work(transaction: Transaction) -> Response:
            reading = read_case(transaction, identify(transaction, caller), case_id, looking.when)
            part = reading.of_part(part_id).part
            if part.kind != self.kind:
                raise NotFound
            drawing = Drawing.of(transaction, house.rules, ids_of_part(part), at=reading.at)
            return looking.answer(drawing.part(part), reading.past, version=part.sequence)

        return await house.database.read(work)

    async def list_transitions(
        self, case_id: UUID, part_id: UUID, house: TheHouse, caller: TheCaller, looking: TheLooking
    ) -> Response:
        """The history of this part: facts, no content."""

        def work(transaction: Transaction) -> Response:
            reading = read_case(transaction, identify(transaction, caller), case_id, looking.when)
            sight = reading.of_part(part_id)
            own = [it for it in reading.history if it.part_id == part_id]
            view = history_view(transaction, house.rules, own, whole=sight.whole)
            return looking.answer(view, reading.past, version=sight.part.sequence)

        return await house.database.read(work)

    async def get_transition(
        self, case_id: UUID, part_id: UUID, number: int, house: TheHouse, caller: TheCaller, looking: TheLooking
    ) -> Response:
        """What was written at the n-th step of this part. Reading it is logged."""

        def work(transaction: Transaction) -> Response:
            read = read_entry(transaction, caller, case_id, part_id, number, looking.when)
            return looking.answer(_entry_view(transaction, house.rules, read), read.past)

        return await house.database.write(work)

    async def list_possible_transitions(
        self, case_id: UUID, part_id: UUID, house: TheHouse, caller: TheCaller
    ) -> Response:
        """Every step this part knows in its state, and every reason why not."""

        def work(transaction: Transaction) -> Response:
            view = possible_transitions(transaction, caller, house.rules, case_id, part_id)
            return answer(view, version=view.version)

        return await house.database.read(work)

    async def add_transition(
        self,
        request: Request,
        case_id: UUID,
        part_id: UUID,
        house: TheHouse,
        caller: TheCaller,
        once: OnceOnly,
        version: Version,
    ) -> Response:
        """Take a step with this part. If-Match carries the part's version you decided on."""
        return await fire(request, house, caller, (case_id, part_id), once, version, kind=self.kind)

    def add_to(self, router: APIRouter) -> None:
        kind, plural = self.kind, collection(self.kind)
        every = f"/cases/{{case_id}}/{plural}"
        one = f"{every}/{{part_id}}"
        router.add_api_route(
            every,
            self.list_parts,
            response_model=Parts,
            responses=may_refuse(400, 401, 404),
            name=f"list_{plural.replace('-', '_')}",
        )
        router.add_api_route(
            one,
            self.get_part,
            response_model=PartView,
            responses=may_refuse(400, 401, 404),
            name=f"get_{kind}",
        )
        router.add_api_route(
            f"{one}/transitions",
            self.list_transitions,
            response_model=History,
            responses=may_refuse(400, 401, 404),
            name=f"list_{kind}_transitions",
        )
        router.add_api_route(
            f"{one}/transitions/{{number}}",
            self.get_transition,
            response_model=DocumentView,
            responses=may_refuse(400, 401, 403, 404, 503),
            name=f"get_{kind}_transition",
        )
        router.add_api_route(
            f"{one}/possible-transitions",
            self.list_possible_transitions,
            response_model=PossibleTransitions,
            responses=may_refuse(400, 401, 404),
            name=f"list_possible_{kind}_transitions",
        )
        router.add_api_route(
            f"{one}/transitions",
            self.add_transition,
            methods=["POST"],
            status_code=201,
            response_model=MadeView,
            openapi_extra=takes(kind),
            responses=may_refuse(400, 401, 403, 404, 409, 412, 413, 415, 428),
            name=f"add_{kind}_transition",
        )


for _kind in KINDS.parts:
    PartRoutes(_kind).add_to(router)
