"""Administration of people, organisations and settings of regions. Every change goes through here and is recorded."""

from datetime import date
from uuid import UUID, uuid4

from service.database.idempotency import IdempotencyKey, Outcome, act_once
from service.database.transaction import Transaction
from service.identity.caller import Caller
from service.people.rules.decisions import Change, Decision, Effect, NewPerson, Period, SettingsOf
from service.people.store.change_log import Administration
from service.people.store.people import People
from service.people.store.relations import Memberships
from service.people.use_cases.apply_decision import LAST_DAY, Deciding, put_into_effect
from service.people.use_cases.identify import identify
from service.vocabulary.actor import Actor, Membership
from service.vocabulary.calendar import day_in_amsterdam
from service.vocabulary.organisation_kinds import OrganisationKind
from service.vocabulary.refusals import NotAllowed, NotFound
from service.vocabulary.roles import Role
from service.workflows.rules.rulebook import Rulebook
from service.workflows.store.dated_settings import DatedSettings, Decided


def administrator(transaction: Transaction, caller: Caller) -> tuple[Actor, Membership]:
    """Returns the caller and their membership as administrator. Raises NotAllowed for everybody else."""
    actor = identify(transaction, caller)
    acting = actor.holding(Role.ADMINISTRATOR)
    if acting is None:
        raise NotAllowed
    return actor, acting


def administer(
    transaction: Transaction, caller: Caller, decision: Decision, once: IdempotencyKey, *, rules: Rulebook
) -> Outcome[Change]:
    """Carry out a decision of an administrator once, and record it. Returns the change. Raises NotAllowed."""
    actor, acting = administrator(transaction, caller)
    change_id = transaction.keyring.id_for("change", str(actor.person_id), once.key)
    context = Deciding(transaction, actor.person_id, acting.organisation_id, change_id, rules)
    return act_once(
        transaction,
        once,
        actor.person_id,
        act=lambda: carry_out(context, decision),
        again=lambda _: recorded(transaction, change_id),
    )


def recorded(transaction: Transaction, change_id: UUID) -> Change:
    """Returns a change of the log. Raises NotFound."""
    change = Administration(transaction).change(change_id)
    if change is None:
        raise NotFound
    return change


def carry_out(context: Deciding, decision: Decision) -> Change:
    """Apply a decision and record it in the change log, in one transaction."""
    effect = put_into_effect(decision, context)
    change = Administration(context.transaction).record(
        context.change_id, effect, actor_id=context.actor_id, organisation_id=context.organisation_id
    )
    if isinstance(decision, SettingsOf):
        # The stored settings refer to their entry of the log, which must exist first.
        effect = change.effect
        dated_settings = Decided(
            region=effect.subject,
            valid_from=date.fromisoformat(effect.details["from"]),
            changes=decision.decided.settings,
            recorded_at=change.at,
            actor_id=context.actor_id,
        )
        DatedSettings(context.transaction).decide(change.id, dated_settings, effect.details["settings"])
    return change


def make_first_administrator(transaction: Transaction, person: NewPerson) -> bool:
    """Make a person the first administrator of an installation. Returns False when it has an administrator."""
    today = day_in_amsterdam(transaction.now)
    if Memberships(transaction).within(Period(today, today), {"role": Role.ADMINISTRATOR}):
        return False
    existing = next(iter(People(transaction).organisations(kind=OrganisationKind.INSTALLATION)), None)
    installation = existing.id if existing else uuid4()
    if not existing:
        People(transaction).add_organisation(
            installation, kind=OrganisationKind.INSTALLATION, name="Beheer", municipality=None
        )
    person_id = People(transaction).id_of(person.issuer, person.subject) or uuid4()
    if not People(transaction).names({person_id}):
        People(transaction).add_person(person_id, issuer=person.issuer, subject=person.subject, name=person.name)
    keys = {"person_id": person_id, "organisation_id": installation, "role": Role.ADMINISTRATOR}
    Memberships(transaction).begin(Period(today, LAST_DAY), keys)
    effect = Effect(
        action="first_administrator_made",
        subject_kind="person",
        subject=str(person_id),
        details={"organisation": str(installation), "from": today.isoformat()},
    )
    Administration(transaction).record(uuid4(), effect, actor_id=None, organisation_id=installation)
    return True
