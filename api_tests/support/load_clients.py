"""Clients that ask for anything, legal or not, of shared cases, and repeat every request until it is answered."""

import json
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from random import Random
from threading import Event, local
from typing import Any
from uuid import uuid4

from api_tests.support.case_file import COLLECTIONS
from api_tests.support.demonstration import WHO
from api_tests.support.ledger import MADE, Answer, Ledger, Request
from api_tests.support.line import Line
from api_tests.support.workflows import RULES, form_for

Json = dict[str, Any]
PATIENCE_SECONDS = 90.0  # after which a request that nobody settled is a fault
# Amendments and consents need an entry or a ground of their own; a transfer takes the case out of everybody's sight.
LEFT_OUT = {"amend", "record_consent", "withdraw_consent", "refer", "transfer"}
LETTING_GO = {"withdraw", "decline", "confirm_helped"}
NOT_NOW = {429, 503}


@dataclass
class World:
    """What all clients share: the replicas, everybody's tokens, the cases, and what rivals may take up."""

    ports: Sequence[int]
    ledger: Ledger
    blind: bool = False  # sabotage: whoever gets no answer asks anew, under another key
    tokens: dict[str, str] = field(default_factory=dict)
    cases: deque[str] = field(default_factory=lambda: deque(maxlen=8))
    tried: deque[tuple[str, str, int, Json]] = field(default_factory=lambda: deque(maxlen=3))
    over: Event = field(default_factory=Event)


class Client:
    """One of them, with a twin that says the same at the same time."""

    def __init__(self, world: World, number: int) -> None:
        self.world = world
        self.ledger = world.ledger
        self.chance = Random(number)
        self._mine = local()
        self._lines: list[Line] = []
        self._twin = ThreadPoolExecutor(1)

    def work(self) -> None:
        """Until the load is over."""
        try:
            while not self.world.over.is_set():
                self._do_something()
        except Exception as error:  # noqa: BLE001 - a client that breaks must not go unseen
            self.ledger.complain(f"a client broke: {error!r}")

    def close(self) -> None:
        self._twin.shutdown()
        for line in self._lines:
            line.close()

    def _do_something(self) -> None:
        dice, world = self.chance.random(), self.world
        if len(world.cases) < 3 or dice < 0.06:
            self.submit()
        elif dice < 0.09:
            self._draft()
        elif dice < 0.17 and world.tried:
            path, person, version, body = self.chance.choice(list(world.tried))
            self._act(self._step(path, person, version, body))
        elif dice < 0.27 and (known := list(self.ledger.acknowledged.values())):
            self.say_again(*self.chance.choice(known))
        else:
            self._take_a_step(self.chance.choice(list(world.cases)))

    def submit(self, draft: str | None = None) -> None:
        mark = _mark()
        body: Json = {"trigger": "submit", "grounds": mark}
        body |= {"draftId": draft} if draft else {"form": form_for("case", "submit")}
        answer = self._act(Request("case", "anna", "/cases", _json(body), mark, uses=draft))
        if answer and answer.status == MADE:
            self.world.cases.append(json.loads(answer.body)["caseId"])

    def _draft(self) -> None:
        mark = _mark()
        answer = self._act(Request("draft", "anna", "/drafts", _json({"form": form_for("case", "submit")}), mark))
        if answer and answer.status == MADE and self.chance.random() < 0.6:
            self.submit(json.loads(answer.body)["id"])

    def _take_a_step(self, case: str) -> None:
        seen = self._look(f"/cases/{case}", "esra")
        if seen is None:
            return
        parts = [it for it in (seen["main"], *seen["parts"]) if it["kind"] in COLLECTIONS]
        part = parts[0] if self.chance.random() < 0.5 else self.chance.choice(parts)
        kind, state = part["kind"], part["state"]["code"]
        definition = RULES.current(kind).definition
        legal = {trigger: target for trigger, source, target in definition.edges() if source == state}
        moving = [it for it, target in legal.items() if target != state and it not in LEFT_OUT | LETTING_GO]
        dice = self.chance.random()
        possible = moving if dice < 0.45 else list(legal) if dice < 0.85 else list(definition.triggers)
        chosen = [it for it in possible if it not in LEFT_OUT and (it not in LETTING_GO or dice > 0.83)]
        if not chosen:
            return
        trigger = self.chance.choice(sorted(chosen))
        person = WHO.get(definition.triggers[trigger].roles[0], "esra")
        form = form_for(kind, trigger)
        path = f"/cases/{case}" + (f"/{COLLECTIONS[kind]}/{part['id']}" if kind != "case" else "")
        version = int(part["version"]) - (self.chance.random() < 0.05)
        body = {"trigger": trigger} | ({"form": form} if form is not None else {})
        self.world.tried.append((path, person, version, body))
        first = self._step(path, person, version, body)
        if self.chance.random() < 0.1:
            # The next step comes in before the one that it follows, and again after it.
            note = {"trigger": "add_note", "form": form_for(kind, "add_note")}
            later = self._step(path, person, version + 1, note if "add_note" in definition.triggers else body)
            self._act(later)
            self._act(first)
            self._act(later)
        else:
            self._act(first)

    def _step(self, path: str, person: str, version: int, body: Json) -> Request:
        mark = _mark()
        text = _json({**body, "grounds": mark})
        return Request("step", person, f"{path}/transitions", text, mark, version)

    def _act(self, request: Request) -> Answer | None:
        """Ask until there is an answer; in three of ten cases twice at once."""
        doubled = self.chance.random() < 0.3
        beside = self._twin.submit(self._insist, request) if doubled else None
        answer, asked_again = self._insist(request)
        if beside:
            self.ledger.count("duplicates")
            beside.result()
        elif answer and answer.replayed and asked_again:
            # It was done and nobody told us: only the same key could tell. Duplicates would be counted for nothing.
            self.ledger.count("settled")
        return answer

    def say_again(self, request: Request, first: Answer) -> None:
        """A copy that was under way for long comes in."""
        if request.kind == "draft":
            return  # answered as it stands by now, or not at all when it was used up
        self.ledger.count("late duplicates")
        again, _ = self._insist(request)
        if again and again.status == MADE and not again.replayed:
            self.ledger.complain(f"{request.path} {request.key}: not known again, at first {first.status}")

    def _insist(self, request: Request) -> tuple[Answer | None, bool]:
        """The answer, and whether it took more than one try."""
        deadline, tries = time.monotonic() + PATIENCE_SECONDS, 0
        while time.monotonic() < deadline:
            tries += 1
            if answer := self._try(request):
                self.ledger.answered(request, answer)
                return answer, tries > 1
            if self.world.blind:
                request = replace(request, key=str(uuid4()))
            if self.world.cases and self.chance.random() < 0.2:
                self._look(f"/cases/{self.chance.choice(list(self.world.cases))}", "esra")  # who cannot write can read
            time.sleep(self.chance.uniform(0.02, 0.2))
        self.ledger.complain(f"{request.path} {request.key}: never settled")
        return None, True

    def _try(self, request: Request) -> Answer | None:
        self.ledger.count("requests")
        headers = {"Idempotency-Key": request.key}
        if request.version is not None:
            headers["If-Match"] = f'"{request.version}"'
        if (found := self._ask("POST", request.path, request.person, headers, request.body)) is None:
            return None
        response, body = found
        etag, location = response.getheader("ETag"), response.getheader("Location")
        return Answer(response.status, body, etag, location, response.getheader("Idempotent-Replayed") == "true")

    def _look(self, path: str, person: str) -> Json | None:
        if (found := self._ask("GET", path, person, {}, None)) is None:
            return None
        response, body = found
        if response.status != 200:
            self.ledger.complain(f"GET {path}: {response.status} {body[:200]!r}")
            return None
        self.ledger.count("seen")
        seen: Json = json.loads(body)
        return seen

    def _ask(self, method: str, path: str, person: str, headers: dict[str, str], body: bytes | None) -> Any:
        """The response to one try at any replica; None when there was none, or a "not now"."""
        if not hasattr(self._mine, "line"):
            self._mine.line = Line(self.world.ports)
            self._lines.append(self._mine.line)
        line: Line = self._mine.line
        replica = self.chance.randrange(len(self.world.ports))
        if person not in self.world.tokens:
            asked = _json({"person": person})
            told = line.ask(replica, "POST", "/demonstration/tokens", {"Content-Type": "application/json"}, asked)
            if told is None or told[0].status in NOT_NOW:
                return None
            self.world.tokens[person] = json.loads(told[1])["accessToken"]
        headers |= {"Authorization": f"Bearer {self.world.tokens[person]}"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        found = line.ask(replica, method, path, headers, body)
        if found is None or found[0].status in NOT_NOW:
            self.ledger.count("no answer" if found is None else f"not now ({method})")
            return None
        return found

    def settle(self) -> None:
        """Once everything is up again: every acknowledgement is given again, the same.

        To a person who cannot read the entry any more, and to nobody else, it is the number alone.
        """
        for request, answer in list(self.ledger.acknowledged.values()):
            if request.kind == "draft":
                continue
            again, _ = self._insist(request)
            if again is None or again.status != MADE:
                continue  # that was complained of
            if not again.replayed:
                self.ledger.complain(f"{request.path} {request.key}: not known again, at first {answer.status}")
            elif again.is_number_alone == self._reads(request, again):
                told = "its number alone" if again.is_number_alone else "all of it"
                self.ledger.complain(f"{request.path} {request.key}: told {told} to {request.person}")

    def _reads(self, request: Request, answer: Answer) -> bool:
        """Whether who asked may see the entry that the answer is about."""
        made = json.loads(answer.body)
        path = f"/cases/{made['caseId']}/transitions" if request.kind == "case" else request.path
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            if found := self._ask("GET", f"{path}/{made['version']}", request.person, {}, None):
                return bool(found[0].status != 404)
            time.sleep(0.1)
        self.ledger.complain(f"{path}: nobody said who sees it")
        return not answer.is_number_alone


def _mark() -> str:
    return f"Kenmerk {uuid4()}"


def _json(value: object) -> bytes:
    return json.dumps(value).encode()
