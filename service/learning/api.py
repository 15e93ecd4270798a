"""Routes of /v1/learning: de-identified histories for the facilitator of a learning table."""

from typing import Annotated
from uuid import uuid4

from fastapi import Query, Response

from service.database.transaction import Transaction
from service.http.app_context import AppContextDependency
from service.http.json_models import RegionParameter, View
from service.http.openapi import media_type_responses, refusal_responses
from service.http.parameters import CallerDependency, MediaTypeDependency, QueryKeys
from service.http.strict_route import StrictRouter
from service.identity.caller import Caller
from service.learning.rules.export import as_csv, as_json
from service.learning.rules.release_ladder import Release
from service.learning.use_cases import release_histories
from service.workflows.rules.rulebook import Rulebook

router = StrictRouter("learning")
CSV = "text/csv"


class HistoriesQuery(QueryKeys):
    """Filter of histories: one of your regions; all of your regions when left out."""

    region: RegionParameter | None = None


class DroppedView(View):
    """Number of histories that are not released because fewer than k are alike. It is a band, not an exact number."""

    at_least: int
    below: int


class Histories(View):
    """A release of histories. Each is like at least k - 1 others. References are random, for this release only."""

    k: int
    dropped: DroppedView
    histories: list[dict[str, object]]


@router.get(
    "/learning/histories", response_model=Histories, responses=media_type_responses(CSV) | refusal_responses(403, 404)
)
async def get_histories(
    context: AppContextDependency,
    caller: CallerDependency,
    query: Annotated[HistoriesQuery, Query()],
    media_type: MediaTypeDependency,
) -> Response | Histories:
    """De-identified histories of your regions: order, waits in bands, codes. JSON, or CSV with `Accept: text/csv`."""
    if media_type != CSV:
        return await context.database.write(
            lambda transaction: view_histories(transaction, caller, query, rules=context.rules)
        )
    release = await context.database.write(lambda transaction: _release(transaction, caller, query, context.rules))
    headers = {"Content-Disposition": 'attachment; filename="histories.csv"'}
    return Response(as_csv(release).encode(), headers=headers, media_type=f"{CSV}; charset=utf-8; header=present")


def view_histories(transaction: Transaction, caller: Caller, query: HistoriesQuery, *, rules: Rulebook) -> Histories:
    """A release for this facilitator. Needs a transaction that writes: the release is logged as an export."""
    return Histories.model_validate(as_json(_release(transaction, caller, query, rules)))


def _release(transaction: Transaction, caller: Caller, query: HistoriesQuery, rules: Rulebook) -> Release:
    return release_histories(transaction, caller, query.region, rules=rules, reference=lambda: str(uuid4()))
