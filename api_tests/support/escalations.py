"""The vocabulary of what goes beyond the region: an escalation, its questions, and who was asked what."""

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
    """The last question that was put to this body."""
    mine = str(ORGANISATION_IDS[organisation])
    return [part for part in case.parts("question") if part["addressee"]["id"] == mine][-1]


def escalated(people: People, *to: dict[str, str]) -> CaseFile:
    """A case in review that goes to the national level, put by the liaison to a body of each of these levels."""
    case = CaseFile.submitted(people).go_to("in_review")
    case.fire("request_escalation")
    for level in to:
        case.fire("escalate", part=escalation(case, "requested" if level is to[0] else "escalated"), level=level)
    return case


def told_in_two_languages(answer: httpx.Response) -> bool:
    """Whether every reason of a refusal is a sentence in Dutch and another in English."""
    body = answer.json()
    reasons = [*body.get("errors", ()), *body.get("unmetGuards", ())]
    return all(reason["nl"] and reason["en"] and reason["nl"] != reason["en"] for reason in reasons) and bool(
        body["detail"]
    )


def whose(case: CaseFile) -> tuple[str, str, str, str]:
    """What nothing beyond the region may change: the state, the region, its team, who must act (I9)."""
    seen = case.seen()
    return code_of(seen["main"]), seen["region"], seen["team"]["name"], seen["main"]["party"]["role"]


def asked_of(person: Person, case: CaseFile, part: dict[str, Any]) -> dict[str, Any]:
    answer = person.get(f"{case.address(part)}/transitions/1")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["form"]
    return found


def offered(person: Person, case: CaseFile, part: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found = person.get(f"{case.address(part)}/possible-transitions").json()["transitions"]
    return {it["trigger"]: it for it in found}


def mine(person: Person, *cases: CaseFile) -> list[dict[str, Any]]:
    """What waits for this person, of these cases."""
    found = person.get("/work-items", params={"whose": "mine", "limit": 200}).json()["items"]
    return [it for it in found if it["number"] in {case.number for case in cases}]


def signal(person: Person, number: str, *, key: str | None = None, **changes: Any) -> httpx.Response:
    body = {"trigger": "signal_escalation", "number": number, "form": form_for("case", "signal_escalation", **changes)}
    return person.post("/escalation-signals", body, key=key)
