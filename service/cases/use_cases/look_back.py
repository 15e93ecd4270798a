"""A case as it was known at a moment in the past, for readers who may see the whole case."""

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
    """A case as it was known at a moment. `sight` is its main part, `parts` are its other parts.

    `entitled_actor` is the reader, limited to the memberships that showed them the case at that moment.
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
        """The part as it was. Raises NotFound when it had not begun."""
        for part in (self.sight.part, *self.parts):
            if part.id == part_id:
                return replace(self.sight, part=part)
        raise NotFound

    def settings(self, rules: Rulebook) -> RegionSettings:
        """The settings of the last entry, unless other settings took effect between that entry and the moment.

        The settings that the entry names come first: the settings files may have changed since it was recorded.
        """
        last = self.past.last
        at_entry, at_moment = (
            settings_in_force(self.transaction, rules, last.region, at=moment) for moment in (last.recorded_at, self.at)
        )
        return Definitions(self.transaction).settings(last.settings) if at_entry == at_moment else at_moment


def look_back(transaction: Transaction, actor: Actor, case_id: UUID, when: When) -> PastCase:
    """The case as it was known at that moment.

    A membership counts when it shows the whole case today and would have shown it at that moment. An expert looks back
    at the time in which the case was at the table, a liaison at the time in which an escalation to her organisation was
    open. The past view therefore shows nothing that the reader could not see then, and nothing that they may not see
    now.

    Raises NotFound, also for a reader who sees only a part: sequence numbers tell of other parts. Raises Invalid for a
    moment in the future.
    """
    sight = Cases(transaction).find(case_id, case_id, seen_by=actor)
    if sight is None or not sight.whole:
        raise NotFound
    if when.known_at and when.known_at > max(transaction.now, sight.case.recorded_at):
        raise Invalid((bare_fault("query", "knownAt", "moment_in_future"),))
    past = as_known(Cases(transaction).history(case_id), when)
    heads = past.parts(_plans(transaction, past))
    main = heads.pop(case_id)
    others = tuple(heads.values())
    memberships = tuple(membership for membership in actor.memberships if _showed_case(membership, main, others))
    rights = replace(actor, memberships=memberships)
    sight = Cases(transaction).find(case_id, case_id, seen_by=rights)
    if sight is None or not sight.whole:
        raise NotFound
    visible_ids = {part.id for part in Cases(transaction).parts(case_id, seen_by=rights)}
    visible_parts = (part for part in others if part.id in visible_ids)
    case = past.case(sight.case, Cases(transaction).digest(case_id, past.last.sequence))
    return PastCase(
        transaction=transaction,
        rights=rights,
        sight=Sight(case, main, whole=True),
        parts=tuple(sorted(visible_parts, key=lambda part: (part.kind, part.line or "", part.id))),
        past=past,
    )


def _showed_case(membership: Membership, main: Part, others: tuple[Part, ...]) -> bool:
    """True when this membership showed the case at that moment.

    Experts see it while it is at the table, a liaison while an escalation is open (`cases/store/visibility.py`).
    """
    if membership.role in TABLE_ROLES:
        return main.phase in AT_THE_TABLE
    if membership.role == Role.CCE_LIAISON:
        addressees = {part.addressee_id for part in others if part.kind == "escalation" and part.is_open}
        return main.is_open and membership.organisation_id in addressees
    return True


def _plans(transaction: Transaction, past: Past) -> Mapping[str, str]:
    """Returns {hash of a workflow plan: hash of the workflow that it leads to}."""
    hashes = {entry.workflow for entry in past.history if entry.trigger == ADOPT.name}
    return {plan: workflow for plan in hashes if (workflow := Definitions(transaction).adopted_by(plan))}
