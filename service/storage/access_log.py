"""Who read what of whom, and why: written in the transaction of the reading itself (I18, NEN 7513)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, insert
from sqlalchemy.exc import SQLAlchemyError

from service.domain.actor import Membership
from service.domain.chain import microseconds
from service.domain.refusals import Unavailable
from service.storage.tables import access_log


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One look at content. `detail` names forms or advice, never what they say."""

    person_id: UUID
    acting: Membership
    activity: str
    purpose: str
    case_id: UUID | None
    detail: str
    trace_id: str
    action: str = "R"
    emergency: bool = False


class AccessLog:
    """Append-only. A read that cannot be written here fails with its transaction and is not served."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    def record(self, reading: Reading) -> None:
        """Raises Unavailable when the line cannot be written, whatever the cause: then nothing is read either."""
        line = {
            "event_at": microseconds(self._now),
            "action": reading.action,
            "processing_activity": reading.activity,
            "user_id": str(reading.person_id),
            "role": str(reading.acting.role),
            "organisation_id": str(reading.acting.organisation_id),
            "purpose": reading.purpose,
            "case_id": reading.case_id and str(reading.case_id),
            "object_detail": reading.detail[:300],
            "emergency": reading.emergency,
            "trace_id": reading.trace_id,
        }
        try:
            self._connection.execute(insert(access_log), line)
        except SQLAlchemyError as error:
            raise Unavailable from error
