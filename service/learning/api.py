"""/v1/learning: what the facilitator of a learning table may pull, and nothing that leads back to a child."""

from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict

from service.http.context import TheCaller, TheHouse, accepted
from service.http.json_models import RegionParameter, View
from service.http.openapi import may_refuse
from service.http.request_faults import CheckedRoute
from service.learning.rules.export import as_csv, as_json
from service.learning.use_cases import pull_histories

router = APIRouter(tags=["learning"], route_class=CheckedRoute)
CSV = "text/csv"
JSON = "application/json"


class HistoriesQuery(BaseModel):
    """One of your regions; all of them when left out."""

    model_config = ConfigDict(extra="forbid")
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


@router.get(
    "/learning/histories",
    response_model=Histories,
    responses={200: {"content": {CSV: {"schema": {"type": "string"}}}}, **may_refuse(400, 401, 403, 404, 503)},
)
async def get_histories(
    request: Request, house: TheHouse, caller: TheCaller, wanted: Annotated[HistoriesQuery, Query()]
) -> Response:
    """De-identified histories of your regions: order, waits in bands, codes; JSON, or CSV with `Accept: text/csv`."""
    found = await house.database.write(
        lambda transaction: pull_histories(
            transaction, caller, wanted.region, rules=house.rules, reference=lambda: str(uuid4())
        )
    )
    if accepted(request, (JSON, CSV)) == CSV:
        named = {"Content-Disposition": 'attachment; filename="histories.csv"'}
        return Response(as_csv(found).encode(), headers=named, media_type=f"{CSV}; charset=utf-8; header=present")
    return Response(Histories.model_validate(as_json(found)).model_dump_json(by_alias=True), media_type=JSON)


get_histories.offers = (JSON, CSV)  # type: ignore[attr-defined]  # read by dependencies.check_request
