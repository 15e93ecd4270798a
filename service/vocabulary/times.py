"""Moments as they are stored (integer UTC microseconds since 1970) and as they are written (RFC 3339, UTC)."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def microseconds(moment: datetime) -> int:
    """Whole microseconds since 1970 in UTC: the one form of a time that every database gives back unchanged."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def moment(microseconds_since_1970: int) -> datetime:
    """The moment as an aware datetime, UTC."""
    return _EPOCH + timedelta(microseconds=microseconds_since_1970)


def in_utc_text(at: datetime) -> str:
    """A moment in UTC as RFC 3339 writes it, with Z."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
