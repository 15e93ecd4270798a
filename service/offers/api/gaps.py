"""/v1/regions/{region}/gaps: what help is missing in a region, as a sum through the gate of all figures."""

from itertools import groupby
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from service.database.transaction import Transaction
from service.http.context import TheCaller, TheHouse
from service.http.json_models import Labelled, RegionParameter, View
from service.http.openapi import may_refuse
from service.http.request_faults import CheckedRoute
from service.http.responses import answer
from service.offers.use_cases.gaps import count_gaps
from service.vocabulary.code_lists import CODE_LISTS

router = APIRouter(tags=["offer"], route_class=CheckedRoute)
DOMAINS = tuple(CODE_LISTS["advice_domain"].codes)


class GapsQuery(BaseModel):
    """One calendar year; this one when left out."""

    model_config = ConfigDict(extra="forbid")
    year: Annotated[int, Field(ge=2000, le=2200)] | None = None


class FunctionGaps(View):
    """So many cases wanted this function."""

    function: Labelled
    cases: int


class GapsOfDomain(View):
    """What is missing in one domain, the most wanted first."""

    domain: Labelled
    functions: list[FunctionGaps]


class Gaps(View):
    """What is missing in a region in a year. Functions that fewer than `k` cases wanted are not listed."""

    region: str
    year: int
    k: int
    domains: list[GapsOfDomain]


@router.get("/regions/{region}/gaps", response_model=Gaps, responses=may_refuse(400, 401, 403, 404))
async def get_gaps(
    region: RegionParameter, house: TheHouse, caller: TheCaller, wanted: Annotated[GapsQuery, Query()]
) -> Response:
    """How many cases of your region wanted help that does not exist, by domain and function."""

    def work(transaction: Transaction) -> Response:
        year, k, found = count_gaps(transaction, caller, region, wanted.year, rules=house.rules)
        ordered = sorted(found, key=lambda it: (DOMAINS.index(it.domain), -it.cases, it.function))
        domains = [
            GapsOfDomain(
                domain=Labelled.listed(domain, "advice_domain"),
                functions=[
                    FunctionGaps(function=Labelled.listed(it.function, "help_function"), cases=it.cases) for it in some
                ],
            )
            for domain, some in groupby(ordered, key=lambda it: it.domain)
        ]
        return answer(Gaps(region=region, year=year, k=k, domains=domains))

    return await house.database.read(work)
