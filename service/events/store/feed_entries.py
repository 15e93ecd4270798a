"""The query of feed entries: rows of a feed with facts of their transitions. No column describes a child."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, select

from service.cases.store.tables import transitions
from service.events.rules import FeedEntry
from service.events.store.tables import feed
from service.vocabulary.calendar import from_microseconds

_transition = transitions.c
_FACTS = (
    _transition.case_id,
    _transition.part_id,
    _transition.part_kind,
    _transition.part_sequence,
    _transition.trigger_name,
    _transition.target,
    _transition.phase,
    _transition.occurred_at,
    _transition.recorded_at,
)
FEED_ENTRIES = select(feed.c.position, *_FACTS).select_from(
    feed.join(transitions, and_(_transition.case_id == feed.c.case_id, _transition.sequence == feed.c.sequence))
)


def to_feed_entry(row: Row[Any]) -> FeedEntry:
    return FeedEntry(
        position=row.position,
        case_id=UUID(row.case_id),
        part_id=UUID(row.part_id),
        part_kind=row.part_kind,
        part_sequence=row.part_sequence,
        trigger=row.trigger_name,
        state=row.target,
        phase=row.phase,
        occurred_at=from_microseconds(row.occurred_at),
        recorded_at=from_microseconds(row.recorded_at),
    )
