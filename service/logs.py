"""The log: one JSON object a line, UTC, typed events with named fields; nothing that a person typed."""

import logging

import structlog


def configure(level: str) -> None:
    """Set up logging for the process. Other libraries' lines come through from WARNING on, by name and message."""
    logging.basicConfig(level=logging.WARNING, format='{"logger":"%(name)s","level":"%(levelname)s"}')
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        cache_logger_on_first_use=True,
    )
