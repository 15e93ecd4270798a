"""Route GET /v1/cases/{caseId}/coming-of-age: the duties that follow from the child's age."""

from uuid import UUID

from pydantic import Field

from service.database.transaction import Transaction
from service.future_plan.rules import PlanStatus
from service.future_plan.use_cases import read_coming_of_age
from service.http.app_context import AppContextDependency
from service.http.json_models import InTwoLanguages, Labelled, OptionalDay, View
from service.http.openapi import refusal_responses
from service.http.parameters import CallerDependency, CaseId
from service.http.strict_route import StrictRouter
from service.identity.caller import Caller
from service.vocabulary.messages import MESSAGES

router = StrictRouter("cases")


class AskAgainView(View):
    """A consent that was given before the child reached these ages. Ask it again of those who decide now.

    Suspended: it no longer suffices since the month of birth was corrected, so nothing is shared for it.
    """

    purpose: Labelled
    ages: list[int]
    suspended: bool


class ComingOfAgeView(View):
    """The duties that follow from the child's age today. They never block or move the case."""

    turns16_on: OptionalDay = Field(alias="turns16On", description="Null while the month of birth is not known.")
    turns18_on: OptionalDay = Field(alias="turns18On")
    plan_after18: PlanStatus = Field(alias="planAfter18")
    explanation: InTwoLanguages
    consents_to_reask: list[AskAgainView]


@router.get("/cases/{caseId}/coming-of-age", responses=refusal_responses(403))
async def get_coming_of_age(
    case_id: CaseId, context: AppContextDependency, caller: CallerDependency
) -> ComingOfAgeView:
    """Duties that follow from the child's age: a plan for after 18, and consents to ask again. The read is logged."""
    return await context.database.write(lambda transaction: view_coming_of_age(transaction, caller, case_id))


def view_coming_of_age(transaction: Transaction, caller: Caller, case_id: UUID) -> ComingOfAgeView:
    """The duties of the child's age. Needs a transaction that writes: the read is logged."""
    duties = read_coming_of_age(transaction, caller, case_id)
    return ComingOfAgeView(
        turns16_on=duties.turns_16_on,
        turns18_on=duties.turns_18_on,
        plan_after18=duties.plan_after_18,
        explanation=InTwoLanguages.of(MESSAGES["coming_of_age"][duties.plan_after_18]),
        consents_to_reask=[
            AskAgainView(
                purpose=Labelled.from_code_list(consent.purpose, "information_purpose"),
                ages=list(consent.ages),
                suspended=consent.suspended,
            )
            for consent in duties.consents_to_reask
        ],
    )
