"""Looking at the present, or back at a moment: `?sequence=` or `?knownAt=`, and what an answer says of its moment."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from service.cases.rules.point_in_time import Past, When
from service.http import request_faults as faults
from service.http.edge import PREFIX
from service.http.json_models import Moment, Utc, View
from service.http.responses import answer


class AsOfView(View):
    """The moment that a past view is of: nothing in it was recorded later, ages and terms are told for `knownAt`."""

    sequence: int = Field(description="The last entry of the case that was known.")
    known_at: Utc
    present: str = Field(description="Where the present one stands.")


class Dated(View):
    """What can be looked back at with `sequence` or `knownAt`."""

    as_of: AsOfView | None = Field(
        default=None, exclude_if=lambda it: it is None, description="Only there when you looked back."
    )


class MomentQuery(BaseModel):
    """The moment to look back at, in one of two ways; the present, when left out."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)

    sequence: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = Field(
        default=None,
        description="As it was right after this entry of the history of the case. Only for whoever may read all of it.",
    )
    known_at: Moment | None = Field(
        default=None,
        description="As it was known at this moment: with every entry that was recorded by then, and no other. With an "
        "offset from UTC, in which a plus sign is written %2B. Only for whoever may read all of it.",
        examples=["2026-01-31T09:30:00Z"],
    )


@dataclass(frozen=True, slots=True)
class Looking:
    """`when` is None for the present, which stands at `present`."""

    when: When | None
    present: str

    def answer(self, view: Dated, past: Past | None, *, version: int | None = None) -> Response:
        """The view of the past with the moment that it is of; that of the present as it is, with its version."""
        if past is None:
            return answer(view, version=version)
        as_of = AsOfView(sequence=past.last.sequence, known_at=past.at, present=self.present)
        return answer(view.model_copy(update={"as_of": as_of}))


async def _looking(request: Request, asked: Annotated[MomentQuery, Query()]) -> Looking:
    if asked.sequence is not None and asked.known_at is not None:
        faults.found("query", "knownAt", "one_moment")
    now = asked.sequence is None and asked.known_at is None
    present = PREFIX + request.url.path.removeprefix(PREFIX)
    return Looking(None if now else When(asked.sequence, asked.known_at), present)


TheLooking = Annotated[Looking, Depends(_looking)]
