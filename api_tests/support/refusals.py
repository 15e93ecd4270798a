"""The content of refusals, for comparison."""

from typing import Any

import httpx


def refusal(answer: httpx.Response) -> tuple[int, str]:
    """Returns (status, code) of a problem."""
    return answer.status_code, answer.json().get("code")


def unmet_guards(answer: httpx.Response) -> set[str]:
    """The codes of the unmet guards of a refused step."""
    assert refusal(answer) == (409, "guards_not_met"), answer.text
    return {guard["code"] for guard in answer.json()["unmetGuards"]}


def faults(answer: httpx.Response) -> set[tuple[str, str]]:
    """The faults in a form as (code, place)."""
    assert refusal(answer) == (400, "invalid"), answer.text
    return {(error["code"], error["location"]) for error in answer.json()["errors"]}


def code_of(part: dict[str, Any]) -> str:
    """The code of the state of a part."""
    return str(part["state"]["code"])
