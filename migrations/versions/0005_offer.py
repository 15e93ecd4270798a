"""Offers of providers: the help that they can deliver in a region, with dated statements about places and waits."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# The key of each table; a row is written once.
KEYS = {"offers": ("id",), "offer_statements": ("offer_id", "number"), "offer_endings": ("offer_id",)}


def upgrade() -> None:
    op.create_table(
        "offers",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("provider_id", sa.String(length=36), nullable=False, comment="whose offer it is"),
        sa.Column(
            "domain",
            sa.String(length=30),
            nullable=False,
            comment="advice_domain: living and treatment stand apart (R37)",
        ),
        sa.Column("domain_text", sa.Text(), nullable=True),
        sa.Column("function", sa.String(length=60), nullable=False, comment="help_function: not beds (R130)"),
        sa.Column("function_text", sa.Text(), nullable=True),
        sa.Column("expertise", sa.Text(), nullable=False, comment="in the provider's words; never about a child"),
        sa.Column("region", sa.String(length=4), nullable=True, comment="that it serves; null: every region (R23)"),
        sa.Column("valid_from", sa.String(length=10), nullable=False),
        *_recorded(),
        sa.ForeignKeyConstraint(["provider_id"], ["organisations.id"], name=op.f("fk_offers_provider_id")),
        sa.ForeignKeyConstraint(["region"], ["regions.code"], name=op.f("fk_offers_region")),
        *_by("offers"),
        comment="what providers can do: append-only",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "offer_statements",
        sa.Column("offer_id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False, comment="counts from 1 in the offer"),
        sa.Column("stated_on", sa.String(length=10), nullable=False, comment="day on which it was so"),
        sa.Column("places_free", sa.Integer(), nullable=True, comment="null: not known"),
        sa.Column("waiting_days", sa.Integer(), nullable=True, comment="null: not known"),
        sa.Column("note", sa.String(length=300), nullable=True, comment="never about a child"),
        *_recorded(),
        sa.ForeignKeyConstraint(["offer_id"], ["offers.id"], name=op.f("fk_offer_statements_offer_id")),
        *_by("offer_statements"),
        comment="what was stated when: append-only, for what was known then",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "offer_endings",
        sa.Column("offer_id", sa.String(length=36), nullable=False),
        sa.Column("last_day", sa.String(length=10), nullable=False),
        *_recorded(),
        sa.ForeignKeyConstraint(["offer_id"], ["offers.id"], name=op.f("fk_offer_endings_offer_id")),
        *_by("offer_endings"),
        comment="an offer ends once: append-only",
        sqlite_with_rowid=False,
    )
    gaps = sa.text("trigger_name = 'record_gap'")
    op.create_index("ix_transitions_gaps", "transitions", ["region"], sqlite_where=gaps, postgresql_where=gaps)
    for table, key in KEYS.items():
        for statement in _protections(table, key):
            op.execute(statement)


def downgrade() -> None:
    op.drop_index("ix_transitions_gaps", table_name="transitions")
    for table in reversed(KEYS):
        op.drop_table(table)


def _recorded() -> tuple[sa.Column[int], sa.Column[str], sa.Column[str]]:
    return (
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("actor_id", sa.String(length=36), nullable=False),
        sa.Column("organisation_id", sa.String(length=36), nullable=False, comment="for which the actor acted"),
    )


def _by(table: str) -> tuple[sa.Constraint, ...]:
    return (
        sa.ForeignKeyConstraint(["actor_id"], ["people.id"], name=op.f(f"fk_{table}_actor_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f(f"fk_{table}_organisation_id")),
        sa.PrimaryKeyConstraint(*KEYS[table], name=op.f(f"pk_{table}")),
    )


def _protections(table: str, key: tuple[str, ...]) -> list[str]:
    """Returns the statements that make a table append-only, as for the history."""
    if op.get_bind().dialect.name == "postgresql":
        statements = []
        for when, each in (("update", "ROW"), ("delete", "ROW"), ("truncate", "STATEMENT")):
            name = f"{table}_no_{when}"
            statements += [
                f"CREATE TRIGGER {name} BEFORE {when} ON {table} FOR EACH {each} EXECUTE FUNCTION refuse_change()",
                f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}",
            ]
        return statements
    refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    same = " AND ".join(f"{column} = NEW.{column}" for column in key)
    there = f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {same})"
    return [
        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {refuse}",
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refuse}",
        f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} {there} {refuse}",
    ]
