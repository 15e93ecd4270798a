"""Kinds of part: the case itself, and what lives a life of its own beside it."""

from typing import Literal

PartKind = Literal[
    "case", "placement", "commitment", "funding", "escalation", "question", "reconsideration", "follow_up",
    "file_request", "emergency_access",
]  # fmt: skip


# About the file and not of it: they begin by themselves, at any time and after the end as well, change nothing of the
# case and do not count as a change of its file.
BESIDE_THE_FILE: frozenset[PartKind] = frozenset({"file_request", "emergency_access"})


Phase = Literal["referral", "review", "binding_advice", "placement", "follow_up", "ended"]


START = "start"


def collection(kind: str) -> str:
    """A kind of part in the plural, as in paths and types."""
    return kind.replace("_", "-") + ("es" if kind.endswith("s") else "s")


def event_type(kind: str, trigger: str) -> str:
    return f"nl.jeugdcasussen.{collection(kind)}.{trigger.replace('_', '-')}.v1"
