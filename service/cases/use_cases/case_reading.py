"""A case for one reader, in the present or at a moment in the past, behind one interface."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Protocol
from uuid import UUID

from service.cases.rules.model import Part, PartAddress, Transition
from service.cases.rules.point_in_time import HistoryUntil, PointInTime
from service.cases.store.cases import Cases, VisiblePart
from service.cases.use_cases.look_back import look_back
from service.database.transaction import Transaction
from service.vocabulary.actor import Actor
from service.vocabulary.refusals import NotFound
from service.workflows.rules.region_settings import RegionSettings
from service.workflows.rules.rulebook import Rulebook
from service.workflows.use_cases import settings_in_force


class CaseReading(Protocol):
    """A case for one reader: PresentCase or PastCase."""

    @property
    def entitled_actor(self) -> Actor:
        """The reader, with the memberships in which they see the case."""

    @property
    def past(self) -> HistoryUntil | None:
        """The history up to the moment that is looked back at; None for the present."""

    @property
    def moment(self) -> datetime:
        """The moment, in UTC, for which ages, terms and lateness are computed."""

    @property
    def sight(self) -> VisiblePart | None:
        """The main part of the case; None when the reader does not see it."""

    @property
    def parts(self) -> tuple[Part, ...]:
        """The other parts that the reader sees. Raises NotFound when the reader sees nothing of the case."""

    @property
    def history(self) -> tuple[Transition, ...]:
        """All entries, also those that the reader may not see."""

    @property
    def history_without_notes(self) -> tuple[Transition, ...]:
        """The entries that may carry a fact, for rights, amendments and what asks for attention."""

    def entries_after(self, sequence: int, limit: int) -> tuple[Transition, ...]:
        """At most `limit` entries after this one, also those that the reader may not see."""

    def entries_of_part(self, part_id: UUID, after: int = 0, limit: int | None = None) -> tuple[Transition, ...]:
        """The entries of this part after its n-th, at most `limit`."""

    def find_entry(self, part_id: UUID, part_sequence: int) -> Transition | None:
        """The entry with this number in this part."""

    def require_whole_case(self) -> VisiblePart:
        """The main part, for a reader who may see the whole case. Raises NotFound."""

    def require_part(self, part_id: UUID) -> VisiblePart:
        """The part with this id. Raises NotFound when it does not exist or the reader does not see it."""

    def settings(self, rules: Rulebook) -> RegionSettings:
        """The region settings in force, for a reader who may see the whole case. Raises NotFound."""


@dataclass(frozen=True, kw_only=True)
class PresentCase:
    """A case as it is now. Each property is read from the database once, when it is first used."""

    transaction: Transaction
    entitled_actor: Actor
    case_id: UUID
    past: None = field(default=None, init=False)

    @property
    def moment(self) -> datetime:
        return self.transaction.now

    @cached_property
    def sight(self) -> VisiblePart | None:
        return Cases(self.transaction).find_part(self.case_id, self.case_id, seen_by=self.entitled_actor)

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        parts = Cases(self.transaction).other_parts(self.case_id, seen_by=self.entitled_actor)
        if not parts and self.sight is None:
            raise NotFound
        return parts

    @cached_property
    def history(self) -> tuple[Transition, ...]:
        return Cases(self.transaction).history(self.case_id)

    @cached_property
    def history_without_notes(self) -> tuple[Transition, ...]:
        if "history" in self.__dict__:  # The whole was read before: notes in it change nothing.
            return self.history
        return Cases(self.transaction).history_without_notes(self.case_id)

    def entries_after(self, sequence: int, limit: int) -> tuple[Transition, ...]:
        return Cases(self.transaction).entries_after(self.case_id, sequence, limit)

    def entries_of_part(self, part_id: UUID, after: int = 0, limit: int | None = None) -> tuple[Transition, ...]:
        return Cases(self.transaction).entries_of_part(self.case_id, part_id, after, limit)

    def find_entry(self, part_id: UUID, part_sequence: int) -> Transition | None:
        return Cases(self.transaction).entry_of_part(self.case_id, part_id, part_sequence)

    def require_whole_case(self) -> VisiblePart:
        if self.sight is None or not self.sight.may_read_case:
            raise NotFound
        return self.sight

    def require_part(self, part_id: UUID) -> VisiblePart:
        sight = Cases(self.transaction).find_part(self.case_id, part_id, seen_by=self.entitled_actor)
        if sight is None:
            raise NotFound
        return sight

    def settings(self, rules: Rulebook) -> RegionSettings:
        return settings_in_force(self.transaction, rules, self.require_whole_case().case.region)


def require_addressed(sight: VisiblePart, address: PartAddress) -> VisiblePart:
    """Returns the part if it is of the kind that its address names. Raises NotFound."""
    if sight.part.kind != address.kind:
        raise NotFound
    return sight


def read_case(transaction: Transaction, actor: Actor, case_id: UUID, when: PointInTime | None = None) -> CaseReading:
    """The case as it is now, or as it was known at `when`. Raises what `look_back` raises; nothing for the present."""
    if when is None:
        return PresentCase(transaction=transaction, entitled_actor=actor, case_id=case_id)
    return look_back(transaction, actor, case_id, when)
