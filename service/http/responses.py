"""Answers with their headers: a body as JSON, the version of what it shows, and where a new thing stands."""

from typing import Any

from fastapi import Response

from service.database.idempotency import CREATED, Outcome
from service.http.edge import PREFIX
from service.http.json_models import View, json_of


def answer(view: View, *, status: int = 200, version: int | None = None, location: str | None = None) -> Response:
    """`version` becomes the ETag; `location` is a path below the prefix."""
    headers = {}
    if version is not None:
        headers["ETag"] = f'"{version}"'
    if location is not None:
        headers["Location"] = f"{PREFIX}{location}"
    return Response(json_of(view), status, headers, "application/json")


def answer_once(
    outcome: Outcome[Any],
    view: View,
    *,
    status: int = CREATED,
    version: int | None = None,
    location: str | None = None,
) -> Response:
    """The answer of a verb that acts once; `Idempotent-Replayed` says that it is the first answer, given again."""
    response = answer(view, status=status, version=version, location=location)
    if outcome.repeated:
        response.headers["Idempotent-Replayed"] = "true"
    return response
