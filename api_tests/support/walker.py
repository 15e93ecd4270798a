"""A random walk of all people over one case: valid and senseless steps, old versions, repeated keys, bad forms."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any
from uuid import uuid4

import httpx

from api_tests.support.case_file import COLLECTIONS, CaseFile
from api_tests.support.case_model import LETTER, ROLES_OF, Json, ModelCase, ModelPart, put_to
from api_tests.support.demonstration import PERSON_IDS
from api_tests.support.expected_moves import BEGINNINGS, START, possible_from, triggers
from api_tests.support.expected_triggers import BY_HAND
from api_tests.support.form_breaches import BREACHES, NO_SUCH_FORM, breach_form
from api_tests.support.forms import filled
from api_tests.support.people import People
from api_tests.support.workflows import form_for

WALKERS = (
    "anna", "carla", "daan", "esra", "vera", "floor", "gijs", "hanna", "ivo", "joke", "karim", "lotte", "mila", "sara",
    "tom", "petra", "noor", "quint", "roos", "wilma",
)  # fmt: skip
# An amendment needs an entry of its author, and has its own tests (test_amendments.py). A consent changes only what may
# be read.
EXCLUDED = {"amend", "correct", "record_consent", "withdraw_consent", "refer"}


@dataclass(frozen=True)
class Attempt:
    """A step that a person tried: the expected status and code, and the answer."""

    person: str
    part: ModelPart
    trigger: str
    expected: tuple[int, str]
    answer: httpx.Response


@dataclass(frozen=True)
class SentRequest:
    """A request that made an entry: the sender, the part, and the answer."""

    person: str
    part: ModelPart
    trigger: str
    path: str
    key: str
    version: int | None
    body: Json
    answer: httpx.Response

    def repeat(self, people: People) -> httpx.Response:
        return people[self.person].post(self.path, self.body, version=self.version, key=self.key)


@dataclass(frozen=True)
class ServedView:
    """The case as it was served when an entry was its last, and the people who saw all of it then."""

    view: Json
    seen_by: frozenset[str]


class Walk:
    """One case with all people around it, and the model of its expected state."""

    def __init__(self, people: People, chance: Random, now: Callable[[], datetime]) -> None:
        self.people = people
        self.chance = chance
        self.file = CaseFile.submitted(people)
        id_ = self.file.id
        self.model = ModelCase(id_, {id_: ModelPart(id_, "case", "submitted", 1)}, now)
        self.sent: list[SentRequest] = []
        self.served: dict[int, ServedView] = {}

    def step(self) -> Attempt:
        """Mostly a likely next step; sometimes any step by any person."""
        dice = self.chance.random()
        if dice < 0.05 and self.sent:
            return self._repeat_request()
        if self.chance.random() < 0.07:
            return self.begin_outside_file(
                self.chance.choice(WALKERS), self.chance.choice(["file_request", "emergency_access"])
            )
        part = self._choose_part()
        trigger = self._choose_trigger(part, sensible=dice > 0.3)
        person = self._choose_person(part, trigger) if dice > 0.2 else self.chance.choice(WALKERS)
        if dice > 0.9 and (readers := [walker for walker in WALKERS if self.model.reads_in_an_emergency(walker)]):
            # A person with emergency access tries to add a note, whatever their other roles.
            person, trigger = self.chance.choice(readers), "add_note"
        if 0.05 <= dice < 0.1:
            return self._send_bad_form(person, part, trigger)
        if trigger in BREACHES and self.chance.random() < 0.3:
            return self._break_rule(person, part, trigger)
        version: int | None = part.version
        if 0.1 <= dice < 0.15:
            version = self.chance.choice([None, max(0, part.version - 1), part.version + 1])
        return self._send_valid(person, part, trigger, version)

    def address(self, part: ModelPart) -> str:
        case = f"/cases/{self.model.id}"
        return case if part.kind == "case" else f"{case}/{COLLECTIONS[part.kind]}/{part.id}"

    def _choose_part(self) -> ModelPart:
        parts = list(self.model.parts.values())
        open_ = [part for part in parts if part.is_open]
        return self.model.main if self.chance.random() < 0.45 else self.chance.choice(open_ or parts)

    def _choose_trigger(self, part: ModelPart, *, sensible: bool) -> str:
        """Any trigger of the workflow; a sensible one is possible in the state, and rarely ends the case."""
        possible = set(possible_from(part.kind, part.state))
        if not sensible or not possible - EXCLUDED:
            return self.chance.choice(sorted(triggers(part.kind) - EXCLUDED))
        ending = {"withdraw", "transfer", "decline", "confirm_helped"} if part.kind == "case" else set()
        sensible_triggers = possible - EXCLUDED - (ending if self.chance.random() < 0.93 else set())
        # Triggers that change the state come up more often than the others.
        moving = [
            trigger for trigger in sensible_triggers if possible_from(part.kind, part.state)[trigger] != part.state
        ]
        return self.chance.choice(
            sorted(moving if moving and self.chance.random() < 0.6 else sensible_triggers or possible)
        )

    def _choose_person(self, part: ModelPart, trigger: str) -> str:
        letters = BY_HAND[part.kind].get(trigger, "")
        candidates = [
            walker
            for walker in WALKERS
            if any(LETTER.get(role, "?") in letters for role in ROLES_OF[walker]) and self.model.sees(walker, part)
        ]
        return self.chance.choice(candidates or WALKERS)

    def _send_valid(self, person: str, part: ModelPart, trigger: str, version: int | None) -> Attempt:
        body = self._body(part, trigger)
        expected = self.model.verdict(person, part, trigger, version)
        path, key = f"{self.address(part)}/transitions", str(uuid4())
        answer = self.people[person].post(path, body, version=version, key=key)
        attempt = Attempt(person, part, trigger, expected, answer)
        if answer.status_code == 201 and expected[0] == 201:
            self.sent.append(SentRequest(person, part, trigger, path, key, version, body, answer))
            self._update_model(person, part, trigger, body.get("form", {}), answer.json())
        return attempt

    def begin_outside_file(self, person: str, kind: str) -> Attempt:
        """Make a request about the file, or take emergency access by its number, in any state of the case."""
        (trigger,) = BEGINNINGS[kind]
        body: Json = {"trigger": trigger, "form": filled(f"{kind}@1")}
        path, key = f"/cases/{self.model.id}/file-requests", str(uuid4())
        if kind == "emergency_access":
            path, body["number"] = "/emergency-accesses", self.file.number
        expected = self.model.verdict_outside_file(person, kind)
        answer = self.people[person].post(path, body, key=key)
        part = ModelPart("", kind, START, 0)
        attempt = Attempt(person, part, trigger, expected, answer)
        if answer.status_code == 201 and expected[0] == 201:
            begun_part = self.model.begin_outside_file(person, answer.json()["transition"])
            self.sent.append(SentRequest(person, begun_part, trigger, path, key, None, body, answer))
        return attempt

    def _body(self, part: ModelPart, trigger: str) -> Json:
        body: Json = {"trigger": trigger, "grounds": "Zo is het besproken."}
        changes: dict[str, Any] = {}
        if trigger == "take_up":
            issuer = self.model.reconsiderations[part.id].advised_by
            free = [chair for chair in ("vera", "esra") if not self.model.asked_for_one(chair)]
            chair = min(free, key=lambda name: name == issuer)
            changes = {"chair_id": str(PERSON_IDS[chair])}
            if chair == issuer or self.chance.random() < 0.5:
                changes["outside_expert"] = {"name": "Ada Bos", "relationToCase": {"code": "none"}}
        form = form_for(part.kind, trigger, **changes)
        return body if form is None else body | {"form": form}

    def _update_model(self, person: str, part: ModelPart, trigger: str, form: Json, result: Json) -> None:
        begun_parts = self.model.take(person, part, trigger, form)
        opened = result["opened"]
        opened_parts = sorted((part_view["kind"], part_view["line"] or "") for part_view in opened)
        assert opened_parts == sorted((kind, line or "") for kind, line in begun_parts), (
            f"{trigger} by {person}: {opened_parts} {begun_parts}"
        )
        for part_view in opened:
            self.model.begin(part_view, part, put_to(part_view["kind"], part_view["line"], person, trigger, form))

    def _repeat_request(self) -> Attempt:
        """Send a request again: the answer is the same, or the number alone after loss of sight; nothing changes."""
        request = self.chance.choice(self.sent)
        answer = request.repeat(self.people)
        first = request.answer.json()
        if answer.status_code == 201:
            assert answer.headers["Idempotent-Replayed"] == "true"
            if self.model.sees(request.person, request.part):
                assert answer.json()["transition"]["partSequence"] == first["transition"]["partSequence"]
            else:
                assert answer.json() == {"caseId": first["caseId"], "version": first["version"]}
        return Attempt(request.person, request.part, request.trigger, (201, ""), answer)

    def _break_rule(self, person: str, part: ModelPart, trigger: str) -> Attempt:
        """Send a filled form that breaks a rule: it is refused once all other checks pass."""
        body = self._body(part, trigger)
        number, breach = self.chance.choice(BREACHES[trigger])
        body["form"] = breach_form(body["form"], breach)
        status, code = self.model.verdict(person, part, trigger, part.version)
        expected = (400, "invalid") if status == 201 else (status, code)
        path = f"{self.address(part)}/transitions"
        answer = self.people[person].post(path, body, version=part.version)
        return Attempt(person, part, f"{trigger} against {number}", expected, answer)

    def _send_bad_form(self, person: str, part: ModelPart, trigger: str) -> Attempt:
        """Send a citizen service number, a price or a score (policy 9), or leave an obligatory field out: 400."""
        body = self._body(part, trigger)
        form = body.get("form", {})
        _, missing = NO_SUCH_FORM.get(trigger, ("", ""))
        if missing in form:
            body["form"] = {name: value for name, value in form.items() if name != missing}
        else:
            body["form"] = {**form, self.chance.choice(["bsn", "price", "riskScore"]): 1}
        path = f"{self.address(part)}/transitions"
        answer = self.people[person].post(path, body, version=part.version)
        return Attempt(person, part, trigger, (400, "invalid"), answer)
