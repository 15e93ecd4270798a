"""Answers with their headers: a body as JSON, the version of what it shows, and where a new thing stands."""

from fastapi import Response

from service.http.edge import PREFIX
from service.http.json_models import View, json_of


def answer(
    view: View, *, status: int = 200, version: int | None = None, location: str | None = None, repeated: bool = False
) -> Response:
    """`version` becomes the ETag; `location` is a path below the prefix; `repeated`: the first answer, given again."""
    headers = {}
    if version is not None:
        headers["ETag"] = f'"{version}"'
    if location is not None:
        headers["Location"] = f"{PREFIX}{location}"
    if repeated:
        headers["Idempotent-Replayed"] = "true"
    return Response(json_of(view), status, headers, "application/json")
