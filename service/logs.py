"""The log: one JSON object a line, UTC, typed events with named fields; nothing that a person typed."""

import json
import logging

import structlog


class _NameAlone(logging.Formatter):
    """That a library said something, and how bad it is. Its words and its traces could hold what somebody typed."""

    def format(self, record: logging.LogRecord) -> str:
        return json.dumps({"event": "library", "logger": record.name, "level": record.levelname.lower()})


def configure(level: str) -> None:
    """Set up logging for the process. Other libraries' lines come through from WARNING on, by name alone."""
    libraries = logging.StreamHandler()
    libraries.setFormatter(_NameAlone())
    logging.basicConfig(level=logging.WARNING, handlers=[libraries])
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        cache_logger_on_first_use=True,
    )
