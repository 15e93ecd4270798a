"""Setting a region up from a file: what it says is compared with what there is, and the difference is carried out.

The file names organisations and people by keys of its own. What it does not name stays as it is: an end is said with
`valid_until`, never by leaving something out.
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
    Change,
    CoverageEnd,
    Decision,
    MembershipEnd,
    Name,
    NewCoverage,
    NewMembership,
    NewOrganisation,
    NewPerson,
    NewSettings,
    Period,
    Renaming,
    SettingsOf,
    Vouched,
)
from service.people.store.people import People
from service.people.store.relations import Coverages, Memberships, Relations
from service.people.use_cases.administer import administrator, carry_out
from service.people.use_cases.apply_decision import LAST_DAY, Deciding
from service.vocabulary.fields import Day, RegionCode
from service.vocabulary.input_faults import input_fault
from service.vocabulary.language import Words
from service.vocabulary.messages import say
from service.vocabulary.organisation_kinds import KIND_LABELS, OrganisationKind
from service.vocabulary.refusals import Invalid, Refusal
from service.vocabulary.roles import Role
from service.workflows.rules.rulebook import Rulebook
from service.workflows.store.dated_settings import DatedSettings

Key = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,40}$")]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Person(_Part):
    issuer: Vouched | None = None
    subject: Vouched
    name: Name


class _Relation(_Part):
    organisation: Key
    valid_from: Day | None = None
    valid_until: Day | None = None


class _Membership(_Relation):
    person: Key
    roles: list[Role] = Field(min_length=1)


class _Coverage(_Relation):
    regions: list[RegionCode] = Field(min_length=1)


class _Settings(BaseModel):
    """Any setting beside these two, as in workflows/settings.toml."""

    model_config = ConfigDict(frozen=True, extra="allow")

    region: RegionCode
    valid_from: Day | None = None


class SetUp(_Part):
    """What a file says there should be. `name` keeps the keys of one file apart from those of another."""

    name: Key
    issuer: Vouched | None = None
    organisations: dict[Key, NewOrganisation] = {}
    people: dict[Key, _Person] = {}
    memberships: list[_Membership] = []
    coverages: list[_Coverage] = []
    settings: list[_Settings] = []


@dataclass(frozen=True, slots=True)
class FileFault:
    """What is wrong, and where in the file."""

    place: str
    code: str
    words: Words


class SetUpRefused(ValueError):
    """The file cannot be carried out: all that is wrong, a line each; nothing was changed."""

    def __init__(self, faults: list[FileFault]) -> None:
        super().__init__("\n".join(f"{it.place}: [{it.code}] {it.words.nl} / {it.words.en}" for it in faults))
        self.faults = tuple(faults)


def read_set_up(text: str) -> SetUp:
    """Raises SetUpRefused with everything that is not as it should be."""
    try:
        return SetUp.model_validate(tomllib.loads(text), by_alias=False, by_name=True)
    except tomllib.TOMLDecodeError as wrong:
        raise SetUpRefused([FileFault("", "not_toml", say("diagnostics", "not_toml", {"problem": wrong}))]) from None
    except ValidationError as wrong:
        found = (input_fault("body", "", error) for error in wrong.errors())
        raise SetUpRefused([FileFault(it.location, it.code, it.words) for it in found]) from None


def set_up(transaction: Transaction, caller: Caller, wanted: SetUp, *, rules: Rulebook) -> tuple[Change, ...]:
    """Carry out what the file says and is not so yet. Raises SetUpRefused, upon which nothing may be committed."""
    actor, acting = administrator(transaction, caller)
    work = _Work(Deciding(transaction, actor.person_id, acting.organisation_id, uuid4(), rules))
    work.organisations(wanted)
    work.people(wanted)
    work.memberships(wanted.memberships)
    work.coverages(wanted.coverages)
    work.settings(wanted.settings)
    if work.faults:
        raise SetUpRefused(work.faults)
    return tuple(work.changes)


@dataclass
class _Work:
    """Goes through the file from top to bottom; what failed before is not complained of again where it is named."""

    by: Deciding
    ids: dict[tuple[str, str], UUID | None] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    faults: list[FileFault] = field(default_factory=list)

    def organisations(self, wanted: SetUp) -> None:
        transaction = self.by.transaction
        for key, it in wanted.organisations.items():
            place, id_ = f"/organisations/{key}", transaction.keyring.id_for("set-up", wanted.name, key)
            there = next(iter(People(transaction).organisations(id_=id_)), None)
            done = True
            if there is None:
                done = self._decide(place, it, id_)
            elif (there.kind, there.municipality) != (it.kind, it.municipality):
                self._fault(place, "kind_stays", kind=KIND_LABELS[OrganisationKind(there.kind)])
            elif there.name != it.name:
                self._decide(place, Renaming("organisation", id_, it.name))
            self.ids["organisation", key] = id_ if done else None

    def people(self, wanted: SetUp) -> None:
        people = People(self.by.transaction)
        for key, it in wanted.people.items():
            place, issuer = f"/people/{key}", it.issuer or wanted.issuer
            if issuer is None:
                self._fault(f"{place}/issuer", "issuer_missing")
                self.ids["person", key] = None
                continue
            id_ = people.id_of(issuer, it.subject)
            if id_ is None:
                id_ = uuid4()
                self._decide(place, NewPerson(issuer=issuer, subject=it.subject, name=it.name), id_)
            elif people.names({id_})[id_] != it.name:
                self._decide(place, Renaming("person", id_, it.name))
            self.ids["person", key] = id_

    def memberships(self, wanted: list[_Membership]) -> None:
        for number, it in enumerate(wanted):
            place = f"/memberships/{number}"
            person = self._id(place, "person", it.person)
            organisation = self._id(place, "organisation", it.organisation)
            for role in it.roles if person and organisation else ():
                between = {"person_id": person, "organisation_id": organisation, "role": role}
                for days in self._missing(Memberships(self.by.transaction), between, it):
                    decided = NewMembership if "valid_from" in days else MembershipEnd
                    self._decide(place, decided.model_validate({**between, **days}, by_name=True))

    def coverages(self, wanted: list[_Coverage]) -> None:
        for number, it in enumerate(wanted):
            place = f"/coverages/{number}"
            organisation = self._id(place, "organisation", it.organisation)
            for region in it.regions if organisation else ():
                between = {"organisation_id": organisation, "region": region}
                for days in self._missing(Coverages(self.by.transaction), between, it):
                    decided = NewCoverage if "valid_from" in days else CoverageEnd
                    self._decide(place, decided.model_validate({**between, **days}, by_name=True))

    def settings(self, wanted: list[_Settings]) -> None:
        for number, it in enumerate(wanted):
            there = DatedSettings(self.by.transaction).decided(it.region)
            if it.valid_from is None:
                compared = there[-1:]
            else:
                compared = tuple(one for one in there if one.valid_from == it.valid_from)
            changes = dict(it.model_extra or {})
            if not any(dict(one.changes) == changes for one in compared):
                decided = NewSettings.model_validate({"valid_from": it.valid_from, "settings": changes}, by_name=True)
                self._decide(f"/settings/{number}", SettingsOf(it.region, decided))

    def _missing(
        self, relations: Relations, between: Mapping[str, object], wanted: _Relation
    ) -> Iterator[dict[str, date]]:
        """The days to decide on, so that the relation holds when the file says: to begin, or only a last day to end."""
        today, last = self.by.today, wanted.valid_until or LAST_DAY
        there = relations.within(Period(today, LAST_DAY), between)
        if not there:
            if last >= today:
                yield {"valid_from": wanted.valid_from or today, "valid_until": last}
            return
        begins, ends = date.fromisoformat(there[0].valid_from), date.fromisoformat(there[-1].valid_until)
        if wanted.valid_from and wanted.valid_from != begins > today:
            yield {"valid_until": today - timedelta(days=1)}
            yield {"valid_from": wanted.valid_from, "valid_until": last}
        elif ends > last:
            yield {"valid_until": last}
        elif ends < last:
            yield {"valid_from": ends + timedelta(days=1), "valid_until": last}

    def _id(self, place: str, kind: str, key: str) -> UUID | None:
        if (kind, key) not in self.ids:
            self._fault(f"{place}/{kind}", "unknown_key", key=key)
        return self.ids.get((kind, key))

    def _decide(self, place: str, decision: Decision, change_id: UUID | None = None) -> bool:
        by = replace(self.by, change_id=change_id or uuid4())
        try:
            self.changes.append(carry_out(by, decision))
        except Invalid as refusal:
            self.faults += [FileFault(f"{place}{it.location}", it.code, it.words) for it in refusal.errors]
            return False
        except Refusal as refusal:
            facts: dict[str, Any] = {**refusal.facts(), **refusal.in_words()}
            self.faults.append(FileFault(place, refusal.code, say("details", refusal.code, facts)))
            return False
        return True

    def _fault(self, place: str, code: str, **params: str | Words) -> None:
        self.faults.append(FileFault(place, code, say("set_up", code, params)))
