"""Headers of an answer: the version of what it shows, and where a new thing stands."""

from typing import TypeVar

from fastapi import Response

from service.database.idempotency import Outcome
from service.http.edge import PREFIX
from service.http.json_models import View

V = TypeVar("V", bound=View)


def show_version(response: Response, version: int) -> None:
    """The version of what is shown, as its ETag: If-Match sends it back."""
    response.headers["ETag"] = f'"{version}"'


def answer_once(
    response: Response, outcome: Outcome[V], *, version: int | None = None, location: str | None = None
) -> V:
    """The view of a verb that acts once. `location` is a path below the prefix.

    `Idempotent-Replayed` says that this is the first answer, given again.
    """
    if version is not None:
        show_version(response, version)
    if location is not None:
        response.headers["Location"] = f"{PREFIX}{location}"
    if outcome.repeated:
        response.headers["Idempotent-Replayed"] = "true"
    return outcome.value
