"""A case as it was known at a moment in the past, for readers who may see the whole case."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from service.cases.rules.model import Part, Transition
from service.cases.rules.point_in_time import HistoryUntil, PointInTime, history_at
from service.cases.store.cases import Cases, VisiblePart
from service.cases.store.visibility import TABLE_PHASES
from service.database.transaction import Transaction
from service.vocabulary.actor import Actor, Membership
from service.vocabulary.input_faults import simple_fault
from service.vocabulary.refusals import Invalid, NotFound
from service.vocabulary.roles import TABLE_ROLES, Role
from service.workflows.rules.definition import ADOPT_TRIGGER
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
    entitled_actor: Actor
    sight: VisiblePart
    parts: tuple[Part, ...]
    past: HistoryUntil

    @property
    def moment(self) -> datetime:
        return self.past.moment

    @property
    def history(self) -> tuple[Transition, ...]:
        return self.past.history

    @property
    def history_without_notes(self) -> tuple[Transition, ...]:
        """The whole history: it was read to look back, and notes in it change nothing."""
        return self.history

    def entries_after(self, sequence: int, limit: int) -> tuple[Transition, ...]:
        return self.past.history[sequence : sequence + limit]

    def entries_of_part(self, part_id: UUID, after: int = 0, limit: int | None = None) -> tuple[Transition, ...]:
        entries = tuple(entry for entry in self.history if entry.part_id == part_id and entry.part_sequence > after)
        return entries[:limit]

    def find_entry(self, part_id: UUID, part_sequence: int) -> Transition | None:
        return next(
            (entry for entry in self.history if (entry.part_id, entry.part_sequence) == (part_id, part_sequence)), None
        )

    def require_whole_case(self) -> VisiblePart:
        return self.sight

    def require_part(self, part_id: UUID) -> VisiblePart:
        """The part as it was. Raises NotFound when it had not begun."""
        for part in (self.sight.part, *self.parts):
            if part.id == part_id:
                return replace(self.sight, part=part)
        raise NotFound

    def settings(self, rules: Rulebook) -> RegionSettings:
        """The settings of the last entry, unless other settings took effect between that entry and the moment.

        The settings that the entry names come first: the settings files may have changed since it was recorded.
        """
        last = self.past.last_entry
        at_entry, at_moment = (
            settings_in_force(self.transaction, rules, last.region, at=moment)
            for moment in (last.recorded_at, self.moment)
        )
        return Definitions(self.transaction).settings_by_hash(last.settings) if at_entry == at_moment else at_moment


def look_back(transaction: Transaction, actor: Actor, case_id: UUID, when: PointInTime) -> PastCase:
    """The case as it was known at that moment.

    A membership counts when it shows the whole case today and would have shown it at that moment. An expert looks back
    at the time in which the case was at the table, a liaison at the time in which an escalation to her organisation was
    open. The past view therefore shows nothing that the reader could not see then, and nothing that they may not see
    now.

    Raises NotFound, also for a reader who sees only a part: sequence numbers tell of other parts. Raises Invalid for a
    moment in the future.
    """
    sight = Cases(transaction).find_part(case_id, case_id, seen_by=actor)
    if sight is None or not sight.may_read_case:
        raise NotFound
    if when.known_at and when.known_at > max(transaction.now, sight.case.recorded_at):
        raise Invalid((simple_fault("query", "knownAt", "moment_in_future"),))
    past = history_at(Cases(transaction).history(case_id), when)
    heads = past.part_heads(_plans(transaction, past))
    main = heads.pop(case_id)
    others = tuple(heads.values())
    memberships = tuple(membership for membership in actor.memberships if _showed_case(membership, main, others))
    rights = replace(actor, memberships=memberships)
    sight = Cases(transaction).find_part(case_id, case_id, seen_by=rights)
    if sight is None or not sight.may_read_case:
        raise NotFound
    visible_ids = {part.id for part in Cases(transaction).other_parts(case_id, seen_by=rights)}
    visible_parts = (part for part in others if part.id in visible_ids)
    case = past.case_head(sight.case, Cases(transaction).digest_of_entry(case_id, past.last_entry.sequence))
    return PastCase(
        transaction=transaction,
        entitled_actor=rights,
        sight=VisiblePart(case, main, may_read_case=True),
        parts=tuple(sorted(visible_parts, key=lambda part: (part.kind, part.line or "", part.id))),
        past=past,
    )


def _showed_case(membership: Membership, main: Part, others: tuple[Part, ...]) -> bool:
    """True when this membership showed the case at that moment.

    Experts see it while it is at the table, a liaison while an escalation is open (`cases/store/visibility.py`).
    """
    if membership.role in TABLE_ROLES:
        return main.phase in TABLE_PHASES
    if membership.role == Role.CCE_LIAISON:
        addressees = {part.addressee_id for part in others if part.kind == "escalation" and part.is_open}
        return main.is_open and membership.organisation_id in addressees
    return True


def _plans(transaction: Transaction, past: HistoryUntil) -> Mapping[str, str]:
    """Returns {hash of a workflow plan: hash of the workflow that it leads to}."""
    hashes = {entry.workflow for entry in past.history if entry.trigger == ADOPT_TRIGGER.name}
    return {plan: workflow for plan in hashes if (workflow := Definitions(transaction).target_of_plan(plan))}
