"""Everybody walks over a case at random: sound steps and senseless ones, old versions, repeated keys, bad forms."""

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
from api_tests.support.form_breaches import BREACHES, NO_SUCH_FORM, broken
from api_tests.support.forms import filled
from api_tests.support.people import People
from api_tests.support.workflows import form_for

WALKERS = (
    "anna", "carla", "daan", "esra", "vera", "floor", "gijs", "hanna", "ivo", "joke", "karim", "lotte", "mila", "sara",
    "tom", "petra", "noor", "quint", "roos", "wilma",
)  # fmt: skip
# An amendment needs an entry of one's own: its rules have tests of their own (test_amendments.py). A gap and a consent
# leave the case as it is, but for what may be read.
LEFT_OUT = {"amend", "record_consent", "withdraw_consent", "refer"}


@dataclass(frozen=True)
class Tried:
    """A step that was tried: what was foretold of it, and the answer."""

    person: str
    part: ModelPart
    trigger: str
    foretold: tuple[int, str]
    answer: httpx.Response


@dataclass(frozen=True)
class Sent:
    """A request that made something: who sent it, about which part, and what was answered."""

    person: str
    part: ModelPart
    trigger: str
    path: str
    key: str
    version: int | None
    body: Json
    answer: httpx.Response

    def again(self, people: People) -> httpx.Response:
        return people[self.person].post(self.path, self.body, version=self.version, key=self.key)


@dataclass(frozen=True)
class Served:
    """The case as it was served when an entry was its last, and who saw all of it then."""

    view: Json
    seen_by: frozenset[str]


class Walk:
    """One case with everybody around it, and beside it the model of what it must be."""

    def __init__(self, people: People, chance: Random, now: Callable[[], datetime]) -> None:
        self.people = people
        self.chance = chance
        self.file = CaseFile.submitted(people)
        id_ = self.file.id
        self.model = ModelCase(id_, {id_: ModelPart(id_, "case", "submitted", 1)}, now)
        self.sent: list[Sent] = []
        self.served: dict[int, Served] = {}

    def step(self) -> Tried:
        """Mostly what somebody would do next; now and then anybody's anything."""
        dice = self.chance.random()
        if dice < 0.05 and self.sent:
            return self._the_same_again()
        if self.chance.random() < 0.07:
            return self.beside(self.chance.choice(WALKERS), self.chance.choice(["file_request", "emergency_access"]))
        part = self._some_part()
        trigger = self._some_trigger(part, sensible=dice > 0.3)
        person = self._somebody_for(part, trigger) if dice > 0.2 else self.chance.choice(WALKERS)
        if dice > 0.9 and (readers := [walker for walker in WALKERS if self.model.reads_in_an_emergency(walker)]):
            # Who sees all of it is inclined to add to it, of the table or of the region as they may be.
            person, trigger = self.chance.choice(readers), "add_note"
        if 0.05 <= dice < 0.1:
            return self._with_a_bad_form(person, part, trigger)
        if trigger in BREACHES and self.chance.random() < 0.3:
            return self._against_a_rule(person, part, trigger)
        version: int | None = part.version
        if 0.1 <= dice < 0.15:
            version = self.chance.choice([None, max(0, part.version - 1), part.version + 1])
        return self._sound(person, part, trigger, version)

    def address(self, part: ModelPart) -> str:
        case = f"/cases/{self.model.id}"
        return case if part.kind == "case" else f"{case}/{COLLECTIONS[part.kind]}/{part.id}"

    def _some_part(self) -> ModelPart:
        parts = list(self.model.parts.values())
        open_ = [part for part in parts if part.is_open]
        return self.model.main if self.chance.random() < 0.45 else self.chance.choice(open_ or parts)

    def _some_trigger(self, part: ModelPart, *, sensible: bool) -> str:
        """Any trigger of the workflow; a sensible one is known to the state, and seldom lets go of the case."""
        known = set(possible_from(part.kind, part.state))
        if not sensible or not known - LEFT_OUT:
            return self.chance.choice(sorted(triggers(part.kind) - LEFT_OUT))
        letting_go = {"withdraw", "transfer", "decline", "confirm_helped"} if part.kind == "case" else set()
        going_on = known - LEFT_OUT - (letting_go if self.chance.random() < 0.93 else set())
        # What moves the case along comes up more often than what leaves it where it is.
        moving = [it for it in going_on if possible_from(part.kind, part.state)[it] != part.state]
        return self.chance.choice(sorted(moving if moving and self.chance.random() < 0.6 else going_on or known))

    def _somebody_for(self, part: ModelPart, trigger: str) -> str:
        letters = BY_HAND[part.kind].get(trigger, "")
        fitting = [
            walker
            for walker in WALKERS
            if any(LETTER.get(role, "?") in letters for role in ROLES_OF[walker]) and self.model.sees(walker, part)
        ]
        return self.chance.choice(fitting or WALKERS)

    def _sound(self, person: str, part: ModelPart, trigger: str, version: int | None) -> Tried:
        body = self._body(part, trigger)
        foretold = self.model.verdict(person, part, trigger, version)
        path, key = f"{self.address(part)}/transitions", str(uuid4())
        answer = self.people[person].post(path, body, version=version, key=key)
        tried = Tried(person, part, trigger, foretold, answer)
        if answer.status_code == 201 and foretold[0] == 201:
            self.sent.append(Sent(person, part, trigger, path, key, version, body, answer))
            self._write_down(person, part, trigger, body.get("form", {}), answer.json())
        return tried

    def beside(self, person: str, kind: str) -> Tried:
        """Somebody asks about the file, or reads it in an emergency by its number alone; in any state of the case."""
        (trigger,) = BEGINNINGS[kind]
        body: Json = {"trigger": trigger, "form": filled(f"{kind}@1")}
        path, key = f"/cases/{self.model.id}/file-requests", str(uuid4())
        if kind == "emergency_access":
            path, body["number"] = "/emergency-accesses", self.file.number
        foretold = self.model.verdict_beside(person, kind)
        answer = self.people[person].post(path, body, key=key)
        part = ModelPart("", kind, START, 0)
        tried = Tried(person, part, trigger, foretold, answer)
        if answer.status_code == 201 and foretold[0] == 201:
            begun = self.model.begin_beside(person, answer.json()["transition"])
            self.sent.append(Sent(person, begun, trigger, path, key, None, body, answer))
        return tried

    def _body(self, part: ModelPart, trigger: str) -> Json:
        body: Json = {"trigger": trigger, "grounds": "Zo is het besproken."}
        changes: dict[str, Any] = {}
        if trigger == "take_up":
            again = self.model.looking
            changes = {"chair_id": PERSON_IDS["esra" if again and again.advised_by == "vera" else "vera"]}
            if self.chance.random() < 0.5:
                changes["outside_expert"] = {"name": "Ada Bos", "relationToCase": {"code": "none"}}
        form = form_for(part.kind, trigger, **changes)
        return body if form is None else body | {"form": form}

    def _write_down(self, person: str, part: ModelPart, trigger: str, form: Json, made: Json) -> None:
        begun = self.model.take(person, part, trigger, form)
        opened = made["opened"]
        shown = sorted((it["kind"], it["line"] or "") for it in opened)
        assert shown == sorted((kind, line or "") for kind, line in begun), f"{trigger} by {person}: {shown} {begun}"
        for it in opened:
            self.model.begin(it, part, put_to(it["kind"], it["line"], person, trigger, form))

    def _the_same_again(self) -> Tried:
        """The same request once more: the same answer, to a person who lost sight the number alone; nothing happens."""
        sent = self.chance.choice(self.sent)
        answer = sent.again(self.people)
        first = sent.answer.json()
        if answer.status_code == 201:
            assert answer.headers["Idempotent-Replayed"] == "true"
            if self.model.sees(sent.person, sent.part):
                assert answer.json()["transition"]["partSequence"] == first["transition"]["partSequence"]
            else:
                assert answer.json() == {"caseId": first["caseId"], "version": first["version"]}
        return Tried(sent.person, sent.part, sent.trigger, (201, ""), answer)

    def _against_a_rule(self, person: str, part: ModelPart, trigger: str) -> Tried:
        """Filled in, and still refused once everything else is right."""
        body = self._body(part, trigger)
        number, breach = self.chance.choice(BREACHES[trigger])
        body["form"] = broken(body["form"], breach)
        status, code = self.model.verdict(person, part, trigger, part.version)
        foretold = (400, "invalid") if status == 201 else (status, code)
        path = f"{self.address(part)}/transitions"
        answer = self.people[person].post(path, body, version=part.version)
        return Tried(person, part, f"{trigger} against {number}", foretold, answer)

    def _with_a_bad_form(self, person: str, part: ModelPart, trigger: str) -> Tried:
        """A citizen service number, a price or a score (policy 9), or what a rule asks left out: no such form."""
        body = self._body(part, trigger)
        form = body.get("form", {})
        _, left_out = NO_SUCH_FORM.get(trigger, ("", ""))
        if left_out in form:
            body["form"] = {name: it for name, it in form.items() if name != left_out}
        else:
            body["form"] = {**form, self.chance.choice(["bsn", "price", "riskScore"]): 1}
        path = f"{self.address(part)}/transitions"
        answer = self.people[person].post(path, body, version=part.version)
        return Tried(person, part, trigger, (400, "invalid"), answer)
