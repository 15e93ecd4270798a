"""The route POST /v1/cases: submission of a case or of a consult."""

from typing import Annotated, Literal, Self
from uuid import UUID, uuid4

from fastapi import Body as RequestBody
from fastapi import Response
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError
from typing_extensions import TypeAliasType

from service.cases.api.steps import SubmissionRoute, answer_step, step_result_view
from service.cases.api.views import MadeView
from service.cases.rules.forms.consult import ConsultRequest
from service.cases.rules.forms.referral import Referral
from service.cases.rules.steps import Step
from service.cases.use_cases.submit import Submission, create_case_keys, record_submission
from service.database.idempotency import IdempotentResult
from service.database.transaction import Transaction
from service.http.app_context import AppContextDependency
from service.http.json_models import Body
from service.http.openapi import refusal_responses
from service.http.parameters import CallerDependency, IdempotencyKeyHeader
from service.http.strict_route import StrictRouter
from service.vocabulary.fields import Moment
from service.vocabulary.language import FreeText


class SubmitBody(Body):
    """A submission of a case: the referral, or the draft that holds it."""

    trigger: Literal["submit"]
    occurred_at: Moment | None = Field(default=None, description="With an offset from UTC; now when left out.")
    grounds: FreeText | None = None
    form: Referral | None = Field(default=None, description="The referral. Leave it out when you give draftId.")
    draft_id: UUID | None = Field(default=None, description="Your draft. It is removed after the submission.")

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.form is None) == (self.draft_id is None):
            raise PydanticCustomError("form_or_draft", "form or draftId")
        return self


class ConsultBody(Body):
    """A consult: a question in your own words. It needs no consent, because it does not identify the child."""

    trigger: Literal["ask_consult"]
    occurred_at: Moment | None = Field(default=None, description="With an offset from UTC; now when left out.")
    grounds: FreeText | None = None
    form: ConsultRequest = Field(description="Form consult_request@1.")


SubmissionStep = TypeAliasType("SubmissionStep", Annotated[SubmitBody | ConsultBody, Field(discriminator="trigger")])

router = StrictRouter("cases", SubmissionRoute)


@router.post("/cases", status_code=201, responses=refusal_responses(403, 404))
async def submit_case(
    body: Annotated[SubmissionStep, RequestBody()],
    context: AppContextDependency,
    caller: CallerDependency,
    idempotency_key: IdempotencyKeyHeader,
    response: Response,
) -> MadeView:
    """Submit a case (aanmelden), with the referral or with the draft that holds it; or ask a consult."""
    case_id = context.database.keyring.derive_id("case", caller.issuer, caller.subject, idempotency_key.key)

    def create_keys(transaction: Transaction) -> None:
        submission = _submission(body, transaction)
        create_case_keys(transaction, caller, submission, idempotency_key, case_id=case_id, rules=context.rules)

    def record(transaction: Transaction) -> IdempotentResult[MadeView]:
        submission = _submission(body, transaction)
        outcome = record_submission(
            transaction, caller, submission, idempotency_key, case_id=case_id, rules=context.rules, new_id=uuid4
        )
        return step_result_view(transaction, context.rules, outcome)

    return answer_step(response, await context.database.write_with_keys(create_keys, record))


def _submission(body: SubmitBody | ConsultBody, transaction: Transaction) -> Submission:
    occurred_at = body.occurred_at or transaction.now
    step = Step(trigger=body.trigger, occurred_at=occurred_at, grounds=body.grounds, form=body.form)
    return Submission(step=step, draft_id=body.draft_id if isinstance(body, SubmitBody) else None)
