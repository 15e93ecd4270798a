"""The rulebook: all workflows that a case may run on, and the settings of each region by first day."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, StringConstraints

from service.vocabulary.language import BilingualText
from service.workflows.rules.checks import check_definitions
from service.workflows.rules.definition import ADOPT_TRIGGER, Definition, Diagnostic, Trigger
from service.workflows.rules.kinds import CheckableKind, PartKind, Registry
from service.workflows.rules.machine import Workflow
from service.workflows.rules.region_settings import RegionSettings
from service.workflows.rules.workflow_file import ParsedWorkflow, parse_workflow


class RulesRefused(ValueError):
    """The workflow files contradict each other or the settings. The message has one line for each fault."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        lines = (
            f"{fault.workflow}.toml {fault.path}: [{fault.code}] {fault.words.nl} / {fault.words.en}"
            + (f" ({' > '.join(fault.witness)})" if fault.witness else "")
            for fault in diagnostics
        )
        super().__init__("\n".join(lines))


class UnknownTerms(ValueError):
    """The settings of a region name terms that no state uses."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(f"unknown terms: {', '.join(names)}")
        self.names = names


@dataclass(frozen=True, slots=True)
class SettingsBook:
    """The settings of settings.toml by region and first day, with the default for all other regions and days."""

    default: RegionSettings
    by_region: Mapping[str, tuple[tuple[date, RegionSettings], ...]]

    def settings_on(self, region: str, day: date) -> RegionSettings:
        """Returns the settings of a region on a day: those with the latest first day not after it."""
        return next(
            (settings for since, settings in reversed(self.by_region.get(region, ())) if since <= day), self.default
        )

    def with_changes(self, changes: Mapping[str, Any]) -> RegionSettings:
        """Returns the default settings with the changes of a region. Raises ValidationError, UnknownTerms."""
        terms = changes.get("terms", {})
        if isinstance(terms, Mapping):
            if unknown := sorted(set(terms) - set(self.default.terms)):
                raise UnknownTerms(unknown)
            terms = {**self.default.model_dump()["terms"], **terms}
        return RegionSettings.model_validate({**self.default.model_dump(), **changes, "terms": terms})

    def by_name(self) -> dict[str, RegionSettings]:
        """Returns all settings by name for people: "default", or region and first day."""
        dated = {
            f"{region} {since}": settings
            for region, settings_of_region in self.by_region.items()
            for since, settings in settings_of_region
        }
        return {"default": self.default, **dated}


class _RegionEntry(BaseModel):
    """An entry of settings.toml: the settings that a region changes from a day on, in the extra fields."""

    model_config = ConfigDict(extra="allow", frozen=True)

    valid_from: date


class _SettingsFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    default: RegionSettings
    region: dict[Annotated[str, StringConstraints(pattern=r"^JZ\d\d$")], list[_RegionEntry]] = {}


def read_settings(text: str) -> SettingsBook:
    """Returns the settings of settings.toml. Raises ValueError, or its subclass ValidationError with every fault."""
    file = _SettingsFile.model_validate(tomllib.loads(text))
    defaults = SettingsBook(file.default, MappingProxyType({}))
    by_region = {
        region: tuple(
            (entry.valid_from, defaults.with_changes(entry.model_extra or {}))
            for entry in sorted(entries, key=lambda entry: entry.valid_from)
        )
        for region, entries in file.region.items()
    }
    return replace(defaults, by_region=MappingProxyType(by_region))


@dataclass(frozen=True, slots=True)
class Rulebook:
    """The workflow in force of each kind, for parts that begin, and all workflows that running parts are bound to."""

    newest: Mapping[PartKind, Workflow]
    by_hash: Mapping[str, Workflow]
    settings: SettingsBook
    kinds: Registry[CheckableKind]

    def current(self, kind: PartKind) -> Workflow:
        return self.newest[kind]

    def pinned(self, workflow_hash: str) -> Workflow:
        return self.by_hash[workflow_hash]

    def trigger(self, workflow_hash: str, name: str) -> Trigger:
        """Returns the trigger of a history entry, by the hash of its workflow. All plans share one trigger."""
        return ADOPT_TRIGGER if name == ADOPT_TRIGGER.name else self.by_hash[workflow_hash].definition.triggers[name]

    def check_candidate(self, text: str, kind: PartKind) -> ParsedWorkflow:
        """Parse a workflow file that is not in force, and check it together with the other workflows, as at start."""
        reading = parse_workflow(text, f"{kind}.toml")
        if reading.definition is None:
            return reading
        others = (workflow.definition for name, workflow in self.newest.items() if name != kind)
        faults = _faults((*others, reading.definition), self.settings.by_name(), self.kinds)
        return ParsedWorkflow(reading.definition, (*reading.diagnostics, *faults))

    def step_label(self, reference: str) -> BilingualText | None:
        """Returns the label of a step in the workflows in force, or None.

        `reference` is `kind.trigger`, or `trigger` alone where every kind has the same label.
        """
        kind, _, name = reference.rpartition(".")
        workflows = [self.newest[kind]] if kind in self.newest else () if kind else self.newest.values()
        triggers = (workflow.definition.triggers.get(name) for workflow in workflows)
        return next((trigger.label for trigger in triggers if trigger), None)

    def versions(self, kind: PartKind) -> tuple[Definition, ...]:
        """Returns the workflows of a kind that a part may run on, the one in force first."""
        definitions = (workflow.definition for workflow in reversed(tuple(self.by_hash.values())))
        return tuple(definition for definition in definitions if definition.name == kind)

    def check(self, settings: Mapping[str, RegionSettings]) -> None:
        """Raises RulesRefused when the workflows in force do not fit these settings, named by region and first day."""
        definitions = [workflow.definition for workflow in self.newest.values()]
        faults = _faults(definitions, settings, self.kinds)
        if any(fault.severity == "error" for fault in faults):
            raise RulesRefused(faults)

    def with_older(self, definitions: Iterable[Definition]) -> "Rulebook":
        """Returns this rulebook with older definitions added, for the parts that still run on them."""
        older = {
            definition.hash: _workflow(definition, self.kinds)
            for definition in definitions
            if definition.hash not in self.by_hash
        }
        return replace(self, by_hash=MappingProxyType({**older, **self.by_hash}))


def read_rules(files: Mapping[str, str], kinds: Registry[CheckableKind]) -> Rulebook:
    """Returns the rulebook of a folder of workflow files (name -> text). Raises RulesRefused with all faults."""
    settings = read_settings(files["settings.toml"])
    readings = [parse_workflow(text, name) for name, text in sorted(files.items()) if name != "settings.toml"]
    definitions = [reading.definition for reading in readings if reading.definition]
    faults = [fault for reading in readings for fault in reading.diagnostics]
    faults += _faults(definitions, settings.by_name(), kinds)
    if any(fault.severity == "error" for fault in faults):
        raise RulesRefused(faults)
    newest = {definition.name: _workflow(definition, kinds) for definition in definitions}
    return Rulebook(
        newest=MappingProxyType(newest),
        by_hash=MappingProxyType({workflow.hash: workflow for workflow in newest.values()}),
        settings=settings,
        kinds=kinds,
    )


def _workflow(definition: Definition, kinds: Registry[CheckableKind]) -> Workflow:
    return Workflow(definition, kinds.guards, kinds[definition.name].fixed_guards)


def _faults(
    definitions: Iterable[Definition], settings: Mapping[str, RegionSettings], kinds: Registry[CheckableKind]
) -> tuple[Diagnostic, ...]:
    return check_definitions(definitions, settings, guards=kinds.guards, forms=kinds.forms, kinds=kinds)
