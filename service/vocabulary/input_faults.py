"""Faults of what was sent: each at its place, with a code and a sentence."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic_core import ErrorDetails

from service.vocabulary.code_lists import allowed
from service.vocabulary.field_labels import label_at
from service.vocabulary.form_parts import Fault
from service.vocabulary.labelled_errors import LABEL, MOST_FAULTS, NEAR, WANTS
from service.vocabulary.language import PRINTABLE, Words
from service.vocabulary.messages import MESSAGES, say
from service.vocabulary.organisation_kinds import KIND_LABELS
from service.vocabulary.refusals import InputFault, Invalid
from service.vocabulary.roles import ROLE_LABELS
from service.vocabulary.sentences import OR, joined, with_code

_ROLES: Mapping[str, Words] = {str(role): label for role, label in ROLE_LABELS.items()}
_KINDS: Mapping[str, Words] = {str(kind): label for kind, label in KIND_LABELS.items()}

# A name that somebody made up is told as far as it helps to find its place.
_LONGEST_NAME = 100


def json_pointer(under: str, steps: Iterable[str | int]) -> str:
    """The place of a value below another one (RFC 6901)."""
    return "/".join((under, *(str(step)[:_LONGEST_NAME].replace("~", "~0").replace("/", "~1") for step in steps)))


def at_most(faults: Iterable[InputFault]) -> tuple[InputFault, ...]:
    """Each fault once, and of very many the first ones, with a word that there are more."""
    once = tuple(dict.fromkeys(faults))
    more = (bare_fault("body", "", "more_faults"),) if len(once) > MOST_FAULTS else ()
    return (*once[:MOST_FAULTS], *more)


def input_fault(where: str, under: str, error: ErrorDetails) -> InputFault:
    """A pydantic error as ours: its place, a code and a sentence; never what was typed."""
    return InputFault(where, json_pointer(under, error["loc"]), *_said(error))


def bare_fault(where: str, location: str, code: str) -> InputFault:
    """A fault whose sentence (messages.toml, `[input]`) needs no facts; what is missing is named."""
    words = MESSAGES["input"][code]
    if code == "missing":
        words = _labelled(label_at(location.split("/")), words)
    return InputFault(where, location, code, words)


def unknown_value(name: str, known: Mapping[str, Words]) -> Invalid:
    """The refusal of a value of a query parameter, with every value that there is."""
    words = say("input", "unknown_code", {"allowed": allowed(known)})
    return Invalid((InputFault("query", name, "unknown_code", words),))


def _said(error: ErrorDetails) -> tuple[str, Words]:
    code, facts = error["type"], error.get("ctx", {})
    if code not in MESSAGES["input"]:
        code = "malformed"
    if (label := facts.get(LABEL)) is None:
        return code, _wanted(code, facts)
    return code, _labelled(label, _wanted(code, facts))


def _wanted(code: str, facts: Mapping[str, Any]) -> Words:
    """What should have been there."""
    if WANTS in facts:
        wanted = say("wants", facts[WANTS], facts)
        return say("input", "missing_and_wanted", {"wanted": wanted}) if code == "missing" else wanted
    if code == "extra_forbidden" and NEAR in facts:
        return say("input", "extra_forbidden_near", facts)
    if code == "string_pattern_mismatch" and facts.get("pattern") == PRINTABLE:
        return MESSAGES["input"]["control_characters"]
    listed = {name: _one_of(facts[name]) for name in ("expected", "expected_tags") if name in facts}
    return say("input", code, {**facts, **listed})


def _labelled(label: Words, wanted: Words) -> Words:
    in_a_sentence = Words(wanted.nl[:1].lower() + wanted.nl[1:], wanted.en[:1].lower() + wanted.en[1:])
    return say("input", "labelled", {"label": label, "wanted": in_a_sentence})


def _one_of(expected: str) -> Words:
    """Codes as pydantic lists them ('a', 'b' or 'c'), joined in each language; roles and kinds with their labels."""
    codes = re.findall(r"'([^']*)'", expected)
    labels = next((it for it in (_ROLES, _KINDS) if it.keys() >= set(codes)), {})
    return joined((with_code(labels[it], it) if labels else Words.same(it) for it in codes), OR)


def in_body(fault: Fault, *, under: str = "/form") -> InputFault:
    """A fault of a form as a fault of the request, at its JSON Pointer (RFC 6901)."""
    words = say("faults", fault.code, {"label": label_at(fault.location), **fault.params})
    return InputFault("body", json_pointer(under, fault.location), fault.code, words)


def insist(faults: Iterable[Fault]) -> None:
    """Raises Invalid with all these faults of the request's body, if there are any."""
    if found := tuple(in_body(it, under="") for it in faults):
        raise Invalid(found)
