"""Tables of cases: parts, history, contents, outbox, drafts and certificates of destruction."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from service.database.columns import PREDECESSOR_CHECK, WITHOUT_ROWID, id_column, metadata, partial_index

_FACTS = (
    "trigger_name source target phase region occurred_at recorded_at actor_id role organisation_id settings workflow"
)

cases = Table(
    "cases",
    metadata,
    id_column("id", comment="random; also the id of the main part"),
    Column("number", String(9), nullable=False, comment="random, to be read over the telephone"),
    Column("region", String(4), ForeignKey("regions.code"), nullable=False, comment="owning region"),
    id_column("team_id", ForeignKey("organisations.id"), comment="expert team at the time of submission (I29)"),
    id_column("submitter_id", ForeignKey("organisations.id"), comment="organisation that submitted"),
    Column("submitted_at", BigInteger, nullable=False, comment="the child's waiting time counts from here (I8)"),
    Column("sequence", Integer, nullable=False, comment="of the last entry; moved by the database alone"),
    Column("digest", String(64), nullable=False, comment="of the last entry; moved by the database alone"),
    Column("recorded_at", BigInteger, nullable=False, comment="of the last entry; moved by the database alone"),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("number"),
    **WITHOUT_ROWID,
)

parts = Table(
    "parts",
    metadata,
    id_column("id"),
    id_column("case_id", ForeignKey("cases.id")),
    Column("kind", String(20), nullable=False, comment="case, placement, commitment, funding, escalation"),
    id_column("team_id", ForeignKey("organisations.id"), comment="as on the case, for lists"),
    id_column("submitter_id", ForeignKey("organisations.id"), comment="as on the case, for lists"),
    Column("line", String(10), comment="key of the advice line it answers"),
    id_column("addressee_id", ForeignKey("organisations.id"), nullable=True, comment="organisation it is put to"),
    Column("workflow", String(64), ForeignKey("workflows.hash"), nullable=False),
    Column("sequence", Integer, comment="this and all below: the head, moved by the database alone"),
    Column("state", String(60)),
    Column("phase", String(20)),
    Column("occurred_at", BigInteger),
    Column("party", String(30), comment="role that must act now"),
    id_column("party_id", nullable=True, comment="organisation that must act now"),
    id_column("assignee_id", nullable=True, comment="person who must act now, if one is named"),
    Column("due_on", String(10), comment="day in Amsterdam; 9999-12-31 when nothing is due"),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("id", "case_id", name="uq_parts_id_case_id"),
    Index("ix_parts_case_id", "case_id"),
    Index("ix_parts_team", "team_id", "due_on", "id"),
    Index("ix_parts_submitter", "submitter_id", "due_on", "id"),
    Index("ix_parts_addressee", "addressee_id", "due_on", "id"),
    Index("ix_parts_party", "party_id", "due_on", "id"),
    Index("ix_parts_assignee", "assignee_id", "due_on", "id"),
    **WITHOUT_ROWID,
)

transitions = Table(
    "transitions",
    metadata,
    id_column("case_id", ForeignKey("cases.id")),
    Column("sequence", Integer, nullable=False, comment="gapless per case, from 1"),
    Column("prev_sequence", Integer, comment="sequence - 1; null on the first"),
    id_column("part_id"),
    Column("part_kind", String(20), nullable=False),
    Column("part_sequence", Integer, nullable=False, comment="gapless per part, from 1"),
    Column("prev_part_sequence", Integer, comment="part_sequence - 1; null on the first"),
    Column("prev_digest", String(64), comment="digest of the entry before; null on the first"),
    Column("digest", String(64), nullable=False, comment="H(prev_digest, sequence, facts_digest, content_digest)"),
    Column("facts_digest", String(64), nullable=False),
    Column("content_digest", String(64), comment="null: no content"),
    Column("facts_salt", LargeBinary(16), comment="null once the case is destroyed: then every fact below is too"),
    Column("workflow", String(64), comment="definition it was made under"),
    Column("settings", String(64), ForeignKey("region_settings.hash"), comment="region settings it was made under"),
    Column("trigger_name", String(60), comment="what somebody did"),
    Column("source", String(60), comment="'start' on the first of a part"),
    Column("target", String(60)),
    Column("phase", String(20)),
    Column("region", String(4)),
    Column("occurred_at", BigInteger, comment="in life; never decreases within a part"),
    Column("recorded_at", BigInteger, comment="in the system; never decreases within a case"),
    id_column("actor_id", ForeignKey("people.id"), nullable=True),
    Column("role", String(30), comment="in which the actor acted"),
    id_column("organisation_id", ForeignKey("organisations.id"), nullable=True, comment="for which the actor acted"),
    Column("party", String(30), comment="role that must act next"),
    id_column("party_id", nullable=True),
    id_column("assignee_id", nullable=True),
    Column("due_on", String(10)),
    Column("line", String(10)),
    id_column("addressee_id", nullable=True),
    Column("cause", Integer, comment="sequence of the entry that began this part"),
    Column("form", String(60), comment="name and version of the form, as in referral@1"),
    Column("codes", Text, comment="canonical JSON: code list -> codes chosen"),
    Column("age_band", String(10)),
    PrimaryKeyConstraint("case_id", "sequence"),
    UniqueConstraint("case_id", "sequence", "digest", name="uq_transitions_digest"),
    UniqueConstraint("part_id", "part_sequence", name="uq_transitions_part"),
    UniqueConstraint("part_id", "part_sequence", "target", name="uq_transitions_target"),
    ForeignKeyConstraint(["part_id", "case_id"], ["parts.id", "parts.case_id"], name="fk_transitions_part"),
    ForeignKeyConstraint(
        ["case_id", "prev_sequence", "prev_digest"],
        ["transitions.case_id", "transitions.sequence", "transitions.digest"],
        name="fk_transitions_chain",
    ),
    ForeignKeyConstraint(
        ["part_id", "prev_part_sequence", "source"],
        ["transitions.part_id", "transitions.part_sequence", "transitions.target"],
        name="fk_transitions_path",
    ),
    ForeignKeyConstraint(
        ["workflow", "trigger_name", "source", "target"],
        [
            "workflow_edges.workflow",
            "workflow_edges.trigger_name",
            "workflow_edges.source",
            "workflow_edges.target",
        ],
        name="fk_transitions_edge",
    ),
    CheckConstraint(PREDECESSOR_CHECK.format(n="sequence", p="prev_sequence"), name="follows_in_case"),
    CheckConstraint(PREDECESSOR_CHECK.format(n="part_sequence", p="prev_part_sequence"), name="follows_in_part"),
    CheckConstraint("(prev_sequence IS NULL) = (prev_digest IS NULL)", name="chained"),
    CheckConstraint("cause IS NULL OR cause < sequence AND part_sequence = 1", name="caused_before"),
    CheckConstraint("facts_salt IS NULL OR (part_sequence = 1) = (source = 'start')", name="starts_once"),
    CheckConstraint(
        "CASE WHEN facts_salt IS NULL THEN "
        + " AND ".join(f"{name} IS NULL" for name in _FACTS.split())
        + " ELSE "
        + " AND ".join(f"{name} IS NOT NULL" for name in _FACTS.split())
        + " END",
        name="facts_together",
    ),
    partial_index("trigger_name = 'adopt_workflow'", "ix_transitions_adopted", "workflow"),
    partial_index("trigger_name = 'record_gap'", "ix_transitions_gaps", "region"),
    comment="the history: append-only",
    **WITHOUT_ROWID,
)

contents = Table(
    "contents",
    metadata,
    id_column("case_id"),
    Column("sequence", Integer, nullable=False),
    Column("content_class", String(20), nullable=False, comment="which of the case's keys"),
    Column("form", String(60)),
    Column("salt", LargeBinary(16), comment="null once destroyed, with nonce and ciphertext"),
    Column("nonce", LargeBinary(12)),
    Column("ciphertext", LargeBinary, comment="AES-256-GCM; free text, names and forms live here and nowhere else"),
    PrimaryKeyConstraint("case_id", "sequence"),
    ForeignKeyConstraint(
        ["case_id", "sequence"], ["transitions.case_id", "transitions.sequence"], name="fk_contents_transition"
    ),
    **WITHOUT_ROWID,
)


drafts = Table(
    "drafts",
    metadata,
    id_column("id"),
    id_column("person_id", ForeignKey("people.id")),
    Column("version", Integer, nullable=False),
    Column("saved_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("nonce", LargeBinary(12), nullable=False),
    Column("ciphertext", LargeBinary, nullable=False),
    PrimaryKeyConstraint("id"),
    Index("ix_drafts_person_id", "person_id", "saved_at"),
    comment="unsent forms: nobody's history",
)


destructions = Table(
    "destructions",
    metadata,
    id_column("case_id", ForeignKey("cases.id")),
    id_column("proposal_id", ForeignKey("destruction_proposals.id")),
    Column("ground", String(20), nullable=False),
    id_column("request_id", nullable=True),
    Column("policy", String(64), nullable=False),
    Column("signed", Text, nullable=False, comment="canonical JSON: who signed as what and when, ids only"),
    Column("destroyed_at", BigInteger, nullable=False),
    Column("day", String(10), nullable=False, comment="the same in Amsterdam"),
    Column("entries", Integer, nullable=False, comment="how many the history had"),
    Column("contents", Integer, nullable=False, comment="how many of them had content"),
    Column("head", String(64), nullable=False, comment="digest of the last entry"),
    Column("certificate", String(64), nullable=False, comment="SHA-256 of the certificate, as in the list outside"),
    Column("replayed_at", BigInteger, comment="null, or when a database that came back was made to follow the list"),
    PrimaryKeyConstraint("case_id"),
    UniqueConstraint("proposal_id"),
    Index("ix_destructions_destroyed_at", "destroyed_at", "case_id"),
    comment="certificates: a row here empties its case, and nothing else does; append-only",
    **WITHOUT_ROWID,
)


content_destructions = Table(
    "content_destructions",
    metadata,
    id_column("case_id"),
    Column("sequence", Integer, nullable=False, comment="of the entry whose content was destroyed"),
    Column("digest", String(64), nullable=False, comment="of that entry"),
    id_column("part_id", comment="part that decided on it; no reference: a database that comes back may lack it"),
    Column("ground", String(20), nullable=False, comment="request or safety"),
    id_column("request_id", nullable=True, comment="part of the case with the request that was granted"),
    Column("signed", Text, nullable=False, comment="canonical JSON: who signed as what and when, ids only"),
    Column("entries", Integer, nullable=False, comment="how many the history had, with the decision"),
    Column("destroyed_at", BigInteger, nullable=False),
    Column("day", String(10), nullable=False, comment="the same in Amsterdam"),
    Column("certificate", String(64), nullable=False, comment="SHA-256 of the certificate, as in the list outside"),
    Column("replayed_at", BigInteger, comment="null, or when a database that came back was made to follow the list"),
    PrimaryKeyConstraint("case_id", "sequence"),
    ForeignKeyConstraint(
        ["case_id", "sequence"], ["contents.case_id", "contents.sequence"], name="fk_content_destructions_content"
    ),
    CheckConstraint("ground IN ('request', 'safety')", name="ground"),
    comment="certificates: a row here empties the content of an entry; append-only",
    **WITHOUT_ROWID,
)


outbox = Table(
    "outbox",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    id_column("case_id"),
    Column("sequence", Integer, nullable=False),
    Column("type", String(60), nullable=False),
    Column("published_at", BigInteger, comment="null: not in the feeds yet"),
    UniqueConstraint("case_id", "sequence"),
    ForeignKeyConstraint(
        ["case_id", "sequence"], ["transitions.case_id", "transitions.sequence"], name="fk_outbox_transition"
    ),
    partial_index("published_at IS NULL", "ix_outbox_unpublished", "id"),
    comment="news to tell: a reference, never content",
)
