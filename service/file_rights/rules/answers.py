"""Answers of a stored form in plain words, each with its category of personal data."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, get_args
from uuid import UUID

from pydantic import BaseModel
from pydantic.alias_generators import to_camel

from service.file_rights.rules.personal_data import DataCategory, category_of_field
from service.vocabulary.code_lists import CodedValue
from service.vocabulary.field_labels import label_of
from service.vocabulary.language import BilingualText
from service.vocabulary.sentences import day_in_words, month_in_words

_YES, _NO, _REMOVED = (
    BilingualText("ja", "yes"),
    BilingualText("nee", "no"),
    BilingualText("(weggehaald)", "(taken away)"),
)
_EMPTY = BilingualText("", "")
_MONTH = re.compile(r"(19|20)[0-9]{2}-(0[1-9]|1[0-2])", re.ASCII)


@dataclass(frozen=True, slots=True)
class FormAnswer:
    """One answer of a form: its place (JSON Pointer), the label of its field, its text, and its category of data."""

    place: str
    label: BilingualText
    words: BilingualText
    category: DataCategory


def form_part_of(annotation: Any) -> type[BaseModel] | None:
    """The model of the form part in a field of this type, also within a list. Returns None for a coded answer."""
    types = (type_ for type_ in _types_in(annotation) if isinstance(type_, type))
    model = next((type_ for type_ in types if issubclass(type_, BaseModel)), None)
    return None if model is None or issubclass(model, CodedValue) else model


def answers_of_form(model: type[BaseModel], body: Mapping[str, Any], names: Mapping[str, str]) -> Iterator[FormAnswer]:
    """Every answer in a stored form, or in an amendment of one, in field order. `names` is the name per id."""
    return _answers_of_part(model, body, names, FormAnswer("", _EMPTY, _EMPTY, DataCategory("", "")))


def _answers_of_part(
    model: type[BaseModel], body: Mapping[str, Any], names: Mapping[str, str], parent: FormAnswer
) -> Iterator[FormAnswer]:
    for name, info in model.model_fields.items():
        if to_camel(name) in body:
            answer = _child(parent, to_camel(name), label_of(model, name), category_of_field(model, name))
            yield from _answers_of_field(info.annotation, body[to_camel(name)], names, answer)


def _answers_of_field(
    annotation: Any, value: Any, names: Mapping[str, str], answer: FormAnswer
) -> Iterator[FormAnswer]:
    part = form_part_of(annotation)
    if isinstance(value, list) and part:
        for number, item in enumerate(value):
            label = BilingualText(f"{answer.label.nl} {number + 1}", f"{answer.label.en} {number + 1}")
            numbered = replace(answer, place=f"{answer.place}/{number}", label=label)
            yield from _answers_of_field(annotation, item, names, numbered)
    elif isinstance(value, dict) and part:
        yield from _answers_of_part(part, value, names, answer)
    else:
        texts = [_in_words(annotation, item, names) for item in (value if isinstance(value, list) else [value])]
        yield replace(
            answer, words=BilingualText("; ".join(text.nl for text in texts), "; ".join(text.en for text in texts))
        )


def _child(parent: FormAnswer, name: str, label: BilingualText, category: DataCategory) -> FormAnswer:
    """The answer of a field within a form part. A field about the family takes the person of its form part."""
    if category.about == "family" and parent.category.about:
        category = replace(category, about=parent.category.about)
    if parent.label.nl:
        label = BilingualText(f"{parent.label.nl}: {label.nl}", f"{parent.label.en}: {label.en}")
    return FormAnswer(f"{parent.place}/{name}", label, parent.words, category)


def _in_words(annotation: Any, value: Any, names: Mapping[str, str]) -> BilingualText:
    if value is None:
        return _REMOVED
    if isinstance(value, bool):
        return _YES if value else _NO
    types = tuple(_types_in(annotation))
    if isinstance(value, dict):
        return _coded(types, value)
    if UUID in types:
        return BilingualText.untranslated(names.get(value, value))
    if date in types:
        return day_in_words(date.fromisoformat(value))
    return month_in_words(value) if _MONTH.fullmatch(str(value)) else BilingualText.untranslated(str(value))


def _coded(types: tuple[Any, ...], value: Mapping[str, Any]) -> BilingualText:
    coded = next((type_ for type_ in types if isinstance(type_, type) and issubclass(type_, CodedValue)), None)
    words = coded.code_list.codes.get(value.get("code", "")) if coded else None
    if words is None:
        return BilingualText.untranslated(str(dict(value)))
    text = value.get("text")
    return BilingualText(f"{words.nl}: {text}", f"{words.en}: {text}") if text else words


def _types_in(annotation: Any) -> Iterator[Any]:
    yield annotation
    for inner in get_args(annotation):
        yield from _types_in(inner)
