"""Emergency access: the right of a person to read a case in an emergency, with its end."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TABLE = "emergency_accesses"


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("part_id", sa.String(length=36), nullable=False, comment="the part of the case that tells of it"),
        sa.Column("case_id", sa.String(length=36), nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("role", sa.String(length=30), nullable=False, comment="in which the person took it"),
        sa.Column("organisation_id", sa.String(length=36), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False, comment="over before, once it was reviewed"),
        sa.ForeignKeyConstraint(["part_id"], ["parts.id"], name=op.f("fk_emergency_accesses_part_id")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_emergency_accesses_case_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_emergency_accesses_person_id")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_emergency_accesses_organisation_id")
        ),
        sa.PrimaryKeyConstraint("part_id", name=op.f("pk_emergency_accesses")),
        comment="who may read which case in an emergency, and until when: append-only",
        sqlite_with_rowid=False,
    )
    op.create_index("ix_emergency_accesses_person_id", TABLE, ["person_id", "until"])
    for statement in _protections():
        op.execute(statement)


def downgrade() -> None:
    """Raises RuntimeError where a case has parts of a kind that the version before this one does not know."""
    new_parts = sa.text("SELECT count(*) FROM parts WHERE kind IN ('emergency_access', 'file_request')")
    if op.get_bind().scalar(new_parts):
        raise RuntimeError(
            "files were read in an emergency or asked about here: the version before this one cannot read those cases"
        )
    op.drop_table(TABLE)


def _protections() -> list[str]:
    if op.get_bind().dialect.name == "postgresql":
        statements = []
        for when, each in (("update", "ROW"), ("delete", "ROW"), ("truncate", "STATEMENT")):
            name = f"{TABLE}_no_{when}"
            statements += [
                f"CREATE TRIGGER {name} BEFORE {when} ON {TABLE} FOR EACH {each} EXECUTE FUNCTION refuse_change()",
                f"ALTER TABLE {TABLE} ENABLE ALWAYS TRIGGER {name}",
            ]
        return statements
    refuse = f"BEGIN SELECT RAISE(ABORT, '{TABLE} is append-only'); END"
    there = f"WHEN EXISTS (SELECT 1 FROM {TABLE} WHERE part_id = NEW.part_id)"
    return [
        f"CREATE TRIGGER {TABLE}_no_update BEFORE UPDATE ON {TABLE} {refuse}",
        f"CREATE TRIGGER {TABLE}_no_delete BEFORE DELETE ON {TABLE} {refuse}",
        f"CREATE TRIGGER {TABLE}_no_replace BEFORE INSERT ON {TABLE} {there} {refuse}",
    ]
