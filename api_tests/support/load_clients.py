"""Clients that send legal and illegal requests about shared cases, and repeat each until it is answered."""

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
from api_tests.support.demonstration import PERSON_BY_ROLE
from api_tests.support.ledger import MADE, Answer, Ledger, Request
from api_tests.support.replica_connections import ReplicaConnections
from api_tests.support.workflows import RULES, form_for

Json = dict[str, Any]
PATIENCE_SECONDS = 90.0  # after which an unsettled request is a fault
# An amendment or consent needs an entry or ground of its own; after a transfer nobody sees the case.
EXCLUDED = {"amend", "record_consent", "withdraw_consent", "refer", "transfer"}
ENDING = {"withdraw", "decline", "confirm_helped"}
NOT_NOW = {429, 503}


@dataclass
class LoadState:
    """The state that all clients share: replicas, tokens, cases, and recent steps for rivals to repeat."""

    ports: Sequence[int]
    ledger: Ledger
    blind: bool = False  # sabotage: a client without an answer repeats its request with another key
    tokens: dict[str, str] = field(default_factory=dict)
    cases: deque[str] = field(default_factory=lambda: deque(maxlen=8))
    recent_steps: deque[tuple[str, str, int, Json]] = field(default_factory=lambda: deque(maxlen=3))
    stopped: Event = field(default_factory=Event)


class Client:
    """A client, with a second thread that sends the same request at the same time."""

    def __init__(self, world: LoadState, number: int) -> None:
        self.world = world
        self.ledger = world.ledger
        self.chance = Random(number)
        self._mine = local()
        self._lines: list[ReplicaConnections] = []
        self._twin = ThreadPoolExecutor(1)

    def work(self) -> None:
        """Send requests until the load stops."""
        try:
            while not self.world.stopped.is_set():
                self._send_any()
        except Exception as error:  # noqa: BLE001 - a failing client is a fault
            self.ledger.add_fault(f"a client broke: {error!r}")

    def close(self) -> None:
        self._twin.shutdown()
        for line in self._lines:
            line.close()

    def _send_any(self) -> None:
        dice, world = self.chance.random(), self.world
        if len(world.cases) < 3 or dice < 0.06:
            self.submit()
        elif dice < 0.09:
            self._draft()
        elif dice < 0.17 and world.recent_steps:
            path, person, version, body = self.chance.choice(list(world.recent_steps))
            self._act(self._step(path, person, version, body))
        elif dice < 0.27 and (acknowledged := list(self.ledger.acknowledged.values())):
            self.repeat_late(*self.chance.choice(acknowledged))
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
        view = self._read(f"/cases/{case}", "esra")
        if view is None:
            return
        parts = [item for item in (view["main"], *view["parts"]) if item["kind"] in COLLECTIONS]
        part = parts[0] if self.chance.random() < 0.5 else self.chance.choice(parts)
        kind, state = part["kind"], part["state"]["code"]
        definition = RULES.current(kind).definition
        legal = {trigger: target for trigger, source, target in definition.edges() if source == state}
        moving = [trigger for trigger, target in legal.items() if target != state and trigger not in EXCLUDED | ENDING]
        dice = self.chance.random()
        possible = moving if dice < 0.45 else list(legal) if dice < 0.85 else list(definition.triggers)
        candidates = [
            trigger for trigger in possible if trigger not in EXCLUDED and (trigger not in ENDING or dice > 0.83)
        ]
        if not candidates:
            return
        trigger = self.chance.choice(sorted(candidates))
        person = PERSON_BY_ROLE.get(definition.triggers[trigger].roles[0], "esra")
        form = form_for(kind, trigger)
        path = f"/cases/{case}" + (f"/{COLLECTIONS[kind]}/{part['id']}" if kind != "case" else "")
        version = int(part["version"]) - (self.chance.random() < 0.05)
        body = {"trigger": trigger} | ({"form": form} if form is not None else {})
        self.world.recent_steps.append((path, person, version, body))
        first = self._step(path, person, version, body)
        if self.chance.random() < 0.1:
            # The next step arrives before the first one, and again after it.
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
        """Send a request until it is answered; in three of ten cases twice at once."""
        doubled = self.chance.random() < 0.3
        duplicate = self._twin.submit(self._repeat_until_answered, request) if doubled else None
        answer, was_repeated = self._repeat_until_answered(request)
        if duplicate:
            self.ledger.count("duplicates")
            duplicate.result()
        elif answer and answer.replayed and was_repeated:
            # The step was taken without an answer, which the key alone reveals. Duplicates are not counted here.
            self.ledger.count("settled")
        return answer

    def repeat_late(self, request: Request, first: Answer) -> None:
        """Send a late copy of an acknowledged request."""
        if request.kind == "draft":
            return  # its answer changes with the draft, and ends when the draft is used up
        self.ledger.count("late duplicates")
        answer, _ = self._repeat_until_answered(request)
        if answer and answer.status == MADE and not answer.replayed:
            self.ledger.add_fault(f"{request.path} {request.key}: not known again, at first {first.status}")

    def _repeat_until_answered(self, request: Request) -> tuple[Answer | None, bool]:
        """Returns (answer, whether it took more than one try)."""
        deadline, tries = time.monotonic() + PATIENCE_SECONDS, 0
        while time.monotonic() < deadline:
            tries += 1
            if answer := self._try(request):
                self.ledger.record_answer(request, answer)
                return answer, tries > 1
            if self.world.blind:
                request = replace(request, key=str(uuid4()))
            if self.world.cases and self.chance.random() < 0.2:
                # Reading must work while writing does not.
                self._read(f"/cases/{self.chance.choice(list(self.world.cases))}", "esra")
            time.sleep(self.chance.uniform(0.02, 0.2))
        self.ledger.add_fault(f"{request.path} {request.key}: never settled")
        return None, True

    def _try(self, request: Request) -> Answer | None:
        self.ledger.count("requests")
        headers = {"Idempotency-Key": request.key}
        if request.version is not None:
            headers["If-Match"] = f'"{request.version}"'
        if (reply := self._ask("POST", request.path, request.person, headers, request.body)) is None:
            return None
        response, body = reply
        etag, location = response.getheader("ETag"), response.getheader("Location")
        return Answer(response.status, body, etag, location, response.getheader("Idempotent-Replayed") == "true")

    def _read(self, path: str, person: str) -> Json | None:
        if (reply := self._ask("GET", path, person, {}, None)) is None:
            return None
        response, body = reply
        if response.status != 200:
            self.ledger.add_fault(f"GET {path}: {response.status} {body[:200]!r}")
            return None
        self.ledger.count("seen")
        view: Json = json.loads(body)
        return view

    def _ask(self, method: str, path: str, person: str, headers: dict[str, str], body: bytes | None) -> Any:
        """Send a request once. Returns (response, body) of any replica; None without an answer or for "not now"."""
        if not hasattr(self._mine, "line"):
            self._mine.line = ReplicaConnections(self.world.ports)
            self._lines.append(self._mine.line)
        line: ReplicaConnections = self._mine.line
        replica = self.chance.randrange(len(self.world.ports))
        if person not in self.world.tokens:
            json_type = {"Content-Type": "application/json"}
            token_reply = line.send(replica, "POST", "/demonstration/tokens", json_type, _json({"person": person}))
            if token_reply is None or token_reply[0].status in NOT_NOW:
                return None
            self.world.tokens[person] = json.loads(token_reply[1])["accessToken"]
        headers |= {"Authorization": f"Bearer {self.world.tokens[person]}"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        reply = line.send(replica, method, path, headers, body)
        if reply is None or reply[0].status in NOT_NOW:
            self.ledger.count("no answer" if reply is None else f"not now ({method})")
            return None
        return reply

    def settle(self) -> None:
        """Repeat each acknowledged request after all faults have ended, and expect the same answer.

        A person who can no longer read the entry, and nobody else, gets the number alone.
        """
        for request, answer in list(self.ledger.acknowledged.values()):
            if request.kind == "draft":
                continue
            repeated, _ = self._repeat_until_answered(request)
            if repeated is None or repeated.status != MADE:
                continue  # a fault already
            if not repeated.replayed:
                self.ledger.add_fault(f"{request.path} {request.key}: not known again, at first {answer.status}")
            elif repeated.is_number_alone == self._may_read(request, repeated):
                extent = "its number alone" if repeated.is_number_alone else "all of it"
                self.ledger.add_fault(f"{request.path} {request.key}: told {extent} to {request.person}")

    def _may_read(self, request: Request, answer: Answer) -> bool:
        """True when the person may read the entry of the answer."""
        result = json.loads(answer.body)
        path = f"/cases/{result['caseId']}/transitions" if request.kind == "case" else request.path
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            if reply := self._ask("GET", f"{path}/{result['version']}", request.person, {}, None):
                return bool(reply[0].status != 404)
            time.sleep(0.1)
        self.ledger.add_fault(f"{path}: no answer tells who may read it")
        return not answer.is_number_alone


def _mark() -> str:
    return f"Kenmerk {uuid4()}"


def _json(value: object) -> bytes:
    return json.dumps(value).encode()
