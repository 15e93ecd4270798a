"""Tables of cases and their history, with their protections."""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

SQL = Path(__file__).parents[1] / "sql"
FUNCTIONS = (
    "refuse_change",
    "transition_follows",
    "transition_moves_heads",
    "part_head_follows",
    "case_head_follows",
    "part_begins",
    "case_begins",
    "content_belongs",
    "edge_belongs",
)


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE SCHEMA IF NOT EXISTS keys")
    op.create_table(
        "case_keys",
        sa.Column("owner_id", sa.String(length=36), nullable=False, comment="case or draft"),
        sa.Column("content_class", sa.String(length=20), nullable=False),
        sa.Column(
            "wrapped", sa.LargeBinary(), nullable=False, comment="AES-256 key wrapped with the master key (RFC 3394)"
        ),
        sa.PrimaryKeyConstraint("owner_id", "content_class", name=op.f("pk_case_keys")),
        schema="keys",
        comment="kept apart from the data: committed before it, backed up beside it",
        if_not_exists=True,  # on SQLite a separate file, which may exist before the data
    )
    op.create_table(
        "people",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("issuer", sa.String(length=300), nullable=False, comment="who vouches for the person (iss)"),
        sa.Column("subject", sa.String(length=300), nullable=False, comment="the person at that issuer (sub)"),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people")),
        sa.UniqueConstraint("issuer", "subject", name=op.f("uq_people_issuer")),
    )
    op.create_table(
        "region_settings",
        sa.Column("hash", sa.String(length=64), nullable=False, comment="SHA-256 of the canonical form"),
        sa.Column("settings", sa.Text(), nullable=False, comment="canonical JSON; never changed"),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_region_settings")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "regions",
        sa.Column("code", sa.String(length=4), nullable=False, comment="CBS code of the youth region"),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column(
            "expertise_network",
            sa.String(length=100),
            nullable=False,
            comment="coordinating municipality; inferred, editable",
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_regions")),
    )
    op.create_table(
        "workflows",
        sa.Column("hash", sa.String(length=64), nullable=False, comment="SHA-256 of the canonical form: the identity"),
        sa.Column("name", sa.String(length=30), nullable=False, comment="kind of part it governs"),
        sa.Column("definition", sa.Text(), nullable=False, comment="canonical JSON; never changed"),
        sa.Column("edges", sa.Integer(), nullable=False, comment="how many it has: none is added afterwards"),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_workflows")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "access_log",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("event_at", sa.BigInteger(), nullable=False, comment="EventDateTime"),
        sa.Column(
            "action", sa.String(length=1), nullable=False, comment="EventActionCode: R read, C created, E exported"
        ),
        sa.Column(
            "processing_activity", sa.String(length=60), nullable=False, comment="dpl.core.processing_activity_id"
        ),
        sa.Column("user_id", sa.String(length=36), nullable=False, comment="userID"),
        sa.Column("role", sa.String(length=30), nullable=False, comment="roleIDCode"),
        sa.Column("organisation_id", sa.String(length=36), nullable=False, comment="on whose behalf"),
        sa.Column("purpose", sa.String(length=60), nullable=False, comment="purposeOfUse, from role and operation"),
        sa.Column(
            "case_id", sa.String(length=36), nullable=True, comment="participantObjectID; null for an export of many"
        ),
        sa.Column(
            "object_detail", sa.String(length=300), nullable=False, comment="which forms or advice, never what they say"
        ),
        sa.Column("emergency", sa.Boolean(), nullable=False),
        sa.Column("trace_id", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["people.id"], name=op.f("fk_access_log_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_log")),
        comment="every read of content (NEN 7513, Logboek Dataverwerkingen): append-only, kept at least five years",
    )
    op.create_index("ix_access_log_case_id", "access_log", ["case_id", "event_at"], unique=False)
    op.create_table(
        "drafts",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("saved_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("nonce", sa.LargeBinary(length=12), nullable=False),
        sa.Column("ciphertext", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_drafts_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drafts")),
        comment="unsent forms: nobody's history",
    )
    op.create_index("ix_drafts_person_id", "drafts", ["person_id", "saved_at"], unique=False)
    op.create_table(
        "municipalities",
        sa.Column("code", sa.String(length=6), nullable=False, comment="CBS code"),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("region", sa.String(length=4), nullable=False, comment="derived by area, see README"),
        sa.ForeignKeyConstraint(["region"], ["regions.code"], name=op.f("fk_municipalities_region")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_municipalities")),
    )
    op.create_table(
        "requests",
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False, comment="Idempotency-Key"),
        sa.Column("fingerprint", sa.String(length=64), nullable=False, comment="HMAC of what was asked"),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.String(length=36), nullable=True),
        sa.Column("sequence", sa.Integer(), nullable=True, comment="entry that the answer is rebuilt from"),
        sa.Column("draft_id", sa.String(length=36), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_requests_person_id")),
        sa.PrimaryKeyConstraint("person_id", "key", name=op.f("pk_requests")),
        comment="what was answered to whom: the same request never acts twice",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "workflow_edges",
        sa.Column("workflow", sa.String(length=64), nullable=False),
        sa.Column("trigger_name", sa.String(length=60), nullable=False),
        sa.Column("source", sa.String(length=60), nullable=False),
        sa.Column("target", sa.String(length=60), nullable=False),
        sa.ForeignKeyConstraint(["workflow"], ["workflows.hash"], name=op.f("fk_workflow_edges_workflow")),
        sa.PrimaryKeyConstraint("workflow", "trigger_name", "source", "target", name=op.f("pk_workflow_edges")),
        comment="every edge of every definition ever used: what a history row may say",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "organisations",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column(
            "kind",
            sa.String(length=30),
            nullable=False,
            comment="local_team, expert_team, provider, municipality, cce, …",
        ),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("municipality", sa.String(length=6), nullable=True, comment="of a municipality or local team"),
        sa.ForeignKeyConstraint(["municipality"], ["municipalities.code"], name=op.f("fk_organisations_municipality")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisations")),
    )
    op.create_table(
        "cases",
        sa.Column("id", sa.String(length=36), nullable=False, comment="random; also the id of the main part"),
        sa.Column("number", sa.String(length=9), nullable=False, comment="random, to be read over the telephone"),
        sa.Column("region", sa.String(length=4), nullable=False, comment="owning region"),
        sa.Column(
            "team_id", sa.String(length=36), nullable=False, comment="expert team at the time of submission (I29)"
        ),
        sa.Column("submitter_id", sa.String(length=36), nullable=False, comment="organisation that submitted"),
        sa.Column(
            "submitted_at", sa.BigInteger(), nullable=False, comment="the child's waiting time counts from here (I8)"
        ),
        sa.Column("sequence", sa.Integer(), nullable=False, comment="of the last entry; moved by the database alone"),
        sa.Column(
            "digest", sa.String(length=64), nullable=False, comment="of the last entry; moved by the database alone"
        ),
        sa.Column(
            "recorded_at", sa.BigInteger(), nullable=False, comment="of the last entry; moved by the database alone"
        ),
        sa.ForeignKeyConstraint(["region"], ["regions.code"], name=op.f("fk_cases_region")),
        sa.ForeignKeyConstraint(["submitter_id"], ["organisations.id"], name=op.f("fk_cases_submitter_id")),
        sa.ForeignKeyConstraint(["team_id"], ["organisations.id"], name=op.f("fk_cases_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cases")),
        sa.UniqueConstraint("number", name=op.f("uq_cases_number")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "coverages",
        sa.Column("organisation_id", sa.String(length=36), nullable=False),
        sa.Column("region", sa.String(length=4), nullable=False),
        sa.Column("valid_from", sa.String(length=10), nullable=False, comment="first day (I29)"),
        sa.Column(
            "valid_until", sa.String(length=10), nullable=False, comment="last day; 9999-12-31: until further notice"
        ),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_coverages_organisation_id")),
        sa.ForeignKeyConstraint(["region"], ["regions.code"], name=op.f("fk_coverages_region")),
        sa.PrimaryKeyConstraint("organisation_id", "region", "valid_from", name=op.f("pk_coverages")),
    )
    op.create_table(
        "memberships",
        sa.Column("person_id", sa.String(length=36), nullable=False),
        sa.Column("organisation_id", sa.String(length=36), nullable=False),
        sa.Column("role", sa.String(length=30), nullable=False),
        sa.Column("valid_from", sa.String(length=10), nullable=False),
        sa.Column("valid_until", sa.String(length=10), nullable=False),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_memberships_organisation_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_memberships_person_id")),
        sa.PrimaryKeyConstraint("person_id", "organisation_id", "role", "valid_from", name=op.f("pk_memberships")),
    )
    op.create_table(
        "parts",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("case_id", sa.String(length=36), nullable=False),
        sa.Column(
            "kind", sa.String(length=20), nullable=False, comment="case, placement, commitment, funding, escalation"
        ),
        sa.Column("team_id", sa.String(length=36), nullable=False, comment="as on the case, for lists"),
        sa.Column("submitter_id", sa.String(length=36), nullable=False, comment="as on the case, for lists"),
        sa.Column("line", sa.String(length=10), nullable=True, comment="key of the advice line it answers"),
        sa.Column("addressee_id", sa.String(length=36), nullable=True, comment="organisation it is put to"),
        sa.Column("workflow", sa.String(length=64), nullable=False),
        sa.Column(
            "sequence", sa.Integer(), nullable=True, comment="this and all below: the head, moved by the database alone"
        ),
        sa.Column("state", sa.String(length=60), nullable=True),
        sa.Column("phase", sa.String(length=20), nullable=True),
        sa.Column("occurred_at", sa.BigInteger(), nullable=True),
        sa.Column("party", sa.String(length=30), nullable=True, comment="role that must act now"),
        sa.Column("party_id", sa.String(length=36), nullable=True, comment="organisation that must act now"),
        sa.Column(
            "assignee_id", sa.String(length=36), nullable=True, comment="person who must act now, if one is named"
        ),
        sa.Column(
            "due_on", sa.String(length=10), nullable=True, comment="day in Amsterdam; 9999-12-31 when nothing is due"
        ),
        sa.ForeignKeyConstraint(["addressee_id"], ["organisations.id"], name=op.f("fk_parts_addressee_id")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_parts_case_id")),
        sa.ForeignKeyConstraint(["submitter_id"], ["organisations.id"], name=op.f("fk_parts_submitter_id")),
        sa.ForeignKeyConstraint(["team_id"], ["organisations.id"], name=op.f("fk_parts_team_id")),
        sa.ForeignKeyConstraint(["workflow"], ["workflows.hash"], name=op.f("fk_parts_workflow")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_parts")),
        sa.UniqueConstraint("id", "case_id", name="uq_parts_id_case_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_parts_addressee", "parts", ["addressee_id", "due_on", "id"], unique=False)
    op.create_index("ix_parts_assignee", "parts", ["assignee_id", "due_on", "id"], unique=False)
    op.create_index("ix_parts_case_id", "parts", ["case_id"], unique=False)
    op.create_index("ix_parts_party", "parts", ["party_id", "due_on", "id"], unique=False)
    op.create_index("ix_parts_submitter", "parts", ["submitter_id", "due_on", "id"], unique=False)
    op.create_index("ix_parts_team", "parts", ["team_id", "due_on", "id"], unique=False)
    op.create_table(
        "transitions",
        sa.Column("case_id", sa.String(length=36), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False, comment="gapless per case, from 1"),
        sa.Column("prev_sequence", sa.Integer(), nullable=True, comment="sequence - 1; null on the first"),
        sa.Column("part_id", sa.String(length=36), nullable=False),
        sa.Column("part_kind", sa.String(length=20), nullable=False),
        sa.Column("part_sequence", sa.Integer(), nullable=False, comment="gapless per part, from 1"),
        sa.Column("prev_part_sequence", sa.Integer(), nullable=True, comment="part_sequence - 1; null on the first"),
        sa.Column(
            "prev_digest", sa.String(length=64), nullable=True, comment="digest of the entry before; null on the first"
        ),
        sa.Column(
            "digest",
            sa.String(length=64),
            nullable=False,
            comment="H(prev_digest, sequence, facts_digest, content_digest)",
        ),
        sa.Column("facts_digest", sa.String(length=64), nullable=False),
        sa.Column("content_digest", sa.String(length=64), nullable=True, comment="null: no content"),
        sa.Column(
            "facts_salt",
            sa.LargeBinary(length=16),
            nullable=True,
            comment="null once the case is destroyed: then every fact below is too",
        ),
        sa.Column("workflow", sa.String(length=64), nullable=True, comment="definition it was made under"),
        sa.Column("settings", sa.String(length=64), nullable=True, comment="region settings it was made under"),
        sa.Column("trigger_name", sa.String(length=60), nullable=True, comment="what somebody did"),
        sa.Column("source", sa.String(length=60), nullable=True, comment="'start' on the first of a part"),
        sa.Column("target", sa.String(length=60), nullable=True),
        sa.Column("phase", sa.String(length=20), nullable=True),
        sa.Column("region", sa.String(length=4), nullable=True),
        sa.Column("occurred_at", sa.BigInteger(), nullable=True, comment="in life; never decreases within a part"),
        sa.Column(
            "recorded_at", sa.BigInteger(), nullable=True, comment="in the system; never decreases within a case"
        ),
        sa.Column("actor_id", sa.String(length=36), nullable=True),
        sa.Column("role", sa.String(length=30), nullable=True, comment="in which the actor acted"),
        sa.Column("organisation_id", sa.String(length=36), nullable=True, comment="for which the actor acted"),
        sa.Column("party", sa.String(length=30), nullable=True, comment="role that must act next"),
        sa.Column("party_id", sa.String(length=36), nullable=True),
        sa.Column("assignee_id", sa.String(length=36), nullable=True),
        sa.Column("due_on", sa.String(length=10), nullable=True),
        sa.Column("line", sa.String(length=10), nullable=True),
        sa.Column("addressee_id", sa.String(length=36), nullable=True),
        sa.Column("cause", sa.Integer(), nullable=True, comment="sequence of the entry that began this part"),
        sa.Column(
            "form", sa.String(length=60), nullable=True, comment="name and version of the form, as in referral@1"
        ),
        sa.Column("codes", sa.Text(), nullable=True, comment="canonical JSON: code list -> codes chosen"),
        sa.Column("age_band", sa.String(length=10), nullable=True),
        sa.CheckConstraint(
            "facts_salt IS NULL OR (part_sequence = 1) = (source = 'start')", name=op.f("ck_transitions_starts_once")
        ),
        sa.CheckConstraint("(prev_sequence IS NULL) = (prev_digest IS NULL)", name=op.f("ck_transitions_chained")),
        sa.CheckConstraint(
            "cause IS NULL OR cause < sequence AND part_sequence = 1", name=op.f("ck_transitions_caused_before")
        ),
        sa.CheckConstraint(
            "CASE WHEN facts_salt IS NULL THEN trigger_name IS NULL AND source IS NULL AND target IS NULL AND phase IS NULL AND region IS NULL AND occurred_at IS NULL AND recorded_at IS NULL AND actor_id IS NULL AND role IS NULL AND organisation_id IS NULL AND settings IS NULL AND workflow IS NULL ELSE trigger_name IS NOT NULL AND source IS NOT NULL AND target IS NOT NULL AND phase IS NOT NULL AND region IS NOT NULL AND occurred_at IS NOT NULL AND recorded_at IS NOT NULL AND actor_id IS NOT NULL AND role IS NOT NULL AND organisation_id IS NOT NULL AND settings IS NOT NULL AND workflow IS NOT NULL END",
            name=op.f("ck_transitions_facts_together"),
        ),
        sa.CheckConstraint(
            "CASE WHEN part_sequence = 1 THEN prev_part_sequence IS NULL ELSE prev_part_sequence IS NOT NULL AND prev_part_sequence = part_sequence - 1 END",
            name=op.f("ck_transitions_follows_in_part"),
        ),
        sa.CheckConstraint(
            "CASE WHEN sequence = 1 THEN prev_sequence IS NULL ELSE prev_sequence IS NOT NULL AND prev_sequence = sequence - 1 END",
            name=op.f("ck_transitions_follows_in_case"),
        ),
        sa.ForeignKeyConstraint(["actor_id"], ["people.id"], name=op.f("fk_transitions_actor_id")),
        sa.ForeignKeyConstraint(
            ["case_id", "prev_sequence", "prev_digest"],
            ["transitions.case_id", "transitions.sequence", "transitions.digest"],
            name="fk_transitions_chain",
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_transitions_case_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_transitions_organisation_id")),
        sa.ForeignKeyConstraint(["part_id", "case_id"], ["parts.id", "parts.case_id"], name="fk_transitions_part"),
        sa.ForeignKeyConstraint(
            ["part_id", "prev_part_sequence", "source"],
            ["transitions.part_id", "transitions.part_sequence", "transitions.target"],
            name="fk_transitions_path",
        ),
        sa.ForeignKeyConstraint(["settings"], ["region_settings.hash"], name=op.f("fk_transitions_settings")),
        sa.ForeignKeyConstraint(
            ["workflow", "trigger_name", "source", "target"],
            [
                "workflow_edges.workflow",
                "workflow_edges.trigger_name",
                "workflow_edges.source",
                "workflow_edges.target",
            ],
            name="fk_transitions_edge",
        ),
        sa.PrimaryKeyConstraint("case_id", "sequence", name=op.f("pk_transitions")),
        sa.UniqueConstraint("case_id", "sequence", "digest", name="uq_transitions_digest"),
        sa.UniqueConstraint("part_id", "part_sequence", "target", name="uq_transitions_target"),
        sa.UniqueConstraint("part_id", "part_sequence", name="uq_transitions_part"),
        comment="the history: append-only",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "contents",
        sa.Column("case_id", sa.String(length=36), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("content_class", sa.String(length=20), nullable=False, comment="which of the case's keys"),
        sa.Column("form", sa.String(length=60), nullable=True),
        sa.Column(
            "salt", sa.LargeBinary(length=16), nullable=True, comment="null once destroyed, with nonce and ciphertext"
        ),
        sa.Column("nonce", sa.LargeBinary(length=12), nullable=True),
        sa.Column(
            "ciphertext",
            sa.LargeBinary(),
            nullable=True,
            comment="AES-256-GCM; free text, names and forms live here and nowhere else",
        ),
        sa.ForeignKeyConstraint(
            ["case_id", "sequence"], ["transitions.case_id", "transitions.sequence"], name="fk_contents_transition"
        ),
        sa.PrimaryKeyConstraint("case_id", "sequence", name=op.f("pk_contents")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("case_id", sa.String(length=36), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("type", sa.String(length=60), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id", "sequence"], ["transitions.case_id", "transitions.sequence"], name="fk_outbox_transition"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("case_id", "sequence", name=op.f("uq_outbox_case_id")),
        comment="news to tell: a reference, never content",
    )
    protections = (SQL / f"0001-{op.get_bind().dialect.name}.sql").read_text(encoding="utf-8")
    for statement in protections.split("\n------\n"):
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    op.drop_table("outbox")
    op.drop_table("contents")
    op.drop_table("transitions")
    op.drop_table("parts")
    op.drop_table("memberships")
    op.drop_table("coverages")
    op.drop_table("cases")
    op.drop_table("organisations")
    op.drop_table("workflow_edges")
    op.drop_table("requests")
    op.drop_table("municipalities")
    op.drop_table("drafts")
    op.drop_table("access_log")
    op.drop_table("workflows")
    op.drop_table("regions")
    op.drop_table("region_settings")
    op.drop_table("people")
    op.drop_table("case_keys", schema="keys")
    if op.get_bind().dialect.name == "postgresql":
        for function in FUNCTIONS:
            op.execute(f"DROP FUNCTION {function}()")
        op.execute("DROP SCHEMA keys")
