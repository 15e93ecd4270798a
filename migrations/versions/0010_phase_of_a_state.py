"""The phase of an entry: the database refuses an entry whose phase is not the phase of the state it leads to."""

from pathlib import Path

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

SQL = Path(__file__).parents[1] / "sql"


def upgrade() -> None:
    for statement in (SQL / f"0010-{_engine()}.sql").read_text(encoding="utf-8").split("\n------\n"):
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    if _engine() == "sqlite":
        op.execute("DROP TRIGGER transitions_phase")
    else:
        op.execute("DROP TRIGGER transitions_phase ON transitions")
        op.execute("DROP FUNCTION phase_is_of_the_state()")


def _engine() -> str:
    return op.get_bind().dialect.name
