"""Offers of providers with their statements: functions and expertise instead of beds (R8, R130), no price (R70).

A provider's statement on its own offer is no personal data and is stored unencrypted. It may not describe a child.
"""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class CodedChoice:
    """A code of a list with the free text of its author. `text`: None without one."""

    code: str
    text: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferStatement:
    """Free places and waiting time in days on the day `stated_on`. None: not known."""

    stated_on: date
    places_free: int | None
    waiting_days: int | None
    note: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedStatement(OfferStatement):
    """The free places and waiting time that a provider stated, as recorded.

    `number` counts from 1 per offer. `organisation_id`: the organisation that stated it.
    """

    number: int
    recorded_at: datetime
    organisation_id: UUID

    def is_stale(self, today: date, *, after_days: int) -> bool:
        """True when older than `after_days`. A stale statement stays visible with its day."""
        return (today - self.stated_on).days > after_days


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One function of one provider. `region`: None for every region. `last_day`: None until the offer is ended."""

    id: UUID
    provider_id: UUID
    domain: CodedChoice
    function: CodedChoice
    expertise: str
    region: str | None
    valid_from: date
    last_day: date | None = None
    statements: tuple[RecordedStatement, ...] = ()

    @property
    def newest_statement(self) -> RecordedStatement | None:
        """The statement about the latest day. A statement about an earlier day that is recorded later is not newer."""
        return max(self.statements, key=lambda statement: (statement.stated_on, statement.number), default=None)
