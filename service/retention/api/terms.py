"""/v1/cases/{caseId}/retention: the retention term of a case."""

from datetime import date
from typing import Literal
from uuid import UUID

from service.database.transaction import Transaction
from service.http.app_context import AppContextDependency
from service.http.json_models import InTwoLanguages, View
from service.http.parameters import CallerDependency, CaseId
from service.http.strict_route import StrictRouter
from service.identity.caller import Caller
from service.retention.rules.terms import RetentionClass
from service.retention.use_cases.terms import RetentionTerm, read_retention
from service.vocabulary.messages import render_message
from service.workflows.rules.rulebook import Rulebook

router = StrictRouter("cases")


class RetentionView(View):
    """The retention term of a case: class, start, last day and ground."""

    retention_class: RetentionClass
    counted_from: Literal["last_change", "majority"]
    starts_on: date
    keep_until: date
    ground: InTwoLanguages


@router.get("/cases/{caseId}/retention")
async def get_retention(case_id: CaseId, context: AppContextDependency, caller: CallerDependency) -> RetentionView:
    """The retention term of a case."""
    return await context.database.write(
        lambda transaction: view_retention(transaction, caller, case_id, rules=context.rules)
    )


def view_retention(transaction: Transaction, caller: Caller, case_id: UUID, *, rules: Rulebook) -> RetentionView:
    """The retention term of a case. The transaction writes: a read that reveals an age is logged."""
    return retention_view(read_retention(transaction, caller, case_id, rules))


def retention_view(term: RetentionTerm) -> RetentionView:
    retention, settings = term.retention, term.settings
    years = {"years": settings.retention_years, "after_majority": settings.retention_years_after_majority}
    return RetentionView(
        retention_class=retention.retention_class,
        counted_from=retention.counted_from,
        starts_on=retention.starts_on,
        keep_until=retention.keep_until,
        ground=InTwoLanguages.of(render_message("retention", retention.retention_class, years)),
    )
