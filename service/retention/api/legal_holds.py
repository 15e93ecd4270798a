"""/v1/retention-policy and /v1/cases/{caseId}/legal-holds: the retention policy, and holds on destruction."""

from typing import Annotated
from uuid import UUID

from fastapi import Path, Query, Response
from pydantic import Field

from service.cases.api.point_in_time import NEXT_CURSOR
from service.database.idempotency import IdempotentResult
from service.database.paging import Cursors
from service.database.transaction import Transaction
from service.http.app_context import AppContextDependency
from service.http.json_models import Body, InTwoLanguages, Labelled, Named, OptionalDay, UtcDateTime, View
from service.http.openapi import refusal_responses
from service.http.parameters import CallerDependency, CaseId, IdempotencyKeyHeader, WholeOrPageQuery
from service.http.responses import answer_idempotently
from service.http.strict_route import StrictRouter
from service.identity.caller import Caller
from service.people.store.people import People
from service.people.store.regions import RegionRegister
from service.people.use_cases.identify import identify
from service.retention.rules.destruction import CodedReason, Hold, RecordStamp
from service.retention.rules.terms import RetentionRule, retention_policy
from service.retention.use_cases.legal_holds import lift_hold, list_holds, place_hold
from service.vocabulary.calendar import day_in_amsterdam, to_microseconds
from service.vocabulary.code_lists import CodedValue
from service.vocabulary.coded_answers import LegalHoldReason
from service.vocabulary.fields import Day, Nullable
from service.vocabulary.messages import MESSAGES, render_message
from service.workflows.rules.region_settings import RegionSettings
from service.workflows.rules.rulebook import Rulebook
from service.workflows.use_cases import settings_in_force


class LegalHoldBody(Body):
    """Why a case may not be destroyed, and the last day of the hold."""

    reason: LegalHoldReason
    until: Nullable[Day] = Field(
        default=None, description="The last day of the hold. When left out, the hold stays until it is lifted."
    )

    def to_reason(self) -> CodedReason:
        return coded_reason(self.reason)


class LiftingBody(Body):
    """An empty body: a hold is lifted as a whole."""


router = StrictRouter("retention")


class RuleView(View):
    """One rule of the policy: the length of the term in years, months or days, its start and its ground."""

    kind: str
    years: int | None
    months: int | None
    days: int | None
    counted_from: Labelled
    ground: InTwoLanguages


class PolicyView(View):
    """A retention policy. `version` is the hash of its settings. A destruction proposal names the version it used."""

    version: str
    rules: list[RuleView]


class RegionPolicyView(PolicyView):
    """The policy in force today of a region that differs from the default."""

    region: str


class RetentionPolicyView(PolicyView):
    """The default retention policy, and the regions with a policy of their own."""

    regions: list[RegionPolicyView] = Field(description="The regions that differ today.")


class RecordedView(View):
    """Time and author of a record. Person and organisation are null when it comes from the list of destructions."""

    at: UtcDateTime
    by: Named | None
    organisation: Named | None


class CodedReasonView(View):
    """A reason code with its label and explanation."""

    code: str
    label: InTwoLanguages
    text: str | None


class HoldView(View):
    """A legal hold: the case may not be destroyed through the day `until`, or until the hold is lifted."""

    id: UUID
    case_id: UUID
    reason: Annotated[CodedReasonView | None, Field(description="Null once the case was destroyed.")]
    until: OptionalDay
    recorded: RecordedView
    lifted: RecordedView | None
    stands: bool

    @property
    def version(self) -> int:
        """Grows when the hold is lifted."""
        return 1 + (self.lifted is not None)


class Holds(View):
    """All holds of a case, oldest first, lifted ones included."""

    items: list[HoldView]
    next_cursor: str | None = Field(default=None, description=NEXT_CURSOR)


@router.get("/retention-policy")
async def get_retention_policy(context: AppContextDependency, caller: CallerDependency) -> RetentionPolicyView:
    """The retention terms per kind of data with start and ground, and the regions that differ."""
    return await context.database.read(
        lambda transaction: view_retention_policy(transaction, caller, rules=context.rules)
    )


def view_retention_policy(transaction: Transaction, caller: Caller, *, rules: Rulebook) -> RetentionPolicyView:
    """The policy in force today, for every known caller."""
    identify(transaction, caller)
    default = rules.settings.default
    regions = [region.code for region in RegionRegister(transaction).regions()]
    settings_of = {region: settings_in_force(transaction, rules, region) for region in regions}
    return RetentionPolicyView(
        version=default.hash,
        rules=_rule_views(default),
        regions=[
            RegionPolicyView(region=region, version=settings.hash, rules=_rule_views(settings))
            for region, settings in sorted(settings_of.items())
            if retention_policy(settings) != retention_policy(default)
        ],
    )


@router.get("/cases/{caseId}/legal-holds", responses=refusal_responses(403))
async def list_legal_holds(
    case_id: CaseId,
    context: AppContextDependency,
    caller: CallerDependency,
    query: Annotated[WholeOrPageQuery, Query()],
) -> Holds:
    """List the legal holds of a case, for the coordinator, the chair and the data-protection officer of its team.

    All of them, or a page.
    """
    return await context.database.read(lambda transaction: view_legal_holds(transaction, caller, case_id, query))


def view_legal_holds(transaction: Transaction, caller: Caller, case_id: UUID, query: WholeOrPageQuery) -> Holds:
    """The holds of a case that this caller may see. Raises NotFound, NotAllowed, Invalid."""
    page = Cursors(transaction.keyring, f"legal_holds {case_id}").page_of(
        list_holds(transaction, caller, case_id),
        query.size,
        query.cursor,
        position_of=lambda hold: [to_microseconds(hold.recorded.at), str(hold.id)],
    )
    return Holds(items=[hold_view(transaction, hold) for hold in page.items], next_cursor=page.next_cursor)


@router.post("/cases/{caseId}/legal-holds", status_code=201, responses=refusal_responses(403))
async def add_legal_hold(
    case_id: CaseId,
    body: LegalHoldBody,
    context: AppContextDependency,
    caller: CallerDependency,
    idempotency_key: IdempotencyKeyHeader,
    response: Response,
) -> HoldView:
    """Place a legal hold on the case. A case may have several holds at once."""
    outcome = await context.database.write(
        lambda transaction: hold_outcome_view(
            transaction, place_hold(transaction, caller, case_id, body.to_reason(), body.until, idempotency_key)
        )
    )
    return _answer(response, outcome)


@router.post(
    "/cases/{caseId}/legal-holds/{holdId}/lifting",
    status_code=201,
    responses=refusal_responses(403),
    name="lift_legal_hold",
)
async def add_lifting(
    case_id: CaseId,
    hold_id: Annotated[UUID, Path(alias="holdId")],
    _: LiftingBody,
    context: AppContextDependency,
    caller: CallerDependency,
    idempotency_key: IdempotencyKeyHeader,
    response: Response,
) -> HoldView:
    """Lift a hold whose reason no longer applies. The hold stays readable."""
    outcome = await context.database.write(
        lambda transaction: hold_outcome_view(
            transaction, lift_hold(transaction, caller, case_id, hold_id, idempotency_key)
        )
    )
    return _answer(response, outcome)


def hold_outcome_view(transaction: Transaction, outcome: IdempotentResult[Hold]) -> IdempotentResult[HoldView]:
    """The outcome of placing or lifting a hold, with the hold as a view."""
    return IdempotentResult(hold_view(transaction, outcome.value), outcome.repeated)


def _answer(response: Response, outcome: IdempotentResult[HoldView]) -> HoldView:
    view = outcome.value
    return answer_idempotently(response, outcome, version=view.version, location=f"/cases/{view.case_id}/legal-holds")


def hold_view(transaction: Transaction, hold: Hold) -> HoldView:
    return HoldView(
        id=hold.id,
        case_id=hold.case_id,
        reason=reason_view(hold.reason, "legal_hold_reason"),
        until=hold.until,
        recorded=recorded_view(transaction, hold.recorded),
        lifted=recorded_view(transaction, hold.lifted) if hold.lifted else None,
        stands=hold.is_in_force(day_in_amsterdam(transaction.now)),
    )


def recorded_view(transaction: Transaction, recorded: RecordStamp) -> RecordedView:
    ids = (recorded.person_id, recorded.organisation_id)
    names = People(transaction).names({id_ for id_ in ids if id_})
    by, organisation = (Named(id=id_, name=names[id_]) if id_ else None for id_ in ids)
    return RecordedView(at=recorded.at, by=by, organisation=organisation)


def reason_view(reason: CodedReason, code_list: str) -> CodedReasonView | None:
    """The reason with the label of its code from this list. Returns None without a code: the case is destroyed."""
    return (
        CodedReasonView(**dict(Labelled.from_code_list(reason.code, code_list)), text=reason.text)
        if reason.code
        else None
    )


def _rule_views(settings: RegionSettings) -> list[RuleView]:
    return [_rule_view(rule, settings) for rule in retention_policy(settings)]


def _rule_view(rule: RetentionRule, settings: RegionSettings) -> RuleView:
    terms = {
        "years": settings.retention_years,
        "after_majority": settings.retention_years_after_majority,
        "draft_days": settings.draft_days,
    }
    return RuleView(
        kind=rule.kind,
        years=rule.years,
        months=rule.months,
        days=rule.days,
        counted_from=Labelled.of(rule.counted_from, MESSAGES["counted_from"][rule.counted_from]),
        ground=InTwoLanguages.of(render_message("retention", rule.kind, terms)),
    )


def coded_reason(answer: CodedValue) -> CodedReason:
    return CodedReason(code=answer.code, text=answer.text)
