"""Queries for certificates of destruction."""

import json
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, select

from service.cases.rules.certificate import Certificate, ContentCertificate, Signature
from service.cases.store.tables import content_destructions, destructions
from service.vocabulary.calendar import from_microseconds


def find_certificate(connection: Connection, case_id: UUID) -> Certificate | None:
    row = connection.execute(select(destructions).where(destructions.c.case_id == str(case_id))).first()
    return None if row is None else row_to_certificate(row)


def row_to_certificate(row: Row[Any]) -> Certificate:
    return Certificate(
        case_id=UUID(row.case_id),
        proposal_id=UUID(row.proposal_id),
        ground=row.ground,
        request_id=row.request_id and UUID(row.request_id),
        policy=row.policy,
        signatures=tuple(map(Signature.from_facts, json.loads(row.signed))),
        destroyed_at=from_microseconds(row.destroyed_at),
        day=date.fromisoformat(row.day),
        entries=row.entries,
        contents=row.contents,
        head=row.head,
    )


def content_certificates(connection: Connection, case_id: UUID) -> dict[int, ContentCertificate]:
    """Returns the certificates of the destroyed contents of a case, by the sequence of their entry."""
    rows = connection.execute(select(content_destructions).where(content_destructions.c.case_id == str(case_id)))
    return {row.sequence: row_to_content_certificate(row) for row in rows}


def row_to_content_certificate(row: Row[Any]) -> ContentCertificate:
    return ContentCertificate(
        case_id=UUID(row.case_id),
        sequence=row.sequence,
        entry_digest=row.digest,
        part_id=UUID(row.part_id),
        ground=row.ground,
        request_id=row.request_id and UUID(row.request_id),
        signatures=tuple(map(Signature.from_facts, json.loads(row.signed))),
        entries=row.entries,
        destroyed_at=from_microseconds(row.destroyed_at),
        day=date.fromisoformat(row.day),
    )
