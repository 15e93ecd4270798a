"""References to steps in sentences: {step:trigger}, or {step:kind.trigger} where the label differs by kind of part.

Sentences keep the reference until they leave the domain: a page can draw a button there, JSON gets label and code.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from service.vocabulary.language import Language, Words

# Finds the label of the step that a reference names; None where no workflow in force has that step.
StepLabels = Callable[[str], Words | None]
_REFERENCE = re.compile(r"\{step:([a-z0-9_.]+)\}")


def references(text: str) -> tuple[str, ...]:
    """Returns the references of a text, in order."""
    return tuple(_REFERENCE.findall(text))


def with_steps(words: Words, label_of: StepLabels) -> Words:
    """Returns the sentence with label and code in place of each reference: "Analyse vastleggen", record_analysis."""
    return Words(_resolve(words.nl, "nl", label_of), _resolve(words.en, "en", label_of))


def with_steps_in(value: Any, language: Language, label_of: StepLabels) -> Any:
    """Returns the JSON value with label and code in place of each reference.

    A member named nl or en gets its own language, all other text gets `language`.
    """
    if isinstance(value, str):
        return _resolve(value, language, label_of)
    if isinstance(value, Mapping):
        languages: dict[object, Language] = {"nl": "nl", "en": "en"}
        return {name: with_steps_in(member, languages.get(name, language), label_of) for name, member in value.items()}
    return [with_steps_in(item, language, label_of) for item in value] if isinstance(value, list | tuple) else value


def _resolve(text: str, language: Language, label_of: StepLabels) -> str:
    def label_and_code(match: re.Match[str]) -> str:
        label, code = label_of(match[1]), match[1].rpartition(".")[2]
        return f'"{label.in_(language)}", {code}' if label else code

    return _REFERENCE.sub(label_and_code, text)
