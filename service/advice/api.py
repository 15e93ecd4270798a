"""/v1/cases/{caseId}/advices: the versions of the advice, limited to what the caller may see (I13, I17, I23)."""

from typing import Annotated
from uuid import UUID

from fastapi import Path
from pydantic import Field

from service.advice.rules.forms import Advice, AdviceRevision
from service.advice.use_cases import list_advice_versions, read_advice
from service.cases.api.form_shapes import document_as
from service.cases.api.point_in_time import (
    NEXT_CURSOR,
    PagedDependency,
    PagedQuery,
    PointInTimeDependency,
    PointInTimeQuery,
    PointInTimeView,
)
from service.database.paging import Cursors
from service.database.transaction import Transaction
from service.http.app_context import AppContextDependency
from service.http.json_models import UtcDateTime, View
from service.http.openapi import refusal_responses
from service.http.parameters import CallerDependency, CaseId
from service.http.strict_route import StrictRouter
from service.identity.caller import Caller
from service.workflows.store.definitions import Definitions

router = StrictRouter("advice")
Version = Annotated[int, Path(description="The number of the version, from 1.")]


class AdviceVersionView(View):
    """A version of the advice. An issued version never changes."""

    version: int
    issued_at: UtcDateTime
    recorded_at: UtcDateTime


class Advices(PointInTimeView):
    """The versions of the advice of a case, the newest last."""

    items: list[AdviceVersionView]
    next_cursor: str | None = Field(default=None, description=NEXT_CURSOR)


class AdviceInPart(View):
    """The lines of an advice that are addressed to your organisation; with their goals if you are the provider."""

    lines: list[dict[str, object]]
    goals: list[dict[str, object]] = Field(default_factory=list)


class AdviceView(PointInTimeView):
    """A version of the advice. `whole` is false if you see only the lines addressed to your organisation.

    `advice` is as it was issued and never changes.
    """

    version: int
    modality: str
    issued_at: UtcDateTime
    whole: bool
    advice: Annotated[dict[str, object], document_as(Advice, AdviceRevision, AdviceInPart)]
    current: Annotated[dict[str, object] | None, document_as(Advice, AdviceRevision, AdviceInPart, None)] = Field(
        default=None, description="The advice after the corrections on request (GDPR 16); null without any."
    )


@router.get("/cases/{caseId}/advices")
async def list_advices(
    case_id: CaseId, context: AppContextDependency, caller: CallerDependency, query: PagedDependency
) -> Advices:
    """The versions of the advice, with the moment at which each was issued: all of them, or a page."""
    return await context.database.read(lambda transaction: view_advices(transaction, caller, case_id, query))


def view_advices(transaction: Transaction, caller: Caller, case_id: UUID, query: PagedQuery) -> Advices:
    """Returns the versions of the advice that the caller may see. Raises NotFound, Invalid."""
    versions = list_advice_versions(transaction, caller, case_id, query.point_in_time)
    page = query.page_of(
        Cursors(transaction.keyring, f"advices {case_id}"), [*versions.issued], position_of=lambda number: [number]
    )
    issued = {number: versions.issued[number] for number in page.items}
    items = [
        AdviceVersionView(version=number, issued_at=entry.occurred_at, recorded_at=entry.recorded_at)
        for number, entry in issued.items()
    ]
    return query.with_as_of(Advices(items=items, next_cursor=page.next_cursor), versions.past)


@router.get("/cases/{caseId}/advices/{version}", responses=refusal_responses(403))
async def get_advice(
    case_id: CaseId,
    version: Version,
    context: AppContextDependency,
    caller: CallerDependency,
    moment: PointInTimeDependency,
) -> AdviceView:
    """A version of the advice, with dissent and the family's statement. Reading it is logged."""
    return await context.database.write(lambda transaction: view_advice(transaction, caller, case_id, version, moment))


def view_advice(
    transaction: Transaction, caller: Caller, case_id: UUID, version: int, moment: PointInTimeQuery
) -> AdviceView:
    """Returns the part of this version that the caller may see. Logs the reading, so the transaction must write."""
    advice = read_advice(transaction, caller, case_id, version, moment.point_in_time)
    view = AdviceView(
        version=advice.version,
        modality=Definitions(transaction).settings_by_hash(advice.entry.settings).advice_modality,
        issued_at=advice.entry.occurred_at,
        whole=advice.whole,
        advice=dict(advice.form),
        current=None if advice.current is None else dict(advice.current),
    )
    return moment.with_as_of(view, advice.past)
