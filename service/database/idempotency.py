"""What was answered to whom: a repeated request gets its first answer and acts no second time (decision 13)."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import bindparam, insert, select

from service.database.tables import requests
from service.database.transaction import Transaction
from service.vocabulary.refusals import KeyReused
from service.vocabulary.times import microseconds

_FIRST = select(requests).where(requests.c.person_id == bindparam("person_id"), requests.c.key == bindparam("key"))
_ADD = insert(requests)


@dataclass(frozen=True, slots=True)
class Request:
    """A request that must act once: who asks, under which key, and a digest of what is asked."""

    person_id: UUID
    key: str
    asked: str


# Only what was made is remembered, and whoever makes something is answered so.
CREATED = 201


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What an answer is rebuilt from: the entry of a case, or a draft."""

    case_id: UUID | None = None
    sequence: int | None = None
    draft_id: UUID | None = None
    status: int = CREATED


class Requests:
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
