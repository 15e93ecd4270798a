"""Destruction of the content of one entry: certificates, and the second update of the history that is allowed."""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

SQL = Path(__file__).parents[1] / "sql"
TABLE = "content_destructions"
NEW_FUNCTIONS = ("content_destruction_leads", "content_destruction_empties")


def upgrade() -> None:
    op.create_table(
        TABLE,
        _id("case_id"),
        sa.Column("sequence", sa.Integer(), nullable=False, comment="of the entry whose content was destroyed"),
        sa.Column("digest", sa.String(length=64), nullable=False, comment="of that entry"),
        _id("part_id", comment="part that decided on it; no reference: a database that comes back may lack it"),
        sa.Column("ground", sa.String(length=20), nullable=False, comment="request or safety"),
        _id("request_id", nullable=True, comment="part of the case with the request that was granted"),
        sa.Column("signed", sa.Text(), nullable=False, comment="canonical JSON: who signed as what and when, ids only"),
        sa.Column("entries", sa.Integer(), nullable=False, comment="how many the history had, with the decision"),
        sa.Column("destroyed_at", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False, comment="the same in Amsterdam"),
        sa.Column(
            "certificate",
            sa.String(length=64),
            nullable=False,
            comment="SHA-256 of the certificate, as in the list outside",
        ),
        sa.Column(
            "replayed_at",
            sa.BigInteger(),
            nullable=True,
            comment="null, or when a database that came back was made to follow the list",
        ),
        sa.CheckConstraint("ground IN ('request', 'safety')", name=op.f(f"ck_{TABLE}_ground")),
        sa.ForeignKeyConstraint(
            ["case_id", "sequence"], ["contents.case_id", "contents.sequence"], name=op.f(f"fk_{TABLE}_content")
        ),
        sa.PrimaryKeyConstraint("case_id", "sequence", name=op.f(f"pk_{TABLE}")),
        comment="certificates: a row here empties the content of an entry; append-only",
        sqlite_with_rowid=False,
    )
    _drop_former()
    for statement in _statements("0013"):
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    if op.get_bind().scalar(sa.text(f"SELECT count(*) FROM {TABLE}")):
        raise RuntimeError(
            "the content of entries was destroyed here: the version before this one would call them damaged"
        )
    _drop_former()
    op.drop_table(TABLE)
    if _engine() == "postgresql":
        for name in NEW_FUNCTIONS:
            op.execute(f"DROP FUNCTION {name}()")
    former = (
        "CREATE FUNCTION content_is_emptied()" if _engine() == "postgresql" else "CREATE TRIGGER contents_no_update "
    )
    (statement,) = (statement for statement in _statements("0007") if former in statement)
    op.get_bind().exec_driver_sql(statement.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"))
    if _engine() == "postgresql":
        op.execute("ALTER FUNCTION content_is_emptied() SECURITY DEFINER SET search_path = public, pg_temp")


def _id(name: str, *, nullable: bool = False, comment: str | None = None) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=36), nullable=nullable, comment=comment)


def _engine() -> str:
    return op.get_bind().dialect.name


def _drop_former() -> None:
    """Drop the guard of contents, which is made anew. PostgreSQL replaces its function alone."""
    if _engine() == "sqlite":
        op.execute("DROP TRIGGER contents_no_update")


def _statements(migration: str) -> list[str]:
    return (SQL / f"{migration}-{_engine()}.sql").read_text(encoding="utf-8").split("\n------\n")
