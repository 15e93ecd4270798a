"""Looking back: a case as it was known at a moment, for whoever may see all of it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from service.cases.rules.model import Part, Transition
from service.cases.rules.point_in_time import Past, When, as_known
from service.cases.store.cases import Cases, Sight
from service.cases.store.visibility import AT_THE_TABLE
from service.database.transaction import Transaction
from service.vocabulary.actor import Actor, Membership
from service.vocabulary.input_faults import bare_fault
from service.vocabulary.refusals import Invalid, NotFound
from service.vocabulary.roles import TABLE_ROLES, Role
from service.workflows.rules.definition import ADOPT
from service.workflows.rules.region_settings import RegionSettings
from service.workflows.rules.rulebook import Rulebook
from service.workflows.store.definitions import Definitions
from service.workflows.use_cases import settings_in_force


@dataclass(frozen=True, slots=True, kw_only=True)
class PastCase:
    """A case as it was known at a moment. `sight` is of its main part, `parts` are those beside it.

    `rights`: the person with those of their roles in which they saw the case then.
    """

    transaction: Transaction
    rights: Actor
    sight: Sight
    parts: tuple[Part, ...]
    past: Past

    @property
    def at(self) -> datetime:
        return self.past.at

    @property
    def history(self) -> tuple[Transition, ...]:
        return self.past.history

    def whole(self) -> Sight:
        return self.sight

    def of_part(self, part_id: UUID) -> Sight:
        """The part as it stood. Raises NotFound when it had not begun."""
        for part in (self.sight.part, *self.parts):
            if part.id == part_id:
                return replace(self.sight, part=part)
        raise NotFound

    def settings(self, rules: Rulebook) -> RegionSettings:
        """Those that the last entry was made under, unless others began since.

        The entry comes first because the files of this version may say something else than those that were served then.
        """
        last = self.past.last
        at_entry, at_moment = (
            settings_in_force(self.transaction, rules, last.region, at=moment) for moment in (last.recorded_at, self.at)
        )
        return Definitions(self.transaction).settings(last.settings) if at_entry == at_moment else at_moment


def look_back(transaction: Transaction, actor: Actor, case_id: UUID, when: When) -> PastCase:
    """The case at that moment. Raises NotFound, also for whoever sees no more than a part: its numbers tell of others.

    The rights are those of today, and a role counts when it shows the whole case today and would have shown it then:
    an expert looks back as far as the table goes, a liaison as far as an escalation of hers was open. So looking back
    shows nobody what they were not to see at the time, and gives back nothing that they may no longer see.
    """
    sight = Cases(transaction).find(case_id, case_id, seen_by=actor)
    if sight is None or not sight.whole:
        raise NotFound
    if when.known_at and when.known_at > max(transaction.now, sight.case.recorded_at):
        raise Invalid((bare_fault("query", "knownAt", "moment_in_future"),))
    past = as_known(Cases(transaction).history(case_id), when)
    heads = past.parts(_plans(transaction, past))
    main = heads.pop(case_id)
    beside = tuple(heads.values())
    held = tuple(it for it in actor.memberships if _showed(it, main, beside))
    rights = replace(actor, memberships=held)
    sight = Cases(transaction).find(case_id, case_id, seen_by=rights)
    if sight is None or not sight.whole:
        raise NotFound
    shown = {part.id for part in Cases(transaction).parts(case_id, seen_by=rights)}
    case = past.case(sight.case, Cases(transaction).digest(case_id, past.last.sequence))
    return PastCase(
        transaction=transaction,
        rights=rights,
        sight=Sight(case, main, whole=True),
        parts=tuple(sorted((it for it in beside if it.id in shown), key=lambda it: (it.kind, it.line or "", it.id))),
        past=past,
    )


def _showed(held: Membership, main: Part, beside: tuple[Part, ...]) -> bool:
    """Whether this role is one for as long as a case is open to it, or that time was running then (visibility)."""
    if held.role in TABLE_ROLES:
        return main.phase in AT_THE_TABLE
    if held.role == Role.CCE_LIAISON:
        asked = {it.addressee_id for it in beside if it.kind == "escalation" and it.is_open}
        return main.is_open and held.organisation_id in asked
    return True


def _plans(transaction: Transaction, past: Past) -> Mapping[str, str]:
    hashes = {it.workflow for it in past.history if it.trigger == ADOPT.name}
    return {it: new for it in hashes if (new := Definitions(transaction).adopted_by(it))}
