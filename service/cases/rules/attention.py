"""What of a case asks for attention today: derived from its history when read, and deciding nothing (I28)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal
from uuid import UUID

from service.cases.rules.amendments import with_amendments
from service.cases.rules.living_place import living
from service.cases.rules.model import Transition
from service.vocabulary.calendar import day_in_amsterdam, due
from service.vocabulary.roles import Role
from service.workflows.rules.region_settings import RegionSettings

Reason = Literal["must_escalate", "signalled", "check_missed", "table_again", "emergency_access"]


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
    by_rule = (*_must_escalate(history, settings), *_table_again(history, settings))
    found = (*by_rule, *_signalled(history), *_checks_missed(history), *_emergencies(history))
    return tuple(sorted((it for it in found if it.since <= today), key=lambda it: (it.since, it.reason)))


def refusals(history: Iterable[Transition]) -> tuple[Refused, ...]:
    """The ledger of refusals. `alternative`: the line, or one in its place, was taken up or is asked of somebody."""
    entries = tuple(with_amendments(tuple(history)))
    alive = {it.line for it in _heads(entries, "commitment") if _is_asked_or_coming(it)}
    instead = {it.line: line for it in entries for line in it.codes.get("by_line", ()) if it.trigger == "replace"}
    return tuple(
        Refused(
            entry=it,
            line=it.line,
            organisation_id=it.organisation_id,
            reasons=it.codes.get("refusal_reason", ()),
            alternative=not alive.isdisjoint(_in_place_of(it.line, instead)),
        )
        for it in entries
        if it.part_kind == "commitment" and it.trigger == "refuse"
    )


def moves(history: Iterable[Transition]) -> int:
    """How often the child moved since the referral, as it reads after amendments."""
    return living(with_amendments(tuple(history))).moves


def _in_place_of(line: str | None, instead: Mapping[str | None, str]) -> set[str | None]:
    """The line, the one that replaced it, and so on."""
    found = {line}
    while (line := instead.get(line)) and line not in found:
        found.add(line)
    return found


def _is_asked_or_coming(head: Transition) -> bool:
    """Whether somebody delivers this line or was asked to; what is to be made to measure was put to nobody yet."""
    return head.target in ("accepted", "running") or (head.target == "requested" and head.addressee_id is not None)


def _must_escalate(history: Sequence[Transition], settings: RegionSettings) -> Iterator[Attention]:
    """Only refusals, nobody asked or coming, nothing asked beyond the region, and the time for another way is over.

    Where help runs or is followed there is more than refusals; a case that comes back begins anew.
    """
    if _main(history).phase == "ended" or _main(history).target in ("help_started", "monitored"):
        return
    began = max((it.sequence for it in history if it.part_kind == "case" and it.trigger == "reopen"), default=0)
    now = [it for it in history if it.sequence > began]
    coming = [it for it in _heads(history, "commitment") if _is_asked_or_coming(it)]
    places = [it for it in _heads(history, "placement") if it.target in ("agreed", "started")]
    asked = [it for it in _heads(history, "escalation") if it.phase != "ended"]
    if any(it.trigger == "refuse" for it in now) and not (coming or places or asked):
        lost = max(day_in_amsterdam(it.occurred_at) for it in now if _loses_hope(it))
        yield Attention("must_escalate", due(lost, settings.terms["act_on_refusal"]) + timedelta(days=1))


def _loses_hope(entry: Transition) -> bool:
    """A refusal, help or a stay that ended, an answer from beyond the region: another way is sought from that day."""
    ended = entry.part_kind in ("placement", "escalation") and entry.phase == "ended"
    return ended or entry.trigger in ("refuse", "end_help")


def _signalled(history: Sequence[Transition]) -> Iterator[Attention]:
    """The liaison escalated on her own signal, and no chair has had a hand in it yet: she need not wait for one."""
    for signal in history:
        if signal.part_kind == "escalation" and signal.trigger == "signal_escalation":
            since = [it for it in history if it.part_id == signal.part_id]
            if since[-1].phase != "ended" and all(it.role != Role.CHAIR for it in since):
                yield Attention("signalled", day_in_amsterdam(signal.occurred_at))


def _checks_missed(history: Sequence[Transition]) -> Iterator[Attention]:
    """A check that was not held is the chair's to see to (domain.md 5.3 T15)."""
    for check in _heads(history, "follow_up"):
        if check.due_on:
            yield Attention("check_missed", check.due_on + timedelta(days=1))


def _emergencies(history: Sequence[Transition]) -> Iterator[Attention]:
    """Somebody from outside read the case, and nobody looked into it yet."""
    open_ones = {it.part_id for it in _heads(history, "emergency_access") if it.phase != "ended"}
    for first in history:
        if first.part_id in open_ones and first.part_sequence == 1:
            yield Attention("emergency_access", day_in_amsterdam(first.recorded_at))


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
