"""Table of the access log."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
)

from service.database.columns import WITHOUT_ROWID, id_column, metadata

access_log = Table(
    "access_log",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("event_at", BigInteger, nullable=False, comment="EventDateTime"),
    Column("action", String(1), nullable=False, comment="EventActionCode: R read, C created, E exported"),
    Column("processing_activity", String(60), nullable=False, comment="dpl.core.processing_activity_id"),
    id_column("user_id", ForeignKey("people.id"), comment="userID"),
    Column("role", String(30), nullable=False, comment="roleIDCode"),
    id_column("organisation_id", comment="on whose behalf"),
    Column("purpose", String(60), nullable=False, comment="purposeOfUse, from role and operation"),
    id_column("case_id", nullable=True, comment="participantObjectID; null for an export of many"),
    Column("object_detail", String(300), nullable=False, comment="which forms or advice, never what they say"),
    Column("emergency", Boolean, nullable=False),
    Column("trace_id", String(36), nullable=False),
    Index("ix_access_log_case_id", "case_id", "event_at"),
    comment="every read of content (NEN 7513, Logboek Dataverwerkingen): append-only, kept at least five years",
)

access_log_seals = Table(
    "access_log_seals",
    metadata,
    Column("number", Integer, nullable=False, autoincrement=False, comment="gapless, from 1"),
    Column(
        "last_id", BigInteger, nullable=False, comment="last row of the log that it covers, after the last_id before"
    ),
    Column("entries", Integer, nullable=False, comment="how many rows it covers"),
    Column("rows_digest", String(64), nullable=False, comment="SHA-256 of these rows"),
    Column("prev_digest", String(64), comment="digest of the seal before; null: none"),
    Column("digest", String(64), nullable=False, comment="H(prev_digest, number, last_id, entries, rows_digest)"),
    Column("sealed_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("number"),
    comment="chain over the access log: append-only",
    **WITHOUT_ROWID,
)
