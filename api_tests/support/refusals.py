"""What a refusal says, for specifications to compare with."""

from typing import Any

import httpx


def refusal(answer: httpx.Response) -> tuple[int, str]:
    """The status and the code of a problem."""
    return answer.status_code, answer.json().get("code")


def unmet(answer: httpx.Response) -> set[str]:
    """The guards that a refused step still asks for."""
    assert refusal(answer) == (409, "guards_not_met"), answer.text
    return {guard["code"] for guard in answer.json()["unmetGuards"]}


def faults(answer: httpx.Response) -> set[tuple[str, str]]:
    """Everything that is wrong in a form: the code and the place of each."""
    assert refusal(answer) == (400, "invalid"), answer.text
    return {(error["code"], error["location"]) for error in answer.json()["errors"]}


def code_of(part: dict[str, Any]) -> str:
    """The state of a part, as its code."""
    return str(part["state"]["code"])
