"""Tables of workflows, of migration plans between them, and of the settings of regions."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, PrimaryKeyConstraint, String, Table, Text

from service.database.columns import WITHOUT_ROWID, id_column, metadata

workflows = Table(
    "workflows",
    metadata,
    Column("hash", String(64), primary_key=True, comment="SHA-256 of the canonical form: the identity"),
    Column("name", String(30), nullable=False, comment="kind of part it governs"),
    Column("definition", Text, nullable=False, comment="canonical JSON; never changed"),
    Column("edges", Integer, nullable=False, comment="how many it has: none is added afterwards"),
    Column("added_at", BigInteger, nullable=False),
    **WITHOUT_ROWID,
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
    **WITHOUT_ROWID,
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
    id_column("actor_id", ForeignKey("people.id")),
    comment="how parts that run go from one workflow to another: append-only",
    **WITHOUT_ROWID,
)

region_settings = Table(
    "region_settings",
    metadata,
    Column("hash", String(64), primary_key=True, comment="SHA-256 of the canonical form"),
    Column("settings", Text, nullable=False, comment="canonical JSON; never changed"),
    **WITHOUT_ROWID,
)

dated_region_settings = Table(
    "dated_region_settings",
    metadata,
    id_column("id", ForeignKey("administrative_changes.id"), comment="the change that decided it"),
    Column("region", String(4), ForeignKey("regions.code"), nullable=False),
    Column("valid_from", String(10), nullable=False, comment="first day; the last recorded for a day holds"),
    Column("changes", Text, nullable=False, comment="canonical JSON: what differs from the default"),
    Column("settings", String(64), ForeignKey("region_settings.hash"), nullable=False, comment="all of it, that day"),
    Column("recorded_at", BigInteger, nullable=False),
    id_column("actor_id", ForeignKey("people.id")),
    PrimaryKeyConstraint("id"),
    Index("ix_dated_region_settings_region", "region", "valid_from", "recorded_at", "id"),
    comment="what a region decided from which day on: append-only",
    **WITHOUT_ROWID,
)
