"""Refusals as RFC 9457 problems. This is the only module that gives a refusal its status code."""

import json
import re
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from service import metrics
from service.vocabulary import refusals
from service.vocabulary.language import Language
from service.vocabulary.messages import MESSAGES, render_message
from service.vocabulary.references import StepLabelLookup, insert_step_labels_in_json
from service.vocabulary.refusals import RequestRefusal

PROBLEM_JSON = "application/problem+json"

STATUS_OF_REFUSAL: Mapping[type[RequestRefusal], int] = {
    refusals.NotKnown: 401,
    refusals.NotAllowed: 403,
    refusals.NotFound: 404,
    refusals.CaseDestroyed: 410,
    refusals.ContentDestroyed: 410,
    refusals.NotPossible: 409,
    refusals.Stale: 412,
    refusals.VersionMissing: 428,
    refusals.Invalid: 400,
    refusals.NotAcceptable: 406,
    refusals.TooManyRequests: 429,
    refusals.Unavailable: 503,
}
# Status -> code of a problem without a refusal: routing, limits of the edge, unexpected errors.
CODE_OF_STATUS = {400: "invalid", 404: "not_found", 405: "method_not_allowed", 413: "too_large"}
CODE_OF_STATUS |= {408: "too_slow", 414: "address_too_long", 415: "unsupported_media_type", 421: "unknown_host"}
CODE_OF_STATUS |= {431: "head_too_large", 500: "internal", 503: "unavailable"}


def status_of_refusal(refusal: RequestRefusal) -> int:
    return next(STATUS_OF_REFUSAL[class_] for class_ in type(refusal).__mro__ if class_ in STATUS_OF_REFUSAL)


def problem_of_refusal(
    refusal: RequestRefusal,
    language: Language,
    label_of: StepLabelLookup = lambda _: None,
    *,
    in_demonstration: bool = False,
) -> Response:
    """The answer to a refusal. `label_of` gives the labels of the steps that its sentences refer to."""
    status, facts = status_of_refusal(refusal), camel_case_keys(dict(refusal.facts()))
    headers = {503: {"Retry-After": "2"}}.get(status, {})
    if isinstance(refusal, refusals.NotKnown):
        # RFC 6750, 3.1: a caller that sent a token learns that it is invalid, and never why.
        headers = {"WWW-Authenticate": 'Bearer error="invalid_token"' if refusal.token_given else "Bearer"}
    if isinstance(refusal, refusals.IssuerUnreachable | refusals.TooManyRequests):
        headers = {"Retry-After": str(refusal.seconds)}
    if isinstance(refusal, refusals.Stale):
        headers = {"ETag": f'"{refusal.version}"'}
    detail = render_message("details", refusal.code, {**_for_people(facts), **refusal.in_words()})
    text = detail.in_(language)
    if in_demonstration and isinstance(refusal, refusals.NotKnown):
        text += f" {MESSAGES['demonstration']['new_token'].in_(language)}"
    members = insert_step_labels_in_json({"detail": text, **facts}, language, label_of)
    return problem_response(status, refusal.code, language, facts=members, headers=headers)


def problem_of_status(status: int, language: Language, headers: Mapping[str, str] | None = None) -> Response:
    """The answer where no refusal was raised: routing, limits of the edge, unexpected errors."""
    # A client that sends too slowly would otherwise go on sending on this connection.
    closing = {"Connection": "close"} if status == 408 else {}  # noqa: PLR2004 - the status itself
    return problem_response(status, CODE_OF_STATUS.get(status, "internal"), language, headers=headers or closing)


def problem_response(
    status: int,
    code: str,
    language: Language,
    *,
    facts: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Write a problem and count its code in the metrics. `facts`: further members, which may replace `detail`."""
    metrics.count_refusal(code)
    title = MESSAGES["problems"][code]
    body = {
        "type": f"/problems/{code.replace('_', '-')}",
        "title": title.in_(language),
        "status": status,
        "detail": MESSAGES["details"][code].in_(language),
        "code": code,
        **(facts or {}),
    }
    text = json.dumps(body, ensure_ascii=False, default=_json_text)
    return Response(text, status, {**(headers or {}), "Content-Language": language}, PROBLEM_JSON)


def _for_people(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the facts for use in a sentence: lists of plain values joined by commas, nested facts unchanged."""
    return {
        name: ", ".join(map(str, value)) if isinstance(value, list) and not _is_nested(value) else value
        for name, value in facts.items()
    }


def _is_nested(values: list[Any]) -> bool:
    return any(isinstance(value, dict) for value in values)


def camel_case_keys(value: Any) -> Any:
    """Returns the value with the names of its members in camel case, at any depth; values stay unchanged."""
    if isinstance(value, dict):
        return {camel_case(name): camel_case_keys(member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [camel_case_keys(item) for item in value]
    return value


def camel_case(name: str) -> str:
    return re.sub(r"_([a-z0-9])", lambda match: match[1].upper(), name)


def _json_text(value: object) -> str:
    """Returns the JSON text of a value that JSON has no type for; a moment in UTC ends in Z."""
    text = value.isoformat() if hasattr(value, "isoformat") else str(value)
    return text.replace("+00:00", "Z")
