"""The people of the demonstration region, who act over HTTP."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import httpx

from api_tests.support.demonstration import ORGANISATION_IDS, PERSON_IDS
from api_tests.support.servers import WITHOUT_TLS
from api_tests.support.workflows import form_for
from service.people.use_cases.demonstration import PEOPLE


@dataclass
class Person:
    """A person with a token, who acts over HTTP."""

    key: str
    client: httpx.Client

    @property
    def id(self) -> UUID:
        return PERSON_IDS[self.key]

    def get(self, path: str, **kwargs: Any) -> httpx.Response:
        return self.client.get(path, **kwargs)

    def post(
        self, path: str, body: Any, *, version: int | None = None, key: str | None = None, **kwargs: Any
    ) -> httpx.Response:
        headers = {"Idempotency-Key": key or str(uuid4()), **kwargs.pop("headers", {})}
        if version is not None:
            headers["If-Match"] = f'"{version}"'
        return self.client.post(path, json=body, headers=headers, **kwargs)

    def submit(self, *, key: str | None = None, grounds: str | None = None, **changes: Any) -> httpx.Response:
        body: dict[str, Any] = {"trigger": "submit", "form": form_for("case", "submit", **changes)}
        if grounds:
            body["grounds"] = grounds
        return self.post("/cases", body, key=key)


class People(dict[str, Person]):
    """The people of the demonstration region by key, also as attributes: `people.esra`."""

    def __getattr__(self, key: str) -> Person:
        if key not in self:
            raise AttributeError(key)
        return self[key]


def everybody(url: str) -> People:
    """A client per person, with a token that the service gave."""
    people = People()
    with httpx.Client(base_url=f"{url}/v1", timeout=30, verify=WITHOUT_TLS) as public_client:
        for person in PEOPLE:
            token = public_client.post("/demonstration/tokens", json={"person": person.key}).raise_for_status().json()
            headers = {"Authorization": f"Bearer {token['accessToken']}"}
            client = httpx.Client(base_url=f"{url}/v1", headers=headers, timeout=30, verify=WITHOUT_TLS)
            people[person.key] = Person(person.key, client)
    return people


def offered(people: People) -> str:
    """Add an offer of De Veste with one statement, and return its id."""
    offer: dict[str, Any] = {
        "providerId": str(ORGANISATION_IDS["de-veste"]),
        "domain": {"code": "treatment"},
        "function": {"code": "day_treatment"},
        "expertise": "Rust en ritme voor wie een tijd niet naar school ging.",
        "region": "JZ11",
        "validFrom": "2025-01-01",
    }
    answer = people.ivo.post("/offers", offer)
    assert answer.status_code == 201, answer.text
    statement = people.ivo.post(
        f"/offers/{answer.json()['id']}/statements", {"statedOn": "2025-06-30", "placesFree": 1}
    )
    assert statement.status_code == 201, statement.text
    return str(answer.json()["id"])
