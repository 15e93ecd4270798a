"""The CloudEvent (NL GOV profile 1.1) of a transition. It refers to the transition and holds no content.

The type is nl.jeugdcasussen.<kind of part, in the plural>.<trigger>.v1, as in nl.jeugdcasussen.commitments.refuse.v1.
Workflows define the triggers. An event holds no name, no free text and no code that describes a child. A receiver
that needs more follows `dataref` with access rights of its own.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, WithJsonSchema
from pydantic.alias_generators import to_camel

from service.vocabulary.calendar import utc_text
from service.workflows.rules.kinds import event_type, plural_of

CLOUDEVENTS_JSON = "application/cloudevents+json"
TYPE_PATTERN = r"^nl\.jeugdcasussen(\.[a-z]+(-[a-z]+)*){2}\.v1$"
# Digits of the largest sequence of sequencetype Integer (32 bits). Zero-padded text sorts like the numbers.
_DIGITS = 10

EventTime = Annotated[
    datetime,
    PlainSerializer(utc_text),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedEntry:
    """A transition in the feed of one organisation: its `position` in that feed, and facts without content."""

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
    """The transition of a part, in codes of its workflow. `occurredAt`: time in life. `time`: time of recording."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)

    case_id: UUID
    part_id: UUID
    part_kind: str
    part_sequence: int = Field(ge=1, description="Gapless per part, so that a receiver can detect missing events.")
    trigger: str
    state: str
    phase: str
    occurred_at: EventTime


class Event(BaseModel):
    """A CloudEvent 1.0. An event has the same id for all receivers and attempts. `sequence`: position in the feed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    specversion: Literal["1.0"] = "1.0"
    id: str = Field(description="Id of the part and number of the transition in it: unique and permanent.")
    source: str = Field(description="The organisation and the system that publish the event (urn:nld).")
    type: str = Field(description="nl.jeugdcasussen.<kind of part, in the plural>.<trigger>.v1.", pattern=TYPE_PATTERN)
    subject: str = Field(description="Id of the case.")
    time: EventTime = Field(description="Time of recording; `data.occurredAt` is the time at which it happened.")
    datacontenttype: Literal["application/json"] = "application/json"
    dataschema: str = Field(description="URL of the schema of `data`.", json_schema_extra={"format": "uri"})
    dataref: str = Field(
        description="URL of the transition, for readers with access to it.", json_schema_extra={"format": "uri"}
    )
    sequence: str = Field(description="Position in the feed of the receiving organisation.", pattern="^[0-9]{10}$")
    sequencetype: Literal["Integer"] = "Integer"
    data: EventData


def to_event(entry: FeedEntry, *, source: str, address: str) -> Event:
    """Returns the event of a feed entry. `address`: public URL of the service, without /v1."""
    part = "" if entry.part_kind == "case" else f"/{plural_of(entry.part_kind)}/{entry.part_id}"
    return Event(
        id=f"{entry.part_id}:{entry.part_sequence}",
        source=source,
        type=event_type(entry.part_kind, entry.trigger),
        subject=str(entry.case_id),
        time=entry.recorded_at,
        dataschema=f"{address}/v1/openapi.json#/components/schemas/EventData",
        dataref=f"{address}/v1/cases/{entry.case_id}{part}/transitions/{entry.part_sequence}",
        sequence=f"{entry.position:0{_DIGITS}d}",
        data=EventData(
            case_id=entry.case_id,
            part_id=entry.part_id,
            part_kind=entry.part_kind,
            part_sequence=entry.part_sequence,
            trigger=entry.trigger,
            state=entry.state,
            phase=entry.phase,
            occurred_at=entry.occurred_at,
        ),
    )
