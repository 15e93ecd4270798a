"""The sum of what is missing: how many cases of a region wanted a function that does not exist there (R16, 2.2, 2.8).

From the columns of the history alone (I26), through one gate (I24). The table is fixed: one region, one calendar year,
by domain and function. Nobody chooses days, for two sums that differ by a day tell of the case of that day; and there
are no totals: a total either says what its cells say, or gives away a cell that is not shown.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from service.domain.amendments import with_amendments
from service.domain.case import Transition
from service.domain.forms.gap import MISSING_DOMAIN, MISSING_FUNCTION
from service.domain.terms import day_in_amsterdam
from service.learning.histories import Withheld
from service.learning.ladder import SMALLEST_K


@dataclass(frozen=True, slots=True, kw_only=True)
class GapCount:
    """So many cases wanted this function in this domain."""

    domain: str
    function: str
    cases: int


def gap_table(entries: Iterable[Transition], *, year: int, k: int) -> tuple[GapCount, ...]:
    """Every function that at least k cases wanted in that year. A case counts once for a function.

    `entries`: the recorded gaps and the amendments of them. Of what is not listed nobody can tell whether it is there.
    """
    if k < SMALLEST_K:
        raise Withheld("k is too small")
    wanted = {
        (domain, function, entry.case_id)
        for entry in with_amendments(tuple(entries))
        if day_in_amsterdam(entry.occurred_at).year == year
        for domain in entry.codes.get(MISSING_DOMAIN, ())
        for function in entry.codes.get(MISSING_FUNCTION, ())
    }
    counted = Counter((domain, function) for domain, function, _ in wanted)
    return tuple(
        GapCount(domain=domain, function=function, cases=cases)
        for (domain, function), cases in sorted(counted.items())
        if cases >= k
    )
