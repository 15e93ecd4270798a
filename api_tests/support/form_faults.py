"""The filled examples with one change, and their faults."""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from typing import Any

from api_tests.support.forms import filled
from service.cases.rules.facts import CaseFacts
from service.cases.rules.forms.base import Form, FormContext
from service.kinds import KINDS
from service.vocabulary.code_lists import OTHER
from service.workflows.rules.region_settings import Quorum, RegionSettings

TODAY = date(2026, 3, 14)
LINES = frozenset("ABC")
LIVING = frozenset("A")
BORN = "2011-09"
# The part of a request about the file, which asks a correction.
GRANTED = {"file_request_kind": ("correction",)}


def settings(**changes: object) -> RegionSettings:
    default: dict[str, Any] = {
        "advice_modality": "binding",
        "explanatory_analysis_required": False,
        "information_rounds": 2,
        "small_cell": 5,
        "draft_days": 30,
        "quorum": Quorum(experts=2, organisations=2, expert_by_experience=True),
        "terms": {},
    }
    return RegionSettings.model_validate(default | changes)


def read_example(name: str, **changes: object) -> Form:
    return KINDS.forms[name].model_validate(filled(name, **changes))


def faults(
    name: str, *, facts: CaseFacts | None = None, region: RegionSettings | None = None, **changes: object
) -> list[tuple[str, str]]:
    """The faults of the example with these changes, as (code, place)."""
    form_faults = read_example(name, **changes).faults(context(facts, region))
    return [(fault.code, "/".join(str(step) for step in fault.location)) for fault in form_faults]


def context(facts: CaseFacts | None = None, region: RegionSettings | None = None) -> FormContext:
    """The context in which a form is checked: the case of the examples, unless the facts differ."""
    case_facts = facts or CaseFacts(advice_lines=LINES, living_lines=LIVING)
    return FormContext(case_facts, region or settings(), TODAY, region="JZ11", part_codes=GRANTED, birth_month=BORN)


def example_without(name: str, *fields: str) -> dict[str, Any]:
    return {key: value for key, value in filled(name).items() if key not in fields}


def example_with_item(name: str, field: str, at: int, **changes: object) -> dict[str, Any]:
    """The list field of an example with one of its entries changed."""
    entries = list(filled(name)[field])
    entries[at] = {key: value for key, value in (entries[at] | changes).items() if value is not None}
    return {field: entries}


def code(value: str) -> dict[str, str]:
    return {"code": value, "text": "in eigen woorden"} if value == OTHER else {"code": value}


def consent(by: str, *, purpose: str = "discuss_at_table", on: str = "2025-02-03") -> dict[str, Any]:
    return {"kind": code("consent"), "by": code(by), "purposes": [code(purpose)], "givenOn": on}


def ground(which: str, *, purpose: str = "discuss_at_table") -> dict[str, Any]:
    return {"kind": code("legal_ground"), "ground": code(which), "purposes": [code(purpose)], "givenOn": "2025-02-03"}


@cache
def schema(name: str) -> dict[str, Any]:
    return KINDS.forms[name].model_json_schema()


def field_names(node: object) -> Iterator[str]:
    """The names of all properties of a JSON Schema, at any depth."""
    if isinstance(node, Mapping):
        properties = node.get("properties", {})
        yield from properties
        node = [*properties.values(), *(value for key, value in node.items() if key != "properties")]
    if isinstance(node, list):
        for inner in node:
            yield from field_names(inner)


def words_of(name: str) -> set[str]:
    """The single words in the names of a form's fields, at any depth: childVoice is child and voice."""
    return {word.lower() for field in field_names(schema(name)) for word in re.findall(r"[A-Z]?[a-z]+|[0-9]+", field)}
