"""What a stored form says, answer by answer, in words that people read and with what each answer tells about whom."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, get_args
from uuid import UUID

from pydantic import BaseModel
from pydantic.alias_generators import to_camel

from service.file_rights.rules.personal_data import Tells, field_of
from service.vocabulary.code_lists import Coded
from service.vocabulary.field_labels import label_of
from service.vocabulary.language import Words
from service.vocabulary.sentences import day_in_words, month_in_words

_YES, _NO, _TAKEN_AWAY = Words("ja", "yes"), Words("nee", "no"), Words("(weggehaald)", "(taken away)")
_NOTHING = Words("", "")
_MONTH = re.compile(r"(19|20)[0-9]{2}-(0[1-9]|1[0-2])", re.ASCII)


@dataclass(frozen=True, slots=True)
class Told:
    """One answer of a form: its place (JSON Pointer), what it is called, what it says, about whom."""

    place: str
    label: Words
    words: Words
    tells: Tells


def form_part_in(annotation: Any) -> type[BaseModel] | None:
    """The piece of a form that a field of this type holds, or several of."""
    found = next((it for it in _types_in(annotation) if isinstance(it, type) and issubclass(it, BaseModel)), None)
    return None if found is None or issubclass(found, Coded) else found


def told_by(model: type[BaseModel], body: Mapping[str, Any], names: Mapping[str, str]) -> Iterator[Told]:
    """Every answer in a stored form, or in a change of one, in the order of the form. `names`: of ids."""
    return _told(model, body, names, Told("", _NOTHING, _NOTHING, Tells("", "")))


def _told(model: type[BaseModel], body: Mapping[str, Any], names: Mapping[str, str], above: Told) -> Iterator[Told]:
    for name, info in model.model_fields.items():
        if to_camel(name) in body:
            here = _below(above, to_camel(name), label_of(model, name), field_of(model, name))
            yield from _answers(info.annotation, body[to_camel(name)], names, here)


def _answers(annotation: Any, value: Any, names: Mapping[str, str], here: Told) -> Iterator[Told]:
    inner = form_part_in(annotation)
    if isinstance(value, list) and inner:
        for number, one in enumerate(value):
            label = Words(f"{here.label.nl} {number + 1}", f"{here.label.en} {number + 1}")
            yield from _answers(annotation, one, names, replace(here, place=f"{here.place}/{number}", label=label))
    elif isinstance(value, dict) and inner:
        yield from _told(inner, value, names, here)
    else:
        said = [_in_words(annotation, it, names) for it in (value if isinstance(value, list) else [value])]
        yield replace(here, words=Words("; ".join(it.nl for it in said), "; ".join(it.en for it in said)))


def _below(above: Told, step: str, label: Words, tells: Tells) -> Told:
    """What a field is called and tells below another: whose voice it is, is said by the one above."""
    if tells.about == "family" and above.tells.about:
        tells = replace(tells, about=above.tells.about)
    if above.label.nl:
        label = Words(f"{above.label.nl}: {label.nl}", f"{above.label.en}: {label.en}")
    return Told(f"{above.place}/{step}", label, above.words, tells)


def _in_words(annotation: Any, value: Any, names: Mapping[str, str]) -> Words:
    if value is None:
        return _TAKEN_AWAY
    if isinstance(value, bool):
        return _YES if value else _NO
    types = tuple(_types_in(annotation))
    if isinstance(value, dict):
        return _coded(types, value)
    if UUID in types:
        return Words.same(names.get(value, value))
    if date in types:
        return day_in_words(date.fromisoformat(value))
    return month_in_words(value) if _MONTH.fullmatch(str(value)) else Words.same(str(value))


def _coded(types: tuple[Any, ...], value: Mapping[str, Any]) -> Words:
    coded = next((it for it in types if isinstance(it, type) and issubclass(it, Coded)), None)
    words = coded.code_list.codes.get(value.get("code", "")) if coded else None
    if words is None:
        return Words.same(str(dict(value)))
    text = value.get("text")
    return Words(f"{words.nl}: {text}", f"{words.en}: {text}") if text else words


def _types_in(annotation: Any) -> Iterator[Any]:
    yield annotation
    for inner in get_args(annotation):
        yield from _types_in(inner)
