"""Organisations and persons as others know them."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """Somebody who can be addressed, or for whom people act. `regions`: covered today."""

    id: UUID
    kind: str
    name: str
    municipality: str | None
    regions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A person of this installation, as the people around a case may know them."""

    id: UUID
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A person, and who vouches for them under which name: for administrators alone."""

    id: UUID
    issuer: str
    subject: str
    name: str
