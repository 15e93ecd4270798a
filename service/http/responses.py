"""Headers of an answer: ETag, Location and Idempotent-Replayed."""

from typing import TypeVar

from fastapi import Response

from service.database.idempotency import Outcome
from service.http.edge import PREFIX
from service.http.json_models import View

V = TypeVar("V", bound=View)


def show_version(response: Response, version: int) -> None:
    """Set the ETag to the version of the resource in the answer. The client sends it back in If-Match."""
    response.headers["ETag"] = f'"{version}"'


def answer_once(
    response: Response, outcome: Outcome[V], *, version: int | None = None, location: str | None = None
) -> V:
    """Set the headers of an idempotent request. Returns the view of its result.

    `version` sets the ETag, `location` is a path below /v1. `Idempotent-Replayed` marks a repeated first answer.
    """
    if version is not None:
        show_version(response, version)
    if location is not None:
        response.headers["Location"] = f"{PREFIX}{location}"
    if outcome.repeated:
        response.headers["Idempotent-Replayed"] = "true"
    return outcome.value
