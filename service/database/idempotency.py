"""What was answered to whom: a repeated request gets its first answer and acts no second time (decision 13)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import UUID

from sqlalchemy import bindparam, insert, select

from service.database.tables import requests
from service.database.transaction import Transaction
from service.vocabulary.calendar import microseconds
from service.vocabulary.refusals import KeyReused

T = TypeVar("T")
Again = TypeVar("Again")
_FIRST = select(requests).where(requests.c.person_id == bindparam("person_id"), requests.c.key == bindparam("key"))
_ADD = insert(requests)


@dataclass(frozen=True, slots=True)
class Request:
    """A request that must act once: who asks, under which key, and a digest of what is asked."""

    person_id: UUID
    key: str
    asked: str


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """A request that acts once: the Idempotency-Key and a canonical text of everything asked under it."""

    key: str
    asked: str

    def by(self, person_id: UUID) -> Request:
        return Request(person_id, self.key, self.asked)


# Only what was made is remembered, and whoever makes something is answered so.
CREATED = 201


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What an answer is rebuilt from: the entry of a case, or a draft."""

    case_id: UUID | None = None
    sequence: int | None = None
    draft_id: UUID | None = None
    status: int = CREATED


@dataclass(frozen=True, slots=True)
class Outcome(Generic[T]):
    """The result of a verb that acts once. `repeated`: the request acted before, and this is its first answer again."""

    value: T
    repeated: bool = False


def act_once(
    transaction: Transaction,
    once: IdempotencyKey,
    person_id: UUID,
    *,
    act: Callable[[], T],
    again: Callable[[Answered], Again],
    answered: Callable[[T], Answered] = lambda _: Answered(),
) -> Outcome[T | Again]:
    """Act on the first of equal requests of a person, and answer every later one with what `again` rebuilds.

    A verb calls this after its lock and leaves all else to `act`, so that answers come in one order: not known; the key
    belongs to another request; repeated, answered as before; not found, out of sight, or no such role; version missing
    or stale; all other refusals. The lock comes first because a simultaneous twin must wait and then find the answer.
    `again` looks what the person may see by now, because nobody is told more than that. A verb whose answer tells what
    stands now, as those around the cases do, looks for the role before it calls this: then a repeated request of a
    person who lost the role is refused like any other. `answered` names what the answer is rebuilt from.

    Raises KeyReused.
    """
    answers = _Requests(transaction)
    request = once.by(person_id)
    first = answers.answered(request)
    if first is not None:
        return Outcome(again(first), repeated=True)
    value = act()
    answers.remember(request, answered(value))
    return Outcome(value)


def has_acted(transaction: Transaction, once: IdempotencyKey, person_id: UUID) -> bool:
    """True for a repeated request, for a verb of several transactions: the last of them acts once. Raises KeyReused."""
    return _Requests(transaction).answered(once.by(person_id)) is not None


class _Requests:
    """Holds no content: a status, the number of an entry, and a keyed digest of the request."""

    def __init__(self, transaction: Transaction) -> None:
        self._connection = transaction.connection
        self._keyring = transaction.keyring
        self._now = transaction.now

    def answered(self, request: Request) -> Answered | None:
        """The first answer to this request. Raises KeyReused when the key belongs to another request."""
        row = self._connection.execute(_FIRST, {"person_id": str(request.person_id), "key": request.key}).first()
        if row is None:
            return None
        if row.fingerprint != self._fingerprint(request):
            raise KeyReused
        return Answered(
            status=row.status,
            case_id=row.case_id and UUID(row.case_id),
            sequence=row.sequence,
            draft_id=row.draft_id and UUID(row.draft_id),
        )

    def remember(self, request: Request, answered: Answered) -> None:
        """Raises IntegrityError when the same request was answered meanwhile."""
        self._connection.execute(
            _ADD,
            {
                "person_id": str(request.person_id),
                "key": request.key,
                "fingerprint": self._fingerprint(request),
                "status": answered.status,
                "case_id": answered.case_id and str(answered.case_id),
                "sequence": answered.sequence,
                "draft_id": answered.draft_id and str(answered.draft_id),
                "at": microseconds(self._now),
            },
        )

    def _fingerprint(self, request: Request) -> str:
        return self._keyring.tag("request", str(request.person_id), request.key, request.asked).hex()
