"""Import of a region file (TOML): the file is compared with the database, and the differences are applied.

The file names organisations and people by keys of its own. Rows that it does not name stay unchanged: `valid_until`
ends a relation, an omission does not.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Annotated, Any
from uuid import UUID, uuid4

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from service.database.transaction import Transaction
from service.identity.caller import Caller
from service.people.rules.decisions import (
    AdministrativeChange,
    AdministrativeDecision,
    CoverageEnd,
    DisplayName,
    MembershipEnd,
    NameChange,
    NewCoverage,
    NewMembership,
    NewOrganisation,
    NewPerson,
    NewSettings,
    Period,
    SettingsChange,
    TokenText,
)
from service.people.store.people import People
from service.people.store.relations import Coverages, Memberships, Relations
from service.people.use_cases.administer import apply_and_record, require_administrator
from service.people.use_cases.decision_context import OPEN_END, DecisionContext
from service.vocabulary.fields import Day, RegionCode
from service.vocabulary.input_faults import input_fault
from service.vocabulary.language import BilingualText
from service.vocabulary.messages import render_message
from service.vocabulary.organisation_kinds import KIND_LABELS, OrganisationKind
from service.vocabulary.refusals import Invalid, RequestRefusal
from service.vocabulary.roles import Role
from service.workflows.rules.rulebook import Rulebook
from service.workflows.store.dated_settings import DatedSettings

FileKey = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,40}$")]


class _FilePart(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _FilePerson(_FilePart):
    issuer: TokenText | None = None
    subject: TokenText
    name: DisplayName


class _FileRelation(_FilePart):
    organisation: FileKey
    valid_from: Day | None = None
    valid_until: Day | None = None


class _FileMembership(_FileRelation):
    person: FileKey
    roles: list[Role] = Field(min_length=1)


class _FileCoverage(_FileRelation):
    regions: list[RegionCode] = Field(min_length=1)


class _FileSettings(BaseModel):
    """Settings of a region. Other members are settings by name, as in workflows/settings.toml."""

    model_config = ConfigDict(frozen=True, extra="allow")

    region: RegionCode
    valid_from: Day | None = None


class RegionFile(_FilePart):
    """The content of a region file. `name`: scope of its keys, so that two files may use the same keys."""

    name: FileKey
    issuer: TokenText | None = None
    organisations: dict[FileKey, NewOrganisation] = {}
    people: dict[FileKey, _FilePerson] = {}
    memberships: list[_FileMembership] = []
    coverages: list[_FileCoverage] = []
    settings: list[_FileSettings] = []


@dataclass(frozen=True, slots=True)
class FileFault:
    """A fault of a region file. `place`: JSON Pointer into the file."""

    place: str
    code: str
    words: BilingualText


class RegionFileRefused(ValueError):
    """The region file cannot be applied. The message has a line per fault. Nothing was changed."""

    def __init__(self, faults: list[FileFault]) -> None:
        lines = (f"{fault.place}: [{fault.code}] {fault.words.nl} / {fault.words.en}" for fault in faults)
        super().__init__("\n".join(lines))
        self.faults = tuple(faults)


def read_region_file(text: str) -> RegionFile:
    """Parse a region file. Raises RegionFileRefused with all its faults."""
    try:
        return RegionFile.model_validate(tomllib.loads(text), by_alias=False, by_name=True)
    except tomllib.TOMLDecodeError as error:
        raise RegionFileRefused(
            [FileFault("", "not_toml", render_message("diagnostics", "not_toml", {"problem": error}))]
        ) from None
    except ValidationError as invalid:
        faults = (input_fault("body", "", detail) for detail in invalid.errors())
        raise RegionFileRefused([FileFault(fault.location, fault.code, fault.words) for fault in faults]) from None


def apply_region_file(
    transaction: Transaction, caller: Caller, region_file: RegionFile, *, rules: Rulebook
) -> tuple[AdministrativeChange, ...]:
    """Apply a region file. Returns the changes. Raises RegionFileRefused. The caller must not commit then."""
    actor, acting = require_administrator(transaction, caller)
    run = _RegionFileRun(DecisionContext(transaction, actor.person_id, acting.organisation_id, uuid4(), rules))
    run.apply_organisations(region_file)
    run.apply_people(region_file)
    run.apply_memberships(region_file.memberships)
    run.apply_coverages(region_file.coverages)
    run.apply_settings(region_file.settings)
    if run.faults:
        raise RegionFileRefused(run.faults)
    return tuple(run.changes)


@dataclass
class _RegionFileRun:
    """Applies a file from top to bottom. A key whose organisation or person failed causes no further faults."""

    context: DecisionContext
    ids: dict[tuple[str, str], UUID | None] = field(default_factory=dict)
    changes: list[AdministrativeChange] = field(default_factory=list)
    faults: list[FileFault] = field(default_factory=list)

    def apply_organisations(self, region_file: RegionFile) -> None:
        transaction = self.context.transaction
        for key, organisation in region_file.organisations.items():
            place, id_ = f"/organisations/{key}", transaction.keyring.derive_id("set-up", region_file.name, key)
            existing = next(iter(People(transaction).organisations(id_=id_)), None)
            exists = True
            if existing is None:
                exists = self._decide(place, organisation, id_)
            elif (existing.kind, existing.municipality) != (organisation.kind, organisation.municipality):
                self._fault(place, "kind_stays", kind=KIND_LABELS[OrganisationKind(existing.kind)])
            elif existing.name != organisation.name:
                self._decide(place, NameChange("organisation", id_, organisation.name))
            self.ids["organisation", key] = id_ if exists else None

    def apply_people(self, region_file: RegionFile) -> None:
        people = People(self.context.transaction)
        for key, person in region_file.people.items():
            place, issuer = f"/people/{key}", person.issuer or region_file.issuer
            if issuer is None:
                self._fault(f"{place}/issuer", "issuer_missing")
                self.ids["person", key] = None
                continue
            id_ = people.find_id(issuer, person.subject)
            if id_ is None:
                id_ = uuid4()
                self._decide(place, NewPerson(issuer=issuer, subject=person.subject, name=person.name), id_)
            elif people.names({id_})[id_] != person.name:
                self._decide(place, NameChange("person", id_, person.name))
            self.ids["person", key] = id_

    def apply_memberships(self, rows: list[_FileMembership]) -> None:
        for number, row in enumerate(rows):
            place = f"/memberships/{number}"
            person = self._find_id(place, "person", row.person)
            organisation = self._find_id(place, "organisation", row.organisation)
            for role in row.roles if person and organisation else ():
                between = {"person_id": person, "organisation_id": organisation, "role": role}
                for days in self._missing_days(Memberships(self.context.transaction), between, row):
                    decision_class = NewMembership if "valid_from" in days else MembershipEnd
                    self._decide(place, decision_class.model_validate({**between, **days}, by_name=True))

    def apply_coverages(self, rows: list[_FileCoverage]) -> None:
        for number, row in enumerate(rows):
            place = f"/coverages/{number}"
            organisation = self._find_id(place, "organisation", row.organisation)
            for region in row.regions if organisation else ():
                between = {"organisation_id": organisation, "region": region}
                for days in self._missing_days(Coverages(self.context.transaction), between, row):
                    decision_class = NewCoverage if "valid_from" in days else CoverageEnd
                    self._decide(place, decision_class.model_validate({**between, **days}, by_name=True))

    def apply_settings(self, rows: list[_FileSettings]) -> None:
        for number, row in enumerate(rows):
            all_dated = DatedSettings(self.context.transaction).decisions(row.region)
            of_day = tuple(settings for settings in all_dated if settings.valid_from == row.valid_from)
            compared = all_dated[-1:] if row.valid_from is None else of_day
            changes = dict(row.model_extra or {})
            if not any(dict(settings.changes) == changes for settings in compared):
                decision = {"valid_from": row.valid_from, "settings": changes}
                settings = NewSettings.model_validate(decision, by_name=True)
                self._decide(f"/settings/{number}", SettingsChange(row.region, settings))

    def _missing_days(
        self, relations: Relations, between: Mapping[str, object], row: _FileRelation
    ) -> Iterator[dict[str, date]]:
        """Yields the days of decisions that give a relation the file's period. `valid_until` alone ends a relation."""
        today, last = self.context.today, row.valid_until or OPEN_END
        stored = relations.overlapping(Period(today, OPEN_END), between)
        if not stored:
            if last >= today:
                yield {"valid_from": row.valid_from or today, "valid_until": last}
            return
        begins, ends = date.fromisoformat(stored[0].valid_from), date.fromisoformat(stored[-1].valid_until)
        if row.valid_from and row.valid_from != begins > today:
            yield {"valid_until": today - timedelta(days=1)}
            yield {"valid_from": row.valid_from, "valid_until": last}
        elif ends > last:
            yield {"valid_until": last}
        elif ends < last:
            yield {"valid_from": ends + timedelta(days=1), "valid_until": last}

    def _find_id(self, place: str, kind: str, key: str) -> UUID | None:
        if (kind, key) not in self.ids:
            self._fault(f"{place}/{kind}", "unknown_key", key=key)
        return self.ids.get((kind, key))

    def _decide(self, place: str, decision: AdministrativeDecision, change_id: UUID | None = None) -> bool:
        context = replace(self.context, change_id=change_id or uuid4())
        try:
            self.changes.append(apply_and_record(context, decision))
        except Invalid as refusal:
            self.faults += [FileFault(f"{place}{fault.location}", fault.code, fault.words) for fault in refusal.errors]
            return False
        except RequestRefusal as refusal:
            facts: dict[str, Any] = {**refusal.facts(), **refusal.in_words()}
            self.faults.append(FileFault(place, refusal.code, render_message("details", refusal.code, facts)))
            return False
        return True

    def _fault(self, place: str, code: str, **params: str | BilingualText) -> None:
        self.faults.append(FileFault(place, code, render_message("set_up", code, params)))
