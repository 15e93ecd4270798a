"""The scenes of a chapter: a folder of JSON files, each with one step that a person takes."""

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


class ExpectedRefusal(BaseModel):
    """The refusal that a scene expects: status, code and every reason, as `code` or as `code at /location`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    status: int
    code: str
    reasons: tuple[str, ...] = ()


class Scene(BaseModel):
    """A step by a person on a part of the case, with its outcome: a state or a refusal.

    `part`: a kind and, where there are several, the line of the advice, the addressee or the moment of a check, such as
    "commitment B"; the case by default. A submission or a question begins a new case, and the scenes after it are about
    that case. `opens`: the parts that begin with the step. `version`: the version that the person read, if not the
    present one. `told` is the text for the account.
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
    refusal: ExpectedRefusal | None = None

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
    """Returns the scenes of a folder, in order. Their days are shifted by whole years, so that the last is in the past.

    A year is 52 weeks here, so that days of the week and, roughly, seasons stay.
    """
    files = [{"name": file.stem, **json.loads(file.read_text("utf-8"))} for file in sorted(folder.glob("*.json"))]
    last = max(datetime.fromisoformat(content["when"]) for content in files)
    years = (now - last) // YEAR * YEAR
    return [Scene.model_validate(_shifted(content, years)) for content in files]


def _shifted(value: Any, by: timedelta) -> Any:
    """Returns the JSON value with every day, moment and month shifted."""
    if isinstance(value, dict):
        return {name: _shifted(member, by) for name, member in value.items()}
    if isinstance(value, list):
        return [_shifted(item, by) for item in value]
    if not isinstance(value, str) or not _MONTH.match(value):
        return value
    if _DAY.fullmatch(value):
        return (date.fromisoformat(value) + by).isoformat()
    if _MONTH.fullmatch(value):
        return (date.fromisoformat(f"{value}-15") + by).isoformat()[:7]
    return (datetime.fromisoformat(value) + by).isoformat()


def resolve_ids(value: Any, ids: Json) -> Any:
    """Returns the form with an id in place of every {"idOf": "Jeugdhulp De Veste"}. `ids`: name -> id."""
    if isinstance(value, dict):
        if value.keys() == {"idOf"}:
            return ids[value["idOf"]]
        return {name: resolve_ids(member, ids) for name, member in value.items()}
    return [resolve_ids(item, ids) for item in value] if isinstance(value, list) else value
