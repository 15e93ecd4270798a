"""The ledger of requests and their answers, with which the database is compared afterwards."""

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
    """A request that must act once. `mark` occurs in its text and in no other."""

    kind: Literal["case", "step", "draft"]
    person: str
    path: str
    body: bytes
    mark: str
    version: int | None = None
    uses: str | None = None  # the id of the draft that the request uses up
    key: str = field(default_factory=lambda: str(uuid4()))


@dataclass(frozen=True)
class Answer:
    """An answer that settles its request: neither silence nor a "not now"."""

    status: int
    body: bytes
    etag: str | None
    location: str | None
    replayed: bool

    @property
    def comparable(self) -> tuple[object, ...]:
        """The parts that must be equal in all answers to one request."""
        return self.status, self.body, self.etag, self.location

    @property
    def is_number_alone(self) -> bool:
        """True when the answer holds the number of the step and nothing else (decision 0014)."""
        return self.status == MADE and json.loads(self.body).keys() == set(NUMBER_ALONE)

    def agrees_with(self, other: "Answer") -> bool:
        """True when both can answer one request: equal, or one the number alone, for a person who lost sight."""
        if self.is_number_alone == other.is_number_alone:
            return self.comparable == other.comparable
        whole, number = (other, self) if self.is_number_alone else (self, other)
        result = json.loads(whole.body)
        may_be_told = {name: result.get(name) for name in NUMBER_ALONE}
        return (json.loads(number.body), number.etag, number.location) == (may_be_told, whole.etag, None)


@dataclass
class Ledger:
    """All requests with their answers, and the faults that were noticed at once. Many threads write to it."""

    acknowledged: dict[str, tuple[Request, Answer]] = field(default_factory=dict)
    refused: dict[str, Request] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    changed: Condition = field(default_factory=Condition)

    def count(self, event: str) -> None:
        with self.changed:
            self.counts[event] += 1
            self.changed.notify_all()

    def add_fault(self, fault: str) -> None:
        with self.changed:
            self.faults.append(fault)
            self.changed.notify_all()

    def record_answer(self, request: Request, answer: Answer) -> None:
        with self.changed:
            if answer.status == MADE:
                first = self.acknowledged.setdefault(request.key, (request, answer))[1]
                self.refused.pop(request.key, None)
                if not first.agrees_with(answer):
                    self.faults.append(
                        f"{request.path} {request.key}: answered {first.comparable}, then {answer.comparable}"
                    )
                if answer.is_number_alone:
                    self.counts["number alone"] += 1
                    if not answer.replayed:
                        self.faults.append(f"{request.path} {request.key}: the first answer holds the number alone")
                elif first.is_number_alone:
                    self.acknowledged[request.key] = (request, answer)  # the full answer says more about the entry
            elif request.key in self.acknowledged:
                outcome = f"acknowledged, then {answer.status} {answer.body[:200]!r}"
                self.faults.append(f"{request.path} {request.key}: {outcome}")
            elif answer.status in REFUSED:
                self.refused[request.key] = request
            else:
                self.faults.append(f"{request.path} {request.key}: {answer.status} {answer.body[:200]!r}")
            self.counts[f"answered {answer.status}"] += 1
            self.changed.notify_all()

    def wait(self, holds: Callable[[], bool], seconds: float) -> bool:
        """True when the condition holds in time; it is tested after each change of the ledger."""
        with self.changed:
            return self.changed.wait_for(holds, seconds)
