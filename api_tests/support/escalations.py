"""Questions beyond the region: an escalation, its questions, and the views of the bodies that are asked."""

from typing import Any

import httpx

from api_tests.support.case_file import CaseFile
from api_tests.support.demonstration import ORGANISATION_IDS
from api_tests.support.people import People, Person
from api_tests.support.refusals import code_of
from api_tests.support.workflows import form_for

NATIONAL, CONSULTATION = {"code": "national_support"}, {"code": "cce_consultation"}
ELSEWHERE = {"code": "other_region"}


def escalation(case: CaseFile, state: str) -> dict[str, Any]:
    return next(part for part in case.parts("escalation") if code_of(part) == state)


def question_to(case: CaseFile, organisation: str) -> dict[str, Any]:
    """The last question to this body."""
    body = str(ORGANISATION_IDS[organisation])
    return [part for part in case.parts("question") if part["addressee"]["id"] == body][-1]


def escalated_case(people: People, *to: dict[str, str]) -> CaseFile:
    """A case in review with an escalation, and a question of the liaison to a body of each of these levels."""
    case = CaseFile.submitted(people).go_to("in_review")
    case.fire("request_escalation")
    for level in to:
        case.fire("escalate", part=escalation(case, "requested" if level is to[0] else "escalated"), level=level)
    return case


def has_both_languages(answer: httpx.Response) -> bool:
    """True when each reason of a refusal is a sentence in Dutch and another in English."""
    body = answer.json()
    reasons = [*body.get("errors", ()), *body.get("unmetGuards", ())]
    return all(reason["nl"] and reason["en"] and reason["nl"] != reason["en"] for reason in reasons) and bool(
        body["detail"]
    )


def ownership_of(case: CaseFile) -> tuple[str, str, str, str]:
    """The facts that nothing beyond the region may change (I9). Returns (state, region, team, role that must act)."""
    view = case.view()
    return code_of(view["main"]), view["region"], view["team"]["name"], view["main"]["party"]["role"]


def form_of_question(person: Person, case: CaseFile, part: dict[str, Any]) -> dict[str, Any]:
    answer = person.get(f"{case.address(part)}/transitions/1")
    assert answer.status_code == 200, answer.text
    form: dict[str, Any] = answer.json()["form"]
    return form


def offered_steps(person: Person, case: CaseFile, part: dict[str, Any]) -> dict[str, dict[str, Any]]:
    steps = person.get(f"{case.address(part)}/possible-transitions").json()["transitions"]
    return {offer["trigger"]: offer for offer in steps}


def work_items_of(person: Person, *cases: CaseFile) -> list[dict[str, Any]]:
    """The work items of this person on these cases."""
    items = person.get("/work-items", params={"whose": "mine", "limit": 200}).json()["items"]
    return [item for item in items if item["number"] in {case.number for case in cases}]


def signal(person: Person, number: str, *, key: str | None = None, **changes: Any) -> httpx.Response:
    body = {"trigger": "signal_escalation", "number": number, "form": form_for("case", "signal_escalation", **changes)}
    return person.post("/escalation-signals", body, key=key)
