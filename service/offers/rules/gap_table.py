"""The sum of what is missing: how many cases of a region wanted a function that does not exist there (R16, 2.2, 2.8).

From the columns of the history alone (I26), through one gate (I24). The table is fixed: one region, one calendar year,
by domain and function. Nobody chooses days, for two sums that differ by a day tell of the case of that day; and there
are no totals: a total either says what its cells say, or gives away a cell that is not shown.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from uuid import UUID

from service.cases.rules.amendments import with_amendments
from service.cases.rules.model import Transition
from service.learning.rules.release_ladder import SMALLEST_K
from service.learning.rules.routes import Withheld
from service.offers.rules.gap_form import MISSING_DOMAIN, MISSING_FUNCTION
from service.vocabulary.calendar import day_in_amsterdam

NOTHING_KEPT: Mapping[tuple[str, str], int] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class GapCount:
    """So many cases wanted this function in this domain."""

    domain: str
    function: str
    cases: int


def wanted(entries: Iterable[Transition]) -> frozenset[tuple[UUID, int, str, str]]:
    """Which case wanted which function of which domain in which year, as it reads after amendments."""
    return frozenset(
        (entry.case_id, day_in_amsterdam(entry.occurred_at).year, domain, function)
        for entry in with_amendments(tuple(entries))
        for domain in entry.codes.get(MISSING_DOMAIN, ())
        for function in entry.codes.get(MISSING_FUNCTION, ())
    )


def gap_table(
    entries: Iterable[Transition], *, year: int, k: int, kept: Mapping[tuple[str, str], int] = NOTHING_KEPT
) -> tuple[GapCount, ...]:
    """Every function that at least k cases wanted in that year. A case counts once for a function.

    `entries`: the recorded gaps and the amendments of them; `kept`: what destroyed cases still count for. Of what is
    not listed nobody can tell whether it is there.
    """
    if k < SMALLEST_K:
        raise Withheld("k is too small")
    counted = Counter((domain, function) for _, when, domain, function in wanted(entries) if when == year)
    counted.update(kept)
    return tuple(
        GapCount(domain=domain, function=function, cases=cases)
        for (domain, function), cases in sorted(counted.items())
        if cases >= k
    )
