"""Case routes: histories reduced to what a learning table may use. The types have no place for anything else.

A route holds the order of the steps, durations in bands, the roles that acted, and coded reasons. It has no field for a
time, an id, an organisation, a region or a text, and its fields refuse words that are not a code. Routes are made of
recorded transitions alone (I26): nothing is entered for learning.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Literal, get_args

from service.cases.rules.model import Transition
from service.kinds import KINDS
from service.vocabulary.ages import AGE_BANDS
from service.vocabulary.code_lists import CODE_LISTS
from service.vocabulary.roles import Role
from service.workflows.rules.kinds import START, PartKind

WaitBand = Literal["under_4_weeks", "4_to_13_weeks", "13_to_26_weeks", "26_to_52_weeks", "over_52_weeks"]
OPEN = "open"
UNKNOWN = "unknown"
MOST_TABLES = 3
MOST_PLACEMENTS = 2

# Code lists of the reasons that organisations give for their choices, and of the results: the learning question is
# about these. Codes about the child (legal status, kind of place, safety), the family (who was heard, consent, why they
# withdrew) or the file (line, enclosures) are left out: an acquaintance would recognise them. Codes that come in sets
# (why help stagnates, status of goals) would make each case unique; they are for tables of counts.
LEARNABLE_CODES = frozenset(
    {
        "case_outcome",
        "decline_reason",
        "escalation_level",
        "escalation_purpose",
        "help_end_reason",
        "payment_obstacle",
        "refusal_reason",
        "reopen_reason",
        "replacement_reason",
        "system_cause",
        "transfer_reason",
        "would_do_again",
    }
)

# Notes, amendments and reassignments say nothing about the route of a case and would make nearly every route unique.
# Consents and their withdrawal are about the family.
_NOT_STEPS = frozenset({"amend", "add_note", "reassign", "adopt_workflow", "record_consent", "withdraw_consent"})

_DAYS: tuple[tuple[int, WaitBand], ...] = (
    (28, "under_4_weeks"),
    (91, "4_to_13_weeks"),
    (182, "13_to_26_weeks"),
    (364, "26_to_52_weeks"),
)

# The shape of a name in a workflow. No UUID, number, date, capital or sentence matches.
_NAME = re.compile(r"(?=.{1,40}\Z)[a-z]+(?:_[a-z]+)*")


class ReleaseRefused(ValueError):
    """Refusal to release anything. It names the broken promise, never the case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteStep:
    """One step. `wait_band` is the wait since the previous step, None at the first. `codes` are (code list, code)."""

    part: PartKind
    trigger: str
    target: str
    wait_band: WaitBand | None
    role: Role
    codes: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        _require(self.part in KINDS, "there is no such part")
        _require(isinstance(self.role, Role), "there is no such role")
        _require(all(_is_learnable(name, code) for name, code in self.codes), "a code is not for learning")
        _require_names(self.trigger, self.target)
        _require_bands(self.wait_band)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRoute:
    """The route of one case. Nothing distinguishes two cases with equal routes.

    An open case is included as censored: without it all waits would look shorter than they are. Its `end_state` is
    "open", `total_band` is the time so far, and `wait_so_far` the time since its last step (None after the end).
    """

    steps: tuple[RouteStep, ...]
    age_band: str
    end_state: str
    total_band: WaitBand
    wait_so_far: WaitBand | None
    tables: int
    placements: int
    escalated: bool

    def __post_init__(self) -> None:
        _require(self.age_band in {*AGE_BANDS, UNKNOWN}, "there is no such age band")
        _require_names(self.end_state)
        _require_bands(self.total_band, self.wait_so_far)
        _require(self.tables in range(MOST_TABLES + 1), "tables are counted up to a cap")
        _require(self.placements in range(MOST_PLACEMENTS + 1), "placements are counted up to a cap")


def build_routes(histories: Iterable[Sequence[Transition]], *, as_of: datetime) -> tuple[CaseRoute, ...]:
    """The routes of whole histories, one per case, at `as_of` (an aware time, not before any step).

    Raises ReleaseRefused for part of a history, and for a case that occurs twice: it would count double towards k.
    """
    case_ids = set()
    case_routes = []
    for history in histories:
        _require(_is_whole(history), "a history is not that of one whole case")
        _require(history[0].case_id not in case_ids, "a case is told twice")
        case_ids.add(history[0].case_id)
        case_routes.append(_route(history, as_of))
    return tuple(case_routes)


def _is_whole(history: Sequence[Transition]) -> bool:
    """True for the whole history of one case. A part of it, such as a provider sees, would look like another route."""
    return (
        [entry.sequence for entry in history] == list(range(1, len(history) + 1))
        and len({entry.case_id for entry in history}) == 1
        and (history[0].part_kind, history[0].source) == ("case", START)
    )


def _route(history: Sequence[Transition], as_of: datetime) -> CaseRoute:
    # Ordered by time of occurrence: a step recorded later may have happened earlier. The order within a part is kept.
    steps = sorted(filter(_is_step, history), key=lambda entry: (entry.occurred_at, entry.sequence))
    # Consent may be withdrawn after the end: the last move to another state tells where the case is.
    last = [entry for entry in history if entry.part_kind == "case" and entry.source != entry.target][-1]
    ended = last.phase == "ended"
    until = last.occurred_at if ended else as_of
    return CaseRoute(
        steps=tuple(_steps(steps)),
        age_band=next((entry.age_band for entry in history if entry.age_band), UNKNOWN),
        end_state=last.target if ended else OPEN,
        total_band=_band(until - history[0].occurred_at),
        wait_so_far=None if ended else _band(as_of - steps[-1].occurred_at),
        tables=min(MOST_TABLES, sum(entry.target == "in_review" != entry.source for entry in history)),
        placements=min(MOST_PLACEMENTS, len({entry.part_id for entry in history if _is_stay(entry)})),
        escalated=any(entry.part_kind == "escalation" for entry in history),
    )


def _is_step(entry: Transition) -> bool:
    """True for an entry that is a step of the route.

    The first entry of a part is none: the step that opened it is. Requests about the file and emergency access are none
    either: they do not move the case.
    """
    is_opening = entry.source == START and entry.part_kind != "case"
    return entry.trigger not in _NOT_STEPS and not is_opening and entry.part_kind not in KINDS.kinds_outside_file


def _is_stay(entry: Transition) -> bool:
    """True when the child went to live there. A placement that was only sought is no stay."""
    return entry.part_kind == "placement" and entry.target == "started"


def _steps(entries: Sequence[Transition]) -> Iterator[RouteStep]:
    waits = (None, *(_band(after.occurred_at - before.occurred_at) for before, after in pairwise(entries)))
    for entry, wait in zip(entries, waits, strict=True):
        yield RouteStep(
            part=entry.part_kind,
            trigger=entry.trigger,
            target=entry.target,
            wait_band=wait,
            role=entry.role,
            codes=tuple(sorted(_reasons(entry))),
        )


def _reasons(entry: Transition) -> Iterator[tuple[str, str]]:
    """Yields (code list, code) for the codes that may be used for learning."""
    for name in LEARNABLE_CODES.intersection(entry.codes):
        yield from ((name, code) for code in entry.codes[name])


def _band(wait: timedelta) -> WaitBand:
    _require(wait >= timedelta(0), "a wait cannot run backwards")
    return next((band for days, band in _DAYS if wait < timedelta(days=days)), "over_52_weeks")


def _is_learnable(name: str, code: str) -> bool:
    return name in LEARNABLE_CODES and code in CODE_LISTS[name].codes


def _require_names(*words: str) -> None:
    _require(all(_NAME.fullmatch(word) for word in words), "a word does not have the shape of a name")


def _require_bands(*bands: WaitBand | None) -> None:
    _require(all(band is None or band in get_args(WaitBand) for band in bands), "there is no such band")


def _require(is_kept: bool, promise: str) -> None:
    if not is_kept:
        raise ReleaseRefused(promise)
