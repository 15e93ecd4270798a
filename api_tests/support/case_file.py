"""One case and the people around it: the steps they take, and their views of it."""

from collections import deque
from dataclasses import dataclass, field
from typing import Any

import httpx

from api_tests.support.demonstration import PERSON_BY_ROLE, PERSON_BY_TRIGGER
from api_tests.support.forms import filled
from api_tests.support.people import People
from api_tests.support.workflows import RULES, form_for
from service.kinds import KINDS
from service.workflows.rules.kinds import PartKind, plural_of

COLLECTIONS = {"case": ""} | {kind: plural_of(kind) for kind in KINDS.part_kinds}


@dataclass
class CaseFile:
    """One case and the people around it. A step gets a valid form unless the caller gives another."""

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
    def ask_consult(cls, people: People, by: str = "anna", **changes: Any) -> "CaseFile":
        """A case that began as a question for a consult."""
        answer = people[by].post("/cases", {"trigger": "ask_consult", "form": filled("consult_request@1", **changes)})
        assert answer.status_code == 201, answer.text
        return cls(people, answer.json()["caseId"], answer.json()["number"], ["ask_consult"])

    @property
    def path(self) -> str:
        return f"/cases/{self.id}"

    def view(self, by: str = "esra") -> dict[str, Any]:
        """The case in the view of this person."""
        answer = self.people[by].get(self.path)
        assert answer.status_code == 200, answer.text
        view: dict[str, Any] = answer.json()
        return view

    @property
    def state(self) -> str:
        return str(self.view()["main"]["state"]["code"])

    def parts(self, kind: str, by: str = "esra") -> list[dict[str, Any]]:
        return [part for part in self.view(by)["parts"] if part["kind"] == kind]

    def history(self, by: str = "esra") -> list[dict[str, Any]]:
        answer = self.people[by].get(f"{self.path}/transitions")
        assert answer.status_code == 200, answer.text
        entries: list[dict[str, Any]] = answer.json()["transitions"]
        return entries

    @property
    def triggers_on_case(self) -> list[str]:
        return [trigger for trigger in self.fired if trigger not in ("accept", "start_help", "record_check")]

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
        """Take a step with the case or with a part of it, and return the answer, a refusal included."""
        kind: PartKind = part["kind"] if part else "case"
        definition = RULES.current(kind).definition
        person = self.people[
            by or PERSON_BY_TRIGGER.get(trigger) or PERSON_BY_ROLE[definition.triggers[trigger].roles[0]]
        ]
        address = self.address(part)
        if version is None:
            version = int(self.people.esra.get(address).headers["ETag"].strip('"'))
        body: dict[str, Any] = {"trigger": trigger}
        content = form if form is not None else form_for(kind, trigger, **changes)
        if content is not None:
            body["form"] = content
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
        result: dict[str, Any] = answer.json()
        return result

    def go_to(self, state: str) -> "CaseFile":
        """Bring the case to this state by the shortest road that the guards allow."""
        for trigger in _road(self.state, state):
            self._prepare(trigger)
            self.fire(trigger)
        assert self.state == state
        return self

    def ask_about_file(self, kind: str = "access", by: str = "anna", **changes: Any) -> dict[str, Any]:
        """Make a request about the file, and return its part."""
        form = filled("file_request@1", kind={"code": kind}, **changes)
        answer = self.people[by].post(f"{self.path}/file-requests", {"trigger": "ask_about_file", "form": form})
        assert answer.status_code == 201, answer.text
        return next(part for part in self.parts("file_request") if part["id"] == answer.json()["transition"]["partId"])

    def propose_destruction(self, by: str = "carla", **changes: Any) -> dict[str, Any]:
        """Propose to destroy the content of an entry, by default the first of the case, and return the part."""
        form = filled("entry_destruction@1", **{"partId": self.id} | changes)
        body = {"trigger": "propose_destruction", "form": form}
        answer = self.people[by].post(f"{self.path}/entry-destructions", body)
        assert answer.status_code == 201, answer.text
        id_ = answer.json()["transition"]["partId"]
        return next(part for part in self.parts("entry_destruction") if part["id"] == id_)

    def read_in_an_emergency(self, by: str = "petra") -> dict[str, Any]:
        """Take emergency access as a person outside the case, and return its part."""
        form = filled("emergency_access@1")
        body = {"trigger": "take_emergency_access", "number": self.number, "form": form}
        answer = self.people[by].post("/emergency-accesses", body)
        assert answer.status_code == 201, answer.text
        return next(
            part for part in self.parts("emergency_access") if part["id"] == answer.json()["transition"]["partId"]
        )

    def _prepare(self, trigger: str) -> None:
        """Meet the guards of this step."""
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
                    # A line that is to be made to measure has no addressee yet: the process director arranges it.
                    self.fire("accept", part=part, by="ivo" if part["addressee"] else "hanna")


def _road(source: str, target: str) -> list[str]:
    """The triggers from one state of a case to another: the fewest, help before ends."""
    queue, visited = deque([(source, list[str]())]), {source}
    while queue:
        state, road = queue.popleft()
        if state == target:
            return road
        for trigger, start, end in sorted(RULES.current("case").definition.edges()):
            if start == state and end not in visited:
                visited.add(end)
                queue.append((end, [*road, trigger]))
    raise AssertionError(f"no road from {source} to {target}")
