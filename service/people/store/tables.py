"""Tables of regions, organisations, people, their dated relations, emergency access and administrative changes."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from service.database.columns import WITHOUT_ROWID, id_column, metadata

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
    id_column("id"),
    Column("kind", String(30), nullable=False, comment="local_team, expert_team, provider, municipality, cce, …"),
    Column("name", String(200), nullable=False),
    Column("municipality", String(6), ForeignKey("municipalities.code"), comment="of a municipality or local team"),
    PrimaryKeyConstraint("id"),
)

coverages = Table(
    "coverages",
    metadata,
    id_column("organisation_id", ForeignKey("organisations.id")),
    Column("region", String(4), ForeignKey("regions.code"), nullable=False),
    Column("valid_from", String(10), nullable=False, comment="first day (I29)"),
    Column("valid_until", String(10), nullable=False, comment="last day; 9999-12-31: until further notice"),
    PrimaryKeyConstraint("organisation_id", "region", "valid_from"),
)

organisation_successions = Table(
    "organisation_successions",
    metadata,
    id_column("organisation_id", ForeignKey("organisations.id"), comment="the organisation that ended"),
    id_column("successor_id", ForeignKey("organisations.id"), comment="also the successor of a successor"),
    Column("last_day", String(10), nullable=False, comment="last day before this successor"),
    PrimaryKeyConstraint("organisation_id", "successor_id"),
    Index("ix_organisation_successions_successor_id", "successor_id"),
    comment="organisations that ended, with all their successors: append-only",
    **WITHOUT_ROWID,
)

municipality_changes = Table(
    "municipality_changes",
    metadata,
    Column("municipality", String(6), ForeignKey("municipalities.code"), nullable=False),
    Column("number", Integer, nullable=False, comment="counts from 1; of one day the last one holds"),
    Column("valid_from", String(10), nullable=False, comment="first day (I29)"),
    Column("region", String(4), ForeignKey("regions.code"), comment="of the municipality from that day"),
    Column("successor", String(6), ForeignKey("municipalities.code"), comment="into which it was dissolved"),
    CheckConstraint("(region IS NULL) <> (successor IS NULL)", name="region_or_successor"),
    PrimaryKeyConstraint("municipality", "number"),
    comment="another region or a successor of a municipality, from a day: append-only",
    **WITHOUT_ROWID,
)

people = Table(
    "people",
    metadata,
    id_column("id"),
    Column("issuer", String(300), nullable=False, comment="who vouches for the person (iss)"),
    Column("subject", String(300), nullable=False, comment="the person at that issuer (sub)"),
    Column("name", String(200), nullable=False),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("issuer", "subject"),
)

memberships = Table(
    "memberships",
    metadata,
    id_column("person_id", ForeignKey("people.id")),
    id_column("organisation_id", ForeignKey("organisations.id")),
    Column("role", String(30), nullable=False),
    Column("valid_from", String(10), nullable=False),
    Column("valid_until", String(10), nullable=False),
    PrimaryKeyConstraint("person_id", "organisation_id", "role", "valid_from"),
)

emergency_accesses = Table(
    "emergency_accesses",
    metadata,
    id_column("part_id", ForeignKey("parts.id"), comment="the part of the case that tells of it"),
    id_column("case_id", ForeignKey("cases.id")),
    id_column("person_id", ForeignKey("people.id")),
    Column("role", String(30), nullable=False, comment="in which the person took it"),
    id_column("organisation_id", ForeignKey("organisations.id")),
    Column("until", BigInteger, nullable=False, comment="over before, once it was reviewed"),
    PrimaryKeyConstraint("part_id"),
    Index("ix_emergency_accesses_person_id", "person_id", "until"),
    comment="who may read which case in an emergency, and until when: append-only",
    **WITHOUT_ROWID,
)

administrative_changes = Table(
    "administrative_changes",
    metadata,
    id_column("id"),
    Column("at", BigInteger, nullable=False),
    id_column(
        "actor_id", ForeignKey("people.id"), nullable=True, comment="null: the first administrator, made by command"
    ),
    id_column("organisation_id", ForeignKey("organisations.id"), comment="for which the actor acted"),
    Column("action", String(30), nullable=False),
    Column("subject_kind", String(20), nullable=False, comment="organisation, person or region"),
    Column("subject", String(36), nullable=False, comment="its id or code"),
    Column("details", Text, nullable=False, comment="canonical JSON: ids, codes and days, never a name"),
    PrimaryKeyConstraint("id"),
    Index("ix_administrative_changes_at", "at", "id"),
    comment="who changed what around the cases: append-only",
    **WITHOUT_ROWID,
)
