"""Verification of contents that were destroyed: they are empty, and two people decided so in the history."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Row

from service.cases.rules.certificate import ContentCertificate
from service.cases.store.certificates import row_to_content_certificate
from service.integrity.store.destroyed_case import OF_CONTENT, EntryFault, is_empty
from service.retention.rules.entry_destruction import DESTROY_TRIGGER, DESTROYED_ENTRY, DESTROYED_PART, KIND

_UNREADABLE = (ValueError, TypeError, KeyError, AttributeError, OverflowError)


class DestroyedContentCheck:
    """Checks the destroyed contents of one case against their certificates, by sequence of the entry.

    A certificate that was replayed on a restored database may rest on entries that this database does not have.
    """

    def __init__(self, certificates: Mapping[int, Row[Any]], rows: Sequence[Row[Any]]) -> None:
        """`rows`: the history of the case."""
        self.certificates = certificates
        self._rows = rows
        self._decided_in = {row.part_id for row in certificates.values()}

    def faults_of(self, row: Row[Any], content: Row[Any] | None) -> Iterator[EntryFault]:
        """Faults of an entry whose content was destroyed, and of one that decides on a destruction."""
        decides = (row.part_kind, row.trigger_name) == (KIND, DESTROY_TRIGGER)
        if decides and row.part_id not in self._decided_in:
            yield row.sequence, "certificate_missing"
        certificate = self.certificates.get(row.sequence)
        if certificate is None:
            return
        if content is None or content.content_class != "destroyed" or not is_empty(content, OF_CONTENT):
            yield row.sequence, "not_emptied"
        if certificate.digest != row.digest or not self._is_decided(certificate, row):
            yield row.sequence, "content_certificate"

    def _is_decided(self, row: Row[Any], entry: Row[Any]) -> bool:
        """Returns True when the certificate is whole, and two people decided on this entry in the part it names."""
        try:
            certificate = row_to_content_certificate(row)
            if certificate.digest != row.certificate:
                return False
            return row.replayed_at is not None or self._signers_match(certificate, entry)
        except _UNREADABLE:
            return False

    def _signers_match(self, certificate: ContentCertificate, entry: Row[Any]) -> bool:
        of_part = [row for row in self._rows if row.part_id == str(certificate.part_id)]
        proposed, decided = of_part[0], of_part[-1]
        codes = json.loads(proposed.codes)
        place = (codes[DESTROYED_PART], codes[DESTROYED_ENTRY])
        signers = [str(signature.person_id) for signature in certificate.signatures]
        return (
            proposed.part_kind == KIND
            and decided.trigger_name == DESTROY_TRIGGER
            and place == ([entry.part_id], [str(entry.part_sequence)])
            and signers == [proposed.actor_id, decided.actor_id]
            and len(set(signers)) > 1
        )
