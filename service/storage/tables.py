"""The tables, column by column. Times are microseconds UTC, days ISO text, identifiers text, digests hexadecimal."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)
NO_DAY = "9999-12-31"
KEYS_SCHEMA = "keys"
# What is kept for ever has no row number of SQLite's own beside its key: a row could be replaced under that number,
# past every protection that looks at the key.
NO_ROWID: dict[str, Any] = {"sqlite_with_rowid": False}


def _id(name: str, *args: ForeignKey, nullable: bool = False, comment: str = "") -> Column[str]:
    return Column(name, String(36), *args, nullable=nullable, comment=comment or None)


def _index_where(held: str, name: str, *columns: str) -> Index:
    """An index of the few rows for which this holds; a statement that is to use it says so in the same words.

    SQLite makes no use of one on a table without rowids where the key begins with the same column.
    """
    return Index(name, *columns, sqlite_where=text(held), postgresql_where=text(held))


regions = Table(
    "regions",
    metadata,
    Column("code", String(4), primary_key=True, comment="CBS code of the youth region"),
    Column("name", String(100), nullable=False),
    Column("expertise_network", String(100), nullable=False, comment="coordinating municipality; inferred, editable"),
)

municipalities = Table(
    "municipalities",
    metadata,
    Column("code", String(6), primary_key=True, comment="CBS code"),
    Column("name", String(100), nullable=False),
    Column("region", String(4), ForeignKey("regions.code"), nullable=False, comment="derived by area, see README"),
)

organisations = Table(
    "organisations",
    metadata,
    _id("id"),
    Column("kind", String(30), nullable=False, comment="local_team, expert_team, provider, municipality, cce, …"),
    Column("name", String(200), nullable=False),
    Column("municipality", String(6), ForeignKey("municipalities.code"), comment="of a municipality or local team"),
    PrimaryKeyConstraint("id"),
)

coverages = Table(
    "coverages",
    metadata,
    _id("organisation_id", ForeignKey("organisations.id")),
    Column("region", String(4), ForeignKey("regions.code"), nullable=False),
    Column("valid_from", String(10), nullable=False, comment="first day (I29)"),
    Column("valid_until", String(10), nullable=False, comment="last day; 9999-12-31: until further notice"),
    PrimaryKeyConstraint("organisation_id", "region", "valid_from"),
)

people = Table(
    "people",
    metadata,
    _id("id"),
    Column("issuer", String(300), nullable=False, comment="who vouches for the person (iss)"),
    Column("subject", String(300), nullable=False, comment="the person at that issuer (sub)"),
    Column("name", String(200), nullable=False),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("issuer", "subject"),
)

memberships = Table(
    "memberships",
    metadata,
    _id("person_id", ForeignKey("people.id")),
    _id("organisation_id", ForeignKey("organisations.id")),
    Column("role", String(30), nullable=False),
    Column("valid_from", String(10), nullable=False),
    Column("valid_until", String(10), nullable=False),
    PrimaryKeyConstraint("person_id", "organisation_id", "role", "valid_from"),
)

workflows = Table(
    "workflows",
    metadata,
    Column("hash", String(64), primary_key=True, comment="SHA-256 of the canonical form: the identity"),
    Column("name", String(30), nullable=False, comment="kind of part it governs"),
    Column("definition", Text, nullable=False, comment="canonical JSON; never changed"),
    Column("edges", Integer, nullable=False, comment="how many it has: none is added afterwards"),
    Column("added_at", BigInteger, nullable=False),
    **NO_ROWID,
)

workflow_edges = Table(
    "workflow_edges",
    metadata,
    Column("workflow", String(64), ForeignKey("workflows.hash"), nullable=False),
    Column("trigger_name", String(60), nullable=False),
    Column("source", String(60), nullable=False),
    Column("target", String(60), nullable=False),
    PrimaryKeyConstraint("workflow", "trigger_name", "source", "target"),
    comment="every edge of every definition ever used: what a history row may say",
    **NO_ROWID,
)

workflow_plans = Table(
    "workflow_plans",
    metadata,
    Column(
        "hash",
        String(64),
        ForeignKey("workflows.hash"),
        primary_key=True,
        comment="of the plan as a definition, with its edges",
    ),
    Column("kind", String(30), nullable=False, comment="kind of part that it moves"),
    Column("from_workflow", String(64), ForeignKey("workflows.hash"), nullable=False),
    Column("to_workflow", String(64), ForeignKey("workflows.hash"), nullable=False),
    Column("made_at", BigInteger, nullable=False),
    _id("actor_id", ForeignKey("people.id")),
    comment="how parts that run go from one workflow to another: append-only",
    **NO_ROWID,
)

region_settings = Table(
    "region_settings",
    metadata,
    Column("hash", String(64), primary_key=True, comment="SHA-256 of the canonical form"),
    Column("settings", Text, nullable=False, comment="canonical JSON; never changed"),
    **NO_ROWID,
)

administrative_changes = Table(
    "administrative_changes",
    metadata,
    _id("id"),
    Column("at", BigInteger, nullable=False),
    _id("actor_id", ForeignKey("people.id"), nullable=True, comment="null: the first administrator, made by command"),
    _id("organisation_id", ForeignKey("organisations.id"), comment="for which the actor acted"),
    Column("action", String(30), nullable=False),
    Column("subject_kind", String(20), nullable=False, comment="organisation, person or region"),
    Column("subject", String(36), nullable=False, comment="its id or code"),
    Column("details", Text, nullable=False, comment="canonical JSON: ids, codes and days, never a name"),
    PrimaryKeyConstraint("id"),
    Index("ix_administrative_changes_at", "at", "id"),
    comment="who changed what around the cases: append-only",
    **NO_ROWID,
)

dated_region_settings = Table(
    "dated_region_settings",
    metadata,
    _id("id", ForeignKey("administrative_changes.id"), comment="the change that decided it"),
    Column("region", String(4), ForeignKey("regions.code"), nullable=False),
    Column("valid_from", String(10), nullable=False, comment="first day; the last recorded for a day holds"),
    Column("changes", Text, nullable=False, comment="canonical JSON: what differs from the default"),
    Column("settings", String(64), ForeignKey("region_settings.hash"), nullable=False, comment="all of it, that day"),
    Column("recorded_at", BigInteger, nullable=False),
    _id("actor_id", ForeignKey("people.id")),
    PrimaryKeyConstraint("id"),
    Index("ix_dated_region_settings_region", "region", "valid_from", "recorded_at", "id"),
    comment="what a region decided from which day on: append-only",
    **NO_ROWID,
)

cases = Table(
    "cases",
    metadata,
    _id("id", comment="random; also the id of the main part"),
    Column("number", String(9), nullable=False, comment="random, to be read over the telephone"),
    Column("region", String(4), ForeignKey("regions.code"), nullable=False, comment="owning region"),
    _id("team_id", ForeignKey("organisations.id"), comment="expert team at the time of submission (I29)"),
    _id("submitter_id", ForeignKey("organisations.id"), comment="organisation that submitted"),
    Column("submitted_at", BigInteger, nullable=False, comment="the child's waiting time counts from here (I8)"),
    Column("sequence", Integer, nullable=False, comment="of the last entry; moved by the database alone"),
    Column("digest", String(64), nullable=False, comment="of the last entry; moved by the database alone"),
    Column("recorded_at", BigInteger, nullable=False, comment="of the last entry; moved by the database alone"),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("number"),
    **NO_ROWID,
)

parts = Table(
    "parts",
    metadata,
    _id("id"),
    _id("case_id", ForeignKey("cases.id")),
    Column("kind", String(20), nullable=False, comment="case, placement, commitment, funding, escalation"),
    _id("team_id", ForeignKey("organisations.id"), comment="as on the case, for lists"),
    _id("submitter_id", ForeignKey("organisations.id"), comment="as on the case, for lists"),
    Column("line", String(10), comment="key of the advice line it answers"),
    _id("addressee_id", ForeignKey("organisations.id"), nullable=True, comment="organisation it is put to"),
    Column("workflow", String(64), ForeignKey("workflows.hash"), nullable=False),
    Column("sequence", Integer, comment="this and all below: the head, moved by the database alone"),
    Column("state", String(60)),
    Column("phase", String(20)),
    Column("occurred_at", BigInteger),
    Column("party", String(30), comment="role that must act now"),
    _id("party_id", nullable=True, comment="organisation that must act now"),
    _id("assignee_id", nullable=True, comment="person who must act now, if one is named"),
    Column("due_on", String(10), comment="day in Amsterdam; 9999-12-31 when nothing is due"),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("id", "case_id", name="uq_parts_id_case_id"),
    Index("ix_parts_case_id", "case_id"),
    Index("ix_parts_team", "team_id", "due_on", "id"),
    Index("ix_parts_submitter", "submitter_id", "due_on", "id"),
    Index("ix_parts_addressee", "addressee_id", "due_on", "id"),
    Index("ix_parts_party", "party_id", "due_on", "id"),
    Index("ix_parts_assignee", "assignee_id", "due_on", "id"),
    **NO_ROWID,
)

# The first entry of a part has no predecessor and starts at "start"; every other follows the one before. CASE and not
# OR: a CHECK that comes out NULL counts as held.
_FOLLOWS = (
    "CASE WHEN {n} = 1 THEN {p} IS NULL ELSE {p} IS NOT NULL AND {p} = {n} - 1 END"  # placeholders, not SQL input
)
_FACTS = (
    "trigger_name source target phase region occurred_at recorded_at actor_id role organisation_id settings workflow"
)

transitions = Table(
    "transitions",
    metadata,
    _id("case_id", ForeignKey("cases.id")),
    Column("sequence", Integer, nullable=False, comment="gapless per case, from 1"),
    Column("prev_sequence", Integer, comment="sequence - 1; null on the first"),
    _id("part_id"),
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
    _id("actor_id", ForeignKey("people.id"), nullable=True),
    Column("role", String(30), comment="in which the actor acted"),
    _id("organisation_id", ForeignKey("organisations.id"), nullable=True, comment="for which the actor acted"),
    Column("party", String(30), comment="role that must act next"),
    _id("party_id", nullable=True),
    _id("assignee_id", nullable=True),
    Column("due_on", String(10)),
    Column("line", String(10)),
    _id("addressee_id", nullable=True),
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
    CheckConstraint(_FOLLOWS.format(n="sequence", p="prev_sequence"), name="follows_in_case"),
    CheckConstraint(_FOLLOWS.format(n="part_sequence", p="prev_part_sequence"), name="follows_in_part"),
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
    _index_where("trigger_name = 'adopt_workflow'", "ix_transitions_adopted", "workflow"),
    _index_where("trigger_name = 'record_gap'", "ix_transitions_gaps", "region"),
    comment="the history: append-only",
    **NO_ROWID,
)

contents = Table(
    "contents",
    metadata,
    _id("case_id"),
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
    **NO_ROWID,
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    _id("case_id"),
    Column("sequence", Integer, nullable=False),
    Column("type", String(60), nullable=False),
    Column("published_at", BigInteger, comment="null: not in the feeds yet"),
    UniqueConstraint("case_id", "sequence"),
    ForeignKeyConstraint(
        ["case_id", "sequence"], ["transitions.case_id", "transitions.sequence"], name="fk_outbox_transition"
    ),
    _index_where("published_at IS NULL", "ix_outbox_unpublished", "id"),
    comment="news to tell: a reference, never content",
)

feed = Table(
    "feed",
    metadata,
    _id("organisation_id", ForeignKey("organisations.id")),
    Column("position", Integer, nullable=False, comment="gapless per organisation, from 1"),
    Column("prev_position", Integer, comment="position - 1; null on the first"),
    _id("case_id"),
    Column("sequence", Integer, nullable=False),
    PrimaryKeyConstraint("organisation_id", "position"),
    UniqueConstraint("organisation_id", "case_id", "sequence"),
    ForeignKeyConstraint(
        ["organisation_id", "prev_position"], ["feed.organisation_id", "feed.position"], name="fk_feed_follows"
    ),
    ForeignKeyConstraint(
        ["case_id", "sequence"], ["transitions.case_id", "transitions.sequence"], name="fk_feed_transition"
    ),
    CheckConstraint(_FOLLOWS.format(n="position", p="prev_position"), name="follows"),
    comment="what each organisation may hear of, in the order in which it hears it: append-only",
    **NO_ROWID,
)

subscriptions = Table(
    "subscriptions",
    metadata,
    _id("id"),
    _id("organisation_id", ForeignKey("organisations.id"), comment="whose feed it tells"),
    Column("url", String(500), nullable=False),
    Column("types", Text, comment="canonical JSON: the types wanted; null: all"),
    Column("per_minute", Integer, comment="most requests that the receiver allows; null: as many as there are"),
    Column("state", String(10), nullable=False, comment="active, paused, retired"),
    Column("reason", String(30), comment="code: why it was changed last"),
    Column("version", Integer, nullable=False),
    Column("secret", LargeBinary, nullable=False, comment="signs; AES-256 key wrap under the master key (RFC 3394)"),
    Column("previous_secret", LargeBinary, comment="signs as well, until the next rotation"),
    _id("made_by", ForeignKey("people.id")),
    Column("made_at", BigInteger, nullable=False),
    _id("changed_by", ForeignKey("people.id"), nullable=True, comment="null: the receiver itself, with 410"),
    Column("changed_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("id"),
    Index("ix_subscriptions_organisation_id", "organisation_id"),
    comment="webhooks: which organisation is told where",
)

deliveries = Table(
    "deliveries",
    metadata,
    _id("subscription_id", ForeignKey("subscriptions.id")),
    Column("position", Integer, nullable=False, comment="in the feed of the subscription's organisation"),
    _id("case_id", comment="as in the feed: told in order per case"),
    Column("state", String(10), nullable=False, comment="waiting, delivered, dead"),
    Column("attempts", Integer, nullable=False),
    Column("next_at", BigInteger, nullable=False, comment="not tried before; a try under way moves it on"),
    Column("status", Integer, comment="what the receiver answered last"),
    Column("error", String(30), comment="why the last try failed"),
    PrimaryKeyConstraint("subscription_id", "position"),
    _index_where("state = 'waiting'", "ix_deliveries_waiting", "subscription_id", "position"),
    _index_where("state = 'waiting'", "ix_deliveries_waiting_of_case", "subscription_id", "case_id", "position"),
    _index_where("state = 'dead'", "ix_deliveries_dead", "subscription_id", "position"),
    comment="what each webhook was told or still has to be told; never content",
)

requests = Table(
    "requests",
    metadata,
    _id("person_id", ForeignKey("people.id")),
    Column("key", String(200), nullable=False, comment="Idempotency-Key"),
    Column("fingerprint", String(64), nullable=False, comment="HMAC of what was asked"),
    Column("status", Integer, nullable=False),
    _id("case_id", nullable=True),
    Column("sequence", Integer, comment="entry that the answer is rebuilt from"),
    _id("draft_id", nullable=True),
    Column("at", BigInteger, nullable=False),
    PrimaryKeyConstraint("person_id", "key"),
    comment="what was answered to whom: the same request never acts twice",
    **NO_ROWID,
)

drafts = Table(
    "drafts",
    metadata,
    _id("id"),
    _id("person_id", ForeignKey("people.id")),
    Column("version", Integer, nullable=False),
    Column("saved_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("nonce", LargeBinary(12), nullable=False),
    Column("ciphertext", LargeBinary, nullable=False),
    PrimaryKeyConstraint("id"),
    Index("ix_drafts_person_id", "person_id", "saved_at"),
    comment="unsent forms: nobody's history",
)

access_log = Table(
    "access_log",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("event_at", BigInteger, nullable=False, comment="EventDateTime"),
    Column("action", String(1), nullable=False, comment="EventActionCode: R read, C created, E exported"),
    Column("processing_activity", String(60), nullable=False, comment="dpl.core.processing_activity_id"),
    _id("user_id", ForeignKey("people.id"), comment="userID"),
    Column("role", String(30), nullable=False, comment="roleIDCode"),
    _id("organisation_id", comment="on whose behalf"),
    Column("purpose", String(60), nullable=False, comment="purposeOfUse, from role and operation"),
    _id("case_id", nullable=True, comment="participantObjectID; null for an export of many"),
    Column("object_detail", String(300), nullable=False, comment="which forms or advice, never what they say"),
    Column("emergency", Boolean, nullable=False),
    Column("trace_id", String(36), nullable=False),
    Index("ix_access_log_case_id", "case_id", "event_at"),
    comment="every read of content (NEN 7513, Logboek Dataverwerkingen): append-only, kept at least five years",
)

case_keys = Table(
    "case_keys",
    metadata,
    _id("owner_id", comment="case or draft"),
    Column("content_class", String(20), nullable=False),
    Column("wrapped", LargeBinary, nullable=False, comment="AES-256 key wrapped with the master key (RFC 3394)"),
    PrimaryKeyConstraint("owner_id", "content_class"),
    schema=KEYS_SCHEMA,
    comment="kept apart from the data: committed before it, backed up beside it",
)

offers = Table(
    "offers",
    metadata,
    _id("id"),
    _id("provider_id", ForeignKey("organisations.id"), comment="whose offer it is"),
    Column("domain", String(30), nullable=False, comment="advice_domain: living and treatment stand apart (R37)"),
    Column("domain_text", Text),
    Column("function", String(60), nullable=False, comment="help_function: not beds (R130)"),
    Column("function_text", Text),
    Column("expertise", Text, nullable=False, comment="in the provider's words; never about a child"),
    Column("region", String(4), ForeignKey("regions.code"), comment="that it serves; null: every region (R23)"),
    Column("valid_from", String(10), nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    _id("actor_id", ForeignKey("people.id")),
    _id("organisation_id", ForeignKey("organisations.id"), comment="for which the actor acted"),
    PrimaryKeyConstraint("id"),
    comment="what providers can do: append-only",
    **NO_ROWID,
)

offer_statements = Table(
    "offer_statements",
    metadata,
    _id("offer_id", ForeignKey("offers.id")),
    Column("number", Integer, nullable=False, comment="counts from 1 in the offer"),
    Column("stated_on", String(10), nullable=False, comment="day on which it was so"),
    Column("places_free", Integer, comment="null: not known"),
    Column("waiting_days", Integer, comment="null: not known"),
    Column("note", String(300), comment="never about a child"),
    Column("recorded_at", BigInteger, nullable=False),
    _id("actor_id", ForeignKey("people.id")),
    _id("organisation_id", ForeignKey("organisations.id"), comment="for which the actor acted"),
    PrimaryKeyConstraint("offer_id", "number"),
    comment="what was stated when: append-only, for what was known then",
    **NO_ROWID,
)

offer_endings = Table(
    "offer_endings",
    metadata,
    _id("offer_id", ForeignKey("offers.id")),
    Column("last_day", String(10), nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    _id("actor_id", ForeignKey("people.id")),
    _id("organisation_id", ForeignKey("organisations.id"), comment="for which the actor acted"),
    PrimaryKeyConstraint("offer_id"),
    comment="an offer ends once: append-only",
    **NO_ROWID,
)
