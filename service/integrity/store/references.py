"""Reads what the entries of a case refer to. What was read for one case is not read again for the next."""

import hashlib
from collections.abc import Iterable, Sequence
from functools import lru_cache
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import BindParameter, Connection, bindparam, select

from service.cases.rules.model import Case, Transition
from service.integrity.rules.register import Register
from service.people.store.tables import coverages, memberships, organisation_successions, organisations, people
from service.vocabulary.roles import Role
from service.workflows.rules.definition import Definition, Edge
from service.workflows.rules.region_settings import RegionSettings
from service.workflows.store.tables import region_settings, workflows

_KEYS: BindParameter[list[str]] = bindparam("keys", expanding=True)
# Built once for thousands of cases: building a statement takes several times as long as running it.
_WORKFLOWS = select(workflows.c.hash, workflows.c.definition).where(workflows.c.hash.in_(_KEYS))
_SETTINGS = select(region_settings.c.hash, region_settings.c.settings).where(region_settings.c.hash.in_(_KEYS))
_PEOPLE = select(people.c.id).where(people.c.id.in_(_KEYS))
_ORGANISATIONS = select(organisations.c.id).where(organisations.c.id.in_(_KEYS))
# A member of a successor acts in the name of its predecessors.
_MEMBERSHIPS = (
    select(
        memberships.c.person_id,
        memberships.c.role,
        memberships.c.organisation_id,
        organisation_successions.c.organisation_id.label("predecessor_id"),
    )
    .select_from(
        memberships.outerjoin(
            organisation_successions, organisation_successions.c.successor_id == memberships.c.organisation_id
        )
    )
    .where(memberships.c.person_id.in_(_KEYS))
)
_COVERAGES = select(coverages.c.organisation_id, coverages.c.region).where(coverages.c.organisation_id.in_(_KEYS))
_ROLES = frozenset(Role)


def read_references(
    connection: Connection, register: Register, case: Case | None, entries: Sequence[Transition]
) -> None:
    """Add to the register what these entries refer to and it does not hold yet, in at most six statements."""
    if hashes := {entry.workflow for entry in entries if entry.workflow} - register.definitions.keys():
        for row in connection.execute(_WORKFLOWS, {"keys": sorted(hashes)}):
            if matches_hash(row.hash, row.definition):
                register.definitions[row.hash] = definition_of(row.definition)
    if hashes := {entry.settings for entry in entries if entry.settings} - register.settings.keys():
        for row in connection.execute(_SETTINGS, {"keys": sorted(hashes)}):
            if matches_hash(row.hash, row.settings) and (settings := _settings_of(row.settings)):
                register.settings[row.hash] = settings
    if people_ids := _ids(entry.actor_id for entry in entries) | _ids(entry.assignee_id for entry in entries):
        _read_people(connection, register, people_ids - register.people)
    named = _ids(id_ for entry in entries for id_ in (entry.organisation_id, entry.party_id, entry.addressee_id))
    _read_organisations(connection, register, (named | ({case.team_id} if case else set())) - register.organisations)


def _read_people(connection: Connection, register: Register, ids: set[UUID]) -> None:
    if keys := sorted(map(str, ids)):
        register.people.update(map(UUID, connection.execute(_PEOPLE, {"keys": keys}).scalars()))
        register.memberships.update(
            (UUID(row.person_id), Role(row.role), UUID(organisation_id))
            for row in connection.execute(_MEMBERSHIPS, {"keys": keys})
            if row.role in _ROLES
            for organisation_id in (row.organisation_id, row.predecessor_id)
            if organisation_id
        )


def _read_organisations(connection: Connection, register: Register, ids: set[UUID]) -> None:
    if keys := sorted(map(str, ids)):
        register.organisations.update(map(UUID, connection.execute(_ORGANISATIONS, {"keys": keys}).scalars()))
        rows = connection.execute(_COVERAGES, {"keys": keys})
        register.regions.update((UUID(row.organisation_id), row.region) for row in rows)


def _ids(values: Iterable[UUID | None]) -> set[UUID]:
    return {value for value in values if value is not None}


def matches_hash(hash_: str, stored: object) -> bool:
    return isinstance(stored, str) and hashlib.sha256(stored.encode()).hexdigest() == hash_


# Cached: all cases run on the same few definitions.
@lru_cache(maxsize=100)
def definition_of(text: str) -> Definition:
    return Definition.from_canonical_json(text)


@lru_cache(maxsize=100)
def edges_of(text: str) -> frozenset[Edge]:
    return frozenset(definition_of(text).edges())


@lru_cache(maxsize=1000)
def _settings_of(text: str) -> RegionSettings | None:
    """Returns the settings; None for a text that is no settings, which `rules_missing` and hashes do not cover."""
    try:
        return RegionSettings.model_validate_json(text)
    except ValidationError:
        return None
