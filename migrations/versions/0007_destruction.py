"""Destruction of cases: proposals, signatures, legal holds, certificates, and the only update of the history."""

import re
from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

SQL = Path(__file__).parents[1] / "sql"
# The key of each table; a row is written once. Two tables lose their free text with the case, see 0007-*.sql.
KEYS = {
    "legal_holds": ("id",),
    "legal_hold_endings": ("hold_id",),
    "destruction_proposals": ("id",),
    "destruction_signatures": ("proposal_id", "capacity"),
    "destruction_withdrawals": ("proposal_id",),
    "destructions": ("case_id",),
}
EMPTIED = ("legal_holds", "destruction_withdrawals")
# Objects that this migration replaces, with the migration that holds their former text.
TRIGGERS = {
    "transitions_no_update": "0001",
    "contents_no_update": "0001",
    "cases_head": "0001",
    "parts_head": "0002",
}
FUNCTIONS = {"case_head_follows": "0001", "part_head_follows": "0002"}
# Tables that must be empty before a downgrade, with the reason. Signatures, withdrawals and figures depend on these.
LOST = {
    "destructions": "cases were destroyed here: the version before this one would serve what is left of them",
    "destruction_proposals": "destructions were proposed here: the version before this one knows of none",
    "legal_holds": "cases were held here: the version before this one would not know that they must stay",
}
NEW_TRIGGERS = {"transitions_end": "transitions", "parts_end": "parts", "contents_end": "contents"}
NEW_FUNCTIONS = (
    "destruction_leads", "destruction_empties", "entry_is_emptied", "content_is_emptied", "hold_is_emptied",
    "withdrawal_is_emptied", "case_was_destroyed",
)  # fmt: skip


def upgrade() -> None:
    op.create_table(
        "legal_holds",
        _id("id"),
        _id("case_id"),
        *_reason(),
        sa.Column("until", sa.String(length=10), nullable=True, comment="last day; null: until it is lifted"),
        *_recorded(),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_legal_holds_case_id")),
        *_by("legal_holds"),
        comment="why a case may not be destroyed now: append-only",
        sqlite_with_rowid=False,
    )
    op.create_index("ix_legal_holds_case_id", "legal_holds", ["case_id"])
    op.create_table(
        "legal_hold_endings",
        _id("hold_id"),
        *_recorded("null: lifted before the database came back"),
        sa.ForeignKeyConstraint(["hold_id"], ["legal_holds.id"], name=op.f("fk_legal_hold_endings_hold_id")),
        *_by("legal_hold_endings"),
        comment="a hold is lifted once: append-only",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "destruction_proposals",
        _id("id"),
        _id("case_id"),
        sa.Column("ground", sa.String(length=20), nullable=False, comment="retention or request"),
        _id("request_id", "part of the case with the request that was granted", nullable=True),
        sa.Column(
            "sequence", sa.Integer(), nullable=False, comment="last change of the file that it was proposed after"
        ),
        sa.Column(
            "policy",
            sa.String(length=64),
            nullable=False,
            comment="hash of the region settings that it was proposed under",
        ),
        sa.Column("keep_until", sa.String(length=10), nullable=True, comment="when the term passed; null on request"),
        *_recorded("null: known from the list of destructions"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_destruction_proposals_case_id")),
        *_by("destruction_proposals"),
        comment="cases that may be destroyed, when two people say so: append-only",
        sqlite_with_rowid=False,
    )
    op.create_index("ix_destruction_proposals_case_id", "destruction_proposals", ["case_id"])
    op.create_index("ix_destruction_proposals_at", "destruction_proposals", ["recorded_at", "id"])
    op.create_table(
        "destruction_signatures",
        _id("proposal_id"),
        sa.Column("capacity", sa.String(length=20), nullable=False, comment="team or data_protection: both sign"),
        sa.Column("role", sa.String(length=30), nullable=False),
        _id("person_id", "no reference: a database that comes back may be older than the person"),
        _id("organisation_id", "for which the person signed; no reference, as above"),
        sa.Column("signed_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("capacity IN ('team', 'data_protection')", name=op.f("ck_destruction_signatures_capacity")),
        sa.ForeignKeyConstraint(
            ["proposal_id"], ["destruction_proposals.id"], name=op.f("fk_destruction_signatures_proposal_id")
        ),
        sa.PrimaryKeyConstraint("proposal_id", "capacity", name=op.f("pk_destruction_signatures")),
        sa.UniqueConstraint("proposal_id", "person_id", name=op.f("uq_destruction_signatures_proposal_id")),
        comment="who agreed to a destruction, as what: append-only",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "destruction_withdrawals",
        _id("proposal_id"),
        *_reason(),
        *_recorded(),
        sa.ForeignKeyConstraint(
            ["proposal_id"], ["destruction_proposals.id"], name=op.f("fk_destruction_withdrawals_proposal_id")
        ),
        *_by("destruction_withdrawals"),
        comment="a proposal is withdrawn once: append-only",
        sqlite_with_rowid=False,
    )
    _certificates()
    op.create_table(
        "kept_figures",
        sa.Column("region", sa.String(length=4), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("domain", sa.String(length=30), nullable=False, comment="missing_domain"),
        sa.Column("function", sa.String(length=60), nullable=False, comment="missing_function"),
        sa.Column("cases", sa.Integer(), nullable=False, comment="how many destroyed cases wanted it"),
        sa.ForeignKeyConstraint(["region"], ["regions.code"], name=op.f("fk_kept_figures_region")),
        sa.PrimaryKeyConstraint("region", "year", "domain", "function", name=op.f("pk_kept_figures")),
        comment="what destroyed cases still count for in the sum of what is missing",
    )
    for statement in (*_statements("0007"), *(line for table in KEYS for line in _protections(table))):
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    for table, lost in LOST.items():
        if op.get_bind().scalar(sa.text(f"SELECT count(*) FROM {table}")):
            raise RuntimeError(lost)
    for name, table in {**NEW_TRIGGERS, **_former_tables()}.items():
        op.execute(f"DROP TRIGGER {name}" + (f" ON {table}" if _engine() == "postgresql" else ""))
    op.drop_table("kept_figures")
    for table in reversed(KEYS):
        op.drop_table(table)
    if _engine() == "postgresql":
        for name in NEW_FUNCTIONS:
            op.execute(f"DROP FUNCTION {name}()")
    for statement in _former():
        op.get_bind().exec_driver_sql(statement.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"))


def _certificates() -> None:
    op.create_table(
        "destructions",
        _id("case_id"),
        _id("proposal_id"),
        sa.Column("ground", sa.String(length=20), nullable=False),
        _id("request_id", nullable=True),
        sa.Column("policy", sa.String(length=64), nullable=False),
        sa.Column("signed", sa.Text(), nullable=False, comment="canonical JSON: who signed as what and when, ids only"),
        sa.Column("destroyed_at", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False, comment="the same in Amsterdam"),
        sa.Column("entries", sa.Integer(), nullable=False, comment="how many the history had"),
        sa.Column("contents", sa.Integer(), nullable=False, comment="how many of them had content"),
        sa.Column("head", sa.String(length=64), nullable=False, comment="digest of the last entry"),
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
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_destructions_case_id")),
        sa.ForeignKeyConstraint(
            ["proposal_id"], ["destruction_proposals.id"], name=op.f("fk_destructions_proposal_id")
        ),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_destructions")),
        sa.UniqueConstraint("proposal_id", name=op.f("uq_destructions_proposal_id")),
        comment="certificates: a row here empties its case, and nothing else does; append-only",
        sqlite_with_rowid=False,
    )
    op.create_index("ix_destructions_destroyed_at", "destructions", ["destroyed_at", "case_id"])


def _id(name: str, comment: str | None = None, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=36), nullable=nullable, comment=comment)


def _reason() -> tuple[sa.Column[str], sa.Column[str]]:
    gone = "null once the case is destroyed"
    return (
        sa.Column("reason", sa.String(length=40), nullable=True, comment=f"code; {gone}"),
        sa.Column("reason_text", sa.String(length=300), nullable=True, comment=f"never about a child; {gone}"),
    )


def _recorded(nobody: str | None = None) -> tuple[sa.Column[int], sa.Column[str], sa.Column[str]]:
    """Returns the columns of moment, actor and organisation. `nobody`: the reason why the last two may be null."""
    return (
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        _id("actor_id", nobody, nullable=nobody is not None),
        _id("organisation_id", None if nobody else "for which the actor acted", nullable=nobody is not None),
    )


def _by(table: str) -> tuple[sa.Constraint, ...]:
    return (
        sa.ForeignKeyConstraint(["actor_id"], ["people.id"], name=op.f(f"fk_{table}_actor_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f(f"fk_{table}_organisation_id")),
        sa.PrimaryKeyConstraint(*KEYS[table], name=op.f(f"pk_{table}")),
    )


def _engine() -> str:
    return op.get_bind().dialect.name


def _statements(migration: str) -> list[str]:
    return (SQL / f"{migration}-{_engine()}.sql").read_text(encoding="utf-8").split("\n------\n")


def _former_tables() -> dict[str, str]:
    """Returns trigger -> table of the triggers to recreate. PostgreSQL keeps the triggers of the heads."""
    names = [name for name in TRIGGERS if _engine() == "sqlite" or name.endswith("_no_update")]
    return {name: name.removesuffix("_no_update").removesuffix("_head") for name in names}


def _former() -> list[str]:
    """Returns the statements of older migrations for the objects that this migration replaced."""
    triggers = [
        (migration, rf"^(CREATE|ALTER TABLE \w+ ENABLE ALWAYS) TRIGGER {name}\b")
        for name, migration in TRIGGERS.items()
    ]
    if _engine() == "postgresql":
        triggers = triggers[:2] + [
            (migration, rf"^CREATE( OR REPLACE)? FUNCTION {name}\(") for name, migration in FUNCTIONS.items()
        ]
    return [
        statement
        for migration, pattern in triggers
        for statement in _statements(migration)
        if re.search(pattern, statement, re.MULTILINE)
    ]


def _protections(table: str) -> list[str]:
    """Returns the statements that make a table append-only. 0007-*.sql guards the updates of the tables in EMPTIED."""
    updates = () if table in EMPTIED else ("update",)
    if _engine() == "postgresql":
        statements = []
        for when in (*updates, "delete", "truncate"):
            name, each = f"{table}_no_{when}", "STATEMENT" if when == "truncate" else "ROW"
            statements += [
                f"CREATE TRIGGER {name} BEFORE {when} ON {table} FOR EACH {each} EXECUTE FUNCTION refuse_change()",
                f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}",
            ]
        return statements
    refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    same = " AND ".join(f"{column} = NEW.{column}" for column in KEYS[table])
    there = f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {same})"
    return [
        *(f"CREATE TRIGGER {table}_no_{when} BEFORE {when} ON {table} {refuse}" for when in updates),
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refuse}",
        f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} {there} {refuse}",
    ]
