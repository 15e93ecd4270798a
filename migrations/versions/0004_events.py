"""Gapless feeds of events, webhook subscriptions, and their deliveries."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

COLUMNS = "id, case_id, sequence, type"


def upgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    if sqlite:
        _outbox_anew(sa.Column("published_at", sa.BigInteger(), nullable=True))
    else:
        op.add_column(
            "outbox", sa.Column("published_at", sa.BigInteger(), nullable=True, comment="null: not in the feeds yet")
        )
    unpublished = sa.text("published_at IS NULL")
    op.create_index("ix_outbox_unpublished", "outbox", ["id"], sqlite_where=unpublished, postgresql_where=unpublished)
    op.create_table(
        "feed",
        sa.Column("organisation_id", sa.String(length=36), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False, comment="gapless per organisation, from 1"),
        sa.Column("prev_position", sa.Integer(), nullable=True, comment="position - 1; null on the first"),
        sa.Column("case_id", sa.String(length=36), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "CASE WHEN position = 1 THEN prev_position IS NULL "
            "ELSE prev_position IS NOT NULL AND prev_position = position - 1 END",
            name=op.f("ck_feed_follows"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "prev_position"], ["feed.organisation_id", "feed.position"], name="fk_feed_follows"
        ),
        sa.ForeignKeyConstraint(
            ["case_id", "sequence"], ["transitions.case_id", "transitions.sequence"], name="fk_feed_transition"
        ),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_feed_organisation_id")),
        sa.PrimaryKeyConstraint("organisation_id", "position", name=op.f("pk_feed")),
        sa.UniqueConstraint("organisation_id", "case_id", "sequence", name=op.f("uq_feed_organisation_id")),
        comment="what each organisation may hear of, in the order in which it hears it: append-only",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "subscriptions",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("organisation_id", sa.String(length=36), nullable=False, comment="whose feed it tells"),
        sa.Column("url", sa.String(length=500), nullable=False),
        sa.Column("types", sa.Text(), nullable=True, comment="canonical JSON: the types wanted; null: all"),
        sa.Column(
            "per_minute",
            sa.Integer(),
            nullable=True,
            comment="most requests that the receiver allows; null: as many as there are",
        ),
        sa.Column("state", sa.String(length=10), nullable=False, comment="active, paused, retired"),
        sa.Column("reason", sa.String(length=30), nullable=True, comment="code: why it was changed last"),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column(
            "secret",
            sa.LargeBinary(),
            nullable=False,
            comment="signs; AES-256 key wrap under the master key (RFC 3394)",
        ),
        sa.Column("previous_secret", sa.LargeBinary(), nullable=True, comment="signs as well, until the next rotation"),
        sa.Column("made_by", sa.String(length=36), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column(
            "changed_by",
            sa.String(length=36),
            nullable=True,
            comment="null: the receiver itself, with 410",
        ),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["changed_by"], ["people.id"], name=op.f("fk_subscriptions_changed_by")),
        sa.ForeignKeyConstraint(["made_by"], ["people.id"], name=op.f("fk_subscriptions_made_by")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_subscriptions_organisation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscriptions")),
        comment="webhooks: which organisation is told where",
    )
    op.create_index("ix_subscriptions_organisation_id", "subscriptions", ["organisation_id"])
    op.create_table(
        "deliveries",
        sa.Column("subscription_id", sa.String(length=36), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False, comment="in the feed of the subscription's organisation"),
        sa.Column("case_id", sa.String(length=36), nullable=False, comment="as in the feed: told in order per case"),
        sa.Column("state", sa.String(length=10), nullable=False, comment="waiting, delivered, dead"),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False, comment="not tried before; a try under way moves it on"),
        sa.Column("status", sa.Integer(), nullable=True, comment="what the receiver answered last"),
        sa.Column("error", sa.String(length=30), nullable=True, comment="why the last try failed"),
        sa.ForeignKeyConstraint(["subscription_id"], ["subscriptions.id"], name=op.f("fk_deliveries_subscription_id")),
        sa.PrimaryKeyConstraint("subscription_id", "position", name=op.f("pk_deliveries")),
        comment="what each webhook was told or still has to be told; never content",
    )
    waiting, dead = sa.text("state = 'waiting'"), sa.text("state = 'dead'")
    for name, columns, held in (
        ("ix_deliveries_waiting", ["subscription_id", "position"], waiting),
        ("ix_deliveries_waiting_of_case", ["subscription_id", "case_id", "position"], waiting),
        ("ix_deliveries_dead", ["subscription_id", "position"], dead),
    ):
        op.create_index(name, "deliveries", columns, sqlite_where=held, postgresql_where=held)
    for statement in SQLITE_PROTECTIONS if sqlite else POSTGRESQL_PROTECTIONS:
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("deliveries")
    op.drop_table("subscriptions")
    op.drop_table("feed")
    op.drop_index("ix_outbox_unpublished", table_name="outbox")
    if op.get_bind().dialect.name == "sqlite":
        _outbox_anew()
    else:
        op.drop_column("outbox", "published_at")


def _outbox_anew(*more: sa.Column[int]) -> None:
    """Recreates the outbox with these additional columns, or without.

    On SQLite ALTER TABLE ADD COLUMN would leave a table whose stored definition differs from that of a new one.
    """
    op.rename_table("outbox", "outbox_before")
    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("case_id", sa.String(length=36), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("type", sa.String(length=60), nullable=False),
        *more,
        sa.ForeignKeyConstraint(
            ["case_id", "sequence"], ["transitions.case_id", "transitions.sequence"], name="fk_outbox_transition"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("case_id", "sequence", name=op.f("uq_outbox_case_id")),
        comment="news to tell: a reference, never content",
    )
    op.execute(f"INSERT INTO outbox ({COLUMNS}) SELECT {COLUMNS} FROM outbox_before")
    op.drop_table("outbox_before")


SQLITE_PROTECTIONS = (
    "CREATE TRIGGER feed_no_update BEFORE UPDATE ON feed BEGIN SELECT RAISE(ABORT, 'feed is append-only'); END",
    "CREATE TRIGGER feed_no_delete BEFORE DELETE ON feed BEGIN SELECT RAISE(ABORT, 'feed is append-only'); END",
    """
    CREATE TRIGGER feed_no_replace BEFORE INSERT ON feed
    WHEN EXISTS (SELECT 1 FROM feed WHERE organisation_id = NEW.organisation_id AND position = NEW.position)
    OR EXISTS (
      SELECT 1 FROM feed
      WHERE organisation_id = NEW.organisation_id AND case_id = NEW.case_id AND sequence = NEW.sequence
    )
    BEGIN SELECT RAISE(ABORT, 'feed is append-only'); END
    """,
)
POSTGRESQL_PROTECTIONS = (
    "CREATE TRIGGER feed_no_update BEFORE UPDATE ON feed FOR EACH ROW EXECUTE FUNCTION refuse_change()",
    "CREATE TRIGGER feed_no_delete BEFORE DELETE ON feed FOR EACH ROW EXECUTE FUNCTION refuse_change()",
    "CREATE TRIGGER feed_no_truncate BEFORE TRUNCATE ON feed FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
    "ALTER TABLE feed ENABLE ALWAYS TRIGGER feed_no_update",
    "ALTER TABLE feed ENABLE ALWAYS TRIGGER feed_no_delete",
    "ALTER TABLE feed ENABLE ALWAYS TRIGGER feed_no_truncate",
)
