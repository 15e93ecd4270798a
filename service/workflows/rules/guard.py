"""A named condition on a trigger. What it looks at is decided where guards are written: see cases/rules/guards.py."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from service.vocabulary.language import Words
from service.vocabulary.messages import MESSAGES


@dataclass(frozen=True, slots=True)
class Guard:
    """A condition and the sentence that says what is missing.

    `holds` is pure; the machine hands it the attempt without looking into it. `awaits`: it holds once parts of that
    kind have ended, which nothing keeps them from: nobody gets stuck behind it. `kinds`, whose triggers may use it, is
    filled in by the registry.
    """

    name: str
    holds: Callable[[Any], bool]
    awaits: str | None = None
    kinds: frozenset[str] = frozenset()

    @property
    def words(self) -> Words:
        return MESSAGES["guards"][self.name]
