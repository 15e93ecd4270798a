"""The release ladder: k-anonymous generalisation of case routes (I24).

Each case is released at the finest level at which at least k cases are alike, else it is suppressed. Removal of columns
does not hide a case: on a synthetic log the order of steps alone singled out one case in nine. Therefore a case is
released as a generalised route, and its class is all cases with an equal one. Nothing else is shown, so a person who
searches for a known case finds at least k that cannot be told apart. The price is detail: a region with tens of cases a
year sees mere routes and few orders of steps; only many regions together see waits and ages.

The ladder does not protect against the difference of two releases that overlap except for a case or two. Releases must
therefore come from a fixed catalogue and be frozen; the caller decides who may ask for which. A child or family with
several cases counts as several, because persons are not matched.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from enum import IntEnum

from service.learning.rules.case_routes import CaseRoute, ReleaseRefused, WaitBand
from service.vocabulary.roles import Role
from service.workflows.rules.kinds import PartKind

SMALLEST_K = 5

# Ends that reveal something about a family to a person who recognises the route up to the end.
SENSITIVE_ENDS = frozenset({"declined", "withdrawn"})

# Letters and digits in groups joined by hyphens, as a UUID: no spreadsheet reads it as a number, date or formula.
_REFERENCE = re.compile(r"(?=.{16,64}\Z)[a-z0-9]+(?:-[a-z0-9]+)+")


class Level(IntEnum):
    """Levels of generalisation, from the finest to the coarsest."""

    ORDER_WAITS_AGE = 1
    ORDER_WAITS = 2
    ORDER_TOTAL = 3
    ORDER = 4
    ROUTE_TOTAL = 5
    ROUTE = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneralisedStep:
    """A step at a level. None is "not shown"; the first step has no wait."""

    part: PartKind
    trigger: str
    target: str
    wait_band: WaitBand | None = None
    role: Role | None = None
    codes: tuple[tuple[str, str], ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneralisedRoute:
    """A case route at a level: all that is released of a case. Equal values form a class."""

    level: Level
    end_state: str
    steps: tuple[GeneralisedStep, ...] = ()
    age_band: str | None = None
    total_band: WaitBand | None = None
    wait_so_far: WaitBand | None = None
    tables: int | None = None
    placements: int | None = None
    escalated: bool | None = None


@dataclass(frozen=True, slots=True)
class ReleasedCase:
    """A generalised route with a random reference that is valid in this release only."""

    reference: str
    route: GeneralisedRoute


@dataclass(frozen=True, slots=True)
class SuppressedCount:
    """Number of suppressed cases, as a band of width k: at least `at_least` and below `below`.

    The lowest band includes zero. An exact number would show, between two releases that differ by one case, whether
    that case is unique.
    """

    at_least: int
    below: int


@dataclass(frozen=True, slots=True)
class Release:
    """A set of cases that may be released. Never show the total number of cases with it: it reveals those dropped."""

    k: int
    dropped: SuppressedCount
    cases: tuple[ReleasedCase, ...]


def release(routes: Iterable[CaseRoute], *, k: int, reference: Callable[[], str]) -> Release:
    """Release the routes that k allows. `reference` must draw at random, for example a UUIDv4.

    Classes depend on the routes alone, references are given out class by class, and cases are ordered by reference.
    Therefore nothing in the release depends on the order of the routes. Raises ReleaseRefused, and releases nothing,
    when any check fails.
    """
    if k < SMALLEST_K:
        raise ReleaseRefused("k is too small")
    generalised, dropped = _climb(list(routes), k)
    cases = (ReleasedCase(reference(), route) for route in sorted(generalised, key=repr))
    lowest = dropped // k * k
    released = Release(k, SuppressedCount(lowest, lowest + k), tuple(sorted(cases, key=lambda case: case.reference)))
    _prove(released)
    return released


def generalise(route: CaseRoute, level: Level) -> GeneralisedRoute:
    """Generalise a route to this level."""
    is_mere_route = level >= Level.ROUTE_TOTAL
    return GeneralisedRoute(
        level=level,
        end_state=route.end_state,
        steps=() if is_mere_route else tuple(_generalised_steps(route, level)),
        age_band=route.age_band if level == Level.ORDER_WAITS_AGE else None,
        total_band=route.total_band if level in {Level.ORDER_TOTAL, Level.ROUTE_TOTAL} else None,
        wait_so_far=route.wait_so_far if level <= Level.ORDER_WAITS else None,
        tables=route.tables if is_mere_route else None,
        placements=route.placements if is_mere_route else None,
        escalated=route.escalated if is_mere_route else None,
    )


def _generalised_steps(route: CaseRoute, level: Level) -> Iterator[GeneralisedStep]:
    """The steps at a level. Only the two finest levels include roles and coded reasons, which must then be equal too.

    At a coarser level they would either single out cases, when they need not be equal, or push most cases down to mere
    routes, when they must. A learning table reads the order of steps first.
    """
    for step in route.steps:
        coarse = GeneralisedStep(part=step.part, trigger=step.trigger, target=step.target)
        is_fine = level <= Level.ORDER_WAITS
        yield replace(coarse, wait_band=step.wait_band, role=step.role, codes=step.codes) if is_fine else coarse


def _climb(remaining: list[CaseRoute], k: int) -> tuple[list[GeneralisedRoute], int]:
    """Returns (generalised routes to release, number of suppressed cases).

    Greedy: a route is released at the finest level at which it fits a class; the others go one level coarser.
    """
    placed: list[CaseRoute] = []
    released: list[GeneralisedRoute] = []
    for level in Level:
        pairs = [(route, generalise(route, level)) for route in remaining]
        large = {coarse for coarse, size in Counter(coarse for _, coarse in pairs).items() if size >= k}
        safe = large - _revealing({*large, *(generalise(route, level) for route in placed)})
        released += [coarse for _, coarse in pairs if coarse in safe]
        placed += [route for route, coarse in pairs if coarse in safe]
        remaining = [route for route, coarse in pairs if coarse not in safe]
    return released, len(remaining)


def _revealing(routes: Iterable[GeneralisedRoute]) -> set[GeneralisedRoute]:
    """Classes that reveal a sensitive end, because all cases with the same route up to the end ended so.

    This is l-diversity with l = 2, for a person who knows the route up to the end. Cases that are released at a finer
    level count as well: nobody can tell that they are not among them.
    """
    by_start: defaultdict[GeneralisedRoute, set[GeneralisedRoute]] = defaultdict(set)
    for route in routes:
        by_start[_before_the_end(route)].add(route)
    uniform = (group for group in by_start.values() if len({route.end_state for route in group}) == 1)
    return {route for group in uniform for route in group if route.end_state in SENSITIVE_ENDS}


def _before_the_end(route: GeneralisedRoute) -> GeneralisedRoute:
    steps = tuple(step for step in route.steps if (step.part, step.target) != ("case", route.end_state))
    return replace(route, end_state="", wait_so_far=None, steps=steps)


def _prove(released: Release) -> None:
    """Count the classes again, from the release alone. Raises ReleaseRefused when a promise is broken."""
    sizes = Counter(case.route for case in released.cases)
    if any(size < released.k for size in sizes.values()):
        raise ReleaseRefused("a class is too small")
    if len({case.reference for case in released.cases}) != len(released.cases):
        raise ReleaseRefused("a reference was drawn twice")
    if not all(_REFERENCE.fullmatch(case.reference) for case in released.cases):
        raise ReleaseRefused("a reference does not have the shape of one")
