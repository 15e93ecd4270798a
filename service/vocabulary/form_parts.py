"""The pieces that forms are made of, the coded facts they give and the faults they have."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

ContentClass = Literal["referral", "review", "advice", "help", "escalation", "notes"]


Codes = dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong in a form. `location` is the JSON path in camelCase; the sentence stands in messages.toml."""

    code: str
    location: tuple[str | int, ...]
    params: Mapping[str, str | int] = field(default_factory=dict)


class FormPart(BaseModel):
    """A piece of a form: immutable, camelCase outside, unknown fields refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel)
