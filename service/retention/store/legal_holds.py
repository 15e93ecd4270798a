"""Legal holds of cases and their liftings. Both tables are append-only."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, select

from service.cases.store.rows import text_of
from service.database.transaction import Transaction
from service.retention.rules.destruction import CodedReason, Hold, Recorded
from service.retention.store.tables import legal_hold_endings, legal_holds
from service.vocabulary.calendar import microseconds, moment

_hold, _lifting = legal_holds.c, legal_hold_endings.c
_HOLDS = (
    select(legal_holds, _lifting.hold_id, _lifting.recorded_at.label("lifted_at"))
    .add_columns(_lifting.actor_id.label("lifted_by"), _lifting.organisation_id.label("lifted_for"))
    .outerjoin(legal_hold_endings, _lifting.hold_id == _hold.id)
    .order_by(_hold.recorded_at, _hold.id)
)


class Holds:
    """Legal holds. No sight is checked here: the use case has checked it."""

    def __init__(self, transaction: Transaction) -> None:
        self._connection = transaction.connection

    def of(self, case_id: UUID) -> tuple[Hold, ...]:
        """Every hold of the case, lifted ones included, oldest first."""
        return tuple(map(_to_hold, self._connection.execute(_HOLDS.where(_hold.case_id == str(case_id)))))

    def find(self, hold_id: UUID) -> Hold | None:
        row = self._connection.execute(_HOLDS.where(_hold.id == str(hold_id))).first()
        return None if row is None else _to_hold(row)

    def begin(self, hold: Hold) -> None:
        row = {
            "id": str(hold.id),
            "case_id": str(hold.case_id),
            "reason": hold.reason.code,
            "reason_text": hold.reason.text,
            "until": hold.until and hold.until.isoformat(),
        }
        self._connection.execute(insert(legal_holds), row | recorded_row(hold.recorded))

    def lift(self, hold_id: UUID, recorded: Recorded) -> None:
        self._connection.execute(insert(legal_hold_endings), {"hold_id": str(hold_id)} | recorded_row(recorded))


def recorded_row(recorded: Recorded) -> dict[str, Any]:
    """Returns the values of the columns recorded_at (UTC microseconds), actor_id and organisation_id."""
    return {
        "recorded_at": microseconds(recorded.at),
        "actor_id": text_of(recorded.person_id),
        "organisation_id": text_of(recorded.organisation_id),
    }


def to_recorded(at: int, person: str | None, organisation: str | None) -> Recorded:
    """The record stamp of these columns. `at` is in UTC microseconds."""
    return Recorded(
        at=moment(at),
        person_id=UUID(person) if person else None,
        organisation_id=UUID(organisation) if organisation else None,
    )


def _to_hold(row: Row[Any]) -> Hold:
    return Hold(
        id=UUID(row.id),
        case_id=UUID(row.case_id),
        reason=CodedReason(code=row.reason, text=row.reason_text),
        until=row.until and date.fromisoformat(row.until),
        recorded=to_recorded(row.recorded_at, row.actor_id, row.organisation_id),
        lifted=to_recorded(row.lifted_at, row.lifted_by, row.lifted_for) if row.hold_id else None,
    )
