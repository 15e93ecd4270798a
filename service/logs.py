"""The log: one JSON object a line, UTC, typed events with named fields; nothing that a person typed."""

import json
import logging
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog

# Everything that is ever logged: the name of an event and the fields it may have. What stands here holds nothing that
# came from outside, but the trace, which was checked. A field that does not stand here is not written.
EVENTS: Mapping[str, frozenset[str]] = {
    "request": frozenset({"method", "route", "status", "ms", "trace_id", "request_id"}),
    "unexpected": frozenset({"error", "place", "trace_id"}),
    "relay": frozenset({"error"}),
    "issuer_keys": frozenset({"issuer", "error", "keys"}),
    # Of a restored database: by its id alone can somebody find the certificate.
    "destroyed_again": frozenset({"case"}),
    "lived_on_after_destruction": frozenset({"case"}),
}
_ALWAYS = frozenset({"event", "level", "timestamp"})
_LONGEST = 200


class _NameAlone(logging.Formatter):
    """That a library said something, and how bad it is. Its words and its traces could hold what somebody typed."""

    def format(self, record: logging.LogRecord) -> str:
        return json.dumps({"event": "library", "logger": record.name, "level": record.levelname.lower()})


def declared(_logger: object, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The event with the fields it was declared with, and with plain short values in them."""
    if event["event"] not in EVENTS:
        event = {**event, "event": "undeclared"}
    fields = EVENTS.get(event["event"], frozenset()) | _ALWAYS
    return {name: _plain(value) for name, value in event.items() if name in fields}


def _plain(value: object) -> object:
    """Numbers and short texts as they are; of anything else only what kind of thing it is."""
    if isinstance(value, str):
        return value[:_LONGEST]
    return value if value is None or isinstance(value, bool | int | float) else type(value).__qualname__


def configure(level: str) -> None:
    """Set up logging for the process. Other libraries' lines come through from WARNING on, by name alone."""
    libraries = logging.StreamHandler()
    libraries.setFormatter(_NameAlone())
    logging.basicConfig(level=logging.WARNING, handlers=[libraries])
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            declared,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        cache_logger_on_first_use=True,
    )
