"""References to steps in sentences: {step:trigger}, or {step:kind.trigger} where kinds call it differently.

The domain keeps them, so that a page can draw a button there; JSON writes them out.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from service.vocabulary.language import Language, Words

# The label of the step that a reference names; None where no workflow in force knows it.
StepLabels = Callable[[str], Words | None]
_REFERENCE = re.compile(r"\{step:([a-z0-9_.]+)\}")


def references(text: str) -> tuple[str, ...]:
    """What a text refers to, in its order."""
    return tuple(_REFERENCE.findall(text))


def with_steps(words: Words, label_of: StepLabels) -> Words:
    """The sentence with every step by label and code: "Analyse vastleggen", record_analysis."""
    return Words(_written(words.nl, "nl", label_of), _written(words.en, "en", label_of))


def with_steps_in(told: Any, language: Language, label_of: StepLabels) -> Any:
    """The same for JSON: a member nl or en in that language, every other text in `language`."""
    if isinstance(told, str):
        return _written(told, language, label_of)
    if isinstance(told, Mapping):
        languages: dict[object, Language] = {"nl": "nl", "en": "en"}
        return {name: with_steps_in(it, languages.get(name, language), label_of) for name, it in told.items()}
    return [with_steps_in(it, language, label_of) for it in told] if isinstance(told, list | tuple) else told


def _written(text: str, language: Language, label_of: StepLabels) -> str:
    def named(match: re.Match[str]) -> str:
        label, code = label_of(match[1]), match[1].rpartition(".")[2]
        return f'"{label.in_(language)}", {code}' if label else code

    return _REFERENCE.sub(named, text)
