"""Headers of an answer: ETag, Location and Idempotent-Replayed."""

from typing import TypeVar

from fastapi import Response

from service.database.idempotency import IdempotentResult
from service.http.edge import API_PREFIX
from service.http.json_models import View

V = TypeVar("V", bound=View)


def set_version_tag(response: Response, version: int) -> None:
    """Set the ETag to the version of the resource in the answer. The client sends it back in If-Match."""
    response.headers["ETag"] = f'"{version}"'


def answer_idempotently(
    response: Response, outcome: IdempotentResult[V], *, version: int | None = None, location: str | None = None
) -> V:
    """Set the headers of an idempotent request. Returns the view of its result.

    `version` sets the ETag, `location` is a path below /v1. `Idempotent-Replayed` marks a repeated first answer.
    """
    if version is not None:
        set_version_tag(response, version)
    if location is not None:
        response.headers["Location"] = f"{API_PREFIX}{location}"
    if outcome.repeated:
        response.headers["Idempotent-Replayed"] = "true"
    return outcome.value
