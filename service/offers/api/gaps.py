"""/v1/regions/{region}/gaps: counts of missing help in a region, released through the gate of all figures."""

from itertools import groupby
from typing import Annotated

from fastapi import Query
from pydantic import Field

from service.database.transaction import Transaction
from service.http.app_context import AppContextDependency
from service.http.json_models import Labelled, RegionParameter, View
from service.http.openapi import refusal_responses
from service.http.parameters import CallerDependency, QueryKeys
from service.http.strict_route import StrictRouter
from service.identity.caller import Caller
from service.offers.use_cases.gaps import count_gaps
from service.vocabulary.code_lists import CODE_LISTS
from service.workflows.rules.rulebook import Rulebook

router = StrictRouter("offer")
DOMAINS = tuple(CODE_LISTS["advice_domain"].codes)


class GapsQuery(QueryKeys):
    """A calendar year; the current one when omitted."""

    year: Annotated[int, Field(ge=2000, le=2200)] | None = None


class FunctionGaps(View):
    """A missing function with the number of cases that needed it."""

    function: Labelled
    cases: int


class GapsOfDomain(View):
    """Missing functions of one domain, the most frequent first."""

    domain: Labelled
    functions: list[FunctionGaps]


class Gaps(View):
    """Missing help in a region in a year. Functions that fewer than `k` cases needed are not listed."""

    region: str
    year: int
    k: int
    domains: list[GapsOfDomain]


@router.get("/regions/{region}/gaps", responses=refusal_responses(403))
async def get_gaps(
    region: RegionParameter,
    context: AppContextDependency,
    caller: CallerDependency,
    query: Annotated[GapsQuery, Query()],
) -> Gaps:
    """Count the cases of your region that needed help that does not exist, by domain and function."""
    return await context.database.read(
        lambda transaction: view_gaps(transaction, caller, region, query, rules=context.rules)
    )


def view_gaps(transaction: Transaction, caller: Caller, region: str, query: GapsQuery, *, rules: Rulebook) -> Gaps:
    """Missing help in a region that this caller works for. Raises NotAllowed and NotFound."""
    year, k, counts = count_gaps(transaction, caller, region, query.year, rules=rules)
    sorted_counts = sorted(counts, key=lambda count: (DOMAINS.index(count.domain), -count.cases, count.function))
    domains = [
        GapsOfDomain(
            domain=Labelled.from_code_list(domain, "advice_domain"),
            functions=[
                FunctionGaps(function=Labelled.from_code_list(count.function, "help_function"), cases=count.cases)
                for count in counts_of_domain
            ],
        )
        for domain, counts_of_domain in groupby(sorted_counts, key=lambda count: count.domain)
    ]
    return Gaps(region=region, year=year, k=k, domains=domains)
