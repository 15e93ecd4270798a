"""A guard: a named condition on a trigger. cases/rules/guards.py has the facts that guards are evaluated on."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Any

from service.vocabulary.language import BilingualText
from service.vocabulary.messages import MESSAGES


@dataclass(frozen=True, slots=True)
class Guard:
    """A named condition with the sentence that says what is missing.

    `holds` is a pure function of the attempt. `awaits`: the guard holds once all parts of that kind have ended. They
    always can, so a state behind this guard is no trap. `holds_to_open` takes the place of `holds` on a trigger that
    opens a part of the kind `opens`. `reads_whole_case`: the condition must hold for the whole case, so its refusal
    tells nothing to who sees only a part. `kinds`: the kinds whose triggers may use the guard;
    the registry fills it in.
    """

    name: str
    holds: Callable[[Any], bool]
    awaits: str | None = None
    opens: str | None = None
    holds_to_open: Callable[[Any], bool] | None = None
    reads_whole_case: bool = False
    kinds: frozenset[str] = frozenset()

    @property
    def words(self) -> BilingualText:
        return MESSAGES["guards"][self.name]

    def on_trigger(self, opens: Collection[str]) -> "Guard":
        """Returns the guard as it is evaluated on a trigger that opens parts of these kinds."""
        return replace(self, holds=self.holds_to_open) if self.holds_to_open and self.opens in opens else self
