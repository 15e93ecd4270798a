"""Who asks, and how they ask: the same for every use case."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from service.cases.rules.forms.base import Fault
from service.database.idempotency import Request
from service.database.transaction import Transaction
from service.people.rules.actor import Actor
from service.people.store.people import People
from service.people.store.row_scope import allow_rows_of
from service.vocabulary.messages import say
from service.vocabulary.refusals import InputFault, Invalid, NotKnown


@dataclass(frozen=True, slots=True)
class Asker:
    """What a valid token tells: who vouches (iss) and for whom (sub); and the id that traces this request.

    `machine`: a system of an organisation, not a person.
    """

    issuer: str
    subject: str
    trace_id: str
    machine: bool = False


@dataclass(frozen=True, slots=True)
class Once:
    """A request that acts once: the Idempotency-Key and a canonical text of everything asked under it."""

    key: str
    asked: str

    def by(self, person_id: UUID) -> Request:
        return Request(person_id, self.key, self.asked)


def known(transaction: Transaction, asker: Asker) -> Actor:
    """The person who asks; from here on the database shows what they may see at most. Raises NotKnown."""
    actor = People(transaction).actor(asker.issuer, asker.subject)
    if actor is None:
        raise NotKnown
    allow_rows_of(transaction, actor)
    return actor


def in_body(fault: Fault, *, under: str = "/form") -> InputFault:
    """A fault of a form as a fault of the request, at its JSON Pointer (RFC 6901)."""
    steps = (str(step).replace("~", "~0").replace("/", "~1") for step in fault.location)
    params: dict[str, Any] = dict(fault.params)
    return InputFault("body", "/".join((under, *steps)), fault.code, say("faults", fault.code, params))


def insist(faults: Iterable[Fault]) -> None:
    """Raises Invalid with all these faults of the request's body, if there are any."""
    if found := tuple(in_body(it, under="") for it in faults):
        raise Invalid(found)
