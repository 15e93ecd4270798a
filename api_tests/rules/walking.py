"""Walking a case and its parts along every edge: who takes a step, with which form, and what the guards ask first."""

from collections import deque
from typing import Any

import httpx

from api_tests.people_and_cases import WHO, CaseFile, People, form_for
from api_tests.rules.expected_moves import MOVES, possible_from

Json = dict[str, Any]
# Forms that no amendment may touch (I13), and what was fired without a form.
_NEVER_AMENDED = ("advice", "advice_revision", "amendment", "note", "reassignment")
# The step of a case that begins a part of this kind, and what the part is called in its first state.
_OPENED_BY = {
    "commitment": ("issue_advice", "requested"),
    "funding": ("issue_advice", "requested"),
    "placement": ("seek_placement", "sought"),
    "escalation": ("request_escalation", "requested"),
}


def told(part: Json | None) -> str:
    return part["kind"] if part else "case"


def now(case: CaseFile, part: Json | None) -> Json:
    """The part, or the case itself, as it stands."""
    seen = case.seen()
    if part is None:
        main: Json = seen["main"]
        return main
    return next(it for it in seen["parts"] if it["id"] == part["id"])


def state_of(case: CaseFile, part: Json | None) -> str:
    return str(now(case, part)["state"]["code"])


def entries_of(case: CaseFile, part: Json | None) -> list[Json]:
    id_ = part["id"] if part else case.id
    return [entry for entry in case.history() if entry["partId"] == id_]


def case_in(people: People, kind: str, state: str) -> tuple[CaseFile, Json | None]:
    """A case with a part of this kind in this state; for a case, the case itself."""
    case = CaseFile.submitted(people)
    if (kind, state) == ("escalation", "network_asked"):
        return case_in_which(people, kind, "ask_network")
    part = None if kind == "case" else part_of(case, kind)
    bring_to(case, kind, part, state)
    return case, part


def case_in_which(people: People, kind: str, trigger: str) -> tuple[CaseFile, Json | None]:
    """A case, and the part of this kind that this trigger began."""
    case = CaseFile.submitted(people)
    if kind == "case":
        return case, None
    case.go_to("advice_issued")
    if trigger == "revise_advice":
        case.fire(trigger, **one_more_line())
    elif trigger != "issue_advice":
        case.fire(trigger)
    begun = next(it for it in case.history() if it["partKind"] == kind and it["trigger"] == trigger)
    return case, next(it for it in case.parts(kind) if it["id"] == begun["partId"])


def one_more_line() -> Json:
    """What a revision says when it adds line D to the lines A, B and C."""
    advice = form_for("case", "revise_advice") or {}
    return {"lines": [*advice["lines"], advice["lines"][0] | {"key": "D"}]}


def part_of(case: CaseFile, kind: str) -> Json:
    """A part of this kind that has just begun, for a line that somebody answers for."""
    trigger, first = _OPENED_BY[kind]
    case.go_to("advice_issued")
    if trigger != "issue_advice":
        case.fire(trigger)
    return next(it for it in case.parts(kind) if it["state"]["code"] == first and it["line"] in ("A", None))


def step(case: CaseFile, trigger: str, part: Json | None) -> httpx.Response:
    """Take this step with a valid form by somebody fitting, once the guards hold."""
    if part is None:
        clear_the_way(case, trigger)
    if trigger == "amend":
        return amend(case, part)
    by = "hanna" if part and part["addressee"] is None and trigger == "remind" else None
    return case.attempt(trigger, part=part, by=by)


def clear_the_way(case: CaseFile, trigger: str) -> None:
    """Meet every guard of this step of a case."""
    if trigger == "decline":
        case.fire("propose_decline")
    if trigger == "report_help_started":
        parts = case.parts("commitment")
        if not any(it["state"]["code"] == "running" for it in parts):
            asked = next(it for it in parts if it["state"]["code"] == "requested")
            case.fire("accept", part=asked)
            case.fire("start_help", part=asked)
    if trigger == "close":
        case.fire("record_check")
        for it in case.seen()["parts"]:
            end = {"requested": "replace", "refused": "replace", "sought": "end_placement"}
            if it["kind"] in ("commitment", "placement") and it["state"]["code"] in end:
                case.fire(end[it["state"]["code"]], part=it)
            if it["kind"] == "escalation" and it["phase"] != "ended":
                case.fire("withdraw", part=it)


def amend(case: CaseFile, part: Json | None, **how: Any) -> httpx.Response:
    """Amend the last form that may be amended, by whoever wrote it; the first entry when there is none."""
    kind = told(part)
    may = [it for it in entries_of(case, part) if it["form"] and it["form"].split("@")[0] not in _NEVER_AMENDED]
    amended = may[-1] if may and part else entries_of(case, part)[0]
    by = next(key for role, key in WHO.items() if role == amended["by"]["role"])
    written = form_for(kind, amended["trigger"]) if amended["form"] else None
    changes = {"previousMoves": 3} if part is None else _said_again(written or {})
    form = {"amends": amended["partSequence"], "changes": changes, "reason": "Dat stond er niet goed."}
    return case.attempt("amend", part=part, by=by, form=form, **how)


def _said_again(written: Json) -> Json:
    """One field of the form, as it was: a valid change that changes nothing else."""
    return dict(sorted(written.items())[:1]) or {"text": "?"}


def walk_everywhere(case: CaseFile, kind: str, part: Json | None) -> dict[tuple[str, str], tuple[int, str]]:
    """Fire every edge that can be reached from here, once: (state, trigger) to (status, state after it)."""
    found: dict[tuple[str, str], tuple[int, str]] = {}
    state = state_of(case, part)
    while (road := _to_something_new(kind, state, set(found))) is not None:
        for trigger in road:
            found[state, trigger] = taken_from(case, part, trigger, state)
            state = found[state, trigger][1]
    return found


def taken_from(case: CaseFile, part: Json | None, trigger: str, state: str | None = None) -> tuple[int, str]:
    """Take the step; the status of the answer and the state after it."""
    answer = step(case, trigger, part)
    if answer.status_code == 201:
        return 201, str(answer.json()["transition"]["target"])
    return answer.status_code, state or state_of(case, part)


def _to_something_new(kind: str, source: str, done: set[tuple[str, str]]) -> list[str] | None:
    """The shortest road that ends in a step not yet taken; steps that stay first, dead ends last."""
    queue, seen = deque([(source, list[str]())]), {source}
    dead_end: list[str] | None = None
    while queue:
        state, road = queue.popleft()
        for trigger, target in sorted(possible_from(kind, state).items(), key=lambda it: (it[1] != state, it[0])):
            if (state, trigger) not in done:
                if possible_from(kind, target):
                    return [*road, trigger]
                dead_end = dead_end or [*road, trigger]
            elif target not in seen:
                seen.add(target)
                queue.append((target, [*road, trigger]))
    return dead_end


def bring_to(case: CaseFile, kind: str, part: Json | None, state: str) -> None:
    """Take the shortest road to this state."""
    for trigger in _road(kind, state_of(case, part), state):
        answer = step(case, trigger, part)
        assert answer.status_code == 201, f"{trigger}: {answer.text}"
    assert state_of(case, part) == state


def _road(kind: str, source: str, target: str) -> list[str]:
    queue, seen = deque([(source, list[str]())]), {source}
    while queue:
        state, road = queue.popleft()
        if state == target:
            return road
        for trigger, after in MOVES[kind][state].items():
            if after not in seen:
                seen.add(after)
                queue.append((after, [*road, trigger]))
    raise AssertionError(f"no road from {source} to {target}")
