"""The event feed of each organisation, with positions without gaps, filled from the outbox.

A feed by `id > last id` loses rows when a transaction with a lower id commits later. Therefore one publisher at a
time assigns the positions when it publishes a row.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, bindparam, exists, func, insert, select, text, update

from service.cases.store.tables import outbox, parts, transitions
from service.cases.store.visibility import main_part, may_see_part
from service.database.transaction import Transaction
from service.events.rules import FeedEntry
from service.events.store.deliveries import Deliveries, FeedRow
from service.events.store.feed_entries import FEED_ENTRIES, to_feed_entry
from service.events.store.tables import feed
from service.kinds import KINDS
from service.vocabulary.actor import Actor
from service.vocabulary.calendar import to_microseconds
from service.workflows.rules.kinds import event_type

# An arbitrary number that is the same in every process.
_ADVISORY_LOCK = 7_240_102
_HAS_UNPUBLISHED = select(exists().where(outbox.c.published_at.is_(None)))
_UNPUBLISHED = (
    select(outbox.c.id, outbox.c.case_id, outbox.c.sequence, parts.c.kind, transitions.c.trigger_name)
    .add_columns(parts.c.team_id, parts.c.submitter_id, parts.c.addressee_id)
    .select_from(
        outbox.join(
            transitions,
            (transitions.c.case_id == outbox.c.case_id) & (transitions.c.sequence == outbox.c.sequence),
        ).join(parts, parts.c.id == transitions.c.part_id)
    )
    .where(outbox.c.published_at.is_(None))
    .order_by(outbox.c.id)
    .limit(bindparam("most"))
)
_LAST_POSITION = select(func.max(feed.c.position)).where(feed.c.organisation_id == bindparam("organisation_id"))
_INSERT = insert(feed)
_MARK_PUBLISHED = update(outbox).where(outbox.c.id == bindparam("outbox_id")).values(published_at=bindparam("at"))


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedPage:
    """A page of a feed. The positions of entries and `hidden_positions` together have no gap.

    `hidden_positions`: positions of entries that this person may not see, or whose case was destroyed.
    """

    entries: tuple[FeedEntry, ...]
    hidden_positions: tuple[int, ...]


class Feeds:
    """The feeds, filled in the order of the outbox. It is the order of each case, since every write locks the case."""

    def __init__(self, transaction: Transaction) -> None:
        self._connection = transaction.connection
        self._deliveries = Deliveries(transaction)
        self._now = transaction.now

    def has_unpublished(self) -> bool:
        """True when the outbox has a row that is not published."""
        return bool(self._connection.execute(_HAS_UNPUBLISHED).scalar())

    def publish(self, most: int) -> int:
        """Publish at most `most` rows of the outbox, the oldest first, and add the deliveries of each webhook.

        Returns the number of published rows: 0 while another process publishes.
        """
        if not self._lock_publishing():
            return 0
        rows = self._connection.execute(_UNPUBLISHED, {"most": most}).all()
        if feed_rows := list(self._feed_rows(rows)):
            self._connection.execute(_INSERT, [feed_row for feed_row, _ in feed_rows])
            self._deliveries.add_for_subscribers(feed_rows)
        self._mark_published(rows)
        return len(rows)

    def read_after(self, organisation_id: UUID, position: int, *, limit: int, seen_by: Actor) -> FeedPage:
        """Returns the page of an organisation's feed after a position. Entries `seen_by` may not see are withheld."""
        rows = self._connection.execute(
            FEED_ENTRIES.add_columns(and_(may_see_part(seen_by), transitions.c.facts_salt.is_not(None)).label("seen"))
            .join(parts, parts.c.id == transitions.c.part_id)
            .join(main_part, main_part.c.id == transitions.c.case_id)
            .where(feed.c.organisation_id == str(organisation_id), feed.c.position > position)
            .order_by(feed.c.position)
            .limit(limit)
        ).all()
        return FeedPage(
            entries=tuple(to_feed_entry(row) for row in rows if row.seen),
            hidden_positions=tuple(row.position for row in rows if not row.seen),
        )

    def _lock_publishing(self) -> bool:
        """Take the lock of publishing until the transaction ends; False when another process holds it.

        SQLite has one writer at a time.
        """
        if self._connection.dialect.name == "sqlite":
            return True
        locked = self._connection.execute(text("SELECT pg_try_advisory_xact_lock(:n)"), {"n": _ADVISORY_LOCK})
        return bool(locked.scalar())

    def _feed_rows(self, rows: Iterable[Row[Any]]) -> Iterator[tuple[FeedRow, str]]:
        """Yields (feed row, event type) for each recipient of each row of the outbox."""
        positions: dict[str, int] = {}
        for row in rows:
            for organisation_id in sorted(_recipients(row)):
                if organisation_id not in positions:
                    positions[organisation_id] = self._last_position(organisation_id)
                positions[organisation_id] += 1
                feed_row = {
                    "organisation_id": organisation_id,
                    "position": positions[organisation_id],
                    "prev_position": positions[organisation_id] - 1 or None,
                    "case_id": row.case_id,
                    "sequence": row.sequence,
                }
                yield feed_row, event_type(row.kind, row.trigger_name)

    def _last_position(self, organisation_id: str) -> int:
        return self._connection.execute(_LAST_POSITION, {"organisation_id": organisation_id}).scalar() or 0

    def _mark_published(self, rows: Sequence[Row[Any]]) -> None:
        if rows:
            at = to_microseconds(self._now)
            self._connection.execute(_MARK_PUBLISHED, [{"outbox_id": row.id, "at": at} for row in rows])


def _recipients(row: Row[Any]) -> Collection[str]:
    """Returns the organisations that hear of a transition: team, submitter, and the addressee of the part.

    The addressee hears of that part only.
    """
    addressed = {row.addressee_id} if row.addressee_id and KINDS[row.kind].addressee_roles else set()
    return {row.team_id, row.submitter_id} | addressed
