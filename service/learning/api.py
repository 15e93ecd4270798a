"""/v1/learning: what the facilitator of a learning table may pull, and nothing that leads back to a child."""

from typing import Annotated
from uuid import uuid4

from fastapi import Query, Response

from service.database.transaction import Transaction
from service.http.house import TheHouse
from service.http.json_models import RegionParameter, View
from service.http.openapi import also_as, may_refuse
from service.http.parameters import QueryKeys, TheCaller, TheMediaType
from service.http.strict_route import StrictRouter
from service.identity.caller import Caller
from service.learning.rules.export import as_csv, as_json
from service.learning.rules.release_ladder import Release
from service.learning.use_cases import pull_histories
from service.workflows.rules.rulebook import Rulebook

router = StrictRouter("learning")
CSV = "text/csv"


class HistoriesQuery(QueryKeys):
    """One of your regions; all of them when left out."""

    region: RegionParameter | None = None


class DroppedView(View):
    """How many histories are not shown because too few look like them: a band, not a number."""

    at_least: int
    below: int


class Histories(View):
    """A release: every history looks like at least k others in it. References lead nowhere and hold for this once."""

    k: int
    dropped: DroppedView
    histories: list[dict[str, object]]


@router.get("/learning/histories", response_model=Histories, responses=also_as(CSV) | may_refuse(403, 404))
async def get_histories(
    house: TheHouse, caller: TheCaller, wanted: Annotated[HistoriesQuery, Query()], media_type: TheMediaType
) -> Response | Histories:
    """De-identified histories of your regions: order, waits in bands, codes; JSON, or CSV with `Accept: text/csv`."""
    if media_type != CSV:
        return await house.database.write(
            lambda transaction: view_histories(transaction, caller, wanted, rules=house.rules)
        )
    found = await house.database.write(lambda transaction: _released(transaction, caller, wanted, house.rules))
    named = {"Content-Disposition": 'attachment; filename="histories.csv"'}
    return Response(as_csv(found).encode(), headers=named, media_type=f"{CSV}; charset=utf-8; header=present")


def view_histories(transaction: Transaction, caller: Caller, wanted: HistoriesQuery, *, rules: Rulebook) -> Histories:
    """A release for this facilitator. The transaction writes: it is logged as an export."""
    return Histories.model_validate(as_json(_released(transaction, caller, wanted, rules)))


def _released(transaction: Transaction, caller: Caller, wanted: HistoriesQuery, rules: Rulebook) -> Release:
    return pull_histories(transaction, caller, wanted.region, rules=rules, reference=lambda: str(uuid4()))
