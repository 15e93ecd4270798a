"""Seals of the administration: a chain over people, organisations, memberships, settings and figures.

The first seal is made by the service, which has the master key, when it first opens the database.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

TABLE = "administration_seals"
FOLLOWS = f"""
  NEW.number = 1 + (SELECT coalesce(max(s.number), 0) FROM {TABLE} s)
  AND coalesce(NEW.prev_digest, '') = coalesce((SELECT s.digest FROM {TABLE} s WHERE s.number = NEW.number - 1), '')
"""
REFUSAL = "a seal of the administration follows the seal before it"


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("number", sa.Integer(), nullable=False, autoincrement=False, comment="gapless, from 1"),
        sa.Column("sealed_at", sa.BigInteger(), nullable=False),
        sa.Column(
            "sums",
            sa.LargeBinary(),
            nullable=False,
            comment="sum per table, encrypted under the master key (RFC 5297)",
        ),
        sa.Column("prev_digest", sa.String(length=64), nullable=True, comment="digest of the seal before; null: none"),
        sa.Column("digest", sa.String(length=64), nullable=False, comment="HMAC(prev_digest, number, sealed_at, sums)"),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_administration_seals")),
        comment="chain over people, organisations, memberships, settings and figures: append-only",
        sqlite_with_rowid=False,
    )
    for statement in _protections():
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    if op.get_bind().scalar(sa.text(f"SELECT count(*) FROM {TABLE}")):
        raise RuntimeError("the administration was sealed here: the version before this one would forget the seals")
    op.drop_table(TABLE)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION administration_seal_follows()")


def _protections() -> list[str]:
    if op.get_bind().dialect.name == "postgresql":
        function = "administration_seal_follows()"
        statements = [
            f"""CREATE FUNCTION {function} RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT ({FOLLOWS}) THEN
    RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NEW;
END
$$""",
            f"ALTER FUNCTION {function} SECURITY DEFINER SET search_path = public, pg_temp",
            f"REVOKE EXECUTE ON FUNCTION {function} FROM PUBLIC",
            f"CREATE TRIGGER {TABLE}_follow BEFORE INSERT ON {TABLE} FOR EACH ROW EXECUTE FUNCTION {function}",
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
    out_of_order = f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
    there = f"WHEN EXISTS (SELECT 1 FROM {TABLE} WHERE number = NEW.number)"
    return [
        f"CREATE TRIGGER {TABLE}_no_update BEFORE UPDATE ON {TABLE} {refuse}",
        f"CREATE TRIGGER {TABLE}_no_delete BEFORE DELETE ON {TABLE} {refuse}",
        f"CREATE TRIGGER {TABLE}_no_replace BEFORE INSERT ON {TABLE} {there} {refuse}",
        f"CREATE TRIGGER {TABLE}_follow BEFORE INSERT ON {TABLE} WHEN NOT ({FOLLOWS}) {out_of_order}",
    ]
