"""What the outside hears of a transition: a CloudEvent (NL GOV profile 1.1) that refers to it and holds none of it.

Type: nl.jeugdcasussen.<kind of part, in the plural>.<trigger>.v1, as in nl.jeugdcasussen.commitments.refuse.v1; what
each trigger means stands with its workflow. No name, no word that somebody typed and no code that describes a child
leaves here: whoever needs more follows `dataref`, with rights of their own.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, WithJsonSchema
from pydantic.alias_generators import to_camel

from service.vocabulary.calendar import in_utc_text
from service.workflows.rules.kinds import collection, event_type

CLOUDEVENTS_JSON = "application/cloudevents+json"
TYPE_PATTERN = r"^nl\.jeugdcasussen(\.[a-z]+(-[a-z]+)*){2}\.v1$"
# Sequences are text that sorts as the numbers do, up to the largest that sequencetype Integer knows.
_DIGITS = 10

Utc = Annotated[
    datetime,
    PlainSerializer(in_utc_text),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """A transition as one organisation hears of it: its `position` in that organisation's feed, and bare facts."""

    position: int
    case_id: UUID
    part_id: UUID
    part_kind: str
    part_sequence: int
    trigger: str
    state: str
    phase: str
    occurred_at: datetime
    recorded_at: datetime


class EventData(BaseModel):
    """What happened with which part, in codes of its workflow. `occurredAt`: in life; the event's time: recorded."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)

    case_id: UUID
    part_id: UUID
    part_kind: str
    part_sequence: int = Field(ge=1, description="Gapless per part: whoever hears of a part can tell what is missing.")
    trigger: str
    state: str
    phase: str
    occurred_at: Utc


class Event(BaseModel):
    """A CloudEvent 1.0. The same event has the same id whoever hears it and however often; `sequence` is the feed's."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    specversion: Literal["1.0"] = "1.0"
    id: str = Field(description="Id of the part and number of the transition in it: unique, for ever the same.")
    source: str = Field(description="The organisation and the system that tell it (urn:nld).")
    type: str = Field(description="What happened: nl.jeugdcasussen.<kind of part>.<trigger>.v1.", pattern=TYPE_PATTERN)
    subject: str = Field(description="Id of the case.")
    time: Utc = Field(description="When it was recorded; data tells when it happened.")
    datacontenttype: Literal["application/json"] = "application/json"
    dataschema: str = Field(description="Where the schema of data stands.", json_schema_extra={"format": "uri"})
    dataref: str = Field(
        description="The transition itself, for whoever may see it.", json_schema_extra={"format": "uri"}
    )
    sequence: str = Field(description="Position in the feed of the organisation that hears it.", pattern="^[0-9]{10}$")
    sequencetype: Literal["Integer"] = "Integer"
    data: EventData


def to_event(news: News, *, source: str, address: str) -> Event:
    """The event as it is told. `address`: how users reach the service, without /v1."""
    part = "" if news.part_kind == "case" else f"/{collection(news.part_kind)}/{news.part_id}"
    return Event(
        id=f"{news.part_id}:{news.part_sequence}",
        source=source,
        type=event_type(news.part_kind, news.trigger),
        subject=str(news.case_id),
        time=news.recorded_at,
        dataschema=f"{address}/v1/openapi.json#/components/schemas/EventData",
        dataref=f"{address}/v1/cases/{news.case_id}{part}/transitions/{news.part_sequence}",
        sequence=f"{news.position:0{_DIGITS}d}",
        data=EventData(
            case_id=news.case_id,
            part_id=news.part_id,
            part_kind=news.part_kind,
            part_sequence=news.part_sequence,
            trigger=news.trigger,
            state=news.state,
            phase=news.phase,
            occurred_at=news.occurred_at,
        ),
    )
