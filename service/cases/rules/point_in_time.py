"""A case at a point in time: its history up to an entry, without any later entry."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from service.cases.rules.model import Case, Part, Transition
from service.vocabulary.refusals import NotFound


@dataclass(frozen=True, slots=True)
class PointInTime:
    """A requested point in time: right after an entry, or as known at a moment. `known_at` is aware, UTC."""

    sequence: int | None = None
    known_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryUntil:
    """The history up to a point in time: at least one entry.

    Ages, terms and lateness are computed at `moment`, which is aware, UTC.
    """

    history: tuple[Transition, ...]
    moment: datetime

    @property
    def last_entry(self) -> Transition:
        return self.history[-1]

    def case_head(self, current: Case, digest: str) -> Case:
        """Returns the head of the case. Its number, team and submitter never change."""
        last = self.last_entry
        return replace(current, region=last.region, sequence=last.sequence, digest=digest, recorded_at=last.recorded_at)

    def part_heads(self, plans: Mapping[str, str]) -> dict[UUID, Part]:
        """Returns the heads of all parts that had begun, the main part included, by part id.

        `plans`: hash of a migration plan to the hash of the workflow that it leads to.
        """
        last_entries = {entry.part_id: entry for entry in self.history}
        return {part_id: _head(entry, plans) for part_id, entry in last_entries.items()}


def history_at(history: Sequence[Transition], when: PointInTime) -> HistoryUntil:
    """Returns the history of a case until a point in time.

    Raises NotFound for a point before the first entry or a sequence after the last.
    """
    if when.known_at is not None:
        known = tuple(entry for entry in history if entry.recorded_at <= when.known_at)
    else:
        known = tuple(entry for entry in history if entry.sequence <= (when.sequence or 0))
    if not known or known[-1].sequence < (when.sequence or 0):
        raise NotFound
    return HistoryUntil(history=known, moment=when.known_at or known[-1].recorded_at)


def _head(entry: Transition, plans: Mapping[str, str]) -> Part:
    """Returns the head of a part after its last entry. A migrated part runs on the workflow that the plan leads to."""
    return Part(
        id=entry.part_id,
        case_id=entry.case_id,
        kind=entry.part_kind,
        workflow=plans.get(entry.workflow, entry.workflow),
        state=entry.target,
        phase=entry.phase,
        sequence=entry.part_sequence,
        occurred_at=entry.occurred_at,
        line=entry.line,
        addressee_id=entry.addressee_id,
        party=entry.party,
        party_id=entry.party_id,
        assignee_id=entry.assignee_id,
        due_on=entry.due_on,
    )
