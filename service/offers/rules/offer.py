"""What a provider can do, as it stated it: functions and expertise rather than beds (R8, R130), without price (R70).

What a provider says of its own offer is no personal data and is kept in clear; nothing here may tell of a child.
"""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A code of a list, with the words of who chose it."""

    code: str
    text: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What holds on a day for places and waiting; None is "not known"."""

    stated_on: date
    places_free: int | None
    waiting_days: int | None
    note: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement(Said):
    """What was said, as it was recorded. `number` counts from 1 in the offer; `organisation_id` is who said it."""

    number: int
    recorded_at: datetime
    organisation_id: UUID

    def is_stale(self, today: date, *, after_days: int) -> bool:
        """Too long ago to rely on. It stays visible with its day: an old answer says more than none."""
        return (today - self.stated_on).days > after_days


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One function of one provider, for a region or (None) for all. `last_day`: None until it is ended."""

    id: UUID
    provider_id: UUID
    domain: Chosen
    function: Chosen
    expertise: str
    region: str | None
    valid_from: date
    last_day: date | None = None
    statements: tuple[Statement, ...] = ()

    @property
    def newest(self) -> Statement | None:
        """The statement about the latest day: what was written down late does not push out what was said since."""
        return max(self.statements, key=lambda it: (it.stated_on, it.number), default=None)
