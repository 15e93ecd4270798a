"""The vocabulary of the specifications: people who act over HTTP, and a case that they act on."""

from collections import deque
from dataclasses import dataclass, field
from typing import Any, cast
from uuid import UUID, uuid4

import httpx

from api_tests.filled_forms import filled
from api_tests.running import ROOT, WITHOUT_TLS
from service.app import read_folder
from service.domain.case import PartKind
from service.domain.workflow import Workflow
from service.use_cases.demonstration import ORGANISATIONS, PEOPLE

RULES = read_folder(ROOT / "workflows")
ORGANISATION_IDS = {it.key: it.id for it in ORGANISATIONS}
PERSON_IDS = {it.key: it.id for it in PEOPLE}
COLLECTIONS = {"case": "", "placement": "placements", "commitment": "commitments"}
COLLECTIONS |= {"funding": "fundings", "escalation": "escalations", "question": "questions"}
COLLECTIONS |= {"reconsideration": "reconsiderations", "follow_up": "follow-ups"}
COLLECTIONS |= {"file_request": "file-requests", "emergency_access": "emergency-accesses"}

# Who does it in the stories of these tests: the first person here whose role the trigger takes.
WHO = {
    "local_team": "anna",
    "coordinator": "carla",
    "screener": "daan",
    "chair": "esra",
    "expert": "floor",
    "expert_by_experience": "gijs",
    "process_director": "hanna",
    "provider": "ivo",
    "municipality": "karim",
    "cce_liaison": "mila",
    "expertise_network": "sara",
    "national_support": "tom",
    "parent": "wilma",
    "young_person": "yara",
    "data_protection_officer": "quint",
}

# Whoever issued the advice does not judge it alone (I15): the second chair does.
AFRESH = dict.fromkeys(("confirm_advice", "conclude_revised"), "vera")


def workflow_of(kind: str) -> Workflow:
    """The workflow in force of a kind of part, named as in JSON."""
    return RULES.current(cast("PartKind", kind))


def form_for(kind: str, trigger: str, **changes: Any) -> dict[str, Any] | None:
    """A valid form for this trigger, fit for the demonstration region; None when it takes none."""
    name = workflow_of(kind).definition.triggers[trigger].form
    if name is None:
        return None
    fitting: dict[str, Any] = {}
    if name.startswith("advice"):
        fitting = {"provider_id": ORGANISATION_IDS["de-veste"], "payer_id": ORGANISATION_IDS["gemeente-haarlem"]}
    if name == "triage_start@1":
        fitting = {"screener_id": PERSON_IDS["daan"]}
    if name == "escalation@2":
        asked = "cce" if changes.get("level", {}).get("code") == "cce_consultation" else "steun"
        fitting = {"organisation_id": ORGANISATION_IDS[asked]}
    if name == "reconsideration_start@1":
        fitting = {"chair_id": PERSON_IDS["vera"], "outside_expert": None}
    if name == "reassignment@1":
        fitting = {"assignee_id": None}
    if name == "referral@1":
        fitting = {"residence": {"municipality": "GM0392", "sinceOn": "2020-01-01", "inStay": False}}
    return filled(name, **{**fitting, **changes})


@dataclass
class Person:
    """Somebody with a token, acting over HTTP."""

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
    """Everybody of the demonstration region, by key; also as attributes: `people.esra`."""

    def __getattr__(self, key: str) -> Person:
        if key not in self:
            raise AttributeError(key)
        return self[key]


def everybody(url: str) -> People:
    """A client per person, with a token asked of the service itself."""
    found = People()
    with httpx.Client(base_url=f"{url}/v1", timeout=30, verify=WITHOUT_TLS) as anybody:
        for it in PEOPLE:
            token = anybody.post("/demonstration/tokens", json={"person": it.key}).raise_for_status().json()
            headers = {"Authorization": f"Bearer {token['accessToken']}"}
            client = httpx.Client(base_url=f"{url}/v1", headers=headers, timeout=30, verify=WITHOUT_TLS)
            found[it.key] = Person(it.key, client)
    return found


def offered(people: People) -> str:
    """An offer of De Veste on the overview, with something stated of it: its id."""
    offer: dict[str, Any] = {
        "providerId": str(ORGANISATION_IDS["de-veste"]),
        "domain": {"code": "treatment"},
        "function": {"code": "day_treatment"},
        "expertise": "Rust en ritme voor wie een tijd niet naar school ging.",
        "region": "JZ11",
        "validFrom": "2025-01-01",
    }
    made = people.ivo.post("/offers", offer)
    assert made.status_code == 201, made.text
    said = people.ivo.post(f"/offers/{made.json()['id']}/statements", {"statedOn": "2025-06-30", "placesFree": 1})
    assert said.status_code == 201, said.text
    return str(made.json()["id"])


@dataclass
class CaseFile:
    """One case and the people around it. Steps take a valid form of their own unless they are given another."""

    people: People
    id: str
    number: str
    fired: list[str] = field(default_factory=list)

    @classmethod
    def submitted(cls, people: People, by: str = "anna", **changes: Any) -> "CaseFile":
        answer = people[by].submit(**changes)
        assert answer.status_code == 201, answer.text
        return cls(people, answer.json()["caseId"], answer.json()["number"], ["submit"])

    @classmethod
    def asked(cls, people: People, by: str = "anna", **changes: Any) -> "CaseFile":
        """A question for a consult, and nothing more yet."""
        answer = people[by].post("/cases", {"trigger": "ask_consult", "form": filled("consult_request@1", **changes)})
        assert answer.status_code == 201, answer.text
        return cls(people, answer.json()["caseId"], answer.json()["number"], ["ask_consult"])

    @property
    def path(self) -> str:
        return f"/cases/{self.id}"

    def seen(self, by: str = "esra") -> dict[str, Any]:
        """The case as this person sees it."""
        answer = self.people[by].get(self.path)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    @property
    def state(self) -> str:
        return str(self.seen()["main"]["state"]["code"])

    def parts(self, kind: str, by: str = "esra") -> list[dict[str, Any]]:
        return [part for part in self.seen(by)["parts"] if part["kind"] == kind]

    def history(self, by: str = "esra") -> list[dict[str, Any]]:
        answer = self.people[by].get(f"{self.path}/transitions")
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["transitions"]
        return found

    @property
    def fired_on_the_case(self) -> list[str]:
        return [it for it in self.fired if it not in ("accept", "start_help", "record_check")]

    def address(self, part: dict[str, Any] | None) -> str:
        return self.path if part is None else f"{self.path}/{COLLECTIONS[part['kind']]}/{part['id']}"

    def attempt(
        self,
        trigger: str,
        *,
        by: str | None = None,
        part: dict[str, Any] | None = None,
        version: int | None = None,
        key: str | None = None,
        form: dict[str, Any] | None = None,
        grounds: str | None = "Zo is het aan tafel besproken.",
        occurred_at: str | None = None,
        **changes: Any,
    ) -> httpx.Response:
        """Take a step with the case, or with a part of it, and give back whatever the answer is."""
        kind: PartKind = part["kind"] if part else "case"
        definition = RULES.current(kind).definition
        person = self.people[by or AFRESH.get(trigger) or WHO[definition.triggers[trigger].roles[0]]]
        address = self.address(part)
        if version is None:
            version = int(self.people.esra.get(address).headers["ETag"].strip('"'))
        body: dict[str, Any] = {"trigger": trigger}
        filled_in = form if form is not None else form_for(kind, trigger, **changes)
        if filled_in is not None:
            body["form"] = filled_in
        if grounds is not None:
            body["grounds"] = grounds
        if occurred_at is not None:
            body["occurredAt"] = occurred_at
        return person.post(f"{address}/transitions", body, version=version, key=key)

    def fire(self, trigger: str, **how: Any) -> dict[str, Any]:
        """Take a step that must succeed."""
        answer = self.attempt(trigger, **how)
        assert answer.status_code == 201, f"{trigger}: {answer.text}"
        self.fired.append(trigger)
        made: dict[str, Any] = answer.json()
        return made

    def go_to(self, state: str) -> "CaseFile":
        """Bring the case to this state along the shortest road that the guards allow."""
        for trigger in _road(self.state, state):
            self._prepare(trigger)
            self.fire(trigger)
        assert self.state == state
        return self

    def ask_about_file(self, kind: str = "access", by: str = "anna") -> dict[str, Any]:
        """A request about the file, as its part."""
        form = filled("file_request@1", kind={"code": kind})
        made = self.people[by].post(f"{self.path}/file-requests", {"trigger": "ask_about_file", "form": form})
        assert made.status_code == 201, made.text
        return next(it for it in self.parts("file_request") if it["id"] == made.json()["transition"]["partId"])

    def read_in_an_emergency(self, by: str = "petra") -> dict[str, Any]:
        """Emergency access of somebody from outside, as its part."""
        form = filled("emergency_access@1")
        body = {"trigger": "take_emergency_access", "number": self.number, "form": form}
        made = self.people[by].post("/emergency-accesses", body)
        assert made.status_code == 201, made.text
        return next(it for it in self.parts("emergency_access") if it["id"] == made.json()["transition"]["partId"])

    def _prepare(self, trigger: str) -> None:
        """What the guards of this step ask for first."""
        if trigger in ("decline", "transfer"):
            self.fire(f"propose_{trigger}")
        if trigger == "report_help_started":
            for part in self.parts("commitment")[:1]:
                self.fire("accept", part=part)
                self.fire("start_help", part=part)
        if trigger == "close":
            self.fire("record_check", part=self.parts("follow_up")[0])
            for part in self.parts("commitment"):
                if part["state"]["code"] == "requested":
                    # What is to be made to measure is put to nobody yet: the process director arranges it.
                    self.fire("accept", part=part, by="ivo" if part["addressee"] else "hanna")


def _road(source: str, target: str) -> list[str]:
    """The triggers from one state of a case to another: the fewest, help before ends."""
    queue, seen = deque([(source, list[str]())]), {source}
    while queue:
        state, road = queue.popleft()
        if state == target:
            return road
        for trigger, start, end in sorted(RULES.current("case").definition.edges()):
            if start == state and end not in seen:
                seen.add(end)
                queue.append((end, [*road, trigger]))
    raise AssertionError(f"no road from {source} to {target}")
