"""Seals of the access log: a chain over its rows, made in the background."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

TABLE = "access_log_seals"
FOLLOWS = f"""
  NEW.number = 1 + (SELECT coalesce(max(s.number), 0) FROM {TABLE} s)
  AND NEW.entries > 0
  AND NEW.last_id > coalesce((SELECT s.last_id FROM {TABLE} s WHERE s.number = NEW.number - 1), 0)
  AND coalesce(NEW.prev_digest, '') = coalesce((SELECT s.digest FROM {TABLE} s WHERE s.number = NEW.number - 1), '')
"""


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("number", sa.Integer(), nullable=False, autoincrement=False, comment="gapless, from 1"),
        sa.Column(
            "last_id",
            sa.BigInteger(),
            nullable=False,
            comment="last row of the log that it covers, after the last_id before",
        ),
        sa.Column("entries", sa.Integer(), nullable=False, comment="how many rows it covers"),
        sa.Column("rows_digest", sa.String(length=64), nullable=False, comment="SHA-256 of these rows"),
        sa.Column("prev_digest", sa.String(length=64), nullable=True, comment="digest of the seal before; null: none"),
        sa.Column(
            "digest",
            sa.String(length=64),
            nullable=False,
            comment="H(prev_digest, number, last_id, entries, rows_digest)",
        ),
        sa.Column("sealed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_access_log_seals")),
        comment="chain over the access log: append-only",
        sqlite_with_rowid=False,
    )
    for statement in _protections():
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    if op.get_bind().scalar(sa.text(f"SELECT count(*) FROM {TABLE}")):
        raise RuntimeError(
            "rows of the access log were sealed here: the version before this one would forget the seals"
        )
    op.drop_table(TABLE)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION seal_follows()")


def _protections() -> list[str]:
    if op.get_bind().dialect.name == "postgresql":
        statements = [
            f"""CREATE FUNCTION seal_follows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- A seal follows the seal before it.
  IF NOT ({FOLLOWS}) THEN
    RAISE EXCEPTION 'a seal follows the seal before it' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END
$$""",
            "ALTER FUNCTION seal_follows() SECURITY DEFINER SET search_path = public, pg_temp",
            "REVOKE EXECUTE ON FUNCTION seal_follows() FROM PUBLIC",
            f"CREATE TRIGGER {TABLE}_follow BEFORE INSERT ON {TABLE} FOR EACH ROW EXECUTE FUNCTION seal_follows()",
            f"ALTER TABLE {TABLE} ENABLE ALWAYS TRIGGER {TABLE}_follow",
        ]
        for when, each in (("update", "ROW"), ("delete", "ROW"), ("truncate", "STATEMENT")):
            name = f"{TABLE}_no_{when}"
            statements += [
                f"CREATE TRIGGER {name} BEFORE {when} ON {TABLE} FOR EACH {each} EXECUTE FUNCTION refuse_change()",
                f"ALTER TABLE {TABLE} ENABLE ALWAYS TRIGGER {name}",
            ]
        return statements
    refuse = f"BEGIN SELECT RAISE(ABORT, '{TABLE} is append-only'); END"
    out_of_order = "BEGIN SELECT RAISE(ABORT, 'a seal follows the seal before it'); END"
    there = f"WHEN EXISTS (SELECT 1 FROM {TABLE} WHERE number = NEW.number)"
    return [
        f"CREATE TRIGGER {TABLE}_no_update BEFORE UPDATE ON {TABLE} {refuse}",
        f"CREATE TRIGGER {TABLE}_no_delete BEFORE DELETE ON {TABLE} {refuse}",
        f"CREATE TRIGGER {TABLE}_no_replace BEFORE INSERT ON {TABLE} {there} {refuse}",
        f"CREATE TRIGGER {TABLE}_follow BEFORE INSERT ON {TABLE} WHEN NOT ({FOLLOWS}) {out_of_order}",
    ]
