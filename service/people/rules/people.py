"""Organisations and people as other subjects see them."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from service.vocabulary.form_parts import Fault
from service.vocabulary.sentences import day_in_words


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """An organisation that can be addressed and for which people can act. `regions`: covered today."""

    id: UUID
    kind: str
    name: str
    municipality: str | None
    regions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Successor:
    """The organisation that goes on in the place of another, after the other's last day."""

    id: UUID
    name: str
    last_day: date

    def fault(self, *location: str | int) -> Fault:
        """Returns the fault of a field that names the organisation after its last day."""
        return Fault("organisation_ended", location, {"successor": self.name, "last": day_in_words(self.last_day)})


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
