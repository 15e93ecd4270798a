"""What of a case asks for attention today: derived from its history when read, and deciding nothing (I28)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal
from uuid import UUID

from service.domain.case import Transition
from service.domain.region_settings import RegionSettings
from service.domain.terms import day_in_amsterdam, due

Reason = Literal["must_escalate", "check_missed", "table_again"]
_ALIVE = frozenset({"requested", "accepted", "running"})
_HOME = "own_home"


@dataclass(frozen=True, slots=True)
class Attention:
    """One reason, and the day since when it holds."""

    reason: Reason
    since: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """One refusal in the ledger of a case, where it stays (I6). `reasons` are codes of refusal_reason."""

    entry: Transition
    line: str | None
    organisation_id: UUID
    reasons: tuple[str, ...]
    alternative: bool


def attention(history: Sequence[Transition], settings: RegionSettings, today: date) -> tuple[Attention, ...]:
    """Every reason that holds on this day, the oldest first."""
    if not history:
        return ()
    found = (*_must_escalate(history, settings), *_checks_missed(history), *_table_again(history, settings))
    return tuple(sorted((it for it in found if it.since <= today), key=lambda it: (it.since, it.reason)))


def refusals(history: Iterable[Transition]) -> tuple[Refused, ...]:
    """The ledger of refusals. `alternative`: the same line was taken up by somebody, or is asked of somebody now."""
    entries = tuple(history)
    alive = {it.line for it in _heads(entries, "commitment") if it.target in _ALIVE}
    return tuple(
        Refused(
            entry=it,
            line=it.line,
            organisation_id=it.organisation_id,
            reasons=it.codes.get("refusal_reason", ()),
            alternative=it.line in alive,
        )
        for it in entries
        if it.part_kind == "commitment" and it.trigger == "refuse"
    )


def moves(history: Iterable[Transition]) -> int:
    """How often the child moved since the referral, counted from the stays that began (R38, design decision 4).

    Staying at home is a placement as well, and no move for who lived at home.
    """
    kinds: dict[int, str] = {}
    kind_of: dict[UUID, str | None] = {}
    home, moved = True, 0
    for entry in history:
        if places := entry.codes.get("current_living_place"):
            home = "at_home" in places if entry.form == "referral@1" else home
        if chosen := entry.codes.get("placement_kind"):
            kinds[entry.sequence] = chosen[0]
        if entry.part_kind == "placement":
            kind_of.setdefault(entry.part_id, kinds.get(entry.cause or 0))
            if entry.trigger == "start_stay":
                to_home = kind_of[entry.part_id] == _HOME
                moved += not (home and to_home)
                home = to_home
    return moved


def _must_escalate(history: Sequence[Transition], settings: RegionSettings) -> Iterator[Attention]:
    """Only refusals, nobody asked or coming, nothing asked beyond the region, and the time for another way is over."""
    refused = [it for it in history if it.part_kind == "commitment" and it.trigger == "refuse"]
    alive = [it for it in _heads(history, "commitment") if it.target in _ALIVE]
    asked = [it for it in _heads(history, "escalation") if it.phase != "ended"]
    if refused and not alive and not asked and _main(history).phase != "ended":
        term = settings.terms["act_on_refusal"]
        last = max(day_in_amsterdam(it.occurred_at) for it in refused)
        yield Attention("must_escalate", due(last, term) + timedelta(days=1))


def _checks_missed(history: Sequence[Transition]) -> Iterator[Attention]:
    """A check that was not held is the chair's to see to (domain.md 5.3 T15)."""
    for check in _heads(history, "follow_up"):
        if check.due_on:
            yield Attention("check_missed", check.due_on + timedelta(days=1))


def _table_again(history: Sequence[Transition], settings: RegionSettings) -> Iterator[Attention]:
    """Help that cannot be arranged within the longlist's time is a question for the table again (domain.md 2.6)."""
    main = [it for it in history if it.part_kind == "case"]
    if main[-1].target != "arranging_placement":
        return
    entered = next(it for it in reversed(main) if it.source != it.target)
    yield Attention("table_again", day_in_amsterdam(entered.occurred_at) + timedelta(days=settings.longlist_days + 1))


def _main(history: Sequence[Transition]) -> Transition:
    return next(it for it in reversed(history) if it.part_kind == "case")


def _heads(history: Iterable[Transition], kind: str) -> tuple[Transition, ...]:
    """The last entry of each part of this kind."""
    return tuple({it.part_id: it for it in history if it.part_kind == kind}.values())
