"""Legal holds of cases and their liftings. Both tables are append-only."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, select

from service.cases.store.rows import optional_text
from service.database.transaction import Transaction
from service.retention.rules.destruction import CodedReason, Hold, RecordStamp
from service.retention.store.tables import legal_hold_endings, legal_holds
from service.vocabulary.calendar import from_microseconds, to_microseconds

_hold, _lifting = legal_holds.c, legal_hold_endings.c
_HOLDS = (
    select(legal_holds, _lifting.hold_id, _lifting.recorded_at.label("lifted_at"))
    .add_columns(_lifting.actor_id.label("lifted_by"), _lifting.organisation_id.label("lifted_for"))
    .outerjoin(legal_hold_endings, _lifting.hold_id == _hold.id)
    .order_by(_hold.recorded_at, _hold.id)
)


class LegalHolds:
    """Legal holds. No sight is checked here: the use case has checked it."""

    def __init__(self, transaction: Transaction) -> None:
        self._connection = transaction.connection

    def of_case(self, case_id: UUID) -> tuple[Hold, ...]:
        """Every hold of the case, lifted ones included, oldest first."""
        return tuple(map(_to_hold, self._connection.execute(_HOLDS.where(_hold.case_id == str(case_id)))))

    def find(self, hold_id: UUID) -> Hold | None:
        row = self._connection.execute(_HOLDS.where(_hold.id == str(hold_id))).first()
        return None if row is None else _to_hold(row)

    def add(self, hold: Hold) -> None:
        row = {
            "id": str(hold.id),
            "case_id": str(hold.case_id),
            "reason": hold.reason.code,
            "reason_text": hold.reason.text,
            "until": hold.until and hold.until.isoformat(),
        }
        self._connection.execute(insert(legal_holds), row | stamp_to_row(hold.recorded))

    def lift(self, hold_id: UUID, recorded: RecordStamp) -> None:
        self._connection.execute(insert(legal_hold_endings), {"hold_id": str(hold_id)} | stamp_to_row(recorded))


def stamp_to_row(recorded: RecordStamp) -> dict[str, Any]:
    """Returns the values of the columns recorded_at (UTC microseconds), actor_id and organisation_id."""
    return {
        "recorded_at": to_microseconds(recorded.at),
        "actor_id": optional_text(recorded.person_id),
        "organisation_id": optional_text(recorded.organisation_id),
    }


def stamp_from_columns(at: int, person: str | None, organisation: str | None) -> RecordStamp:
    """The record stamp of these columns. `at` is in UTC microseconds."""
    return RecordStamp(
        at=from_microseconds(at),
        person_id=UUID(person) if person else None,
        organisation_id=UUID(organisation) if organisation else None,
    )


def _to_hold(row: Row[Any]) -> Hold:
    return Hold(
        id=UUID(row.id),
        case_id=UUID(row.case_id),
        reason=CodedReason(code=row.reason, text=row.reason_text),
        until=row.until and date.fromisoformat(row.until),
        recorded=stamp_from_columns(row.recorded_at, row.actor_id, row.organisation_id),
        lifted=stamp_from_columns(row.lifted_at, row.lifted_by, row.lifted_for) if row.hold_id else None,
    )
