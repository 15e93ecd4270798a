"""Routes of the parts of a case: /v1/cases/{caseId}/placements, commitments, escalations and so on."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import Path, Response
from pydantic import Field

from service.cases.api.cases import (
    DocumentView,
    History,
    PossibleTransitions,
    document_view,
    history_view,
    view_possible_transitions,
)
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
from service.cases.api.presenter import Presenter, ids_of_entry, ids_of_part
from service.cases.api.step_bodies import StepBody, step_type
from service.cases.api.steps import StepRoute, take_step_over_http, with_step_body
from service.cases.api.views import MadeView, PartView
from service.cases.rules.model import Part, PartAddress
from service.cases.use_cases.case_reading import read_case, require_addressed
from service.cases.use_cases.read_content import entries_of_part, read_entry
from service.database.paging import Cursors
from service.database.transaction import Transaction
from service.http.app_context import AppContextDependency
from service.http.openapi import refusal_responses
from service.http.parameters import CallerDependency, CaseId, IdempotencyKeyHeader, IfMatchVersion, PartId
from service.http.responses import set_version_tag
from service.http.strict_route import StrictRouter
from service.identity.caller import Caller
from service.kinds import KINDS
from service.people.use_cases.identify import identify
from service.workflows.rules.kinds import PartKind, plural_of
from service.workflows.rules.rulebook import Rulebook

entry_router = StrictRouter("cases")
EntryNumber = Annotated[int, Path(description="The `partSequence` of the entry.")]


class Parts(PointInTimeView):
    """The parts of one kind that you may see, by line of the advice, then by id."""

    items: list[PartView]
    next_cursor: str | None = Field(default=None, description=NEXT_CURSOR)


def view_parts(
    transaction: Transaction, caller: Caller, case_id: UUID, query: PagedQuery, *, kind: PartKind, rules: Rulebook
) -> Parts:
    """The parts of one kind that this caller may see. Raises NotFound, Invalid."""
    reading = read_case(transaction, identify(transaction, caller), case_id, query.point_in_time)
    parts = sorted((part for part in reading.parts if part.kind == kind), key=_position)
    page = query.page_of(Cursors(transaction.keyring, f"{kind} {case_id}"), parts, position_of=_position)
    ids = [id_ for part in page.items for id_ in ids_of_part(part)]
    presenter = Presenter.of(transaction, rules, ids, at=reading.moment)
    items = [presenter.part_view(part) for part in page.items]
    return query.with_as_of(Parts(items=items, next_cursor=page.next_cursor), reading.past)


def _position(part: Part) -> list[str | int]:
    return [part.line or "", str(part.id)]


def view_part(
    transaction: Transaction,
    caller: Caller,
    address: PartAddress,
    query: PointInTimeQuery,
    *,
    rules: Rulebook,
) -> PartView:
    """The part at `address`. Raises NotFound."""
    reading = read_case(transaction, identify(transaction, caller), address.case_id, query.point_in_time)
    part = require_addressed(reading.require_part(address.part_id), address).part
    presenter = Presenter.of(transaction, rules, ids_of_part(part), at=reading.moment)
    return query.with_as_of(presenter.part_view(part), reading.past)


def view_history_of_part(
    transaction: Transaction, caller: Caller, address: PartAddress, query: PagedQuery, *, rules: Rulebook
) -> tuple[History, int]:
    """Returns (the history of the part at `address` or a page of it, the version of the part).

    Raises NotFound, Invalid.
    """
    reading = read_case(transaction, identify(transaction, caller), address.case_id, query.point_in_time)
    sight = require_addressed(reading.require_part(address.part_id), address)
    cursors = history_cursors(transaction.keyring, address.case_id, address.part_id)
    entries, last_number = entries_of_part(reading, address.part_id, query.extent(cursors))
    view = history_view(transaction, rules, entries, reading.history_without_notes, whole=sight.may_read_case)
    cursor = next_page_cursor(cursors, last_number)
    return query.with_as_of(view.model_copy(update={"next_cursor": cursor}), reading.past), sight.part.sequence


def view_entry(
    transaction: Transaction,
    caller: Caller,
    address: PartAddress,
    number: int,
    query: PointInTimeQuery,
    *,
    rules: Rulebook,
) -> DocumentView:
    """An entry of the part at `address`, with its content. `number` is its `part_sequence`.

    Needs a transaction that writes: the read is logged. Raises NotFound.
    """
    content = read_entry(transaction, caller, address, number, query.point_in_time)
    presenter = Presenter.of(transaction, rules, ids_of_entry(content.document.entry))
    return query.with_as_of(document_view(presenter, content.document, whole=content.sight.may_read_case), content.past)


@entry_router.get("/cases/{caseId}/transitions/{number}", responses=refusal_responses(403))
async def get_transition(
    case_id: CaseId,
    number: EntryNumber,
    context: AppContextDependency,
    caller: CallerDependency,
    query: PointInTimeDependency,
) -> DocumentView:
    """Content of the n-th entry of the case itself. The read is logged."""
    return await context.database.write(
        lambda transaction: view_entry(
            transaction, caller, PartAddress(case_id, case_id, "case"), number, query, rules=context.rules
        )
    )


@dataclass(frozen=True, slots=True)
class PartRoutes:
    """The six routes of one kind of part."""

    kind: PartKind

    async def list_parts(
        self, case_id: CaseId, context: AppContextDependency, caller: CallerDependency, query: PagedDependency
    ) -> Parts:
        """The parts of this kind that you may see: all of them, or a page."""
        return await context.database.read(
            lambda transaction: view_parts(transaction, caller, case_id, query, kind=self.kind, rules=context.rules)
        )

    async def get_part(
        self,
        case_id: CaseId,
        part_id: PartId,
        context: AppContextDependency,
        caller: CallerDependency,
        query: PointInTimeDependency,
        response: Response,
    ) -> PartView:
        """State of the part, the party that must act, and the due date."""
        address = PartAddress(case_id, part_id, self.kind)
        view = await context.database.read(
            lambda transaction: view_part(transaction, caller, address, query, rules=context.rules)
        )
        show_version_of_present(response, view, view.version)
        return view

    async def list_transitions(
        self,
        case_id: CaseId,
        part_id: PartId,
        context: AppContextDependency,
        caller: CallerDependency,
        query: PagedDependency,
        response: Response,
    ) -> History:
        """History of this part: facts, no content. All of it, or a page."""
        address = PartAddress(case_id, part_id, self.kind)
        view, version = await context.database.read(
            lambda transaction: view_history_of_part(transaction, caller, address, query, rules=context.rules)
        )
        show_version_of_present(response, view, version)
        return view

    async def get_transition(
        self,
        case_id: CaseId,
        part_id: PartId,
        number: EntryNumber,
        context: AppContextDependency,
        caller: CallerDependency,
        query: PointInTimeDependency,
    ) -> DocumentView:
        """Content of the n-th entry of this part. The read is logged."""
        address = PartAddress(case_id, part_id, self.kind)
        return await context.database.write(
            lambda transaction: view_entry(transaction, caller, address, number, query, rules=context.rules)
        )

    async def list_possible_transitions(
        self,
        case_id: CaseId,
        part_id: PartId,
        context: AppContextDependency,
        caller: CallerDependency,
        response: Response,
    ) -> PossibleTransitions:
        """Every step of this part in its present state, with every reason why it is not possible."""
        address = PartAddress(case_id, part_id, self.kind)
        view = await context.database.read(
            lambda transaction: view_possible_transitions(transaction, caller, address, rules=context.rules)
        )
        set_version_tag(response, view.version)
        return view

    def add_transition(self, rules: Rulebook) -> Callable[..., Awaitable[MadeView]]:
        """The endpoint that takes a step with a part of this kind. Its body type comes from the workflows."""

        @with_step_body(step_type(self.kind, rules.versions(self.kind)))
        async def add_transition(
            case_id: CaseId,
            part_id: PartId,
            body: StepBody,
            context: AppContextDependency,
            caller: CallerDependency,
            idempotency_key: IdempotencyKeyHeader,
            version: IfMatchVersion,
            response: Response,
        ) -> MadeView:
            """Take a step with this part. Send the version of the part that you decided on in If-Match."""
            address = PartAddress(case_id, part_id, self.kind)
            return await take_step_over_http(context, caller, address, body, idempotency_key, version, response)

        return add_transition

    def add_to(self, router: StrictRouter, rules: Rulebook) -> None:
        kind, plural = self.kind, plural_of(self.kind)
        list_path = f"/cases/{{caseId}}/{plural}"
        part_path = f"{list_path}/{{partId}}"
        content: Any = refusal_responses(403)
        router.add_api_route(list_path, self.list_parts, name=f"list_{plural.replace('-', '_')}")
        router.add_api_route(part_path, self.get_part, name=f"get_{kind}")
        router.add_api_route(f"{part_path}/transitions", self.list_transitions, name=f"list_{kind}_transitions")
        router.add_api_route(
            f"{part_path}/transitions/{{number}}", self.get_transition, responses=content, name=f"get_{kind}_transition"
        )
        router.add_api_route(
            f"{part_path}/possible-transitions",
            self.list_possible_transitions,
            name=f"list_possible_{kind}_transitions",
        )
        router.add_api_route(
            f"{part_path}/transitions",
            self.add_transition(rules),
            methods=["POST"],
            status_code=201,
            responses=content,
            name=f"add_{kind}_transition",
            route_class_override=StepRoute,
        )


def part_router(rules: Rulebook) -> StrictRouter:
    """The routes of all kinds of part. The body types of their steps come from the workflows."""
    router = StrictRouter("parts")
    for kind in KINDS.part_kinds:
        PartRoutes(kind).add_to(router, rules)
    return router
