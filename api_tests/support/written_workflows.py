"""A small valid workflow, changes to it and ways to write it as TOML, and its diagnostics."""

import json
import random
import tomllib
from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

from api_tests.support.checkout import ROOT
from service.kinds import KINDS
from service.vocabulary.calendar import Term
from service.workflows.rules.checks import check_definition, check_definitions
from service.workflows.rules.definition import Definition, Diagnostic
from service.workflows.rules.guard import Guard
from service.workflows.rules.region_settings import RegionSettings
from service.workflows.rules.rulebook import SettingsBook, read_settings
from service.workflows.rules.workflow_file import parse_workflow

WORKFLOWS = ROOT / "workflows"

SMALL_WORKFLOW = """
name = "case"
label = { nl = "Casus", en = "Case" }

[states.submitted]
phase = "referral"
party = "coordinator"
term = "triage"
next = "start_triage"
label = { nl = "Aangemeld", en = "Submitted" }

[states.in_triage]
phase = "review"
party = "screener"
term = "triage"
next = "decide"
label = { nl = "In triage", en = "In triage" }

[states.closed]
phase = "ended"
label = { nl = "Afgesloten", en = "Closed" }

[triggers.submit]
from = ["start"]
to = "submitted"
roles = ["local_team"]
form = "referral@1"
label = { nl = "Aanmelden", en = "Submit" }

[triggers.start_triage]
from = ["submitted"]
to = "in_triage"
roles = ["coordinator", "screener"]
label = { nl = "Triage starten", en = "Start triage" }

[triggers.decide]
from = ["in_triage"]
to = "closed"
roles = ["screener", "chair"]
guards = ["goals_checked"]
label = { nl = "Beslissen", en = "Decide" }

[triggers.withdraw]
from = ["submitted", "in_triage"]
to = "closed"
roles = ["local_team"]
grounds = "required"
label = { nl = "Intrekken", en = "Withdraw" }

[triggers.seek_placement]
from = ["in_triage"]
to = "="
roles = ["chair"]
form = "search@1"
opens = ["placement"]
label = { nl = "Plek zoeken", en = "Seek a placement" }

[triggers.reopen]
from = ["closed"]
to = "in_triage"
roles = ["chair"]
label = { nl = "Heropenen", en = "Reopen" }

[triggers.amend]
from = ["*"]
to = "="
roles = ["coordinator"]
label = { nl = "Verbeteren", en = "Amend" }

[triggers.add_note]
from = ["*"]
to = "="
roles = ["coordinator"]
label = { nl = "Notitie toevoegen", en = "Add a note" }

[triggers.reassign]
from = ["*"]
to = "="
roles = ["coordinator"]
label = { nl = "Toewijzen", en = "Reassign" }
"""

TERMS = {"triage"}
SEARCH_FORMS = {"referral@1", "search@1"}
PAYMENT_GUARD = Guard("payer_confirmed", lambda _: True, kinds=frozenset({"funding"}))
GUARDS_IN_TEST: Mapping[str, Guard] = {
    "goals_checked": Guard("goals_checked", lambda _: True, kinds=frozenset({"case"})),
    "place_found": Guard("place_found", lambda _: True, kinds=frozenset({"placement"})),
    "payer_confirmed": PAYMENT_GUARD,
    "no_open_placement": Guard("no_open_placement", lambda _: True, awaits="placement", kinds=frozenset({"case"})),
}
REMOVED = object()

Document = dict[str, Any]


def valid_document() -> Document:
    return tomllib.loads(SMALL_WORKFLOW)


def changed_document(document: Document, changes: Mapping[str, Any]) -> Document:
    """The document with other values at dotted places; GONE removes the key."""
    document = deepcopy(document)
    for place, value in changes.items():
        *above, key = place.split(".")
        inside = document
        for step in above:
            inside = inside[step]
        if value is REMOVED:
            del inside[key]
        else:
            inside[key] = value
    return document


def placement(changes: Mapping[str, Any] | None = None) -> Document:
    """A workflow for placements, which the small workflow opens."""
    document = changed_document(
        valid_document(), {"name": "placement", "triggers.submit.form": REMOVED, "triggers.seek_placement": REMOVED}
    )
    document["triggers"]["seek_placement"] = document["triggers"].pop("submit") | {"roles": ["chair"]}
    document["triggers"]["decide"].pop("guards")
    return changed_document(document, changes or {})


def inline(value: object) -> str:
    """A value in TOML, on one line."""
    match value:
        case dict():
            return "{" + ", ".join(f"{inline_key(key)} = {inline(inner)}" for key, inner in value.items()) + "}"
        case list():
            return "[" + ", ".join(inline(inner) for inner in value) + "]"
        case _:
            return json.dumps(value)


def inline_key(key: str) -> str:
    return key if key.replace("_", "").isalnum() and key.isascii() else json.dumps(key)


def toml(document: Document) -> str:
    return "\n".join(f"{inline_key(key)} = {inline(value)}" for key, value in document.items())


def with_other_layout(document: Document, chance: random.Random) -> str:
    """The document as another author might write it: other order, other tables, comments and blank lines."""
    lines: list[str] = []
    tables: list[str] = []
    for key, value in shuffled(document, chance):
        match chance.choice(["inline", "dotted", "tables"]) if key in ("states", "triggers") else "inline":
            case "tables":
                tables += (
                    f"[{key}.{name}]\n"
                    + "\n".join(f"{field} = {inline(item)}" for field, item in shuffled(inner, chance))
                    for name, inner in shuffled(value, chance)
                )
            case "dotted":
                lines += (
                    f"{key}.{name}  =  {inline(dict(shuffled(inner, chance)))}"
                    for name, inner in shuffled(value, chance)
                )
            case _:
                lines.append(f"{key}={inline(value)} # {chance.random()}")
    return "\n\n".join(("# A comment.", *lines, *tables))


def shuffled(table: Document, chance: random.Random) -> list[tuple[str, Any]]:
    return chance.sample(list(table.items()), len(table))


def places_in(document: Document, above: str = "") -> Iterator[str]:
    for key, value in document.items():
        yield above + key
        if isinstance(value, dict):
            yield from places_in(value, f"{above}{key}.")


def label_everything(document: Document, label: Document) -> Document:
    """The changes that give all labels the same text."""
    return {place: label for place in places_in(document) if place.split(".")[-1] == "label"}


def definition_of(document: Document) -> Definition:
    reading = parse_workflow(toml(document), f"{document['name']}.toml")
    assert reading.definition is not None, reading.diagnostics
    return reading.definition


def diagnostics_of(document: Document, *, file_name: str = "case.toml") -> tuple[Diagnostic, ...]:
    reading = parse_workflow(toml(document), file_name)
    if reading.definition is None:
        return reading.diagnostics
    diagnostics = check_definition(
        reading.definition,
        settings_terms=TERMS,
        guards=GUARDS_IN_TEST,
        forms=SEARCH_FORMS,
        kinds=KINDS,
        kinds_with_file={"case", "placement", "funding"},
    )
    return (*reading.diagnostics, *diagnostics)


def diagnostics_together(*documents: Document) -> tuple[Diagnostic, ...]:
    definitions = [definition_of(document) for document in documents]
    return check_definitions(
        definitions, {"JZ25": some_settings(TERMS)}, guards=GUARDS_IN_TEST, forms=SEARCH_FORMS, kinds=KINDS
    )


def real_definitions() -> list[Definition]:
    readings = [
        parse_workflow((WORKFLOWS / f"{kind}.toml").read_text(encoding="utf-8"), f"{kind}.toml") for kind in KINDS
    ]
    assert [reading.diagnostics for reading in readings] == [()] * len(KINDS)
    return [reading.definition for reading in readings if reading.definition]


def real_settings() -> SettingsBook:
    return read_settings((WORKFLOWS / "settings.toml").read_text(encoding="utf-8"))


def some_settings(terms: set[str]) -> RegionSettings:
    """The settings of this service, with these terms only."""
    return real_settings().default.model_copy(update={"terms": dict.fromkeys(terms, Term(days=1))})
