"""/v1/retention-policy and legal holds: how long files are kept, and what keeps one longer."""

from typing import Annotated
from uuid import UUID

from fastapi import Path, Response
from pydantic import Field

from service.database.idempotency import Outcome
from service.database.transaction import Transaction
from service.http.house import TheHouse
from service.http.json_models import Body, InTwoLanguages, Labelled, Named, OptionalDay, Utc, View
from service.http.openapi import may_refuse
from service.http.parameters import CaseId, OnceOnly, TheCaller
from service.http.responses import answer_once
from service.http.strict_route import StrictRouter
from service.identity.caller import Caller
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
from service.workflows.rules.rulebook import Rulebook
from service.workflows.use_cases import settings_in_force


class LegalHoldBody(Body):
    """Why a case may not be destroyed, and until when."""

    reason: LegalHoldReason
    until: OrNone[Day] = Field(default=None, description="The last day; until it is lifted, when left out.")

    def to_reason(self) -> CodedReason:
        return coded_reason(self.reason)


class LiftingBody(Body):
    """A hold is lifted as a whole: there is nothing to say."""


router = StrictRouter("retention")


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

    @property
    def version(self) -> int:
        """Grows when the hold is lifted."""
        return 1 + (self.lifted is not None)


class Holds(View):
    """Every hold that a case ever had, the first one first; those that were lifted stay readable."""

    items: list[HoldView]


@router.get("/retention-policy")
async def get_retention_policy(house: TheHouse, caller: TheCaller) -> RetentionPolicyView:
    """How long what is kept, from when, and on which ground; and what regions decided otherwise."""
    return await house.database.read(lambda transaction: view_retention_policy(transaction, caller, rules=house.rules))


def view_retention_policy(transaction: Transaction, caller: Caller, *, rules: Rulebook) -> RetentionPolicyView:
    """The policy as it holds today, for whoever is known here."""
    identify(transaction, caller)
    default = rules.settings.default
    theirs = {it.code: settings_in_force(transaction, rules, it.code) for it in Reference(transaction).regions()}
    return RetentionPolicyView(
        version=default.hash,
        rules=_rules(default),
        regions=[
            RegionPolicyView(region=region, version=it.hash, rules=_rules(it))
            for region, it in sorted(theirs.items())
            if policy(it) != policy(default)
        ],
    )


@router.get("/cases/{caseId}/legal-holds", responses=may_refuse(403))
async def list_legal_holds(case_id: CaseId, house: TheHouse, caller: TheCaller) -> Holds:
    """What keeps this case from being destroyed, or did; for the team's coordinator and chair, and its officer."""
    return await house.database.read(lambda transaction: view_legal_holds(transaction, caller, case_id))


def view_legal_holds(transaction: Transaction, caller: Caller, case_id: UUID) -> Holds:
    """Every hold of a case, for who may see them."""
    return Holds(items=[hold_view(transaction, it) for it in list_holds(transaction, caller, case_id)])


@router.post("/cases/{caseId}/legal-holds", status_code=201, responses=may_refuse(403))
async def add_legal_hold(
    case_id: CaseId, body: LegalHoldBody, house: TheHouse, caller: TheCaller, once: OnceOnly, response: Response
) -> HoldView:
    """Keep this case from being destroyed; several may stand beside each other."""
    outcome = await house.database.write(
        lambda transaction: made_hold_view(
            transaction, hold_case(transaction, caller, case_id, body.to_reason(), body.until, once)
        )
    )
    return _answered(response, outcome)


@router.post(
    "/cases/{caseId}/legal-holds/{holdId}/lifting",
    status_code=201,
    responses=may_refuse(403),
    name="lift_legal_hold",
)
async def add_lifting(
    case_id: CaseId,
    hold_id: Annotated[UUID, Path(alias="holdId")],
    _: LiftingBody,
    house: TheHouse,
    caller: TheCaller,
    once: OnceOnly,
    response: Response,
) -> HoldView:
    """Lift a hold: its reason is gone. It stays readable."""
    outcome = await house.database.write(
        lambda transaction: made_hold_view(transaction, lift_hold(transaction, caller, case_id, hold_id, once))
    )
    return _answered(response, outcome)


def made_hold_view(transaction: Transaction, made: Outcome[Hold]) -> Outcome[HoldView]:
    """The hold as it was made or lifted."""
    return Outcome(hold_view(transaction, made.value), made.repeated)


def _answered(response: Response, outcome: Outcome[HoldView]) -> HoldView:
    view = outcome.value
    return answer_once(response, outcome, version=view.version, location=f"/cases/{view.case_id}/legal-holds")


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
