"""Records of administrative changes, and region settings with a first day."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TABLES = ("administrative_changes", "dated_region_settings")


def upgrade() -> None:
    op.create_table(
        "administrative_changes",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column(
            "actor_id",
            sa.String(length=36),
            nullable=True,
            comment="null: the first administrator, made by command",
        ),
        sa.Column("organisation_id", sa.String(length=36), nullable=False, comment="for which the actor acted"),
        sa.Column("action", sa.String(length=30), nullable=False),
        sa.Column("subject_kind", sa.String(length=20), nullable=False, comment="organisation, person or region"),
        sa.Column("subject", sa.String(length=36), nullable=False, comment="its id or code"),
        sa.Column("details", sa.Text(), nullable=False, comment="canonical JSON: ids, codes and days, never a name"),
        sa.ForeignKeyConstraint(["actor_id"], ["people.id"], name=op.f("fk_administrative_changes_actor_id")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_administrative_changes_organisation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_administrative_changes")),
        comment="who changed what around the cases: append-only",
        sqlite_with_rowid=False,
    )
    op.create_index("ix_administrative_changes_at", "administrative_changes", ["at", "id"])
    op.create_table(
        "dated_region_settings",
        sa.Column("id", sa.String(length=36), nullable=False, comment="the change that decided it"),
        sa.Column("region", sa.String(length=4), nullable=False),
        sa.Column(
            "valid_from",
            sa.String(length=10),
            nullable=False,
            comment="first day; the last recorded for a day holds",
        ),
        sa.Column("changes", sa.Text(), nullable=False, comment="canonical JSON: what differs from the default"),
        sa.Column("settings", sa.String(length=64), nullable=False, comment="all of it, that day"),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("actor_id", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(["id"], ["administrative_changes.id"], name=op.f("fk_dated_region_settings_id")),
        sa.ForeignKeyConstraint(["region"], ["regions.code"], name=op.f("fk_dated_region_settings_region")),
        sa.ForeignKeyConstraint(["settings"], ["region_settings.hash"], name=op.f("fk_dated_region_settings_settings")),
        sa.ForeignKeyConstraint(["actor_id"], ["people.id"], name=op.f("fk_dated_region_settings_actor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dated_region_settings")),
        comment="what a region decided from which day on: append-only",
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_dated_region_settings_region", "dated_region_settings", ["region", "valid_from", "recorded_at", "id"]
    )
    for table in TABLES:
        for statement in _protections(table, op.get_bind().dialect.name):
            op.get_bind().exec_driver_sql(statement)


def _protections(table: str, engine: str) -> list[str]:
    """Returns the statements that make a table append-only, as for the tables of 0001."""
    if engine == "sqlite":
        refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        again = f"WHEN EXISTS (SELECT 1 FROM {table} WHERE id = NEW.id)"
        return [
            f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {refuse}",
            f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refuse}",
            f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} {again} {refuse}",
        ]
    statements = []
    for event, rows in (("update", "ROW"), ("delete", "ROW"), ("truncate", "STATEMENT")):
        name = f"{table}_no_{event}"
        statements.append(
            f"CREATE TRIGGER {name} BEFORE {event.upper()} ON {table} FOR EACH {rows} EXECUTE FUNCTION refuse_change()"
        )
        statements.append(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")
    return statements


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
