"""What was asked and what was answered: the one witness that is believed afterwards."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Condition
from typing import Literal
from uuid import uuid4

MADE = 201
REFUSED = {400, 403, 404, 409, 412}
NUMBER_ALONE = ("caseId", "version")


@dataclass(frozen=True)
class Request:
    """Something that must act once. `mark` stands in its text and in no other."""

    kind: Literal["case", "step", "draft"]
    person: str
    path: str
    body: bytes
    mark: str
    version: int | None = None
    uses: str | None = None  # the draft that is used up by it
    key: str = field(default_factory=lambda: str(uuid4()))


@dataclass(frozen=True)
class Answer:
    """One that settles the request: neither silence nor "not now"."""

    status: int
    body: bytes
    etag: str | None
    location: str | None
    replayed: bool

    @property
    def told(self) -> tuple[object, ...]:
        """All that must be the same in every answer to the same request."""
        return self.status, self.body, self.etag, self.location

    @property
    def is_number_alone(self) -> bool:
        """Whether this says that a step was done and its number, and nothing else (decision 13)."""
        return self.status == MADE and json.loads(self.body).keys() == set(NUMBER_ALONE)

    def agrees_with(self, other: "Answer") -> bool:
        """Whether both can be answers to one request: the same, or to a person who lost sight the number alone."""
        if self.is_number_alone == other.is_number_alone:
            return self.told == other.told
        whole, number = (other, self) if self.is_number_alone else (self, other)
        made = json.loads(whole.body)
        may_be_told = {name: made.get(name) for name in NUMBER_ALONE}
        return (json.loads(number.body), number.etag, number.location) == (may_be_told, whole.etag, None)


@dataclass
class Ledger:
    """Every request with its answer, and everything that was wrong at once. Written by many threads."""

    acknowledged: dict[str, tuple[Request, Answer]] = field(default_factory=dict)
    refused: dict[str, Request] = field(default_factory=dict)
    met: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    changed: Condition = field(default_factory=Condition)

    def count(self, what: str) -> None:
        with self.changed:
            self.met[what] += 1
            self.changed.notify_all()

    def complain(self, what: str) -> None:
        with self.changed:
            self.wrong.append(what)
            self.changed.notify_all()

    def answered(self, request: Request, answer: Answer) -> None:
        with self.changed:
            if answer.status == MADE:
                first = self.acknowledged.setdefault(request.key, (request, answer))[1]
                self.refused.pop(request.key, None)
                if not first.agrees_with(answer):
                    self.wrong.append(f"{request.path} {request.key}: answered {first.told}, then {answer.told}")
                if answer.is_number_alone:
                    self.met["number alone"] += 1
                    if not answer.replayed:
                        self.wrong.append(f"{request.path} {request.key}: told its number alone at once")
                elif first.is_number_alone:
                    self.acknowledged[request.key] = (request, answer)  # it says more of what must be there
            elif request.key in self.acknowledged:
                said = f"acknowledged, then {answer.status} {answer.body[:200]!r}"
                self.wrong.append(f"{request.path} {request.key}: {said}")
            elif answer.status in REFUSED:
                self.refused[request.key] = request
            else:
                self.wrong.append(f"{request.path} {request.key}: {answer.status} {answer.body[:200]!r}")
            self.met[f"answered {answer.status}"] += 1
            self.changed.notify_all()

    def wait(self, holds: Callable[[], bool], seconds: float) -> bool:
        """Whether it came to hold in time; looked at whenever something was written down."""
        with self.changed:
            return self.changed.wait_for(holds, seconds)
