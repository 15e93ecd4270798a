"""References to steps in sentences: {step:trigger}, or {step:kind.trigger} where the label differs by kind of part.

Sentences keep the reference until they leave the domain: a page can draw a button there, JSON gets label and code.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from service.vocabulary.language import BilingualText, Language

# Finds the label of the step that a reference names; None where no workflow in force has that step.
StepLabelLookup = Callable[[str], BilingualText | None]
_REFERENCE = re.compile(r"\{step:([a-z0-9_.]+)\}")


def step_references(text: str) -> tuple[str, ...]:
    """Returns the references of a text, in order."""
    return tuple(_REFERENCE.findall(text))


def insert_step_labels(words: BilingualText, label_of: StepLabelLookup) -> BilingualText:
    """Returns the sentence with label and code in place of each reference: "Analyse vastleggen", record_analysis."""
    return BilingualText(_resolve(words.nl, "nl", label_of), _resolve(words.en, "en", label_of))


def insert_step_labels_in_json(value: Any, language: Language, label_of: StepLabelLookup) -> Any:
    """Returns the JSON value with label and code in place of each reference.

    A member named nl or en gets its own language, all other text gets `language`.
    """
    if isinstance(value, str):
        return _resolve(value, language, label_of)
    if isinstance(value, Mapping):
        languages: dict[object, Language] = {"nl": "nl", "en": "en"}
        return {
            name: insert_step_labels_in_json(member, languages.get(name, language), label_of)
            for name, member in value.items()
        }
    return (
        [insert_step_labels_in_json(item, language, label_of) for item in value]
        if isinstance(value, list | tuple)
        else value
    )


def _resolve(text: str, language: Language, label_of: StepLabelLookup) -> str:
    def label_and_code(match: re.Match[str]) -> str:
        label, code = label_of(match[1]), match[1].rpartition(".")[2]
        return f'"{label.in_(language)}", {code}' if label else code

    return _REFERENCE.sub(label_and_code, text)
