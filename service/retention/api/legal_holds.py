"""/v1/retention-policy and legal holds: how long files are kept, and what keeps one longer."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import Field, TypeAdapter

from service.database.idempotency import Outcome
from service.database.transaction import Transaction
from service.http.context import OnceOnly, TheCaller, TheHouse, read_body
from service.http.json_models import Body, InTwoLanguages, Labelled, Named, OptionalDay, Utc, View
from service.http.openapi import may_refuse, takes
from service.http.request_faults import CheckedRoute
from service.http.responses import answer, answer_once
from service.people.store.people import People
from service.people.store.regions import Reference
from service.people.use_cases.identify import identify
from service.retention.rules.destruction import CodedReason, Hold, Recorded
from service.retention.rules.terms import Rule, policy
from service.retention.use_cases.legal_holds import hold_case, lift_hold, list_holds
from service.vocabulary.calendar import day_in_amsterdam
from service.vocabulary.code_lists import Coded
from service.vocabulary.coded_answers import LegalHoldReason
from service.vocabulary.fields import Day, OrNone
from service.vocabulary.messages import MESSAGES, say
from service.workflows.rules.region_settings import RegionSettings
from service.workflows.use_cases import settings_in_force


class LegalHoldBody(Body):
    """Why a case may not be destroyed, and until when."""

    reason: LegalHoldReason
    until: OrNone[Day] = Field(default=None, description="The last day; until it is lifted, when left out.")

    def to_reason(self) -> CodedReason:
        return coded_reason(self.reason)


class LiftingBody(Body):
    """A hold is lifted as a whole: there is nothing to say."""


LEGAL_HOLD = TypeAdapter(LegalHoldBody)


LIFTING = TypeAdapter(LiftingBody)

router = APIRouter(tags=["retention"], route_class=CheckedRoute)


class RuleView(View):
    """How long something is kept, in years or in days, counted from where, and on which ground."""

    kind: str
    years: int | None
    days: int | None
    counted_from: Labelled
    ground: InTwoLanguages


class PolicyView(View):
    """`version` is the hash of the settings that say so; a proposal to destroy names the version it was made under."""

    version: str
    rules: list[RuleView]


class RegionPolicyView(PolicyView):
    """What a region decided otherwise, as it holds today."""

    region: str


class RetentionPolicyView(PolicyView):
    """The retention policy that holds where a region decided nothing else, and where one did."""

    regions: list[RegionPolicyView] = Field(description="The regions that differ today.")


class RecordedView(View):
    """Who recorded it, and when; nobody, where only a list outside the database told of it."""

    at: Utc
    by: Named | None
    organisation: Named | None


class CodedReasonView(View):
    """A code with its label and words; null once the case was destroyed."""

    code: str
    label: InTwoLanguages
    text: str | None


class HoldView(View):
    """Why a case may not be destroyed: until its last day, or until somebody lifts it."""

    id: UUID
    case_id: UUID
    reason: Annotated[CodedReasonView | None, Field(description="Null once the case was destroyed.")]
    until: OptionalDay
    recorded: RecordedView
    lifted: RecordedView | None
    stands: bool


class Holds(View):
    """Every hold that a case ever had, the first one first; those that were lifted stay readable."""

    items: list[HoldView]


@router.get("/retention-policy", response_model=RetentionPolicyView, responses=may_refuse(400, 401))
async def get_retention_policy(house: TheHouse, caller: TheCaller) -> Response:
    """How long what is kept, from when, and on which ground; and what regions decided otherwise."""

    def work(transaction: Transaction) -> Response:
        identify(transaction, caller)
        default = house.rules.settings.default
        theirs = {
            it.code: settings_in_force(transaction, house.rules, it.code) for it in Reference(transaction).regions()
        }
        return answer(
            RetentionPolicyView(
                version=default.hash,
                rules=_rules(default),
                regions=[
                    RegionPolicyView(region=region, version=it.hash, rules=_rules(it))
                    for region, it in sorted(theirs.items())
                    if policy(it) != policy(default)
                ],
            )
        )

    return await house.database.read(work)


@router.get(
    "/cases/{case_id}/legal-holds", response_model=Holds, responses=may_refuse(400, 401, 403, 404)
)  # fmt: skip
async def list_legal_holds(case_id: UUID, house: TheHouse, caller: TheCaller) -> Response:
    """What keeps this case from being destroyed, or did; for the team's coordinator and chair, and its officer."""

    def work(transaction: Transaction) -> Response:
        found = list_holds(transaction, caller, case_id)
        return answer(Holds(items=[hold_view(transaction, it) for it in found]))

    return await house.database.read(work)


@router.post(
    "/cases/{case_id}/legal-holds", status_code=201, response_model=HoldView, openapi_extra=takes("legal_hold"),
    responses=may_refuse(400, 401, 403, 404, 409, 413, 415),
)  # fmt: skip
async def add_legal_hold(
    request: Request, case_id: UUID, house: TheHouse, caller: TheCaller, once: OnceOnly
) -> Response:
    """Keep this case from being destroyed; several may stand beside each other."""
    body = await read_body(request, LEGAL_HOLD)
    return await house.database.write(
        lambda transaction: _made(
            transaction, hold_case(transaction, caller, case_id, body.to_reason(), body.until, once)
        )
    )


@router.post(
    "/cases/{case_id}/legal-holds/{hold_id}/lifting", status_code=201, response_model=HoldView,
    openapi_extra=takes("lifting"), responses=may_refuse(400, 401, 403, 404, 409, 413, 415), name="lift_legal_hold",
)  # fmt: skip
async def add_lifting(
    request: Request, case_id: UUID, hold_id: UUID, house: TheHouse, caller: TheCaller, once: OnceOnly
) -> Response:
    """Lift a hold: its reason is gone. It stays readable."""
    await read_body(request, LIFTING)
    return await house.database.write(
        lambda transaction: _made(transaction, lift_hold(transaction, caller, case_id, hold_id, once))
    )


def _made(transaction: Transaction, made: Outcome[Hold]) -> Response:
    hold = made.value
    version, where = 1 + (hold.lifted is not None), f"/cases/{hold.case_id}/legal-holds"
    return answer_once(made, hold_view(transaction, hold), version=version, location=where)


def hold_view(transaction: Transaction, it: Hold) -> HoldView:
    return HoldView(
        id=it.id,
        case_id=it.case_id,
        reason=reason_view(it.reason, "legal_hold_reason"),
        until=it.until,
        recorded=recorded_view(transaction, it.recorded),
        lifted=recorded_view(transaction, it.lifted) if it.lifted else None,
        stands=it.stands(day_in_amsterdam(transaction.now)),
    )


def recorded_view(transaction: Transaction, it: Recorded) -> RecordedView:
    names = People(transaction).names({id_ for id_ in (it.person_id, it.organisation_id) if id_})
    by, organisation = (Named(id=id_, name=names[id_]) if id_ else None for id_ in (it.person_id, it.organisation_id))
    return RecordedView(at=it.at, by=by, organisation=organisation)


def reason_view(it: CodedReason, list_: str) -> CodedReasonView | None:
    return CodedReasonView(**dict(Labelled.listed(it.code, list_)), text=it.text) if it.code else None


def _rules(settings: RegionSettings) -> list[RuleView]:
    return [_rule(it, settings) for it in policy(settings)]


def _rule(it: Rule, settings: RegionSettings) -> RuleView:
    terms = {
        "years": settings.retention_years,
        "after_majority": settings.retention_years_after_majority,
        "draft_days": settings.draft_days,
    }
    return RuleView(
        kind=it.kind,
        years=it.years,
        days=it.days,
        counted_from=Labelled.of(it.counted_from, MESSAGES["counted_from"][it.counted_from]),
        ground=InTwoLanguages.of(say("retention", it.kind, terms)),
    )


def coded_reason(it: Coded) -> CodedReason:
    return CodedReason(code=it.code, text=it.text)
