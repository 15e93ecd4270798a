"""Reading news: a row of a feed with the bare facts of its transition. No column that says something of a child."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, select

from service.cases.store.tables import transitions
from service.events.rules import News
from service.events.store.tables import feed
from service.vocabulary.calendar import moment

_t = transitions.c
_FACTS = (
    _t.case_id, _t.part_id, _t.part_kind, _t.part_sequence, _t.trigger_name, _t.target, _t.phase, _t.occurred_at,
    _t.recorded_at,
)  # fmt: skip
NEWS = select(feed.c.position, *_FACTS).select_from(
    feed.join(transitions, and_(_t.case_id == feed.c.case_id, _t.sequence == feed.c.sequence))
)


def to_news(row: Row[Any]) -> News:
    return News(
        position=row.position,
        case_id=UUID(row.case_id),
        part_id=UUID(row.part_id),
        part_kind=row.part_kind,
        part_sequence=row.part_sequence,
        trigger=row.trigger_name,
        state=row.target,
        phase=row.phase,
        occurred_at=moment(row.occurred_at),
        recorded_at=moment(row.recorded_at),
    )
