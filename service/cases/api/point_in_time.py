"""Past views over HTTP: the query `?sequence=` or `?knownAt=`, and the member `asOf` of an answer."""

from dataclasses import dataclass
from typing import Annotated, TypeVar
from uuid import UUID

from fastapi import Depends, Query, Request, Response
from pydantic import Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from service.cases.rules.point_in_time import HistoryUntil, PointInTime
from service.cases.use_cases.read_content import HistoryExtent
from service.database.keyring import Keyring
from service.database.paging import Cursors
from service.http.edge import API_PREFIX
from service.http.json_models import UtcDateTime, View
from service.http.parameters import MAX_PAGE_SIZE, QueryKeys
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


class PagedMomentQuery(MomentQuery):
    """The moment, and a page of the history: all of it when both `limit` and `cursor` are left out."""

    limit: Annotated[int | None, Field(ge=1, le=MAX_PAGE_SIZE)] = Field(
        default=None,
        description="Maximum number of entries on a page. Without `limit` and `cursor` the answer has every entry: ask "
        "pages of a case that may have a long history.",
    )
    cursor: Annotated[str | None, Field(max_length=200)] = None


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
class PagedHistoryQuery(PointInTimeQuery):
    """A requested moment, and a page of the history until then."""

    limit: int | None
    cursor: str | None

    def extent(self, keyring: Keyring, case_id: UUID) -> HistoryExtent | None:
        """The stretch of history to read; None for all of it. Raises Invalid for a cursor of another case or list."""
        if self.cursor is None:
            return None if self.limit is None else HistoryExtent(self.limit)
        return HistoryExtent(self.limit or MAX_PAGE_SIZE, int(_cursors(keyring, case_id).position(self.cursor)))


def next_page_cursor(keyring: Keyring, case_id: UUID, last_sequence: int | None) -> str | None:
    """The cursor of the page after this entry; None when no page follows."""
    return None if last_sequence is None else _cursors(keyring, case_id).cursor(str(last_sequence))


def _cursors(keyring: Keyring, case_id: UUID) -> Cursors:
    return Cursors(keyring, f"history {case_id}")


async def _paged_history_query(request: Request, query: Annotated[PagedMomentQuery, Query()]) -> PagedHistoryQuery:
    moment = await _point_in_time_query(request, query)
    return PagedHistoryQuery(moment.point_in_time, moment.present_path, query.limit, query.cursor)


PagedHistoryDependency = Annotated[PagedHistoryQuery, Depends(_paged_history_query)]
PointInTimeDependency = Annotated[PointInTimeQuery, Depends(_point_in_time_query)]
