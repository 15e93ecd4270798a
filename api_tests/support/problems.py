"""The properties that all refusals share (RFC 9457 and the Dutch API Design Rules)."""

from typing import Any

import httpx

from service import API_VERSION

ON_EVERY_ANSWER = {
    "api-version": API_VERSION,
    "cache-control": "no-store",
    "strict-transport-security": "max-age=31536000",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


def problem_of(answer: httpx.Response, status: int, code: str | None = None) -> dict[str, Any]:
    """The problem in this answer, after a check that it is one."""
    assert answer.status_code == status, f"{answer.status_code} {answer.text[:500]}"
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["content-language"] in ("nl", "en")
    assert has_our_headers(answer)
    problem: dict[str, Any] = answer.json()
    assert problem["status"] == status
    assert problem["type"] == f"/problems/{problem['code'].replace('_', '-')}"
    assert problem["title"]
    assert problem["detail"]
    assert "{" not in problem["detail"]
    if code is not None:
        assert problem["code"] == code
    return problem


def has_our_headers(answer: httpx.Response) -> bool:
    """True when the headers for version, trace and protection stand on this answer, each once."""
    policy = answer.headers.get_list("content-security-policy")
    trace = answer.headers.get_list("traceparent")
    each_once = all(answer.headers.get_list(name) == [value] for name, value in ON_EVERY_ANSWER.items())
    is_restrictive = len(policy) == 1 and "default-src 'none'" in policy[0] and "frame-ancestors 'none'" in policy[0]
    return each_once and is_restrictive and len(trace) == 1


def faults_in(answer: httpx.Response) -> set[tuple[str, str, str]]:
    """The faults of a 400 as (part of the request, place, code). Each has a sentence in both languages."""
    faults = problem_of(answer, 400, "invalid")["errors"]
    assert all(fault["nl"] and fault["en"] and fault["nl"] != fault["en"] for fault in faults)
    return {(fault["in"], fault["location"], fault["code"]) for fault in faults}
