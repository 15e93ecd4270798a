"""What every refusal has in common, whatever was refused (RFC 9457 and the Dutch API Design Rules)."""

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
    """The problem in this answer, after checking that it is one."""
    assert answer.status_code == status, f"{answer.status_code} {answer.text[:500]}"
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["content-language"] in ("nl", "en")
    assert has_our_headers(answer)
    found: dict[str, Any] = answer.json()
    assert found["status"] == status
    assert found["type"] == f"/problems/{found['code'].replace('_', '-')}"
    assert found["title"]
    assert found["detail"]
    assert "{" not in found["detail"]
    if code is not None:
        assert found["code"] == code
    return found


def has_our_headers(answer: httpx.Response) -> bool:
    """Whether version, trace and protection stand on this answer, each once."""
    policy = answer.headers.get_list("content-security-policy")
    trace = answer.headers.get_list("traceparent")
    each_once = all(answer.headers.get_list(name) == [value] for name, value in ON_EVERY_ANSWER.items())
    closed = len(policy) == 1 and "default-src 'none'" in policy[0] and "frame-ancestors 'none'" in policy[0]
    return each_once and closed and len(trace) == 1


def faults_in(answer: httpx.Response) -> set[tuple[str, str, str]]:
    """Every fault that a 400 tells: where, at which place, what; each told in both languages."""
    told = problem_of(answer, 400, "invalid")["errors"]
    assert all(it["nl"] and it["en"] and it["nl"] != it["en"] for it in told)
    return {(it["in"], it["location"], it["code"]) for it in told}
