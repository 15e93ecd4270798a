"""Faults of a request: each with its location, a code and a sentence."""

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

# A member name that the sender invented is cut off: the answer must not repeat a long text.
_LONGEST_NAME = 100


def json_pointer(under: str, steps: Iterable[str | int]) -> str:
    """Returns the JSON Pointer (RFC 6901) of a value below the pointer `under`."""
    return "/".join((under, *(str(step)[:_LONGEST_NAME].replace("~", "~0").replace("/", "~1") for step in steps)))


def at_most(faults: Iterable[InputFault]) -> tuple[InputFault, ...]:
    """Returns each fault once; beyond MAX_FAULTS the first ones and a fault that says that there are more."""
    once = tuple(dict.fromkeys(faults))
    more = (bare_fault("body", "", "more_faults"),) if len(once) > MOST_FAULTS else ()
    return (*once[:MOST_FAULTS], *more)


def input_fault(where: str, under: str, error: ErrorDetails) -> InputFault:
    """Returns a pydantic error as a fault of the request. It never repeats what was typed."""
    return InputFault(where, json_pointer(under, error["loc"]), *_code_and_sentence(error))


def bare_fault(where: str, location: str, code: str) -> InputFault:
    """Returns a fault whose sentence (messages.toml, `[input]`) has no placeholders; a missing field is named."""
    words = MESSAGES["input"][code]
    if code == "missing":
        words = _labelled(label_at(location.split("/")), words)
    return InputFault(where, location, code, words)


def unknown_value(name: str, known: Mapping[str, Words]) -> Invalid:
    """Returns the refusal of an unknown value of a query parameter, with every allowed value."""
    words = say("input", "unknown_code", {"allowed": allowed(known)})
    return Invalid((InputFault("query", name, "unknown_code", words),))


def _code_and_sentence(error: ErrorDetails) -> tuple[str, Words]:
    code, context = error["type"], error.get("ctx", {})
    if code not in MESSAGES["input"]:
        code = "malformed"
    if (label := context.get(LABEL)) is None:
        return code, _expectation(code, context)
    return code, _labelled(label, _expectation(code, context))


def _expectation(code: str, context: Mapping[str, Any]) -> Words:
    """Returns the sentence that says which value is expected."""
    if WANTS in context:
        expectation = say("wants", context[WANTS], context)
        return say("input", "missing_and_wanted", {"wanted": expectation}) if code == "missing" else expectation
    if code == "extra_forbidden" and NEAR in context:
        return say("input", "extra_forbidden_near", context)
    if code == "string_pattern_mismatch" and context.get("pattern") == PRINTABLE:
        return MESSAGES["input"]["control_characters"]
    enumerations = {name: _enumeration(context[name]) for name in ("expected", "expected_tags") if name in context}
    return say("input", code, {**context, **enumerations})


def _labelled(label: Words, sentence: Words) -> Words:
    clause = Words(sentence.nl[:1].lower() + sentence.nl[1:], sentence.en[:1].lower() + sentence.en[1:])
    return say("input", "labelled", {"label": label, "wanted": clause})


def _enumeration(expected: str) -> Words:
    """Returns the codes that pydantic lists ('a', 'b' or 'c') in both languages; roles and kinds get their labels."""
    codes = re.findall(r"'([^']*)'", expected)
    labels = next((known for known in (_ROLES, _KINDS) if known.keys() >= set(codes)), {})
    return joined((with_code(labels[code], code) if labels else Words.same(code) for code in codes), OR)


def in_body(fault: Fault, *, under: str = "/form") -> InputFault:
    """Returns the fault of a form as a fault of the request body, at its JSON Pointer (RFC 6901)."""
    words = say("faults", fault.code, {"label": label_at(fault.location), **fault.params})
    return InputFault("body", json_pointer(under, fault.location), fault.code, words)


def insist(faults: Iterable[Fault]) -> None:
    """Raises Invalid with all faults of the request body, if there are any."""
    if errors := tuple(in_body(fault, under="") for fault in faults):
        raise Invalid(errors)
