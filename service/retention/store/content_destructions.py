"""Certificates of destroyed contents. The database empties the content when its certificate is inserted."""

from uuid import UUID

from sqlalchemy import insert, select

from service.cases.rules.certificate import ContentCertificate
from service.cases.store.certificates import row_to_content_certificate
from service.cases.store.rows import optional_text
from service.cases.store.tables import content_destructions, contents
from service.database.transaction import Transaction
from service.vocabulary.calendar import to_microseconds
from service.vocabulary.canonical_json import to_canonical_json


class ContentDestructions:
    """Certificates of destroyed contents. No sight is checked: the use case has checked it."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._connection = transaction.connection

    def content_exists(self, case_id: UUID, sequence: int) -> bool:
        """Returns True for an entry with content, destroyed or not."""
        place = (contents.c.case_id == str(case_id), contents.c.sequence == sequence)
        return self._connection.execute(select(contents.c.sequence).where(*place)).first() is not None

    def is_destroyed(self, case_id: UUID, sequence: int) -> bool:
        """Returns True for an entry whose content is gone, alone or with the whole case."""
        place = (contents.c.case_id == str(case_id), contents.c.sequence == sequence)
        emptied = select(contents.c.sequence).where(*place, contents.c.ciphertext.is_(None))
        return self._connection.execute(emptied).first() is not None

    def destroy(self, certificate: ContentCertificate, *, replayed: bool = False) -> None:
        """Empty the content. Raises IntegrityError without the decision of two people in the history."""
        row = {
            "case_id": str(certificate.case_id),
            "sequence": certificate.sequence,
            "digest": certificate.entry_digest,
            "part_id": str(certificate.part_id),
            "ground": certificate.ground,
            "request_id": optional_text(certificate.request_id),
            "signed": to_canonical_json([signature.to_facts() for signature in certificate.signatures]),
            "entries": certificate.entries,
            "destroyed_at": to_microseconds(certificate.destroyed_at),
            "day": certificate.day.isoformat(),
            "certificate": certificate.digest,
            "replayed_at": to_microseconds(self._transaction.now) if replayed else None,
        }
        self._connection.execute(insert(content_destructions), row)
        self._transaction.has_destroyed_content = True

    def all_certificates(self) -> tuple[ContentCertificate, ...]:
        """Every certificate of the installation, oldest first."""
        oldest_first = (content_destructions.c.destroyed_at, content_destructions.c.case_id)
        rows = self._connection.execute(select(content_destructions).order_by(*oldest_first))
        return tuple(map(row_to_content_certificate, rows))
