"""Administering what stands around the cases: one door, through which every change is dated and recorded."""

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
    """Who asks, and as what they administer. Raises NotAllowed for everybody else."""
    actor = identify(transaction, caller)
    acting = actor.holding(Role.ADMINISTRATOR)
    if acting is None:
        raise NotAllowed
    return actor, acting


def administer(
    transaction: Transaction, caller: Caller, decision: Decision, once: IdempotencyKey, *, rules: Rulebook
) -> Outcome[Change]:
    """Do what an administrator decided, and record it."""
    actor, acting = administrator(transaction, caller)
    change_id = transaction.keyring.id_for("change", str(actor.person_id), once.key)
    deciding = Deciding(transaction, actor.person_id, acting.organisation_id, change_id, rules)
    return act_once(
        transaction,
        once,
        actor.person_id,
        act=lambda: carry_out(deciding, decision),
        again=lambda _: recorded(transaction, change_id),
    )


def recorded(transaction: Transaction, change_id: UUID) -> Change:
    """A change of the log. Raises NotFound."""
    change = Administration(transaction).change(change_id)
    if change is None:
        raise NotFound
    return change


def carry_out(by: Deciding, decision: Decision) -> Change:
    """Change what stands around the cases, and tell it in the log, both or neither."""
    effect = put_into_effect(decision, by)
    change = Administration(by.transaction).record(
        by.change_id, effect, actor_id=by.actor_id, organisation_id=by.organisation_id
    )
    if isinstance(decision, SettingsOf):
        # What was decided names its entry of the log, which must stand there before it.
        effect = change.effect
        decided = Decided(
            region=effect.subject,
            valid_from=date.fromisoformat(effect.details["from"]),
            changes=decision.decided.settings,
            recorded_at=change.at,
            actor_id=by.actor_id,
        )
        DatedSettings(by.transaction).decide(change.id, decided, effect.details["settings"])
    return change


def make_first_administrator(transaction: Transaction, person: NewPerson) -> bool:
    """Let somebody administer an installation that nobody administers; False when somebody does already."""
    today = day_in_amsterdam(transaction.now)
    if Memberships(transaction).within(Period(today, today), {"role": Role.ADMINISTRATOR}):
        return False
    found = next(iter(People(transaction).organisations(kind=OrganisationKind.INSTALLATION)), None)
    installation = found.id if found else uuid4()
    if not found:
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
