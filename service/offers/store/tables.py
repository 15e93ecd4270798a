"""Tables of offers, their statements and endings, and of the gap figures of destroyed cases."""

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, PrimaryKeyConstraint, String, Table, Text

from service.database.columns import WITHOUT_ROWID, id_column, metadata

offers = Table(
    "offers",
    metadata,
    id_column("id"),
    id_column("provider_id", ForeignKey("organisations.id"), comment="whose offer it is"),
    Column("domain", String(30), nullable=False, comment="advice_domain: living and treatment stand apart (R37)"),
    Column("domain_text", Text),
    Column("function", String(60), nullable=False, comment="help_function: not beds (R130)"),
    Column("function_text", Text),
    Column("expertise", Text, nullable=False, comment="in the provider's words; never about a child"),
    Column("region", String(4), ForeignKey("regions.code"), comment="that it serves; null: every region (R23)"),
    Column("valid_from", String(10), nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    id_column("actor_id", ForeignKey("people.id")),
    id_column("organisation_id", ForeignKey("organisations.id"), comment="for which the actor acted"),
    PrimaryKeyConstraint("id"),
    comment="what providers can do: append-only",
    **WITHOUT_ROWID,
)

offer_statements = Table(
    "offer_statements",
    metadata,
    id_column("offer_id", ForeignKey("offers.id")),
    Column("number", Integer, nullable=False, comment="counts from 1 in the offer"),
    Column("stated_on", String(10), nullable=False, comment="day on which it was so"),
    Column("places_free", Integer, comment="null: not known"),
    Column("waiting_days", Integer, comment="null: not known"),
    Column("note", String(300), comment="never about a child"),
    Column("recorded_at", BigInteger, nullable=False),
    id_column("actor_id", ForeignKey("people.id")),
    id_column("organisation_id", ForeignKey("organisations.id"), comment="for which the actor acted"),
    PrimaryKeyConstraint("offer_id", "number"),
    comment="what was stated when: append-only, for what was known then",
    **WITHOUT_ROWID,
)

offer_endings = Table(
    "offer_endings",
    metadata,
    id_column("offer_id", ForeignKey("offers.id")),
    Column("last_day", String(10), nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    id_column("actor_id", ForeignKey("people.id")),
    id_column("organisation_id", ForeignKey("organisations.id"), comment="for which the actor acted"),
    PrimaryKeyConstraint("offer_id"),
    comment="an offer ends once: append-only",
    **WITHOUT_ROWID,
)


kept_figures = Table(
    "kept_figures",
    metadata,
    Column("region", String(4), ForeignKey("regions.code"), nullable=False),
    Column("year", Integer, nullable=False),
    Column("domain", String(30), nullable=False, comment="missing_domain"),
    Column("function", String(60), nullable=False, comment="missing_function"),
    Column("cases", Integer, nullable=False, comment="how many destroyed cases wanted it"),
    PrimaryKeyConstraint("region", "year", "domain", "function"),
    comment="what destroyed cases still count for in the sum of what is missing",
)
