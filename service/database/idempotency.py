"""Idempotency: a repeated request gets its first answer and does not act a second time (decision 0014)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import UUID

from sqlalchemy import bindparam, insert, select

from service.database.tables import requests
from service.database.transaction import Transaction
from service.vocabulary.calendar import to_microseconds
from service.vocabulary.refusals import KeyReused

T = TypeVar("T")
Rebuilt = TypeVar("Rebuilt")
_FIND = select(requests).where(requests.c.person_id == bindparam("person_id"), requests.c.key == bindparam("key"))
_ADD = insert(requests)


@dataclass(frozen=True, slots=True)
class IdempotentRequest:
    """A request that must act once: its person, its Idempotency-Key and a canonical text of the request."""

    person_id: UUID
    key: str
    request_text: str


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """The Idempotency-Key of a request, and a canonical text of the request."""

    key: str
    request_text: str

    def request_of(self, person_id: UUID) -> IdempotentRequest:
        return IdempotentRequest(person_id, self.key, self.request_text)


CREATED = 201  # the status of every recorded answer, since only creations are recorded


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerReference:
    """Reference to the result that an answer is rebuilt from: the entry of a case, or a draft."""

    case_id: UUID | None = None
    sequence: int | None = None
    draft_id: UUID | None = None
    status: int = CREATED


@dataclass(frozen=True, slots=True)
class IdempotentResult(Generic[T]):
    """The result of an idempotent request. `repeated`: the request acted before, and this is its first answer again."""

    value: T
    repeated: bool = False


def act_once(
    transaction: Transaction,
    idempotency_key: IdempotencyKey,
    person_id: UUID,
    *,
    act: Callable[[], T],
    rebuild: Callable[[AnswerReference], Rebuilt],
    reference_of: Callable[[T], AnswerReference] = lambda _: AnswerReference(),
) -> IdempotentResult[T | Rebuilt]:
    """Act on the first of equal requests of a person, and answer each later one with the result of `rebuild`.

    A use case calls this after its lock and leaves everything else to `act`. So refusals have one order: unknown
    caller; key of another request; repeated request, answered as before; not found, out of sight or role missing;
    version missing or stale; all other refusals. The lock comes first because a simultaneous equal request must wait
    and then find the answer.

    `rebuild` returns no more than the person may see now. A use case whose answer shows the present state, as in
    administration, checks the role before it calls this: a repeated request of a person who lost the role is then
    refused. `reference_of` names the entry or draft that the answer is rebuilt from.

    Raises KeyReused.
    """
    answers = _Requests(transaction)
    request = idempotency_key.request_of(person_id)
    first = answers.answered(request)
    if first is not None:
        return IdempotentResult(rebuild(first), repeated=True)
    value = act()
    answers.remember(request, reference_of(value))
    return IdempotentResult(value)


def has_acted(transaction: Transaction, idempotency_key: IdempotencyKey, person_id: UUID) -> bool:
    """True for a repeated request. For a use case of several transactions, of which the last calls `act_once`.

    Raises KeyReused.
    """
    return _Requests(transaction).answered(idempotency_key.request_of(person_id)) is not None


class _Requests:
    """Store of answered requests. It holds no content: a status, a reference and a keyed digest of the request."""

    def __init__(self, transaction: Transaction) -> None:
        self._connection = transaction.connection
        self._keyring = transaction.keyring
        self._now = transaction.now

    def answered(self, request: IdempotentRequest) -> AnswerReference | None:
        """The first answer to this request. Raises KeyReused when the key belongs to another request."""
        row = self._connection.execute(_FIND, {"person_id": str(request.person_id), "key": request.key}).first()
        if row is None:
            return None
        if row.fingerprint != self._fingerprint(request):
            raise KeyReused
        return AnswerReference(
            status=row.status,
            case_id=row.case_id and UUID(row.case_id),
            sequence=row.sequence,
            draft_id=row.draft_id and UUID(row.draft_id),
        )

    def remember(self, request: IdempotentRequest, answered: AnswerReference) -> None:
        """Raises IntegrityError when an equal request was answered in the meantime."""
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
                "at": to_microseconds(self._now),
            },
        )

    def _fingerprint(self, request: IdempotentRequest) -> str:
        return self._keyring.tag("request", str(request.person_id), request.key, request.request_text).hex()
