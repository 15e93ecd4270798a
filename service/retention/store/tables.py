"""Tables of legal holds, destruction proposals, signatures and withdrawals."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    UniqueConstraint,
)

from service.database.columns import WITHOUT_ROWID, id_column, metadata

legal_holds = Table(
    "legal_holds",
    metadata,
    id_column("id"),
    id_column("case_id", ForeignKey("cases.id")),
    Column("reason", String(40), comment="code; null once the case is destroyed"),
    Column("reason_text", String(300), comment="never about a child; null once the case is destroyed"),
    Column("until", String(10), comment="last day; null: until it is lifted"),
    Column("recorded_at", BigInteger, nullable=False),
    id_column("actor_id", ForeignKey("people.id")),
    id_column("organisation_id", ForeignKey("organisations.id"), comment="for which the actor acted"),
    PrimaryKeyConstraint("id"),
    Index("ix_legal_holds_case_id", "case_id"),
    comment="why a case may not be destroyed now: append-only",
    **WITHOUT_ROWID,
)

legal_hold_endings = Table(
    "legal_hold_endings",
    metadata,
    id_column("hold_id", ForeignKey("legal_holds.id")),
    Column("recorded_at", BigInteger, nullable=False),
    id_column("actor_id", ForeignKey("people.id"), nullable=True, comment="null: lifted before the database came back"),
    id_column("organisation_id", ForeignKey("organisations.id"), nullable=True),
    PrimaryKeyConstraint("hold_id"),
    comment="a hold is lifted once: append-only",
    **WITHOUT_ROWID,
)

destruction_proposals = Table(
    "destruction_proposals",
    metadata,
    id_column("id"),
    id_column("case_id", ForeignKey("cases.id")),
    Column("ground", String(20), nullable=False, comment="retention or request"),
    id_column("request_id", nullable=True, comment="part of the case with the request that was granted"),
    Column("sequence", Integer, nullable=False, comment="last change of the file that it was proposed after"),
    Column("policy", String(64), nullable=False, comment="hash of the region settings that it was proposed under"),
    Column("keep_until", String(10), comment="when the term passed; null on request"),
    Column("recorded_at", BigInteger, nullable=False),
    id_column("actor_id", ForeignKey("people.id"), nullable=True, comment="null: known from the list of destructions"),
    id_column("organisation_id", ForeignKey("organisations.id"), nullable=True),
    PrimaryKeyConstraint("id"),
    Index("ix_destruction_proposals_case_id", "case_id"),
    Index("ix_destruction_proposals_at", "recorded_at", "id"),
    comment="cases that may be destroyed, when two people say so: append-only",
    **WITHOUT_ROWID,
)

destruction_signatures = Table(
    "destruction_signatures",
    metadata,
    id_column("proposal_id", ForeignKey("destruction_proposals.id")),
    Column("capacity", String(20), nullable=False, comment="team or data_protection: both sign"),
    Column("role", String(30), nullable=False),
    id_column("person_id", comment="no reference: a database that comes back may be older than the person"),
    id_column("organisation_id", comment="for which the person signed; no reference, as above"),
    Column("signed_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("proposal_id", "capacity"),
    UniqueConstraint("proposal_id", "person_id"),
    CheckConstraint("capacity IN ('team', 'data_protection')", name="capacity"),
    comment="who agreed to a destruction, as what: append-only",
    **WITHOUT_ROWID,
)

destruction_withdrawals = Table(
    "destruction_withdrawals",
    metadata,
    id_column("proposal_id", ForeignKey("destruction_proposals.id")),
    Column("reason", String(40), comment="code; null once the case is destroyed"),
    Column("reason_text", String(300), comment="never about a child; null once the case is destroyed"),
    Column("recorded_at", BigInteger, nullable=False),
    id_column("actor_id", ForeignKey("people.id")),
    id_column("organisation_id", ForeignKey("organisations.id"), comment="for which the actor acted"),
    PrimaryKeyConstraint("proposal_id"),
    comment="a proposal is withdrawn once: append-only",
    **WITHOUT_ROWID,
)
