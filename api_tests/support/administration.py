"""An administrator at work over HTTP, and the people and organisations that they add."""

from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import httpx

from api_tests.support.demonstration import ORGANISATION_IDS, PERSON_IDS
from api_tests.support.people import Person
from api_tests.support.servers import RunningService
from api_tests.support.shared_case import client_with_token, signer_of
from service.people.use_cases.demonstration import DEMONSTRATION_ISSUER
from service.vocabulary.calendar import day_in_amsterdam

_MEMBERSHIP = {"personId": str(PERSON_IDS["otto"]), "organisationId": str(ORGANISATION_IDS["duinhuis"])}
_COVERAGE = {"organisationId": str(ORGANISATION_IDS["ret"]), "region": "JZ43"}
# One decision of each kind without effect on the present: dated far ahead, or equal to what holds already.
DECISIONS: dict[str, dict[str, Any]] = {
    "addOrganisation": {"kind": "provider", "name": "Nieuw (demonstratie)"},
    "renameOrganisation": {"name": "Gezinshuizen Het Duinhuis (demonstratie)"},
    "addPerson": {"issuer": DEMONSTRATION_ISSUER, "subject": f"{uuid4()}@example.org", "name": "Nieuw Gezicht"},
    "renamePerson": {"name": "Joke van Dam"},
    "findPerson": {"issuer": DEMONSTRATION_ISSUER, "subject": "joke"},
    "beginMembership": {**_MEMBERSHIP, "role": "provider", "validFrom": "2098-01-01"},
    "endMembership": {**_MEMBERSHIP, "role": "provider", "validUntil": "2098-12-31"},
    "beginCoverage": {**_COVERAGE, "validFrom": "2098-01-01"},
    "endCoverage": {**_COVERAGE, "validUntil": "2098-12-31"},
    "endOrganisation": {
        "organisationId": str(ORGANISATION_IDS["team-velsen"]),
        "successorId": str(ORGANISATION_IDS["team-haarlem"]),
        "validUntil": "2098-12-31",
    },
    "addMunicipality": {"code": "GM9001", "name": "Nieuw Land", "region": "JZ11"},
    "changeMunicipality": {"municipality": "GM9001", "validFrom": "2098-01-01", "region": "JZ14"},
    "decideSettings": {"validFrom": "2098-01-01", "settings": {}},
}


@dataclass
class Office:
    """An administrator of a running service. Every person and every organisation that they add is new."""

    service: RunningService
    roos: Person
    clients: ExitStack = field(default_factory=ExitStack)

    def day(self, days: int = 0) -> str:
        """A day from today in Amsterdam, as ISO text."""
        today: date = day_in_amsterdam(self.service.clock())
        return (today + timedelta(days=days)).isoformat()

    def post(self, path: str, **body: Any) -> httpx.Response:
        return self.roos.post(path, body)

    def record_change(self, path: str, **body: Any) -> dict[str, Any]:
        """Post a decision that must succeed, and return the recorded change."""
        answer = self.post(path, **body)
        assert answer.status_code == 201, answer.text
        change: dict[str, Any] = answer.json()
        return change

    def add_organisation(self, kind: str, municipality: str | None = None) -> str:
        change = self.record_change("/organisations", kind=kind, name=f"{kind} {uuid4()}", municipality=municipality)
        return str(change["subject"])

    def add_person(self) -> tuple[str, str]:
        """Add a person. Returns (id, subject)."""
        subject = f"{uuid4()}@example.org"
        return str(
            self.record_change("/people", issuer=DEMONSTRATION_ISSUER, subject=subject, name="Nieuwe Collega")[
                "subject"
            ]
        ), subject

    def add_member(self, organisation: str, role: str, **days: str) -> Person:
        """Add a person with this role at this organisation, who acts over HTTP."""
        id_, subject = self.add_person()
        self.record_change("/memberships", personId=id_, organisationId=organisation, role=role, **days)
        return Person(
            id_,
            self.clients.enter_context(client_with_token(self.service, signer_of(self.service).sign_token(subject))),
        )

    def end_membership(self, person: Person, organisation: str, role: str, last: str) -> httpx.Response:
        body = {"personId": person.key, "organisationId": organisation, "role": role, "validUntil": last}
        return self.post("/membership-ends", **body)


def residence_in(municipality: str) -> dict[str, Any]:
    """The changes to a referral for a child who lives in this municipality."""
    return {"residence": {"municipality": municipality, "sinceOn": "2020-01-01", "inStay": False}}
