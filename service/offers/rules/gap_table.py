"""The table of gaps: numbers of cases of a region that needed a function that is missing there (R16, 2.2, 2.8).

It is counted from the columns of the history alone (I26) and released through one gate (I24). The table is fixed: one
region, one calendar year, by domain and function. A free choice of days is impossible, since two sums that differ by a
day reveal the case of that day. There are no totals, since a total can reveal a cell that is not shown.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from uuid import UUID

from service.cases.rules.amendments import amended_history
from service.cases.rules.model import Transition
from service.learning.rules.case_routes import ReleaseRefused
from service.learning.rules.release_ladder import SMALLEST_K
from service.offers.rules.gap_form import MISSING_DOMAIN, MISSING_FUNCTION
from service.vocabulary.calendar import day_in_amsterdam

NO_FIGURES: Mapping[tuple[str, str], int] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class GapCount:
    """The number of cases that needed this missing function of this domain."""

    domain: str
    function: str
    cases: int


def missing_functions(entries: Iterable[Transition]) -> frozenset[tuple[UUID, int, str, str]]:
    """Returns (case id, year, domain, function) of each recorded gap, with amendments applied. Year in Amsterdam."""
    return frozenset(
        (entry.case_id, day_in_amsterdam(entry.occurred_at).year, domain, function)
        for entry in amended_history(tuple(entries))
        for domain in entry.codes.get(MISSING_DOMAIN, ())
        for function in entry.codes.get(MISSING_FUNCTION, ())
    )


def gap_table(
    entries: Iterable[Transition],
    *,
    year: int,
    k: int,
    from_destroyed_cases: Mapping[tuple[str, str], int] = NO_FIGURES,
) -> tuple[GapCount, ...]:
    """Returns every function that at least k cases needed in that year. A case counts once for a function.

    `entries`: the recorded gaps and their amendments. `from_destroyed_cases`: numbers of destroyed cases by (domain,
    function). A function that is not listed may be missing in fewer cases or in none. Raises ReleaseRefused when k is
    below the smallest k of all figures.
    """
    if k < SMALLEST_K:
        raise ReleaseRefused("k is too small")
    counted = Counter(
        (domain, function) for _, entry_year, domain, function in missing_functions(entries) if entry_year == year
    )
    counted.update(from_destroyed_cases)
    return tuple(
        GapCount(domain=domain, function=function, cases=cases)
        for (domain, function), cases in sorted(counted.items())
        if cases >= k
    )
