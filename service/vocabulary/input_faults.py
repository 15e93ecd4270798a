"""Faults of a request: each with its location, a code and a sentence."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic_core import ErrorDetails

from service.vocabulary.accepted_text import UNREADABLE_CHARACTER, show_unreadable
from service.vocabulary.code_lists import enumerate_codes
from service.vocabulary.field_labels import label_at
from service.vocabulary.form_parts import Fault
from service.vocabulary.labelled_errors import LABEL, MAX_FAULTS, SIMILAR, WANTS
from service.vocabulary.language import BilingualText
from service.vocabulary.messages import MESSAGES, render_message
from service.vocabulary.organisation_kinds import KIND_LABELS
from service.vocabulary.refusals import InputFault, Invalid
from service.vocabulary.roles import ROLE_LABELS
from service.vocabulary.sentences import OR, join_texts, label_with_code

_ROLES: Mapping[str, BilingualText] = {str(role): label for role, label in ROLE_LABELS.items()}
_KINDS: Mapping[str, BilingualText] = {str(kind): label for kind, label in KIND_LABELS.items()}

# A member name that the sender invented is cut off: the answer must not repeat a long text.
_LONGEST_NAME = 100


def json_pointer(under: str, steps: Iterable[str | int]) -> str:
    """Returns the JSON Pointer (RFC 6901) of a value below the pointer `under`."""
    names = (show_unreadable(str(step)[:_LONGEST_NAME]) for step in steps)
    return "/".join((under, *(name.replace("~", "~0").replace("/", "~1") for name in names)))


def limit_faults(faults: Iterable[InputFault]) -> tuple[InputFault, ...]:
    """Returns each fault once; beyond MAX_FAULTS the first ones and a fault that says that there are more."""
    distinct = tuple(dict.fromkeys(faults))
    more = (simple_fault("body", "", "more_faults"),) if len(distinct) > MAX_FAULTS else ()
    return (*distinct[:MAX_FAULTS], *more)


def input_fault(where: str, under: str, error: ErrorDetails) -> InputFault:
    """Returns a pydantic error as a fault of the request. It never repeats what was typed."""
    return InputFault(where, json_pointer(under, error["loc"]), *_code_and_sentence(error))


def simple_fault(where: str, location: str, code: str) -> InputFault:
    """Returns a fault whose sentence (messages.toml, `[input]`) has no placeholders; a missing field is named."""
    words = MESSAGES["input"][code]
    if code == "missing":
        words = _labelled(label_at(location.split("/")), words)
    return InputFault(where, location, code, words)


def unknown_query_value(name: str, known: Mapping[str, BilingualText]) -> Invalid:
    """Returns the refusal of an unknown value of a query parameter, with every allowed value."""
    words = render_message("input", "unknown_code", {"allowed": enumerate_codes(known)})
    return Invalid((InputFault("query", name, "unknown_code", words),))


def _code_and_sentence(error: ErrorDetails) -> tuple[str, BilingualText]:
    code, context = error["type"], error.get("ctx", {})
    if code not in MESSAGES["input"]:
        code = "malformed"
    if (label := context.get(LABEL)) is None:
        return code, _expectation(code, context)
    return code, _labelled(label, _expectation(code, context))


def _expectation(code: str, context: Mapping[str, Any]) -> BilingualText:
    """Returns the sentence that says which value is expected."""
    if WANTS in context:
        expectation = render_message("wants", context[WANTS], context)
        return (
            render_message("input", "missing_and_wanted", {"wanted": expectation}) if code == "missing" else expectation
        )
    if code == "extra_forbidden" and SIMILAR in context:
        return render_message("input", "extra_forbidden_near", context)
    if UNREADABLE_CHARACTER in context:
        return render_message("input", "unreadable_character", context)
    enumerations = {name: _enumeration(context[name]) for name in ("expected", "expected_tags") if name in context}
    return render_message("input", code, {**context, **enumerations})


def _labelled(label: BilingualText, sentence: BilingualText) -> BilingualText:
    clause = BilingualText(sentence.nl[:1].lower() + sentence.nl[1:], sentence.en[:1].lower() + sentence.en[1:])
    return render_message("input", "labelled", {"label": label, "wanted": clause})


def _enumeration(expected: str) -> BilingualText:
    """Returns what pydantic lists ('a', 'b' or 'c', or True) in both languages; roles and kinds get their labels."""
    codes = re.findall(r"'([^']*)'", expected) or [expected.lower()]
    labels = next((known for known in (_ROLES, _KINDS) if known.keys() >= set(codes)), {})
    return join_texts(
        (label_with_code(labels[code], code) if labels else BilingualText.untranslated(code) for code in codes), OR
    )


def body_fault(fault: Fault, *, under: str = "/form") -> InputFault:
    """Returns the fault of a form as a fault of the request body, at its JSON Pointer (RFC 6901)."""
    words = render_message("faults", fault.code, {"label": label_at(fault.location), **fault.params})
    return InputFault("body", json_pointer(under, fault.location), fault.code, words)


def require_no_faults(faults: Iterable[Fault]) -> None:
    """Raises Invalid with all faults of the request body, if there are any."""
    if errors := tuple(body_fault(fault, under="") for fault in faults):
        raise Invalid(errors)
