"""The destruction of a family's own case: the case ends, a request for it is granted, and two people sign."""

from typing import Any

import httpx

from api_tests.support.case_file import CaseFile
from api_tests.support.people import People

WHOLE_FILE = {"kind": {"code": "destruction"}, "askedBy": {"code": "parent"}, "askedOn": "2025-06-30"}
GRANTED = {"extent": {"code": "full"}, "identityChecked": "Gebeld op het nummer dat wij al kenden."}


def withdrawn_case(people: People, by: str = "anna", **changes: Any) -> CaseFile:
    """A case that was withdrawn."""
    case = CaseFile.submitted(people, by=by, **changes)
    case.fire("withdraw", by=by)
    return case


def request_of(case: CaseFile, by: str, **form: Any) -> dict[str, Any]:
    """Make a request to destroy the file, and return its part."""
    body = {"trigger": "ask_about_file", "form": WHOLE_FILE | form}
    answer = case.people[by].post(f"{case.path}/file-requests", body)
    assert answer.status_code == 201, answer.text
    id_ = answer.headers["Location"].split("/file-requests/")[1].split("/")[0]
    return next(part for part in case.parts("file_request") if part["id"] == id_)


def granted_request(case: CaseFile, by: str = "anna", **form: Any) -> str:
    """Make a request to destroy the whole file, grant it, and return its id."""
    request = request_of(case, by)
    case.fire("grant", part=request, by="carla", form=GRANTED | form)
    return str(request["id"])


def new_proposal(case: CaseFile, by: str = "anna") -> str:
    """Propose the destruction of the case after a granted request, and return the id of the proposal."""
    answer = propose(case, granted_request(case, by))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def propose(case: CaseFile, request_id: str, by: str = "carla") -> httpx.Response:
    return case.people[by].post("/destruction-proposals", {"caseId": case.id, "requestId": request_id})


def post_signature(people: People, proposal: str, by: str, capacity: str, key: str | None = None) -> httpx.Response:
    return people[by].post(f"/destruction-proposals/{proposal}/signatures", {"capacity": capacity}, key=key)


def destroy_case(case: CaseFile, by: str = "anna") -> dict[str, Any]:
    """Destroy the case on request, and return the certificate."""
    proposal = new_proposal(case, by)
    first = post_signature(case.people, proposal, "hanna", "team")
    second = post_signature(case.people, proposal, "quint", "data_protection")
    assert (first.status_code, second.status_code) == (201, 201), second.text
    certificate: dict[str, Any] = second.json()["certificate"]
    return certificate
