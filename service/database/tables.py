"""Tables of no subject: answered requests (idempotency), keys of content, seals of the administration."""

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, LargeBinary, PrimaryKeyConstraint, String, Table

from service.database.columns import KEYS_SCHEMA, WITHOUT_ROWID, id_column, metadata

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
    **WITHOUT_ROWID,
)


case_keys = Table(
    "case_keys",
    metadata,
    id_column("owner_id", comment="case or draft"),
    Column("content_class", String(20), nullable=False),
    Column("wrapped", LargeBinary, nullable=False, comment="AES-256 key wrapped with the master key (RFC 3394)"),
    PrimaryKeyConstraint("owner_id", "content_class"),
    schema=KEYS_SCHEMA,
    comment="kept apart from the data: committed before it, backed up beside it",
)

administration_seals = Table(
    "administration_seals",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False, comment="gapless, from 1"),
    Column("sealed_at", BigInteger, nullable=False),
    Column("sums", LargeBinary, nullable=False, comment="sum per table, encrypted under the master key (RFC 5297)"),
    Column("prev_digest", String(64), comment="digest of the seal before; null: none"),
    Column("digest", String(64), nullable=False, comment="HMAC(prev_digest, number, sealed_at, sums)"),
    comment="chain over people, organisations, memberships, settings and figures: append-only",
    **WITHOUT_ROWID,
)
