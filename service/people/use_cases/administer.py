"""Administration of people, organisations and settings of regions. Every change goes through here and is recorded."""

from datetime import date
from uuid import UUID, uuid4

from service.database.idempotency import IdempotencyKey, IdempotentResult, act_once
from service.database.transaction import Transaction
from service.identity.caller import Caller
from service.people.rules.decisions import (
    AdministrativeChange,
    AdministrativeDecision,
    Effect,
    NewPerson,
    Period,
    SettingsChange,
)
from service.people.store.change_log import AdministrativeChanges
from service.people.store.people import People
from service.people.store.relations import Memberships
from service.people.use_cases.apply_decision import apply_decision
from service.people.use_cases.decision_context import OPEN_END, DecisionContext
from service.people.use_cases.identify import identify
from service.vocabulary.actor import Actor, Membership
from service.vocabulary.calendar import day_in_amsterdam
from service.vocabulary.organisation_kinds import OrganisationKind
from service.vocabulary.refusals import NotAllowed, NotFound
from service.vocabulary.roles import Role
from service.workflows.rules.rulebook import Rulebook
from service.workflows.store.dated_settings import DatedSettings, SettingsDecision


def require_administrator(transaction: Transaction, caller: Caller) -> tuple[Actor, Membership]:
    """Returns the caller and their membership as administrator. Raises NotAllowed for everybody else."""
    actor = identify(transaction, caller)
    acting = actor.membership_with_role(Role.ADMINISTRATOR)
    if acting is None:
        raise NotAllowed
    return actor, acting


def carry_out_decision(
    transaction: Transaction,
    caller: Caller,
    decision: AdministrativeDecision,
    idempotency_key: IdempotencyKey,
    *,
    rules: Rulebook,
) -> IdempotentResult[AdministrativeChange]:
    """Carry out a decision of an administrator once, and record it. Returns the change. Raises NotAllowed."""
    actor, acting = require_administrator(transaction, caller)
    change_id = transaction.keyring.derive_id("change", str(actor.person_id), idempotency_key.key)
    context = DecisionContext(transaction, actor.person_id, acting.organisation_id, change_id, rules)
    return act_once(
        transaction,
        idempotency_key,
        actor.person_id,
        act=lambda: apply_and_record(context, decision),
        rebuild=lambda _: require_change(transaction, change_id),
    )


def require_change(transaction: Transaction, change_id: UUID) -> AdministrativeChange:
    """Returns a change of the log. Raises NotFound."""
    change = AdministrativeChanges(transaction).find(change_id)
    if change is None:
        raise NotFound
    return change


def apply_and_record(context: DecisionContext, decision: AdministrativeDecision) -> AdministrativeChange:
    """Apply a decision and record it in the change log, in one transaction."""
    effect = apply_decision(decision, context)
    change = AdministrativeChanges(context.transaction).record(
        context.change_id, effect, actor_id=context.actor_id, organisation_id=context.organisation_id
    )
    if isinstance(decision, SettingsChange):
        # The stored settings refer to their entry of the log, which must exist first.
        effect = change.effect
        dated_settings = SettingsDecision(
            region=effect.subject,
            valid_from=date.fromisoformat(effect.details["from"]),
            changes=decision.new_settings.settings,
            recorded_at=change.at,
            actor_id=context.actor_id,
        )
        DatedSettings(context.transaction).add(change.id, dated_settings, effect.details["settings"])
    return change


def make_first_administrator(transaction: Transaction, person: NewPerson) -> bool:
    """Make a person the first administrator of an installation. Returns False when it has an administrator."""
    today = day_in_amsterdam(transaction.now)
    if Memberships(transaction).overlapping(Period(today, today), {"role": Role.ADMINISTRATOR}):
        return False
    existing = next(iter(People(transaction).organisations(kind=OrganisationKind.INSTALLATION)), None)
    installation = existing.id if existing else uuid4()
    if not existing:
        People(transaction).add_organisation(
            installation, kind=OrganisationKind.INSTALLATION, name="Beheer", municipality=None
        )
    person_id = People(transaction).find_id(person.issuer, person.subject) or uuid4()
    if not People(transaction).names({person_id}):
        People(transaction).add_person(person_id, issuer=person.issuer, subject=person.subject, name=person.name)
    keys = {"person_id": person_id, "organisation_id": installation, "role": Role.ADMINISTRATOR}
    Memberships(transaction).begin(Period(today, OPEN_END), keys)
    effect = Effect(
        action="first_administrator_made",
        subject_kind="person",
        subject=str(person_id),
        details={"organisation": str(installation), "from": today.isoformat()},
    )
    AdministrativeChanges(transaction).record(uuid4(), effect, actor_id=None, organisation_id=installation)
    return True
