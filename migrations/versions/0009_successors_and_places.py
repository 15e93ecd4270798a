"""Successors of organisations, and dated changes of municipalities: another region, or dissolved into a successor."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

KEYS = {
    "organisation_successions": ("organisation_id", "successor_id"),
    "municipality_changes": ("municipality", "number"),
}


def upgrade() -> None:
    op.create_table(
        "organisation_successions",
        sa.Column("organisation_id", sa.String(length=36), nullable=False, comment="the organisation that ended"),
        sa.Column("successor_id", sa.String(length=36), nullable=False, comment="also the successor of a successor"),
        sa.Column("last_day", sa.String(length=10), nullable=False, comment="last day before this successor"),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_organisation_successions_organisation_id")
        ),
        sa.ForeignKeyConstraint(
            ["successor_id"], ["organisations.id"], name=op.f("fk_organisation_successions_successor_id")
        ),
        sa.PrimaryKeyConstraint(*KEYS["organisation_successions"], name=op.f("pk_organisation_successions")),
        comment="organisations that ended, with all their successors: append-only",
        sqlite_with_rowid=False,
    )
    op.create_index("ix_organisation_successions_successor_id", "organisation_successions", ["successor_id"])
    op.create_table(
        "municipality_changes",
        sa.Column("municipality", sa.String(length=6), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False, comment="counts from 1; of one day the last one holds"),
        sa.Column("valid_from", sa.String(length=10), nullable=False, comment="first day (I29)"),
        sa.Column("region", sa.String(length=4), nullable=True, comment="of the municipality from that day"),
        sa.Column("successor", sa.String(length=6), nullable=True, comment="into which it was dissolved"),
        sa.CheckConstraint(
            "(region IS NULL) <> (successor IS NULL)", name=op.f("ck_municipality_changes_region_or_successor")
        ),
        sa.ForeignKeyConstraint(
            ["municipality"], ["municipalities.code"], name=op.f("fk_municipality_changes_municipality")
        ),
        sa.ForeignKeyConstraint(["region"], ["regions.code"], name=op.f("fk_municipality_changes_region")),
        sa.ForeignKeyConstraint(["successor"], ["municipalities.code"], name=op.f("fk_municipality_changes_successor")),
        sa.PrimaryKeyConstraint(*KEYS["municipality_changes"], name=op.f("pk_municipality_changes")),
        comment="another region or a successor of a municipality, from a day: append-only",
        sqlite_with_rowid=False,
    )
    for table, key in KEYS.items():
        for statement in _protections(table, key):
            op.execute(statement)


def downgrade() -> None:
    for table in reversed(KEYS):
        op.drop_table(table)


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
