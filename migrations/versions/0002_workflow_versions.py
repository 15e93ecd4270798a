"""Migration plans: running cases move to another workflow by recorded moves along the edges of a plan."""

import re
from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

SQL = Path(__file__).parents[1] / "sql"
# Objects of 0001 that this migration replaces: on SQLite the triggers, on PostgreSQL the functions behind them.
TRIGGERS = ("transitions_follow", "transitions_move_heads", "parts_head")
FUNCTIONS = ("transition_follows", "transition_moves_heads", "part_head_follows")


def upgrade() -> None:
    op.create_table(
        "workflow_plans",
        sa.Column("hash", sa.String(length=64), nullable=False, comment="of the plan as a definition, with its edges"),
        sa.Column("kind", sa.String(length=30), nullable=False, comment="kind of part that it moves"),
        sa.Column("from_workflow", sa.String(length=64), nullable=False),
        sa.Column("to_workflow", sa.String(length=64), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("actor_id", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(["hash"], ["workflows.hash"], name=op.f("fk_workflow_plans_hash")),
        sa.ForeignKeyConstraint(["from_workflow"], ["workflows.hash"], name=op.f("fk_workflow_plans_from_workflow")),
        sa.ForeignKeyConstraint(["to_workflow"], ["workflows.hash"], name=op.f("fk_workflow_plans_to_workflow")),
        sa.ForeignKeyConstraint(["actor_id"], ["people.id"], name=op.f("fk_workflow_plans_actor_id")),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_workflow_plans")),
        comment="how parts that run go from one workflow to another: append-only",
        sqlite_with_rowid=False,
    )
    adopted = sa.text("trigger_name = 'adopt_workflow'")
    op.create_index(
        "ix_transitions_adopted", "transitions", ["workflow"], sqlite_where=adopted, postgresql_where=adopted
    )
    _drop_what_is_made_anew()
    for statement in _statements("0002"):
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    if op.get_bind().scalar(sa.text("SELECT count(*) FROM workflow_plans")):
        raise RuntimeError("plans to move cases were made here: the version before this one cannot read them")
    _drop_what_is_made_anew()
    op.drop_index("ix_transitions_adopted", table_name="transitions")
    op.drop_table("workflow_plans")
    dropped = re.compile(
        rf"^CREATE (TRIGGER ({'|'.join(TRIGGERS)})|FUNCTION ({'|'.join(FUNCTIONS)})\(\))\s", re.MULTILINE
    )
    for statement in filter(dropped.search, _statements("0001")):
        if _engine() == "sqlite" or "CREATE FUNCTION" in statement:
            op.get_bind().exec_driver_sql(statement.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"))
    if _engine() == "postgresql":
        op.execute("DROP FUNCTION plan_leads()")


def _engine() -> str:
    return op.get_bind().dialect.name


def _statements(migration: str) -> list[str]:
    return (SQL / f"{migration}-{_engine()}.sql").read_text(encoding="utf-8").split("\n------\n")


def _drop_what_is_made_anew() -> None:
    """Drops the triggers on SQLite. PostgreSQL can replace a function while a trigger uses it."""
    if _engine() == "sqlite":
        for name in TRIGGERS:
            op.execute(f"DROP TRIGGER {name}")
