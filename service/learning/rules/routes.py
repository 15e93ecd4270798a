"""From histories to routes: what of a case may be looked at. Everything else has no place in the types.

A route keeps the order of the steps, how long it took in bands, who acted by role, and coded reasons. There is no
field for a time, an id, an organisation, a region or a text, and the fields there are refuse words that are no code. It
is made of recorded transitions alone (I26); there is nothing to fill in for learning.
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

# The reasons organisations give for what they chose, and what came of it: what the learning question is about. What
# tells of the child (legal status, kind of place, safety), of the family (who was heard, consent, why they withdrew) or
# of the file (line, enclosed) stays behind: an acquaintance would know it again. What comes in sets (why help
# stagnates, status of goals) would make each case one of a kind; it is for tables of counts.
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

# Housekeeping says nothing about the road a case took, and would make nearly every route one of a kind; who agreed to
# share what, and when they took it back, tells of the family.
_NOT_STEPS = frozenset({"amend", "add_note", "reassign", "adopt_workflow", "record_consent", "withdraw_consent"})

_DAYS: tuple[tuple[int, WaitBand], ...] = (
    (28, "under_4_weeks"),
    (91, "4_to_13_weeks"),
    (182, "13_to_26_weeks"),
    (364, "26_to_52_weeks"),
)

# A word of a workflow. No UUID, number, date, capital or sentence has this shape.
_NAME = re.compile(r"(?=.{1,40}\Z)[a-z]+(?:_[a-z]+)*")


class Withheld(ValueError):
    """Nothing is released. Says which promise could not be kept, never about which case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteStep:
    """One step. `wait_band` is the wait since the step before, None at the first; `codes` are (code list, code)."""

    part: PartKind
    trigger: str
    target: str
    wait_band: WaitBand | None
    role: Role
    codes: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        _insist(self.part in KINDS, "there is no such part")
        _insist(isinstance(self.role, Role), "there is no such role")
        _insist(all(_is_learnable(name, code) for name, code in self.codes), "a code is not for learning")
        _only_names(self.trigger, self.target)
        _only_bands(self.wait_band)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRoute:
    """What may be looked at of one case. Equal routes cannot be told apart by anything.

    An open case is kept, as censored: leaving it out would make every wait look shorter than it was. Its `end_state` is
    "open", `total_band` is the time so far, and `wait_so_far` the time since its last step (None once it has ended).
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
        _insist(self.age_band in {*AGE_BANDS, UNKNOWN}, "there is no such age band")
        _only_names(self.end_state)
        _only_bands(self.total_band, self.wait_so_far)
        _insist(self.tables in range(MOST_TABLES + 1), "tables are counted up to a cap")
        _insist(self.placements in range(MOST_PLACEMENTS + 1), "placements are counted up to a cap")


def routes(histories: Iterable[Sequence[Transition]], *, as_of: datetime) -> tuple[CaseRoute, ...]:
    """The routes of whole histories, one for each case, as they stood at `as_of` (aware, not before any step).

    A case told twice is refused: it would count double, and one child could pass for a crowd.
    """
    seen = set()
    found = []
    for history in histories:
        _insist(_is_whole(history), "a history is not that of one whole case")
        _insist(history[0].case_id not in seen, "a case is told twice")
        seen.add(history[0].case_id)
        found.append(_route(history, as_of))
    return tuple(found)


def _is_whole(history: Sequence[Transition]) -> bool:
    """Part of a history, such as what one provider may see, would pass for another road."""
    return (
        [entry.sequence for entry in history] == list(range(1, len(history) + 1))
        and len({entry.case_id for entry in history}) == 1
        and (history[0].part_kind, history[0].source) == ("case", START)
    )


def _route(history: Sequence[Transition], as_of: datetime) -> CaseRoute:
    # In the order of life: what was written down later may have happened before. Each part keeps its own order.
    steps = sorted(filter(_is_step, history), key=lambda entry: (entry.occurred_at, entry.sequence))
    # Consent may be taken back at an end as well: the case stands where it last went to.
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
    """Somebody moved the case. A part begins in the same breath as the step that opens it, which is the one shown.

    What a family asked about its file, and that somebody read it in an emergency, moved nothing.
    """
    is_opening = entry.source == START and entry.part_kind != "case"
    return entry.trigger not in _NOT_STEPS and not is_opening and entry.part_kind not in KINDS.beside_the_file


def _is_stay(entry: Transition) -> bool:
    """The child really went to live there; a place that was only sought moved nobody."""
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
    for name in LEARNABLE_CODES.intersection(entry.codes):
        yield from ((name, code) for code in entry.codes[name])


def _band(wait: timedelta) -> WaitBand:
    _insist(wait >= timedelta(0), "a wait cannot run backwards")
    return next((band for days, band in _DAYS if wait < timedelta(days=days)), "over_52_weeks")


def _is_learnable(name: str, code: str) -> bool:
    return name in LEARNABLE_CODES and code in CODE_LISTS[name].codes


def _only_names(*words: str) -> None:
    _insist(all(_NAME.fullmatch(word) for word in words), "a word does not have the shape of a name")


def _only_bands(*bands: WaitBand | None) -> None:
    _insist(all(band is None or band in get_args(WaitBand) for band in bands), "there is no such band")


def _insist(holds: bool, promise: str) -> None:
    if not holds:
        raise Withheld(promise)
