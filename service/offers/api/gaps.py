"""/v1/regions/{region}/gaps: what help is missing in a region, as a sum through the gate of all figures."""

from itertools import groupby
from typing import Annotated

from fastapi import Query
from pydantic import Field

from service.database.transaction import Transaction
from service.http.house import TheHouse
from service.http.json_models import Labelled, RegionParameter, View
from service.http.openapi import may_refuse
from service.http.parameters import QueryKeys, TheCaller
from service.http.strict_route import StrictRouter
from service.identity.caller import Caller
from service.offers.use_cases.gaps import count_gaps
from service.vocabulary.code_lists import CODE_LISTS
from service.workflows.rules.rulebook import Rulebook

router = StrictRouter("offer")
DOMAINS = tuple(CODE_LISTS["advice_domain"].codes)


class GapsQuery(QueryKeys):
    """One calendar year; this one when left out."""

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


@router.get("/regions/{region}/gaps", responses=may_refuse(403))
async def get_gaps(
    region: RegionParameter, house: TheHouse, caller: TheCaller, wanted: Annotated[GapsQuery, Query()]
) -> Gaps:
    """How many cases of your region wanted help that does not exist, by domain and function."""
    return await house.database.read(
        lambda transaction: view_gaps(transaction, caller, region, wanted, rules=house.rules)
    )


def view_gaps(transaction: Transaction, caller: Caller, region: str, wanted: GapsQuery, *, rules: Rulebook) -> Gaps:
    """What is missing in a region that this caller works for."""
    year, k, found = count_gaps(transaction, caller, region, wanted.year, rules=rules)
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
    return Gaps(region=region, year=year, k=k, domains=domains)
