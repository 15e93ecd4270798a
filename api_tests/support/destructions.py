"""The vocabulary of destruction: a family's own case that has ended, a request that was granted, and two signatures."""

from typing import Any

import httpx

from api_tests.support.case_file import CaseFile
from api_tests.support.people import People

WHOLE_FILE = {"kind": {"code": "destruction"}, "askedBy": {"code": "parent"}, "askedOn": "2025-06-30"}
GRANTED = {"extent": {"code": "full"}, "identityChecked": "Gebeld op het nummer dat wij al kenden."}


def ended(people: People, by: str = "anna", **changes: Any) -> CaseFile:
    """A case that was withdrawn."""
    case = CaseFile.submitted(people, by=by, **changes)
    case.fire("withdraw", by=by)
    return case


def request_of(case: CaseFile, by: str, **form: Any) -> dict[str, Any]:
    """The part with which somebody asked for the file to be destroyed."""
    body = {"trigger": "ask_about_file", "form": WHOLE_FILE | form}
    made = case.people[by].post(f"{case.path}/file-requests", body)
    assert made.status_code == 201, made.text
    id_ = made.headers["Location"].split("/file-requests/")[1].split("/")[0]
    return next(part for part in case.parts("file_request") if part["id"] == id_)


def granted(case: CaseFile, by: str = "anna", **form: Any) -> str:
    """The id of a request to destroy all of the file that was granted."""
    request = request_of(case, by)
    case.fire("grant", part=request, by="carla", form=GRANTED | form)
    return str(request["id"])


def proposed(case: CaseFile, by: str = "anna") -> str:
    """The id of a proposal to destroy the case because it was asked and granted."""
    answer = propose(case, granted(case, by))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def propose(case: CaseFile, request_id: str, by: str = "carla") -> httpx.Response:
    return case.people[by].post("/destruction-proposals", {"caseId": case.id, "requestId": request_id})


def signed(people: People, proposal: str, by: str, capacity: str, key: str | None = None) -> httpx.Response:
    return people[by].post(f"/destruction-proposals/{proposal}/signatures", {"capacity": capacity}, key=key)


def destroyed(case: CaseFile, by: str = "anna") -> dict[str, Any]:
    """The certificate of a case that was destroyed on request."""
    proposal = proposed(case, by)
    first = signed(case.people, proposal, "hanna", "team")
    second = signed(case.people, proposal, "quint", "data_protection")
    assert (first.status_code, second.status_code) == (201, 201), second.text
    certificate: dict[str, Any] = second.json()["certificate"]
    return certificate
