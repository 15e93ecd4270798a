"""Scenes: a folder of case files is a chapter, each file is one form that somebody sends."""

import json
import re
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, model_validator

Json = dict[str, Any]
YEAR = timedelta(weeks=52)
BEGINNINGS = ("submit", "ask_consult")

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_MONTH = re.compile(r"\d{4}-\d{2}")


class Refusal(BaseModel):
    """The "no" that a wrong turn meets: its status, its code, and every reason, as `code` or as `code at /place`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    status: int
    code: str
    reasons: tuple[str, ...] = ()


class Scene(BaseModel):
    """Who does what, when, to which part of the case, and what comes of it: a state, or a refusal.

    `part` is a kind and, where there are several, a line of the advice, who was asked, or the moment of a check:
    "commitment B". Without it, it is the case. A submission or a question begins a case of its own, and what follows is
    about that one. `opens` are the parts that begin with it. `version` is what somebody had read before they acted,
    where it was old.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    told: str
    who: str
    when: AwareDatetime
    trigger: str
    part: str = "case"
    version: int | None = None
    grounds: str | None = None
    form: Json | None = None
    becomes: str | None = None
    opens: tuple[str, ...] = ()
    refusal: Refusal | None = None

    @model_validator(mode="after")
    def _ends_one_way(self) -> "Scene":
        if (self.becomes is None) == (self.refusal is None):
            raise ValueError(f"{self.name}: a scene becomes a state or is refused")
        return self

    @property
    def begins(self) -> bool:
        return self.trigger in BEGINNINGS

    @property
    def kind(self) -> str:
        return self.part.partition(" ")[0]


def read_chapter(folder: Path, now: datetime) -> list[Scene]:
    """The scenes of a folder, in order. Their days are moved by whole years, so that the last one has been.

    A year of 52 weeks: a Monday stays a Monday, and the summer stays the summer.
    """
    written = [{"name": file.stem, **json.loads(file.read_text("utf-8"))} for file in sorted(folder.glob("*.json"))]
    last = max(datetime.fromisoformat(one["when"]) for one in written)
    years = (now - last) // YEAR * YEAR
    return [Scene.model_validate(_moved(one, years)) for one in written]


def _moved(value: Any, by: timedelta) -> Any:
    """The same, later: every value that is a day, a moment or a month, and nothing else."""
    if isinstance(value, dict):
        return {name: _moved(one, by) for name, one in value.items()}
    if isinstance(value, list):
        return [_moved(one, by) for one in value]
    if not isinstance(value, str) or not _MONTH.match(value):
        return value
    if _DAY.fullmatch(value):
        return (date.fromisoformat(value) + by).isoformat()
    if _MONTH.fullmatch(value):
        return (date.fromisoformat(f"{value}-15") + by).isoformat()[:7]
    return (datetime.fromisoformat(value) + by).isoformat()


def resolved(value: Any, ids: Json) -> Any:
    """The form with the id of every organisation and person that a file names: {"idOf": "Jeugdhulp De Veste"}."""
    if isinstance(value, dict):
        return ids[value["idOf"]] if value.keys() == {"idOf"} else {k: resolved(v, ids) for k, v in value.items()}
    return [resolved(one, ids) for one in value] if isinstance(value, list) else value
