"""The rules in force: every workflow a case may run on, and what each region has set from which day on."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, StringConstraints

from service.vocabulary.language import Words
from service.workflows.rules.checks import check_all
from service.workflows.rules.definition import ADOPT, Definition, Diagnostic, Trigger
from service.workflows.rules.kinds import KnownKind, PartKind, Registry
from service.workflows.rules.machine import Workflow
from service.workflows.rules.region_settings import RegionSettings
from service.workflows.rules.workflow_file import Reading, load


class RulesRefused(ValueError):
    """The workflow files contradict themselves or the settings: all that is wrong, a line each."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        lines = (
            f"{it.workflow}.toml {it.path}: [{it.code}] {it.words.nl} / {it.words.en}"
            + (f" ({' > '.join(it.witness)})" if it.witness else "")
            for it in diagnostics
        )
        super().__init__("\n".join(lines))


class UnknownTerms(ValueError):
    """A region sets terms that no state asks for."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(f"unknown terms: {', '.join(names)}")
        self.names = names


@dataclass(frozen=True, slots=True)
class SettingsBook:
    """Settings by region and day: what a region has not decided is as everywhere."""

    default: RegionSettings
    by_region: Mapping[str, tuple[tuple[date, RegionSettings], ...]]

    def on(self, region: str, day: date) -> RegionSettings:
        """The settings of a region on a day: those of the last date that has come."""
        return next(
            (chosen for since, chosen in reversed(self.by_region.get(region, ())) if since <= day), self.default
        )

    def changed(self, changes: Mapping[str, Any]) -> RegionSettings:
        """What a region decides otherwise, and the default for the rest. Raises ValidationError, UnknownTerms."""
        terms = changes.get("terms", {})
        if isinstance(terms, Mapping):
            if unknown := sorted(set(terms) - set(self.default.terms)):
                raise UnknownTerms(unknown)
            terms = {**self.default.model_dump()["terms"], **terms}
        return RegionSettings.model_validate({**self.default.model_dump(), **changes, "terms": terms})

    def named(self) -> dict[str, RegionSettings]:
        """Every set of settings, called by region and first day."""
        dated = {f"{region} {since}": it for region, some in self.by_region.items() for since, it in some}
        return {"default": self.default, **dated}


class _RegionEntry(BaseModel):
    """What a region sets from a day on: any setting of its own; `terms` may name some of the default's."""

    model_config = ConfigDict(extra="allow", frozen=True)

    valid_from: date


class _SettingsFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    default: RegionSettings
    region: dict[Annotated[str, StringConstraints(pattern=r"^JZ\d\d$")], list[_RegionEntry]] = {}


def read_settings(text: str) -> SettingsBook:
    """Read settings.toml. Raises ValueError (pydantic's, with every fault) when it is not what it should be."""
    file = _SettingsFile.model_validate(tomllib.loads(text))
    everywhere = SettingsBook(file.default, MappingProxyType({}))
    by_region = {
        region: tuple(
            (it.valid_from, everywhere.changed(it.model_extra or {}))
            for it in sorted(dated, key=lambda it: it.valid_from)
        )
        for region, dated in file.region.items()
    }
    return replace(everywhere, by_region=MappingProxyType(by_region))


@dataclass(frozen=True, slots=True)
class Rulebook:
    """The newest workflow of each kind for what begins, and all that running cases are pinned to."""

    newest: Mapping[PartKind, Workflow]
    by_hash: Mapping[str, Workflow]
    settings: SettingsBook
    kinds: Registry[KnownKind]

    def current(self, kind: PartKind) -> Workflow:
        return self.newest[kind]

    def pinned(self, workflow_hash: str) -> Workflow:
        return self.by_hash[workflow_hash]

    def trigger(self, workflow_hash: str, name: str) -> Trigger:
        """What somebody did, by the definition it was done under. Every plan moves parts by the same trigger."""
        return ADOPT if name == ADOPT.name else self.by_hash[workflow_hash].definition.triggers[name]

    def tried(self, text: str, kind: PartKind) -> Reading:
        """A workflow file that is not in force, read and checked as at start, beside the other workflows."""
        reading = load(text, f"{kind}.toml")
        if reading.definition is None:
            return reading
        others = (it.definition for name, it in self.newest.items() if name != kind)
        found = _faults((*others, reading.definition), self.settings.named(), self.kinds)
        return Reading(reading.definition, (*reading.diagnostics, *found))

    def step_label(self, reference: str) -> Words | None:
        """What a step is called in the workflows in force, by `kind.trigger`, or by `trigger` where all call it so."""
        kind, _, name = reference.rpartition(".")
        asked = [self.newest[kind]] if kind in self.newest else () if kind else self.newest.values()
        found = (it.definition.triggers.get(name) for it in asked)
        return next((it.label for it in found if it), None)

    def versions(self, kind: PartKind) -> tuple[Definition, ...]:
        """Every workflow of a kind that a part may run on, the one in force first."""
        known = (it.definition for it in reversed(tuple(self.by_hash.values())))
        return tuple(it for it in known if it.name == kind)

    def check(self, settings: Mapping[str, RegionSettings]) -> None:
        """Raises RulesRefused when the workflows in force cannot do with these settings, called by region and day."""
        definitions = [it.definition for it in self.newest.values()]
        faults = _faults(definitions, settings, self.kinds)
        if any(fault.severity == "error" for fault in faults):
            raise RulesRefused(faults)

    def with_older(self, definitions: Iterable[Definition]) -> "Rulebook":
        """The same rules, knowing also the definitions that cases still run on."""
        older = {it.hash: Workflow(it, self.kinds.guards) for it in definitions if it.hash not in self.by_hash}
        return replace(self, by_hash=MappingProxyType({**older, **self.by_hash}))


def read_rules(files: Mapping[str, str], kinds: Registry[KnownKind]) -> Rulebook:
    """The rules of a folder of workflow files (name to text), for these kinds. Raises RulesRefused with all faults."""
    settings = read_settings(files["settings.toml"])
    readings = [load(text, name) for name, text in sorted(files.items()) if name != "settings.toml"]
    definitions = [it.definition for it in readings if it.definition]
    faults = [fault for it in readings for fault in it.diagnostics]
    faults += _faults(definitions, settings.named(), kinds)
    if any(fault.severity == "error" for fault in faults):
        raise RulesRefused(faults)
    newest = {it.name: Workflow(it, kinds.guards) for it in definitions}
    return Rulebook(
        newest=MappingProxyType(newest),
        by_hash=MappingProxyType({it.hash: it for it in newest.values()}),
        settings=settings,
        kinds=kinds,
    )


def _faults(
    definitions: Iterable[Definition], settings: Mapping[str, RegionSettings], kinds: Registry[KnownKind]
) -> tuple[Diagnostic, ...]:
    return check_all(definitions, settings, guards=kinds.guards, forms=kinds.forms, kinds=kinds)
