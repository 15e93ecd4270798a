"""/v1/cases/{caseId}/coming-of-age and retention: what the years ask of a case. They show, and block nothing."""

from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import Field

from service.database.transaction import Transaction
from service.future_plan.rules import Plan
from service.future_plan.use_cases import read_coming_of_age
from service.http.context import TheCaller, TheHouse
from service.http.json_models import InTwoLanguages, Labelled, OptionalDay, View
from service.http.openapi import may_refuse
from service.http.request_faults import CheckedRoute
from service.http.responses import answer
from service.vocabulary.messages import MESSAGES

router = APIRouter(tags=["cases"], route_class=CheckedRoute)


class AskAgainView(View):
    """A consent that was given before the child reached these ages: ask it again of whoever decides now."""

    purpose: Labelled
    ages: list[int]


class ComingOfAgeView(View):
    """What the child's age asks for today. Nothing in it blocks or moves the case."""

    turns16_on: OptionalDay = Field(alias="turns16On", description="Null while the month of birth is not known.")
    turns18_on: OptionalDay = Field(alias="turns18On")
    plan_after18: Plan = Field(alias="planAfter18")
    explanation: InTwoLanguages
    consents_to_reask: list[AskAgainView]


@router.get(
    "/cases/{case_id}/coming-of-age", response_model=ComingOfAgeView, responses=may_refuse(400, 401, 403, 404, 503)
)
async def get_coming_of_age(case_id: UUID, house: TheHouse, caller: TheCaller) -> Response:
    """What the child's age asks for today: a plan for after 18, and consents to ask again. Reading it is logged."""

    def work(transaction: Transaction) -> Response:
        found = read_coming_of_age(transaction, caller, case_id)
        return answer(
            ComingOfAgeView(
                turns16_on=found.turns_16_on,
                turns18_on=found.turns_18_on,
                plan_after18=found.plan_after_18,
                explanation=InTwoLanguages.of(MESSAGES["coming_of_age"][found.plan_after_18]),
                consents_to_reask=[
                    AskAgainView(
                        purpose=Labelled.listed(it.purpose, "information_purpose"),
                        ages=list(it.ages),
                    )
                    for it in found.ask_again
                ],
            )
        )

    return await house.database.write(work)
