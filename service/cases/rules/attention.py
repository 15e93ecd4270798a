"""Reasons why a case needs attention today, derived from its history on each read. They decide nothing (I28)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal
from uuid import UUID

from service.cases.rules.amendments import amended_history
from service.cases.rules.living_place import living_situation
from service.cases.rules.model import Transition
from service.vocabulary.calendar import day_in_amsterdam, last_day_of
from service.vocabulary.roles import Role
from service.workflows.rules.region_settings import RegionSettings

AttentionReason = Literal["must_escalate", "signalled", "check_missed", "table_again", "emergency_access"]


@dataclass(frozen=True, slots=True)
class Attention:
    """A reason for attention and the first day on which it holds, in Amsterdam."""

    reason: AttentionReason
    since: date


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """One refusal in the ledger of a case. Refusals are never removed from the ledger (I6).

    `reasons` are codes of the list refusal_reason. `has_alternative`: the line, or the line that replaced it, was
    accepted, is running or is requested from an organisation.
    """

    entry: Transition
    line: str | None
    organisation_id: UUID
    reasons: tuple[str, ...]
    has_alternative: bool


def attention_reasons(history: Sequence[Transition], settings: RegionSettings, today: date) -> tuple[Attention, ...]:
    """Returns every reason that holds on this day, the oldest first."""
    if not history:
        return ()
    reasons = (
        *_must_escalate(history, settings),
        *_table_again(history, settings),
        *_signalled(history),
        *_checks_missed(history),
        *_emergencies(history),
    )
    current = (reason for reason in reasons if reason.since <= today)
    return tuple(sorted(current, key=lambda reason: (reason.since, reason.reason)))


def refusal_ledger(history: Iterable[Transition]) -> tuple[LedgerEntry, ...]:
    """Returns the ledger of refusals, in the order of the history."""
    entries = tuple(amended_history(tuple(history)))
    active_lines = {head.line for head in _heads(entries, "commitment") if _is_requested_or_accepted(head)}
    replacements = {
        entry.line: line for entry in entries for line in entry.codes.get("by_line", ()) if entry.trigger == "replace"
    }
    return tuple(
        LedgerEntry(
            entry=entry,
            line=entry.line,
            organisation_id=entry.organisation_id,
            reasons=entry.codes.get("refusal_reason", ()),
            has_alternative=not active_lines.isdisjoint(_line_and_replacements(entry.line, replacements)),
        )
        for entry in entries
        if entry.part_kind == "commitment" and entry.trigger == "refuse"
    )


def count_moves(history: Iterable[Transition]) -> int:
    """Returns how often the child moved since the referral, counted after amendments."""
    return living_situation(amended_history(tuple(history))).moves


def _line_and_replacements(line: str | None, replacements: Mapping[str | None, str]) -> set[str | None]:
    """Returns the line, the line that replaced it, and each further replacement."""
    lines = {line}
    while (line := replacements.get(line)) and line not in lines:
        lines.add(line)
    return lines


def _is_requested_or_accepted(head: Transition) -> bool:
    """True if an organisation delivers this line or was asked to. A line to be made to measure has no addressee yet."""
    return head.target in ("accepted", "running") or (head.target == "requested" and head.addressee_id is not None)


def _must_escalate(history: Sequence[Transition], settings: RegionSettings) -> Iterator[Attention]:
    """Yields a reason when refusals leave no help in sight and the term for another solution has passed.

    No commitment is requested or accepted, no placement is agreed, and no escalation is open. A case in which help
    runs or is monitored gives no reason. After a reopening only later entries count.
    """
    if _main(history).phase == "ended" or _main(history).target in ("help_started", "monitored"):
        return
    reopenings = (entry.sequence for entry in history if entry.part_kind == "case" and entry.trigger == "reopen")
    reopened = max(reopenings, default=0)
    entries = [entry for entry in history if entry.sequence > reopened]
    commitments = [head for head in _heads(history, "commitment") if _is_requested_or_accepted(head)]
    placements = [head for head in _heads(history, "placement") if head.target in ("agreed", "started")]
    escalations = [head for head in _heads(history, "escalation") if head.phase != "ended"]
    if any(entry.trigger == "refuse" for entry in entries) and not (commitments or placements or escalations):
        last_setback = max(day_in_amsterdam(entry.occurred_at) for entry in entries if _is_setback(entry))
        yield Attention(
            "must_escalate", last_day_of(last_setback, settings.terms["act_on_refusal"]) + timedelta(days=1)
        )


def _is_setback(entry: Transition) -> bool:
    """True if the search for another solution starts again: a refusal, or the end of help, a stay or an escalation."""
    ended = entry.part_kind in ("placement", "escalation") and entry.phase == "ended"
    return ended or entry.trigger in ("refuse", "end_help")


def _signalled(history: Sequence[Transition]) -> Iterator[Attention]:
    """Yields a reason per escalation that a liaison opened on her own signal and in which no chair has acted yet.

    The liaison need not wait for the chair.
    """
    for signal in history:
        if signal.part_kind == "escalation" and signal.trigger == "signal_escalation":
            entries = [entry for entry in history if entry.part_id == signal.part_id]
            if entries[-1].phase != "ended" and all(entry.role != Role.CHAIR for entry in entries):
                yield Attention("signalled", day_in_amsterdam(signal.occurred_at))


def _checks_missed(history: Sequence[Transition]) -> Iterator[Attention]:
    """Yields a reason per check that was not held by its due day. The chair must act on it (T15)."""
    for check in _heads(history, "follow_up"):
        if check.due_on:
            yield Attention("check_missed", check.due_on + timedelta(days=1))


def _emergencies(history: Sequence[Transition]) -> Iterator[Attention]:
    """Yields a reason per emergency access that is not reviewed yet."""
    unreviewed = {head.part_id for head in _heads(history, "emergency_access") if head.phase != "ended"}
    for entry in history:
        if entry.part_id in unreviewed and entry.part_sequence == 1:
            yield Attention("emergency_access", day_in_amsterdam(entry.recorded_at))


def _table_again(history: Sequence[Transition], settings: RegionSettings) -> Iterator[Attention]:
    """Yields a reason when arranging help takes longer than `longlist_days`: the case returns to the table (2.6)."""
    main = [entry for entry in history if entry.part_kind == "case"]
    if main[-1].target != "arranging_placement":
        return
    arrival = next(entry for entry in reversed(main) if entry.source != entry.target)
    yield Attention("table_again", day_in_amsterdam(arrival.occurred_at) + timedelta(days=settings.longlist_days + 1))


def _main(history: Sequence[Transition]) -> Transition:
    return next(entry for entry in reversed(history) if entry.part_kind == "case")


def _heads(history: Iterable[Transition], kind: str) -> tuple[Transition, ...]:
    """Returns the last entry of each part of this kind."""
    return tuple({entry.part_id: entry for entry in history if entry.part_kind == kind}.values())
