"""The log: one JSON object per line, timestamps in UTC, declared events with declared fields, no text from users."""

import json
import logging
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog

# The fields that each event may have. No field holds text from outside, except the trace id, whose form is checked. A
# field that is not declared here is not written.
LOG_EVENTS: Mapping[str, frozenset[str]] = {
    "request": frozenset({"method", "route", "status", "ms", "trace_id", "request_id"}),
    "unexpected": frozenset({"error", "place", "trace_id"}),
    # Somebody named a case by a number that leads to no case for them.
    "case_number_missed": frozenset({"trace_id"}),
    "relay": frozenset({"error"}),
    "issuer_keys": frozenset({"issuer", "error", "keys"}),
    "standby": frozenset({"state"}),
    # Of a restored database. The id of the case leads to its certificate of destruction.
    "destroyed_again": frozenset({"case"}),
    "content_destroyed_again": frozenset({"case"}),
    "lived_on_after_destruction": frozenset({"case"}),
}
_ALWAYS = frozenset({"event", "level", "timestamp"})
_LONGEST = 200


class _LoggerNameFormatter(logging.Formatter):
    """Formats the name of a library and the level, not its message or trace: these could hold text from a user."""

    def format(self, record: logging.LogRecord) -> str:
        return json.dumps({"event": "library", "logger": record.name, "level": record.levelname.lower()})


def keep_declared_fields(_logger: object, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Returns the event with its declared fields only, each with a short plain value."""
    if event["event"] not in LOG_EVENTS:
        event = {**event, "event": "undeclared"}
    fields = LOG_EVENTS.get(event["event"], frozenset()) | _ALWAYS
    return {name: _plain(value) for name, value in event.items() if name in fields}


def _plain(value: object) -> object:
    """Returns numbers unchanged, texts cut to 200 characters, and of any other value only the name of its type."""
    if isinstance(value, str):
        return value[:_LONGEST]
    return value if value is None or isinstance(value, bool | int | float) else type(value).__qualname__


def configure_logging(level: str) -> None:
    """Set up logging for the process. A library is logged from WARNING up, by its name only."""
    libraries = logging.StreamHandler()
    libraries.setFormatter(_LoggerNameFormatter())
    logging.basicConfig(level=logging.WARNING, handlers=[libraries])
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            keep_declared_fields,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        cache_logger_on_first_use=True,
    )
