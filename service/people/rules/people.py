"""Organisations and people as other subjects see them."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """An organisation that can be addressed and for which people can act. `regions`: covered today."""

    id: UUID
    kind: str
    name: str
    municipality: str | None
    regions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A person as the people around a case see them."""

    id: UUID
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonAccount:
    """A person with issuer and subject, for administrators only."""

    id: UUID
    issuer: str
    subject: str
    name: str
