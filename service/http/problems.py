"""Refusals as RFC 9457 problems: the only place where a "no" meets a status code."""

import json
import re
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from service import metrics
from service.vocabulary import refusals
from service.vocabulary.language import Language
from service.vocabulary.messages import MESSAGES, say
from service.vocabulary.references import StepLabels, with_steps_in
from service.vocabulary.refusals import Refusal

PROBLEM_JSON = "application/problem+json"

STATUS: Mapping[type[Refusal], int] = {
    refusals.NotKnown: 401,
    refusals.NotAllowed: 403,
    refusals.NotFound: 404,
    refusals.CaseDestroyed: 410,
    refusals.NotPossible: 409,
    refusals.Stale: 412,
    refusals.VersionMissing: 428,
    refusals.Invalid: 400,
    refusals.NotAcceptable: 406,
    refusals.TooMany: 429,
    refusals.Unavailable: 503,
}
# What can go wrong before anybody is asked anything.
BARE = {400: "invalid", 404: "not_found", 405: "method_not_allowed", 413: "too_large"}
BARE |= {408: "too_slow", 414: "address_too_long", 415: "unsupported_media_type", 421: "unknown_host"}
BARE |= {431: "head_too_large", 500: "internal", 503: "unavailable"}


def status_of(refusal: Refusal) -> int:
    return next(STATUS[kind] for kind in type(refusal).__mro__ if kind in STATUS)


def problem(refusal: Refusal, language: Language, label_of: StepLabels = lambda _: None) -> Response:
    """The answer to an expected "no". `label_of`: what the steps are called that its sentences refer to."""
    status, facts = status_of(refusal), camel_keys(dict(refusal.facts()))
    headers = {503: {"Retry-After": "2"}}.get(status, {})
    if isinstance(refusal, refusals.NotKnown):
        # RFC 6750, 3.1: whoever sent a token hears that it does not count; why, nobody hears.
        headers = {"WWW-Authenticate": 'Bearer error="invalid_token"' if refusal.token_given else "Bearer"}
    if isinstance(refusal, refusals.IssuerUnreachable | refusals.TooMany):
        headers = {"Retry-After": str(refusal.seconds)}
    if isinstance(refusal, refusals.Stale):
        headers = {"ETag": f'"{refusal.version}"'}
    detail = say("details", refusal.code, {**_for_people(facts), **refusal.in_words()})
    told = with_steps_in({"detail": detail.in_(language), **facts}, language, label_of)
    return written(status, refusal.code, language, facts=told, headers=headers)


def bare(status: int, language: Language, headers: Mapping[str, str] | None = None) -> Response:
    """The answer where no refusal was raised: routing, limits, and what nobody expected."""
    # Whoever sends too slowly would otherwise go on sending.
    closing = {"Connection": "close"} if status == 408 else {}  # noqa: PLR2004 - the status itself
    return written(status, BARE.get(status, "internal"), language, headers=headers or closing)


def written(
    status: int,
    code: str,
    language: Language,
    *,
    facts: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    metrics.refusal(code)
    title = MESSAGES["problems"][code]
    body = {
        "type": f"/problems/{code.replace('_', '-')}",
        "title": title.in_(language),
        "status": status,
        "detail": MESSAGES["details"][code].in_(language),
        "code": code,
        **(facts or {}),
    }
    text = json.dumps(body, ensure_ascii=False, default=_plain)
    return Response(text, status, {**(headers or {}), "Content-Language": language}, PROBLEM_JSON)


def _for_people(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Lists as words in a sentence; nested facts are for programs."""
    return {
        name: ", ".join(map(str, value)) if isinstance(value, list) and not _nested(value) else value
        for name, value in facts.items()
    }


def _nested(values: list[Any]) -> bool:
    return any(isinstance(value, dict) for value in values)


def camel_keys(value: Any) -> Any:
    """Snake case to camel case in the names of members, however deep; values stay as they are."""
    if isinstance(value, dict):
        return {camel(name): camel_keys(it) for name, it in value.items()}
    if isinstance(value, list | tuple):
        return [camel_keys(it) for it in value]
    return value


def camel(name: str) -> str:
    return re.sub(r"_([a-z0-9])", lambda match: match[1].upper(), name)


def _plain(value: object) -> str:
    text = value.isoformat() if hasattr(value, "isoformat") else str(value)
    return text.replace("+00:00", "Z")
