"""The release ladder: each case at the finest level at which at least k cases look the same, else not at all.

Removing columns does not hide a case: on a synthetic log the order of steps alone singled out one case in nine. So
what is released of a case is a *look*, and its class is everybody with an equal look. Nothing is shown that the look
does not hold, so whoever looks for a case they know finds k that cannot be told apart. The price is detail, and it is
visible: a region of tens of cases a year sees routes and few orders; only many regions together see waits and ages.

What the ladder cannot see: two sets that overlap but for a case or two can be subtracted from each other. Sets must
therefore come from a fixed catalogue and be frozen; whoever calls decides who may ask for which. And a child or family
with several cases counts as several: persons are not matched, so nobody here can know.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from enum import IntEnum

from service.learning.rules.routes import CaseRoute, WaitBand, Withheld
from service.vocabulary.roles import Role
from service.workflows.rules.kinds import PartKind

SMALLEST_K = 5

# Ends that say something about a family to whoever recognises the road that led there.
SENSITIVE_ENDS = frozenset({"declined", "withdrawn"})

# Words of letters and digits joined by hyphens, as a UUID is: no spreadsheet takes that for a number, date or formula.
_REFERENCE = re.compile(r"(?=.{16,64}\Z)[a-z0-9]+(?:-[a-z0-9]+)+")


class Level(IntEnum):
    """From the finest look to the coarsest."""

    ORDER_WAITS_AGE = 1
    ORDER_WAITS = 2
    ORDER_TOTAL = 3
    ORDER = 4
    ROUTE_TOTAL = 5
    ROUTE = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownStep:
    """A step as far as the level shows it; None is "not shown", and at the first step there is no wait."""

    part: PartKind
    trigger: str
    target: str
    wait_band: WaitBand | None = None
    role: Role | None = None
    codes: tuple[tuple[str, str], ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """All that is shown of a case at a level. Cases look the same exactly when these are equal."""

    level: Level
    end_state: str
    steps: tuple[ShownStep, ...] = ()
    age_band: str | None = None
    total_band: WaitBand | None = None
    wait_so_far: WaitBand | None = None
    tables: int | None = None
    placements: int | None = None
    escalated: bool | None = None


@dataclass(frozen=True, slots=True)
class ReleasedCase:
    """A look under a reference that was drawn for this one release and leads nowhere."""

    reference: str
    look: Look


@dataclass(frozen=True, slots=True)
class Dropped:
    """How many cases are not shown, as a band k wide: the lowest does not even tell whether there are any.

    The exact number would show, between two sets that differ by one case, whether that case is one of a kind.
    """

    at_least: int
    below: int


@dataclass(frozen=True, slots=True)
class Release:
    """What may leave. The number of cases asked for must not be told beside it: it would give the dropped away."""

    k: int
    dropped: Dropped
    cases: tuple[ReleasedCase, ...]


def release(routes: Iterable[CaseRoute], *, k: int, reference: Callable[[], str]) -> Release:
    """Release what k allows. `reference` must draw at random (a UUIDv4 will do); anything unexpected releases nothing.

    The classes depend on the routes and on nothing else, and references are handed out class by class, so neither they
    nor the order of the cases (that of the references) knows in which order the routes came.
    """
    if k < SMALLEST_K:
        raise Withheld("k is too small")
    looks, dropped = _climb(list(routes), k)
    cases = (ReleasedCase(reference(), look) for look in sorted(looks, key=repr))
    lowest = dropped // k * k
    released = Release(k, Dropped(lowest, lowest + k), tuple(sorted(cases, key=lambda case: case.reference)))
    _prove(released)
    return released


def look(route: CaseRoute, level: Level) -> Look:
    """The route as that level shows it."""
    is_route = level >= Level.ROUTE_TOTAL
    return Look(
        level=level,
        end_state=route.end_state,
        steps=() if is_route else tuple(_shown(route, level)),
        age_band=route.age_band if level == Level.ORDER_WAITS_AGE else None,
        total_band=route.total_band if level in {Level.ORDER_TOTAL, Level.ROUTE_TOTAL} else None,
        wait_so_far=route.wait_so_far if level <= Level.ORDER_WAITS else None,
        tables=route.tables if is_route else None,
        placements=route.placements if is_route else None,
        escalated=route.escalated if is_route else None,
    )


def _shown(route: CaseRoute, level: Level) -> Iterator[ShownStep]:
    """Roles and coded reasons belong to the two finest levels only, and there they are part of what must be equal.

    Shown beside a coarser order they would single cases out again; made part of a coarser order they would push most
    cases down to mere routes, while the order is what a learning table reads first.
    """
    for step in route.steps:
        bare = ShownStep(part=step.part, trigger=step.trigger, target=step.target)
        fine = level <= Level.ORDER_WAITS
        yield replace(bare, wait_band=step.wait_band, role=step.role, codes=step.codes) if fine else bare


def _climb(left: list[CaseRoute], k: int) -> tuple[list[Look], int]:
    """Greedy: whoever fits a class at this level is done, the others are looked at one level coarser."""
    done: list[CaseRoute] = []
    looks: list[Look] = []
    for level in Level:
        seen = [(route, look(route, level)) for route in left]
        large = {shown for shown, size in Counter(shown for _, shown in seen).items() if size >= k}
        fit = large - _telling({*large, *(look(route, level) for route in done)})
        looks += [shown for _, shown in seen if shown in fit]
        done += [route for route, shown in seen if shown in fit]
        left = [route for route, shown in seen if shown not in fit]
    return looks, len(left)


def _telling(looks: Iterable[Look]) -> set[Look]:
    """Classes that give a sensitive end away: all who came the same way ended so (l-diversity of 2).

    A class has one end, for the end is part of the look; so we ask what somebody learns who knows the road up to the
    end. Cases shown at a finer level count as others on that road, as nobody can tell that they are not.
    """
    by_road: defaultdict[Look, set[Look]] = defaultdict(set)
    for shown in looks:
        by_road[_before_the_end(shown)].add(shown)
    alike = (together for together in by_road.values() if len({shown.end_state for shown in together}) == 1)
    return {shown for together in alike for shown in together if shown.end_state in SENSITIVE_ENDS}


def _before_the_end(shown: Look) -> Look:
    road = tuple(step for step in shown.steps if (step.part, step.target) != ("case", shown.end_state))
    return replace(shown, end_state="", wait_so_far=None, steps=road)


def _prove(released: Release) -> None:
    """Count once more, from what would leave and by nothing that decided it."""
    sizes = Counter(case.look for case in released.cases)
    if any(size < released.k for size in sizes.values()):
        raise Withheld("a class is too small")
    if len({case.reference for case in released.cases}) != len(released.cases):
        raise Withheld("a reference was drawn twice")
    if not all(_REFERENCE.fullmatch(case.reference) for case in released.cases):
        raise Withheld("a reference does not have the shape of one")
