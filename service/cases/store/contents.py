"""The store of content: free text, names and forms, encrypted with the key of their case and content class."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import bindparam, insert, select

from service.cases.rules.certificate import ContentCertificate
from service.cases.rules.history_chain import content_digest
from service.cases.rules.model import DESTROYED_CONTENT, Content, Transition
from service.cases.store.certificates import content_certificates
from service.cases.store.tables import contents
from service.database.transaction import Transaction
from service.vocabulary.canonical_json import to_canonical_json
from service.vocabulary.refusals import Unavailable

NONCE_BYTES = 12
_ADD = insert(contents)
_ALL = select(contents).where(contents.c.case_id == bindparam("case_id")).order_by(contents.c.sequence)


@dataclass(frozen=True, slots=True)
class SealedContent:
    """An encrypted row of content, with the digest that enters the chain."""

    row: Mapping[str, Any]
    digest: str


class Contents:
    """Encrypts, stores and decrypts content. A caller that decrypts content logs the read in the same transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._connection = transaction.connection
        self._keyring = transaction.keyring

    def seal(self, entry: Transition, content: Content) -> SealedContent:
        """Raises Unavailable when the key was removed as an unused one, just before the case was opened."""
        salt, nonce = os.urandom(16), os.urandom(NONCE_BYTES)
        key = self._key(entry.case_id, content.content_class)
        associated_data = _associated_data(str(entry.case_id), entry.sequence, content.content_class)
        ciphertext = AESGCM(key).encrypt(nonce, to_canonical_json(content.body).encode(), associated_data)
        row = {
            "case_id": str(entry.case_id),
            "sequence": entry.sequence,
            "content_class": content.content_class,
            "form": content.form,
            "salt": salt,
            "nonce": nonce,
            "ciphertext": ciphertext,
        }
        return SealedContent(row, content_digest(salt, nonce, content.content_class, content.form, ciphertext))

    def store(self, sealed: SealedContent) -> None:
        self._connection.execute(_ADD, sealed.row)

    def open(self, case_id: UUID, sequences: Sequence[int] | None = None) -> dict[int, Content]:
        """Returns the content of these entries, by sequence. `sequences` None means all entries of the case.

        Raises InvalidTag when a row was tampered with. Raises Unavailable when its key is missing: the case was
        destroyed during the read, or the keys were restored from an older backup than the data. Destroyed content
        comes as `DESTROYED_CONTENT`.
        """
        query = _ALL if sequences is None else _ALL.where(contents.c.sequence.in_(sequences))
        rows = self._connection.execute(query, {"case_id": str(case_id)})
        return {row.sequence: self._open(case_id, row) for row in rows}

    def certificates(self, case_id: UUID) -> dict[int, ContentCertificate]:
        """Returns the certificates of the destroyed contents of this case, by sequence."""
        return content_certificates(self._connection, case_id)

    def _open(self, case_id: UUID, row: Any) -> Content:
        if row.ciphertext is None:
            return DESTROYED_CONTENT
        key = self._key(case_id, row.content_class)
        associated_data = _associated_data(row.case_id, row.sequence, row.content_class)
        body = json.loads(AESGCM(key).decrypt(row.nonce, row.ciphertext, associated_data))
        return Content(content_class=row.content_class, form=row.form, body=body)

    def _key(self, case_id: UUID, content_class: str) -> bytes:
        try:
            return self._keyring.content_key(self._connection, case_id, content_class)
        except LookupError as error:
            raise Unavailable from error


def _associated_data(case_id: str, sequence: int, content_class: str) -> bytes:
    """Returns the data that binds a ciphertext to its row: moved to another row, it cannot be decrypted."""
    return f"{case_id}|{sequence}|{content_class}".encode()
