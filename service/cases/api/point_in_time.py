"""Past views over HTTP: the query `?sequence=` or `?knownAt=`, the member `asOf` of an answer, and pages of lists."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, TypeVar
from uuid import UUID

from fastapi import Depends, Query, Request, Response
from pydantic import Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from service.cases.rules.point_in_time import HistoryUntil, PointInTime
from service.cases.use_cases.read_content import HistoryExtent
from service.database.keyring import Keyring
from service.database.paging import Cursors, ListPage
from service.http.edge import API_PREFIX
from service.http.json_models import UtcDateTime, View
from service.http.parameters import QueryKeys, WholeOrPageQuery
from service.http.responses import set_version_tag
from service.vocabulary.fields import Moment


class AsOfView(View):
    """The moment of a past view. Nothing in the view was recorded later; ages and terms are computed for `knownAt`."""

    sequence: int = Field(description="The last entry of the case that was known.")
    known_at: UtcDateTime
    present: str = Field(description="Path of the present view.")


class PointInTimeView(View):
    """A view that can also be read as of a past moment, with `sequence` or `knownAt`."""

    as_of: AsOfView | None = Field(
        default=None, exclude_if=lambda value: value is None, description="Only in a view of the past."
    )


D = TypeVar("D", bound=PointInTimeView)
T = TypeVar("T")
NEXT_CURSOR = "The next page; null on the last one, and where no page was asked."


class MomentQuery(QueryKeys):
    """The moment of a past view, by `sequence` or by `knownAt`; the present when both are left out."""

    sequence: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = Field(
        default=None,
        description="The view right after this entry of the case's history. Only for readers of the whole case.",
    )
    known_at: Moment | None = Field(
        default=None,
        description="The view with every entry that was recorded by this moment, and no other. With an offset from "
        "UTC; write a plus sign as %2B. Only for readers of the whole case.",
        examples=["2026-01-31T09:30:00Z"],
    )

    @field_validator("known_at")
    @classmethod
    def _only_one(cls, known_at: Moment | None, info: ValidationInfo) -> Moment | None:
        if known_at is not None and info.data.get("sequence") is not None:
            raise PydanticCustomError("one_moment", "sequence or knownAt")
        return known_at


class PagedMomentQuery(WholeOrPageQuery, MomentQuery):
    """The moment, and a page of what was known then: all of it when both `limit` and `cursor` are left out."""


@dataclass(frozen=True, slots=True)
class PointInTimeQuery:
    """The requested moment: `point_in_time` is None for the present. `present_path` is the path of the present view."""

    point_in_time: PointInTime | None
    present_path: str

    def with_as_of(self, view: D, past: HistoryUntil | None) -> D:
        """The view with `asOf` for a past view; unchanged for the present."""
        if past is None:
            return view
        as_of = AsOfView(sequence=past.last_entry.sequence, known_at=past.moment, present=self.present_path)
        return view.model_copy(update={"as_of": as_of})


def show_version_of_present(response: Response, view: PointInTimeView, version: int) -> None:
    """Set the ETag for a present view only: no step can be decided on a past one."""
    if view.as_of is None:
        set_version_tag(response, version)


async def _point_in_time_query(request: Request, query: Annotated[MomentQuery, Query()]) -> PointInTimeQuery:
    is_present = query.sequence is None and query.known_at is None
    present = API_PREFIX + request.url.path.removeprefix(API_PREFIX)
    return PointInTimeQuery(None if is_present else PointInTime(query.sequence, query.known_at), present)


@dataclass(frozen=True, slots=True)
class PagedQuery(PointInTimeQuery):
    """A requested moment, and a page of a list as it was then. `size` None and `cursor` None: all of the list."""

    size: int | None
    cursor: str | None

    def extent(self, cursors: Cursors) -> HistoryExtent | None:
        """The stretch of history to read; None for all of it. Raises Invalid for a cursor of another case or list."""
        if self.size is None:
            return None
        return HistoryExtent(self.size, 0 if self.cursor is None else int(cursors.position(self.cursor)))

    def page_of(
        self, cursors: Cursors, items: Sequence[T], *, position_of: Callable[[T], list[str | int]]
    ) -> ListPage[T]:
        """The page of a list that was read whole, in order of `position_of`. Raises Invalid as `extent` does."""
        return cursors.page_of(items, self.size, self.cursor, position_of=position_of)


def history_cursors(keyring: Keyring, case_id: UUID, part_id: UUID | None = None) -> Cursors:
    """The cursors of the history of a case, or of one of its parts."""
    return Cursors(keyring, f"history {case_id}" if part_id is None else f"history {case_id} {part_id}")


def next_page_cursor(cursors: Cursors, last_number: int | None) -> str | None:
    """The cursor of the page after the entry with this number; None when no page follows."""
    return None if last_number is None else cursors.cursor(str(last_number))


async def _paged_query(request: Request, query: Annotated[PagedMomentQuery, Query()]) -> PagedQuery:
    moment = await _point_in_time_query(request, query)
    return PagedQuery(moment.point_in_time, moment.present_path, query.size, query.cursor)


PagedDependency = Annotated[PagedQuery, Depends(_paged_query)]
PointInTimeDependency = Annotated[PointInTimeQuery, Depends(_point_in_time_query)]
