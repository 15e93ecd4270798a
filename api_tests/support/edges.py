"""Walking a case and its parts along every edge: who takes a step, with which form, and what the guards ask first."""

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

import httpx

from api_tests.support.case_file import CaseFile
from api_tests.support.demonstration import WHO
from api_tests.support.expected_moves import MOVES, possible_from
from api_tests.support.people import People
from api_tests.support.workflows import form_for

Json = dict[str, Any]
# Forms that no amendment may touch (I13), and what was fired without a form.
_NEVER_AMENDED = ("advice", "advice_revision", "amendment", "note", "reassignment")
# The step of a case that begins a part of this kind.
_BEGUN_BY = {
    "case": "submit",
    "commitment": "issue_advice",
    "funding": "issue_advice",
    "placement": "seek_placement",
    "escalation": "request_escalation",
    "question": "escalate",
    "reconsideration": "request_reconsideration",
    "follow_up": "plan_check",
    "file_request": "ask_about_file",
    "emergency_access": "take_emergency_access",
}
# What begins by itself, on a case in any state.
_BESIDE: dict[str, Callable[[CaseFile], Json]] = {
    "file_request": CaseFile.ask_about_file,
    "emergency_access": CaseFile.read_in_an_emergency,
}
# Where an escalation begins in another way.
_BEGINNINGS = {"network_asked": "ask_network", "signalled": "signal_escalation"}
# Where the case must be for a part to begin, unless it has just been advised.
_BEGUN_IN = {"plan_check": "help_started", "start_monitoring": "help_started", "close": "monitored"}


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


def case_in(people: People, kind: str, state: str, on: CaseFile | None = None) -> tuple[CaseFile, Json | None]:
    """A case with a part of this kind in this state; for a case, the case itself. `on`: a case that has an advice."""
    trigger = _BEGINNINGS.get(state, _BEGUN_BY[kind]) if kind == "escalation" else _BEGUN_BY[kind]
    case, part = case_in_which(people, kind, trigger, on)
    bring_to(case, kind, part, state)
    return case, part


def case_in_which(people: People, kind: str, trigger: str, on: CaseFile | None = None) -> tuple[CaseFile, Json | None]:
    """A case, and the part of this kind that this trigger has just begun."""
    case = on or CaseFile.submitted(people)
    if kind in _BESIDE:
        return case, _BESIDE[kind](case)
    if kind == "case":
        return (CaseFile.asked(people) if trigger == "ask_consult" else case), None
    if on is None:
        bring_to(case, "case", None, _BEGUN_IN.get(trigger, "advice_issued"))
    if kind == "question":
        case.fire("request_escalation")
        case.fire(trigger, part=case.parts("escalation")[-1])
    elif trigger == "signal_escalation":
        signal = {"trigger": trigger, "number": case.number, "form": form_for("case", trigger)}
        assert people.mila.post("/escalation-signals", signal).status_code == 201
    elif trigger != "issue_advice":
        clear_the_way(case, trigger)
        case.fire(trigger, **(one_more_line() if trigger == "revise_advice" else {}))
    begun = [it["partId"] for it in case.history() if (it["partKind"], it["trigger"]) == (kind, trigger)]
    last = begun[0] if trigger == "issue_advice" else begun[-1]
    return case, next(part for part in case.parts(kind) if part["id"] == last)


def one_more_line() -> Json:
    """What a revision says when it adds line D to the lines A, B and C."""
    advice = form_for("case", "revise_advice") or {}
    return {"lines": [*advice["lines"], advice["lines"][0] | {"key": "D"}]}


def step(case: CaseFile, trigger: str, part: Json | None, version: int | None = None) -> httpx.Response:
    """Take this step with a valid form by somebody fitting, once the guards hold."""
    if trigger in _GUARDED or (part and part["kind"] == "escalation" and trigger in ("record_answer", "withdraw")):
        clear_the_way(case, trigger)
        version = None
    if trigger == "amend":
        return amend(case, part)
    # The liaison nudges her own question; the one to the network is the process director's.
    by = "hanna" if part and part["kind"] == "escalation" and trigger == "remind" else None
    return case.attempt(trigger, part=part, by=by, version=version)


_GUARDED = (
    "decline",
    "transfer",
    "report_help_started",
    "close",
    "request_reconsideration",
    "conclude_revised",
    "signal_escalation",
)


def clear_the_way(case: CaseFile, trigger: str) -> None:
    """Meet every guard of this step of a case, or of one of its parts."""
    if trigger in ("decline", "transfer"):
        case.fire(f"propose_{trigger}")
    if trigger == "signal_escalation" and not any(part["phase"] != "ended" for part in case.parts("escalation")):
        # At the case itself the liaison signals where she sees it; of any other she has the number alone.
        case.fire("request_escalation")
    if trigger == "conclude_revised":
        case.fire("revise_advice")
    if trigger in ("record_answer", "withdraw"):
        for it in case.parts("question"):
            if it["phase"] != "ended":
                case.fire("withdraw", part=it)
    if trigger == "request_reconsideration":
        for it in case.parts("reconsideration"):
            if it["phase"] != "ended":
                case.fire("withdraw", part=it, by=asker_of(case, it))
    if trigger == "report_help_started":
        parts = case.parts("commitment")
        if not any(part["state"]["code"] == "running" for part in parts):
            asked = next(part for part in parts if part["state"]["code"] == "requested")
            case.fire("accept", part=asked)
            case.fire("start_help", part=asked)
    if trigger == "close":
        check_the_goals(case)
        clear_the_way(case, "request_reconsideration")
        clear_the_way(case, "withdraw")
        for it in case.seen()["parts"]:
            end = {"requested": "replace", "refused": "replace", "sought": "end_placement"}
            if it["kind"] in ("commitment", "placement") and it["state"]["code"] in end:
                case.fire(end[it["state"]["code"]], part=it)
            if it["kind"] == "escalation" and it["phase"] != "ended":
                case.fire("bring_back" if it["state"]["code"] == "answered" else "withdraw", part=it)


def asker_of(case: CaseFile, part: Json) -> str:
    """Who began this part, among the people of these tests."""
    first = entries_of(case, part)[0]
    return next(key for role, key in WHO.items() if role == first["by"]["role"])


def check_the_goals(case: CaseFile) -> None:
    """Hold the next check that is planned, or one more."""
    planned = [part for part in case.parts("follow_up") if part["state"]["code"] == "planned"]
    if not planned:
        case.fire("plan_check")
        planned = [part for part in case.parts("follow_up") if part["state"]["code"] == "planned"]
    case.fire("record_check", part=planned[0])


def amend(case: CaseFile, part: Json | None, **how: Any) -> httpx.Response:
    """Amend the last form that may be amended, by whoever wrote it; the first entry when there is none."""
    kind = told(part)
    may = [it for it in entries_of(case, part) if it["form"] and it["form"].split("@")[0] not in _NEVER_AMENDED]
    amended = may[-1] if may and part else entries_of(case, part)[0]
    by = next(key for role, key in WHO.items() if role == amended["by"]["role"])
    by = "petra" if kind == "emergency_access" else by  # a chair as well, of another region
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
    while (road := _to_something_new(kind, state, found)) is not None:
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


def _to_something_new(kind: str, source: str, found: Mapping[tuple[str, str], tuple[int, str]]) -> list[str] | None:
    """The shortest road that ends in a step not yet taken; steps that stay first, dead ends last."""
    queue, seen = deque([(source, list[str]())]), {source}
    dead_end: list[str] | None = None
    while queue:
        state, road = queue.popleft()
        for trigger, target in sorted(possible_from(kind, state).items(), key=lambda it: (it[1] != state, it[0])):
            if (state, trigger) not in found:
                if possible_from(kind, target):
                    return [*road, trigger]
                dead_end = dead_end or [*road, trigger]
            elif (after := found[state, trigger][1]) not in seen:
                seen.add(after)
                queue.append((after, [*road, trigger]))
    return dead_end


def bring_to(case: CaseFile, kind: str, part: Json | None, state: str) -> None:
    """Take the shortest road to this state."""
    arrived, version = state_of(case, part), None
    for trigger in _road(kind, arrived, state):
        answer = step(case, trigger, part, version)
        assert answer.status_code == 201, f"{trigger}: {answer.text}"
        arrived, version = answer.json()["transition"]["target"], answer.json()["version"]
    assert arrived == state


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
