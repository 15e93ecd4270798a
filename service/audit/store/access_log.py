"""The access log as written: each read of content is logged in its own transaction (I18, NEN 7513)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.exc import SQLAlchemyError

from service.audit.rules import Activity, Purpose
from service.audit.store.tables import access_log
from service.database.transaction import Transaction
from service.vocabulary.actor import Membership
from service.vocabulary.calendar import from_microseconds, to_microseconds
from service.vocabulary.refusals import Unavailable


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentRead:
    """One read of content. `detail` names the forms or advice, never their content."""

    person_id: UUID
    membership: Membership
    activity: Activity
    purpose: Purpose
    case_id: UUID | None
    detail: str
    trace_id: str
    action: str = "R"
    emergency: bool = False


class AccessLog:
    """The access log, append-only. A read that cannot be logged fails with its transaction and is not served."""

    def __init__(self, transaction: Transaction) -> None:
        self._connection = transaction.connection
        self._now = transaction.now
        self._transaction = transaction

    def last_read_at(self) -> datetime | None:
        """Returns the moment of the newest line."""
        newest = select(access_log.c.event_at).order_by(access_log.c.id.desc()).limit(1)
        moment = self._connection.execute(newest).scalar()
        return None if moment is None else from_microseconds(moment)

    def record(self, reading: ContentRead) -> None:
        """Log a read. Raises Unavailable when the row cannot be written, whatever the cause."""
        row = {
            "event_at": to_microseconds(self._now),
            "action": reading.action,
            "processing_activity": reading.activity,
            "user_id": str(reading.person_id),
            "role": str(reading.membership.role),
            "organisation_id": str(reading.membership.organisation_id),
            "purpose": reading.purpose,
            "case_id": reading.case_id and str(reading.case_id),
            "object_detail": reading.detail[:300],
            "emergency": reading.emergency,
            "trace_id": reading.trace_id,
        }
        try:
            self._connection.execute(insert(access_log), row)
        except SQLAlchemyError as error:
            raise Unavailable from error
        self._transaction.emergency_readings += reading.emergency
