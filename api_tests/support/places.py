"""A value for each parameter of a path: an existing id, or a fixed value where it is no id.

The ids are of one case with all kinds of part, and of the objects around it.
"""

import re
from typing import Any

from api_tests.support.case_file import COLLECTIONS
from api_tests.support.demonstration import ORGANISATION_IDS, PERSON_IDS
from api_tests.support.destructions import new_proposal, withdrawn_case
from api_tests.support.people import People, Person, offered
from api_tests.support.receivers import dead_letter
from api_tests.support.servers import RunningService
from api_tests.support.shared_case import help_running
from api_tests.support.workflows import RULES

KINDS = {collection: kind for kind, collection in COLLECTIONS.items() if collection}


def kind_of(path: str) -> str:
    """The kind of part that the path leads to; the case itself where it leads to none."""
    match = re.search(r"/([\w-]+)/\{partId\}", path)
    return KINDS[match[1]] if match else "case"


def path_values(service: RunningService, people: People) -> dict[str, str]:
    """Returns the value per path parameter, and the id per kind of part."""
    case, duinhuis = help_running(people).case, str(ORGANISATION_IDS["duinhuis"])
    change = people.roos.post(f"/organisations/{duinhuis}/names", {"name": "Gezinshuizen Het Duinhuis (demonstratie)"})
    return {
        "caseId": case.id,
        **{part["kind"]: part["id"] for part in case.view()["parts"]},
        **dead_letter(service, case.id),
        "number": "1",
        "version": "1",
        "name": "case",
        "region": "JZ11",
        "plan": RULES.current("case").hash,
        "holdId": "",
        "proposalId": new_proposal(withdrawn_case(people)),
        "draftId": people.anna.post("/drafts", {"form": {}}).json()["id"],
        "offerId": offered(people),
        "organisationId": duinhuis,
        "personId": str(PERSON_IDS["joke"]),
        "changeId": change.json()["id"],
    }


def person_for(people: People, path: str, operation: dict[str, Any]) -> Person:
    """The person whose work it is to call this operation."""
    if operation["tags"] == ["learning"] or "gaps" in path:
        return people.noor
    if path in ("/access-log", "/digest"):
        return people.quint
    if operation["tags"] in (["retention"], ["access"]):
        return people.esra
    if operation["tags"] == ["offer"]:
        return people.ivo
    by_administrator = operation["tags"] == ["administration"] or "subscriptions" in path
    return people.roos if by_administrator else people.anna
