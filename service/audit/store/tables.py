"""Table of the access log."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
)

from service.database.columns import id_column, metadata

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
