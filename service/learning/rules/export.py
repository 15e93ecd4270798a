"""Export of a release: JSON values, and CSV in which a spreadsheet runs no formula."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from types import MappingProxyType
from typing import Any

from service.learning.rules.release_ladder import GeneralisedRoute, GeneralisedStep, Level, Release, ReleasedCase
from service.vocabulary.ages import AGE_BANDS
from service.vocabulary.language import BilingualText

LEVEL_LABELS: Mapping[Level, BilingualText] = MappingProxyType(
    {
        Level.ORDER_WAITS_AGE: BilingualText("volgorde, wachttijden en leeftijd", "order, waits and age"),
        Level.ORDER_WAITS: BilingualText("volgorde en wachttijden", "order and waits"),
        Level.ORDER_TOTAL: BilingualText("volgorde en totale duur", "order and total time"),
        Level.ORDER: BilingualText("volgorde", "order"),
        Level.ROUTE_TOTAL: BilingualText("route en totale duur", "route and total time"),
        Level.ROUTE: BilingualText("route", "route"),
    }
)

# One row is one step. An empty cell is not shown at the level of the case; in wait_band it can also be the first step.
COLUMNS: Mapping[str, BilingualText] = MappingProxyType(
    {
        "reference": BilingualText(
            "casus in deze uitgave; verwijst nergens naar", "case in this release; refers to nothing"
        ),
        "level": BilingualText("1 (fijnst) tot 6 (grofst)", "1 (finest) to 6 (coarsest)"),
        "step_number": BilingualText(
            "volgorde; 0 als alleen de route getoond wordt", "order; 0 where only the route is shown"
        ),
        "part": BilingualText("onderdeel dat de stap zette", "part that made the step"),
        "trigger": BilingualText("stap, of whole_route", "step, or whole_route"),
        "target": BilingualText("status na de stap", "state after the step"),
        "wait_band": BilingualText("tijd sinds de vorige stap", "time since the step before"),
        "role": BilingualText("rol van wie de stap zette", "role of who made the step"),
        "codes": BilingualText("redenen, als lijst:code", "reasons, as list:code"),
        "age_band": BilingualText("leeftijd bij aanmelding, of unknown", "age at submission, or unknown"),
        "total_band": BilingualText(
            "tijd van aanmelding tot einde, of tot nu", "time from submission to the end, or to now"
        ),
        "wait_so_far": BilingualText("open casus: tijd sinds de laatste stap", "open case: time since the last step"),
        "end_state": BilingualText("hoe de casus eindigde, of open", "how the case ended, or open"),
        "tables": BilingualText("keren aan tafel; 3 is 3 of meer", "times at the table; 3 is 3 or more"),
        "placements": BilingualText(
            "plekken waar het kind woonde; 2 is 2 of meer", "places the child lived; 2 is 2 or more"
        ),
        "escalated": BilingualText("opgeschaald: yes of no", "escalated: yes or no"),
    }
)

# A spreadsheet takes a cell that begins with one of these as a formula. Some skip leading blanks, or accept the
# full-width characters.
_FORMULA_START = re.compile(r"[\s=+\-@\uff1d\uff0b\uff0d\uff20]")


def as_json(release: Release) -> dict[str, Any]:
    """Returns the release as JSON: k, dropped (atLeast, below) and histories. None is "not shown at this level"."""
    return {
        "k": release.k,
        "dropped": {"atLeast": release.dropped.at_least, "below": release.dropped.below},
        "histories": [_history(case) for case in release.cases],
    }


def as_csv(release: Release) -> str:
    """Returns the release as CSV with the columns COLUMNS: one row per step, cases in the order of their references."""
    return csv_table([COLUMNS, *(row for case in release.cases for row in _rows(case))])


def csv_table(rows: Iterable[Iterable[str]]) -> str:
    """Returns the rows as CSV (RFC 4180). No cell is a formula in a spreadsheet."""
    output = io.StringIO(newline="")
    csv.writer(output, lineterminator="\r\n").writerows([_cell(value) for value in row] for row in rows)
    return output.getvalue()


def _cell(value: str) -> str:
    """The cell, with a leading apostrophe where a spreadsheet would run it: the apostrophe marks text."""
    return f"'{value}" if _FORMULA_START.match(value) else value


def _history(case: ReleasedCase) -> dict[str, Any]:
    route = case.route
    return {
        "reference": case.reference,
        "level": int(route.level),
        "ageBand": route.age_band,
        "totalBand": route.total_band,
        "waitSoFar": route.wait_so_far,
        "endState": route.end_state,
        "tables": route.tables,
        "placements": route.placements,
        "escalated": route.escalated,
        "steps": [_step(step) for step in route.steps],
    }


def _step(step: GeneralisedStep) -> dict[str, Any]:
    return {
        "part": step.part,
        "trigger": step.trigger,
        "target": step.target,
        "waitBand": step.wait_band,
        "role": None if step.role is None else str(step.role),
        "codes": None if step.codes is None else _by_list(step.codes),
    }


def _by_list(codes: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Returns {code list: codes}."""
    return {name: [code for _, code in pairs] for name, pairs in groupby(codes, key=lambda pair: pair[0])}


def _rows(case: ReleasedCase) -> Iterator[list[str]]:
    route = case.route
    escalated = {None: "", True: "yes", False: "no"}[route.escalated]
    counts = ("" if count is None else str(count) for count in (route.tables, route.placements))
    # A spreadsheet reads "4-11" as the fourth of November.
    age = f"{route.age_band} years" if route.age_band in AGE_BANDS else route.age_band or ""
    case_cells = [age, route.total_band or "", route.wait_so_far or "", route.end_state, *counts, escalated]
    for number, step_cells in _activities(route):
        yield [case.reference, str(int(route.level)), str(number), *step_cells, *case_cells]


def _activities(route: GeneralisedRoute) -> Iterator[tuple[int, list[str]]]:
    """Yields (step number, cells of the step).

    A case shown as a mere route yields one row: process-mining tools accept no empty activity.
    """
    if not route.steps:
        yield 0, ["case", "whole_route", route.end_state, "", "", ""]
    for number, step in enumerate(route.steps, 1):
        codes = " ".join(f"{name}:{code}" for name, code in step.codes or ())
        yield number, [step.part, step.trigger, step.target, step.wait_band or "", step.role or "", codes]
