"""Row-level security on PostgreSQL, the second wall: a transaction sees only the rows that it was allowed."""

from pathlib import Path

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

SQL = Path(__file__).parents[1] / "sql" / "0008-postgresql.sql"
POLICIES = {
    "cases": ("in_sight",),
    "parts": ("in_sight",),
    "transitions": ("in_sight",),
    "contents": ("in_sight",),
    "outbox": ("in_sight",),
    "feed": ("in_sight", "told"),
    "deliveries": ("told",),
    "requests": ("own",),
    "drafts": ("own",),
    "access_log": ("in_sight", "own"),
    "legal_holds": ("in_sight",),
    "legal_hold_endings": ("in_sight",),
    "destruction_proposals": ("in_sight",),
    "destruction_signatures": ("in_sight",),
    "destruction_withdrawals": ("in_sight",),
    "destructions": ("in_sight",),
    "keys.case_keys": ("in_sight", "made_first"),
}
# These functions run as their owner: they must see all rows, and only the tables of this schema, not those that a
# session creates under the same name. They alone move the heads; the role of the application may not.
REFEREES = (
    "refuse_change", "transition_follows", "transition_moves_heads", "part_head_follows", "case_head_follows",
    "part_begins", "case_begins", "content_belongs", "edge_belongs", "plan_leads", "destruction_leads",
    "entry_is_emptied", "content_is_emptied", "hold_is_emptied", "withdrawal_is_emptied", "case_was_destroyed",
)  # fmt: skip


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        return
    for statement in SQL.read_text(encoding="utf-8").split("\n------\n"):
        op.get_bind().exec_driver_sql(statement)
    for name in REFEREES:
        op.execute(f"ALTER FUNCTION {name}() SECURITY DEFINER SET search_path = public, pg_temp")
        op.execute(f"REVOKE EXECUTE ON FUNCTION {name}() FROM PUBLIC")


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        return
    for name in REFEREES:
        op.execute(f"GRANT EXECUTE ON FUNCTION {name}() TO PUBLIC")
        op.execute(f"ALTER FUNCTION {name}() SECURITY INVOKER RESET ALL")
    for table, policies in POLICIES.items():
        op.execute(f"DROP POLICY IF EXISTS figures ON {table}")
        for policy in policies:
            op.execute(f"DROP POLICY {policy} ON {table}")
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
    op.execute("DROP VIEW cases_in_sight")
    op.execute("DROP FUNCTION told_everything()")
    op.execute("DROP FUNCTION told(text)")
