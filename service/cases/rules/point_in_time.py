"""A case as it was known before: what its history tells up to an entry, and nothing that came after (design 2)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from service.cases.rules.model import Case, Part, Transition
from service.vocabulary.refusals import NotFound


@dataclass(frozen=True, slots=True)
class When:
    """The moment that somebody asks for, in one of two ways: right after an entry, or as it was known at a time."""

    sequence: int | None = None
    known_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What was known at a moment: every entry up to there, at least one. Ages, terms and lateness are told for `at`."""

    history: tuple[Transition, ...]
    at: datetime

    @property
    def last(self) -> Transition:
        return self.history[-1]

    def case(self, now: Case, digest: str) -> Case:
        """The head of the case. Its number, its team and who submitted it are the same for ever."""
        last = self.last
        return replace(now, region=last.region, sequence=last.sequence, digest=digest, recorded_at=last.recorded_at)

    def parts(self, plans: Mapping[str, str]) -> dict[UUID, Part]:
        """The head of the case's main part and of each other that had begun. `plans`: to which workflow each leads."""
        return {part_id: _head(entry, plans) for part_id, entry in {it.part_id: it for it in self.history}.items()}


def as_known(history: Sequence[Transition], when: When) -> Past:
    """What was known of a case then. Raises NotFound before its beginning and beyond its last entry."""
    if when.known_at is not None:
        known = tuple(it for it in history if it.recorded_at <= when.known_at)
    else:
        known = tuple(it for it in history if it.sequence <= (when.sequence or 0))
    if not known or known[-1].sequence < (when.sequence or 0):
        raise NotFound
    return Past(history=known, at=when.known_at or known[-1].recorded_at)


def _head(entry: Transition, plans: Mapping[str, str]) -> Part:
    """A part as this entry, its last, left it. What was moved along a plan runs on the workflow that this leads to."""
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
