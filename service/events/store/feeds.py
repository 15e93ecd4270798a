"""The feeds: what each organisation may hear of, at positions without gaps, filled from the outbox.

A feed by `id > last seen` loses rows where a transaction with a lower id commits later. So positions are given when a
row is published, by one publisher at a time.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, bindparam, exists, func, insert, select, text, update

from service.cases.store.tables import outbox, parts, transitions
from service.cases.store.visibility import main, visible
from service.database.transaction import Transaction
from service.events.rules import News
from service.events.store.deliveries import Deliveries, Place
from service.events.store.news import NEWS, to_news
from service.events.store.tables import feed
from service.kinds import KINDS
from service.vocabulary.actor import Actor
from service.vocabulary.calendar import microseconds
from service.workflows.rules.kinds import event_type

# Any number will do, as long as every process that publishes takes the same.
_ADVISORY_LOCK = 7_240_102
_WAITS = select(exists().where(outbox.c.published_at.is_(None)))
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
_LAST = select(func.max(feed.c.position)).where(feed.c.organisation_id == bindparam("organisation_id"))
_ADD = insert(feed)
_MARK = update(outbox).where(outbox.c.id == bindparam("outbox_id")).values(published_at=bindparam("at"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A piece of a feed; together the positions follow each other without a gap.

    `withheld`: not this person's, or of a case that was destroyed.
    """

    news: tuple[News, ...]
    withheld: tuple[int, ...]


class Feeds:
    """Filled in order of the outbox, which is the order of each case: a case is locked while it is written to."""

    def __init__(self, transaction: Transaction) -> None:
        self._connection = transaction.connection
        self._deliveries = Deliveries(transaction)
        self._now = transaction.now

    def waits(self) -> bool:
        """Whether something was recorded that no feed has yet."""
        return bool(self._connection.execute(_WAITS).scalar())

    def publish(self, most: int) -> int:
        """Give the oldest of what waits its positions, and every webhook its delivery; how much that was.

        Nothing when another process is at it.
        """
        if not self._alone():
            return 0
        rows = self._connection.execute(_UNPUBLISHED, {"most": most}).all()
        if placed := list(self._placed(rows)):
            self._connection.execute(_ADD, [place for place, _ in placed])
            self._deliveries.expect(placed)
        self._mark(rows)
        return len(rows)

    def after(self, organisation_id: UUID, position: int, *, limit: int, seen_by: Actor) -> Page:
        """What this organisation heard after a position, in order, as far as this person may see it."""
        rows = self._connection.execute(
            NEWS.add_columns(and_(visible(seen_by), transitions.c.facts_salt.is_not(None)).label("seen"))
            .join(parts, parts.c.id == transitions.c.part_id)
            .join(main, main.c.id == transitions.c.case_id)
            .where(feed.c.organisation_id == str(organisation_id), feed.c.position > position)
            .order_by(feed.c.position)
            .limit(limit)
        ).all()
        return Page(
            news=tuple(to_news(row) for row in rows if row.seen),
            withheld=tuple(row.position for row in rows if not row.seen),
        )

    def _alone(self) -> bool:
        """On SQLite whoever writes is alone anyway."""
        if self._connection.dialect.name == "sqlite":
            return True
        held = self._connection.execute(text("SELECT pg_try_advisory_xact_lock(:n)"), {"n": _ADVISORY_LOCK})
        return bool(held.scalar())

    def _placed(self, rows: Iterable[Row[Any]]) -> Iterator[tuple[Place, str]]:
        """Each row of the feeds to come, with the type of its event."""
        last: dict[str, int] = {}
        for row in rows:
            for organisation_id in sorted(_concerned(row)):
                if organisation_id not in last:
                    last[organisation_id] = self._last(organisation_id)
                last[organisation_id] += 1
                place = {
                    "organisation_id": organisation_id,
                    "position": last[organisation_id],
                    "prev_position": last[organisation_id] - 1 or None,
                    "case_id": row.case_id,
                    "sequence": row.sequence,
                }
                yield place, event_type(row.kind, row.trigger_name)

    def _last(self, organisation_id: str) -> int:
        return self._connection.execute(_LAST, {"organisation_id": organisation_id}).scalar() or 0

    def _mark(self, rows: Sequence[Row[Any]]) -> None:
        if rows:
            at = microseconds(self._now)
            self._connection.execute(_MARK, [{"outbox_id": row.id, "at": at} for row in rows])


def _concerned(row: Row[Any]) -> Collection[str]:
    """The case's team and whoever submitted it; and the one that the part is put to, who hears of that part alone."""
    addressed = {row.addressee_id} if row.addressee_id and KINDS[row.kind].seen_by else set()
    return {row.team_id, row.submitter_id} | addressed
