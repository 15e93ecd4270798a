"""A guard: a named condition on a trigger. cases/rules/guards.py has the facts that guards are evaluated on."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from service.vocabulary.language import BilingualText
from service.vocabulary.messages import MESSAGES


@dataclass(frozen=True, slots=True)
class Guard:
    """A named condition with the sentence that says what is missing.

    `holds` is a pure function of the attempt. `awaits`: the guard holds once all parts of that kind have ended. They
    always can, so a state behind this guard is no trap. `kinds`: the kinds whose triggers may use the guard; the
    registry fills it in.
    """

    name: str
    holds: Callable[[Any], bool]
    awaits: str | None = None
    kinds: frozenset[str] = frozenset()

    @property
    def words(self) -> BilingualText:
        return MESSAGES["guards"][self.name]
