"""Faults of what was sent: each at its place, with a code and a sentence."""

from collections.abc import Iterable
from typing import Any

from pydantic_core import ErrorDetails

from service.vocabulary.form_parts import Fault
from service.vocabulary.language import Words
from service.vocabulary.messages import MESSAGES, say
from service.vocabulary.refusals import InputFault, Invalid


def json_pointer(under: str, steps: Iterable[str | int]) -> str:
    """The place of a value below another one (RFC 6901)."""
    return "/".join((under, *(str(step).replace("~", "~0").replace("/", "~1") for step in steps)))


def input_fault(where: str, under: str, error: ErrorDetails) -> InputFault:
    """A pydantic error as ours: its place, a code and a sentence; never what was typed."""
    return InputFault(where, json_pointer(under, error["loc"]), *_said(error))


def bare_fault(where: str, location: str, code: str) -> InputFault:
    """A fault whose sentence (messages.toml, `[input]`) needs no facts."""
    return InputFault(where, location, code, MESSAGES["input"][code])


def _said(error: ErrorDetails) -> tuple[str, Words]:
    code = error["type"]
    if code in MESSAGES["input"]:
        return code, say("input", code, error.get("ctx", {}))
    return "malformed", MESSAGES["input"]["malformed"]


def in_body(fault: Fault, *, under: str = "/form") -> InputFault:
    """A fault of a form as a fault of the request, at its JSON Pointer (RFC 6901)."""
    params: dict[str, Any] = dict(fault.params)
    return InputFault("body", json_pointer(under, fault.location), fault.code, say("faults", fault.code, params))


def insist(faults: Iterable[Fault]) -> None:
    """Raises Invalid with all these faults of the request's body, if there are any."""
    if found := tuple(in_body(it, under="") for it in faults):
        raise Invalid(found)
