"""What was asked and read: answered requests, drafts, and the log of access."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Table,
)

from service.database.columns import NO_ROWID, id_column, metadata

requests = Table(
    "requests",
    metadata,
    id_column("person_id", ForeignKey("people.id")),
    Column("key", String(200), nullable=False, comment="Idempotency-Key"),
    Column("fingerprint", String(64), nullable=False, comment="HMAC of what was asked"),
    Column("status", Integer, nullable=False),
    id_column("case_id", nullable=True),
    Column("sequence", Integer, comment="entry that the answer is rebuilt from"),
    id_column("draft_id", nullable=True),
    Column("at", BigInteger, nullable=False),
    PrimaryKeyConstraint("person_id", "key"),
    comment="what was answered to whom: the same request never acts twice",
    **NO_ROWID,
)

drafts = Table(
    "drafts",
    metadata,
    id_column("id"),
    id_column("person_id", ForeignKey("people.id")),
    Column("version", Integer, nullable=False),
    Column("saved_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("nonce", LargeBinary(12), nullable=False),
    Column("ciphertext", LargeBinary, nullable=False),
    PrimaryKeyConstraint("id"),
    Index("ix_drafts_person_id", "person_id", "saved_at"),
    comment="unsent forms: nobody's history",
)

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
