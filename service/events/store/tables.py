"""Tables of the feeds, the webhook subscriptions and their deliveries."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from service.database.columns import PREDECESSOR_CHECK, WITHOUT_ROWID, id_column, metadata, partial_index

feed = Table(
    "feed",
    metadata,
    id_column("organisation_id", ForeignKey("organisations.id")),
    Column("position", Integer, nullable=False, comment="gapless per organisation, from 1"),
    Column("prev_position", Integer, comment="position - 1; null on the first"),
    id_column("case_id"),
    Column("sequence", Integer, nullable=False),
    PrimaryKeyConstraint("organisation_id", "position"),
    UniqueConstraint("organisation_id", "case_id", "sequence"),
    ForeignKeyConstraint(
        ["organisation_id", "prev_position"], ["feed.organisation_id", "feed.position"], name="fk_feed_follows"
    ),
    ForeignKeyConstraint(
        ["case_id", "sequence"], ["transitions.case_id", "transitions.sequence"], name="fk_feed_transition"
    ),
    CheckConstraint(PREDECESSOR_CHECK.format(n="position", p="prev_position"), name="follows"),
    comment="what each organisation may hear of, in the order in which it hears it: append-only",
    **WITHOUT_ROWID,
)

subscriptions = Table(
    "subscriptions",
    metadata,
    id_column("id"),
    id_column("organisation_id", ForeignKey("organisations.id"), comment="whose feed it tells"),
    Column("url", String(500), nullable=False),
    Column("types", Text, comment="canonical JSON: the types wanted; null: all"),
    Column("per_minute", Integer, comment="most requests that the receiver allows; null: as many as there are"),
    Column("state", String(10), nullable=False, comment="active, paused, retired"),
    Column("reason", String(30), comment="code: why it was changed last"),
    Column("version", Integer, nullable=False),
    Column("secret", LargeBinary, nullable=False, comment="signs; AES-256 key wrap under the master key (RFC 3394)"),
    Column("previous_secret", LargeBinary, comment="signs as well, until the next rotation"),
    id_column("made_by", ForeignKey("people.id")),
    Column("made_at", BigInteger, nullable=False),
    id_column("changed_by", ForeignKey("people.id"), nullable=True, comment="null: the receiver itself, with 410"),
    Column("changed_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("id"),
    Index("ix_subscriptions_organisation_id", "organisation_id"),
    comment="webhooks: which organisation is told where",
)

deliveries = Table(
    "deliveries",
    metadata,
    id_column("subscription_id", ForeignKey("subscriptions.id")),
    Column("position", Integer, nullable=False, comment="in the feed of the subscription's organisation"),
    id_column("case_id", comment="as in the feed: told in order per case"),
    Column("state", String(10), nullable=False, comment="waiting, delivered, dead"),
    Column("attempts", Integer, nullable=False),
    Column("next_at", BigInteger, nullable=False, comment="not tried before; a try under way moves it on"),
    Column("status", Integer, comment="what the receiver answered last"),
    Column("error", String(30), comment="why the last try failed"),
    PrimaryKeyConstraint("subscription_id", "position"),
    partial_index("state = 'waiting'", "ix_deliveries_waiting", "subscription_id", "position"),
    partial_index("state = 'waiting'", "ix_deliveries_waiting_of_case", "subscription_id", "case_id", "position"),
    partial_index("state = 'dead'", "ix_deliveries_dead", "subscription_id", "position"),
    comment="what each webhook was told or still has to be told; never content",
)
