"""The checks of a submission before anything is written. A draft is checked in the same way."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from service.cases.rules.forms.base import Form
from service.cases.rules.forms.consult import ConsultRequest
from service.cases.rules.forms.referral import Referral
from service.cases.rules.history_chain import GENESIS_DIGEST
from service.cases.rules.model import Case, new_part
from service.cases.rules.residence import provisional_municipality
from service.cases.rules.steps import Situation, Step
from service.cases.use_cases.check_step import CheckedStep, check_step, read_step_form
from service.database.transaction import Transaction
from service.kinds import KINDS
from service.people.store.people import People
from service.people.store.regions import RegionRegister
from service.vocabulary.actor import Actor, Membership
from service.vocabulary.partial_values import results_if_readable
from service.vocabulary.refusals import NotAllowed, NoTeamForRegion
from service.workflows.rules.rulebook import Rulebook
from service.workflows.use_cases import settings_in_force

NO_TEAM = UUID(int=0)


def require_submitter(actor: Actor, rules: Rulebook, trigger: str) -> Membership:
    """The membership in which this person submits: the first role of the trigger that they hold, at any organisation.

    There is no case yet that could limit it. Raises NotAllowed.
    """
    roles = rules.current("case").definition.triggers[trigger].roles
    acting = next((membership for role in roles if (membership := actor.membership_with_role(role))), None)
    if acting is None:
        raise NotAllowed
    return acting


@dataclass(frozen=True, slots=True)
class ProspectiveCase:
    """A case before its first step, without a number. `unknown_fields`: unknown fields of the form's context."""

    situation: Situation
    unknown_fields: tuple[str, ...] = ()


def prospective_case(
    transaction: Transaction,
    actor: Actor,
    acting: Membership,
    form: Form | None,
    submitted_at: datetime,
    case_id: UUID,
    rules: Rulebook,
) -> ProspectiveCase:
    """The case that a submission would open, as far as its form can be read. Reads no case and writes nothing.

    While the form does not name the owning region, it is checked against no region settings.
    """
    regions = results_if_readable(lambda: (_owning_region(transaction, acting, form),))
    region = regions[0] if regions else "?"
    case = Case(
        id=case_id,
        number="",
        region=region,
        team_id=People(transaction).team_for(region) or NO_TEAM,
        submitter_id=acting.organisation_id,
        submitted_at=submitted_at,
        sequence=0,
        digest=GENESIS_DIGEST,
        recorded_at=transaction.now,
    )
    return ProspectiveCase(
        _before_first_step(transaction, actor, case, rules), () if regions else ("settings", "region")
    )


def check_submission(
    transaction: Transaction,
    actor: Actor,
    acting: Membership,
    step: Step,
    *,
    case_id: UUID,
    rules: Rulebook,
    trace_id: str,
) -> CheckedStep:
    """Check the first step of a case. Raises what `check_step` raises, then NoTeamForRegion."""
    form = read_step_form(step, rules.current("case").definition.triggers[step.trigger]).form
    prospective = prospective_case(transaction, actor, acting, form, step.occurred_at, case_id, rules)
    checked = check_step(
        transaction, prospective.situation, step, rules, trace_id=trace_id, unknown_fields=prospective.unknown_fields
    )
    case = prospective.situation.case
    if case.team_id == NO_TEAM:
        raise NoTeamForRegion(case.region)
    return checked


def _before_first_step(transaction: Transaction, actor: Actor, case: Case, rules: Rulebook) -> Situation:
    main = new_part(case.id, case.id, "case", rules.current("case").hash, case.submitted_at)
    settings = settings_in_force(transaction, rules, case.region)
    return Situation(case=case, part=main, history=(), settings=settings, actor=actor, now=transaction.now, kinds=KINDS)


def _owning_region(transaction: Transaction, acting: Membership, form: Form | None) -> str:
    """Returns the region that would own the case.

    Of a referral, the region of the provisionally responsible municipality; of a consult, that of its municipality,
    else the region that it names. Otherwise the region of the submitter.
    """
    code, named_region = None, None
    if isinstance(form, Referral):
        code = provisional_municipality(form.residence)
    elif isinstance(form, ConsultRequest):
        code, named_region = form.municipality, form.region
    municipality = RegionRegister(transaction).find_municipality(code) if code else None
    region = (
        municipality.region
        if municipality
        else named_region or People(transaction).region_of_organisation(acting.organisation_id)
    )
    return region or "?"
