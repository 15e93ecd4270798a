"""Steps of a case and its parts along every edge: the person, the form, and the guards that are met first."""

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

import httpx

from api_tests.support.case_file import CaseFile
from api_tests.support.demonstration import PERSON_BY_ROLE
from api_tests.support.expected_moves import MOVES, possible_from
from api_tests.support.people import People
from api_tests.support.workflows import form_for

Json = dict[str, Any]
# Forms that no amendment may change (I13).
_FIXED_FORMS = ("advice", "advice_revision", "amendment", "note", "reassignment")
# The trigger that begins a part of this kind.
_FIRST_TRIGGER = {
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
    "entry_destruction": "propose_destruction",
}
# Parts outside the file, which begin on a case in any state.
_BEGIN_OUTSIDE_FILE: dict[str, Callable[[CaseFile], Json]] = {
    "file_request": lambda case: case.ask_about_file("correction"),
    "emergency_access": CaseFile.read_in_an_emergency,
    "entry_destruction": lambda case: case.propose_destruction(number=_note(case)),
}
# The trigger that begins an escalation, by its first state.
_ESCALATION_TRIGGER = {"network_asked": "ask_network", "signalled": "signal_escalation"}
# The state of the case before a trigger that begins a part; the others begin when the advice was issued.
_CASE_STATE_BEFORE = {"plan_check": "help_started", "start_monitoring": "help_started", "close": "monitored"}


def _note(case: CaseFile) -> int:
    """Add a note to the case, and return its number."""
    return int(case.fire("add_note")["transition"]["partSequence"])


def kind_name(part: Json | None) -> str:
    return part["kind"] if part else "case"


def current_part(case: CaseFile, part: Json | None) -> Json:
    """The part, or the main part of the case, in its present state."""
    view = case.view()
    if part is None:
        main: Json = view["main"]
        return main
    return next(item for item in view["parts"] if item["id"] == part["id"])


def state_of(case: CaseFile, part: Json | None) -> str:
    return str(current_part(case, part)["state"]["code"])


def entries_of(case: CaseFile, part: Json | None) -> list[Json]:
    id_ = part["id"] if part else case.id
    return [entry for entry in case.history() if entry["partId"] == id_]


def case_in(people: People, kind: str, state: str, on: CaseFile | None = None) -> tuple[CaseFile, Json | None]:
    """A case with a part of this kind in this state; for a case, the case itself. `on`: a case that has an advice."""
    trigger = _ESCALATION_TRIGGER.get(state, _FIRST_TRIGGER[kind]) if kind == "escalation" else _FIRST_TRIGGER[kind]
    case, part = case_begun_by(people, kind, trigger, on)
    bring_to(case, kind, part, state)
    return case, part


def case_begun_by(people: People, kind: str, trigger: str, on: CaseFile | None = None) -> tuple[CaseFile, Json | None]:
    """A case with a part of this kind that this trigger began."""
    case = on or CaseFile.submitted(people)
    if kind in _BEGIN_OUTSIDE_FILE:
        return case, _BEGIN_OUTSIDE_FILE[kind](case)
    if kind == "case":
        return (CaseFile.ask_consult(people) if trigger == "ask_consult" else case), None
    if on is None:
        bring_to(case, "case", None, _CASE_STATE_BEFORE.get(trigger, "advice_issued"))
    if kind == "question":
        case.fire("request_escalation")
        case.fire(trigger, part=case.parts("escalation")[-1])
    elif trigger == "signal_escalation":
        signal = {"trigger": trigger, "number": case.number, "form": form_for("case", trigger)}
        assert people.mila.post("/escalation-signals", signal).status_code == 201
    elif trigger != "issue_advice":
        meet_guards(case, trigger)
        case.fire(trigger, **(added_line() if trigger == "revise_advice" else {}))
    part_ids = [entry["partId"] for entry in case.history() if (entry["partKind"], entry["trigger"]) == (kind, trigger)]
    last = part_ids[0] if trigger == "issue_advice" else part_ids[-1]
    return case, next(part for part in case.parts(kind) if part["id"] == last)


def added_line() -> Json:
    """The changes of a revision that adds line D to the lines A, B and C."""
    advice = form_for("case", "revise_advice") or {}
    return {"lines": [*advice["lines"], advice["lines"][0] | {"key": "D"}]}


def step(case: CaseFile, trigger: str, part: Json | None, version: int | None = None) -> httpx.Response:
    """Meet the guards, and take this step with a valid form and a person who holds the role."""
    if trigger in _GUARDED or (part and part["kind"] == "escalation" and trigger in ("record_answer", "withdraw")):
        meet_guards(case, trigger)
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


def meet_guards(case: CaseFile, trigger: str) -> None:
    """Meet each guard of this step of a case or of one of its parts."""
    if trigger in ("decline", "transfer"):
        case.fire(f"propose_{trigger}")
    if trigger == "signal_escalation" and not any(part["phase"] != "ended" for part in case.parts("escalation")):
        # The liaison signals on the case itself where she sees it. She knows other cases by their number alone.
        case.fire("request_escalation")
    if trigger == "conclude_revised":
        case.fire("revise_advice")
    if trigger in ("record_answer", "withdraw"):
        for question in case.parts("question"):
            if question["phase"] != "ended":
                case.fire("withdraw", part=question)
    if trigger == "request_reconsideration":
        for part in case.parts("reconsideration"):
            if part["phase"] != "ended":
                case.fire("withdraw", part=part, by=author_of(case, part))
    if trigger == "report_help_started":
        parts = case.parts("commitment")
        if not any(part["state"]["code"] == "running" for part in parts):
            requested = next(part for part in parts if part["state"]["code"] == "requested")
            case.fire("accept", part=requested)
            case.fire("start_help", part=requested)
    if trigger == "close":
        hold_goal_check(case)
        meet_guards(case, "request_reconsideration")
        meet_guards(case, "withdraw")
        end = {"requested": "replace", "refused": "replace", "sought": "end_placement"}
        for part in case.view()["parts"]:
            state = part["state"]["code"]
            if part["kind"] in ("commitment", "placement") and state in end:
                case.fire(end[state], part=part)
            if part["kind"] == "escalation" and part["phase"] != "ended":
                case.fire("bring_back" if state == "answered" else "withdraw", part=part)


def author_of(case: CaseFile, part: Json) -> str:
    """The person who began this part."""
    first = entries_of(case, part)[0]
    return next(key for role, key in PERSON_BY_ROLE.items() if role == first["by"]["role"])


def hold_goal_check(case: CaseFile) -> None:
    """Hold the next planned check, or plan one first."""
    planned = [part for part in case.parts("follow_up") if part["state"]["code"] == "planned"]
    if not planned:
        case.fire("plan_check")
        planned = [part for part in case.parts("follow_up") if part["state"]["code"] == "planned"]
    case.fire("record_check", part=planned[0])


def amend(case: CaseFile, part: Json | None, **options: Any) -> httpx.Response:
    """Amend the last form that may be amended, as its author; the first entry when there is none."""
    kind = kind_name(part)
    forms = [row for row in entries_of(case, part) if row["form"] and row["form"].split("@")[0] not in _FIXED_FORMS]
    amended = forms[-1] if forms and part else entries_of(case, part)[0]
    by = next(key for role, key in PERSON_BY_ROLE.items() if role == amended["by"]["role"])
    by = "petra" if kind == "emergency_access" else by  # a chair as well, of another region
    content = form_for(kind, amended["trigger"]) if amended["form"] else None
    changes = {"previousMoves": 3} if part is None else _unchanged_field(content or {})
    if kind == "entry_destruction":
        changes = {"whatRemains": "Een notitie."}
    form = {"amends": amended["partSequence"], "changes": changes, "reason": "Dat stond er niet goed."}
    return case.attempt("amend", part=part, by=by, form=form, **options)


def _unchanged_field(content: Json) -> Json:
    """One field of the form with its present value: a valid change that changes nothing else."""
    return dict(sorted(content.items())[:1]) or {"text": "?"}


def fire_every_edge(case: CaseFile, kind: str, part: Json | None) -> dict[tuple[str, str], tuple[int, str]]:
    """Fire each edge that can be reached from here, once. Returns (status, next state) per (state, trigger)."""
    outcomes: dict[tuple[str, str], tuple[int, str]] = {}
    state = state_of(case, part)
    while (road := _road_to_new_edge(kind, state, outcomes)) is not None:
        for trigger in road:
            outcomes[state, trigger] = fire_and_observe(case, part, trigger, state)
            state = outcomes[state, trigger][1]
    return outcomes


def fire_and_observe(case: CaseFile, part: Json | None, trigger: str, state: str | None = None) -> tuple[int, str]:
    """Take the step. Returns (status of the answer, state after it)."""
    answer = step(case, trigger, part)
    if answer.status_code == 201:
        return 201, str(answer.json()["transition"]["target"])
    return answer.status_code, state or state_of(case, part)


def _road_to_new_edge(kind: str, source: str, outcomes: Mapping[tuple[str, str], tuple[int, str]]) -> list[str] | None:
    """The shortest road that ends in an edge not fired yet. Edges that keep the state come first, dead ends last."""
    queue, visited = deque([(source, list[str]())]), {source}
    dead_end: list[str] | None = None
    while queue:
        state, road = queue.popleft()
        for trigger, target in sorted(possible_from(kind, state).items(), key=lambda edge: (edge[1] != state, edge[0])):
            if (state, trigger) not in outcomes:
                if possible_from(kind, target):
                    return [*road, trigger]
                dead_end = dead_end or [*road, trigger]
            elif (after := outcomes[state, trigger][1]) not in visited:
                visited.add(after)
                queue.append((after, [*road, trigger]))
    return dead_end


def bring_to(case: CaseFile, kind: str, part: Json | None, state: str) -> None:
    """Bring the case or part to this state by the shortest road."""
    arrived, version = state_of(case, part), None
    for trigger in _road(kind, arrived, state):
        answer = step(case, trigger, part, version)
        assert answer.status_code == 201, f"{trigger}: {answer.text}"
        arrived, version = answer.json()["transition"]["target"], answer.json()["version"]
    assert arrived == state


def _road(kind: str, source: str, target: str) -> list[str]:
    queue, visited = deque([(source, list[str]())]), {source}
    while queue:
        state, road = queue.popleft()
        if state == target:
            return road
        for trigger, after in MOVES[kind][state].items():
            if after not in visited:
                visited.add(after)
                queue.append((after, [*road, trigger]))
    raise AssertionError(f"no road from {source} to {target}")
