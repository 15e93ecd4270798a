"""/v1/escalation-signals and /v1/cases/{caseId}/refusals: signals of a liaison, and refusals by providers."""

from typing import Literal
from uuid import UUID, uuid4

from fastapi import Response
from pydantic import Field

from service.cases.api.numbers import write_by_number
from service.cases.api.point_in_time import NEXT_CURSOR, PagedDependency, PagedQuery, PointInTimeView
from service.cases.api.presenter import Presenter
from service.cases.api.step_bodies import CaseNumber, StepBody
from service.cases.api.steps import answer_step, step_result_view
from service.cases.api.views import MadeView
from service.cases.rules.attention import LedgerEntry, refusal_ledger
from service.cases.use_cases.case_reading import read_case
from service.database.idempotency import IdempotentResult
from service.database.paging import Cursors, ListPage
from service.database.transaction import Transaction
from service.escalations.rules.forms import EscalationSignal
from service.escalations.use_cases import signal_escalation
from service.http.app_context import AppContextDependency
from service.http.json_models import Named, UtcDateTime, View
from service.http.openapi import refusal_responses
from service.http.parameters import CallerDependency, CaseId, IdempotencyKeyHeader
from service.http.strict_route import StrictRouter
from service.identity.caller import Caller
from service.people.use_cases.identify import identify
from service.workflows.rules.rulebook import Rulebook


class SignalBody(StepBody):
    """A liaison's signal: the number of the case and the information that she received."""

    trigger: Literal["signal_escalation"]
    number: CaseNumber
    form: EscalationSignal


router = StrictRouter("cases")


class RefusalView(View):
    """A provider's refusal of a line of the advice. It ends nothing (I6)."""

    line: str | None
    provider: Named
    reasons: list[str]
    refused_at: UtcDateTime
    part_id: UUID
    part_sequence: int
    alternative: bool = False


class Refusals(PointInTimeView):
    """All refusals, in order. `alternative`: another provider was found for the line, or is asked now."""

    items: list[RefusalView]
    next_cursor: str | None = Field(default=None, description=NEXT_CURSOR)


@router.get("/cases/{caseId}/refusals")
async def list_refusals(
    case_id: CaseId, context: AppContextDependency, caller: CallerDependency, query: PagedDependency
) -> Refusals:
    """The refusals by providers, kept with the case: all of them, or a page. Facts, no content."""
    return await context.database.read(
        lambda transaction: view_refusals(transaction, caller, case_id, query, rules=context.rules)
    )


def view_refusals(
    transaction: Transaction, caller: Caller, case_id: UUID, query: PagedQuery, *, rules: Rulebook
) -> Refusals:
    """Returns the refusals of a case. The caller must see the whole case. Raises NotFound, Invalid."""
    reading = read_case(transaction, identify(transaction, caller), case_id, query.point_in_time)
    reading.require_whole_case()
    page = query.page_of(
        Cursors(transaction.keyring, f"refusals {case_id}"),
        refusal_ledger(reading.history_without_notes),
        position_of=lambda refusal: [refusal.entry.sequence],
    )
    return query.with_as_of(_refusals_view(transaction, rules, page), reading.past)


def _refusals_view(transaction: Transaction, rules: Rulebook, page: ListPage[LedgerEntry]) -> Refusals:
    presenter = Presenter.of(transaction, rules, [refusal.organisation_id for refusal in page.items])
    items = [
        RefusalView(
            line=refusal.line,
            provider=presenter.named_view(refusal.organisation_id),
            reasons=list(refusal.reasons),
            refused_at=refusal.entry.occurred_at,
            part_id=refusal.entry.part_id,
            part_sequence=refusal.entry.part_sequence,
            alternative=refusal.has_alternative,
        )
        for refusal in page.items
    ]
    return Refusals(items=items, next_cursor=page.next_cursor)


@router.post("/escalation-signals", status_code=201, responses=refusal_responses(403, 404))
async def add_escalation_signal(
    body: SignalBody,
    context: AppContextDependency,
    caller: CallerDependency,
    idempotency_key: IdempotencyKeyHeader,
    response: Response,
) -> MadeView:
    """Signal as CCE liaison that a case of your regions is stuck. You name it by its number; its chair is informed."""

    def signal(transaction: Transaction) -> IdempotentResult[MadeView]:
        outcome = signal_escalation(
            transaction,
            caller,
            body.number,
            body.to_step(transaction.now),
            idempotency_key,
            rules=context.rules,
            new_id=uuid4,
        )
        return step_result_view(transaction, context.rules, outcome)

    return answer_step(response, await write_by_number(context, caller, signal))
