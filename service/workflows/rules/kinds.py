"""Names of kinds of part and phases, and the interface of the registry of kinds (service/kinds.py)."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Literal, Protocol, TypeVar

from pydantic import BaseModel

from service.vocabulary.roles import Role
from service.workflows.rules.guard import Guard

# The name of a kind: its key in the registry (service/kinds.py). The history stores it, so it never changes.
PartKind = str
Phase = Literal["referral", "review", "binding_advice", "placement", "follow_up", "ended"]
START = "start"
Beginning = Literal["with_the_case", "opened", "by_itself"]


class CheckableKind(Protocol):
    """The properties of a kind of part that the checks of a definition need."""

    @property
    def begins(self) -> Beginning: ...

    @property
    def parties(self) -> frozenset[Role]:
        """The roles that may be the party besides the team and the submitter."""

    @property
    def about_payment(self) -> bool:
        """True for the kind that may read who pays (I2)."""

    @property
    def opened_by_payment(self) -> bool:
        """True where a step of a part about payment may open a part of this kind."""

    @property
    def fixed_guards(self) -> Mapping[str, tuple[Guard, ...]]:
        """Returns guards by trigger, which hold under every definition of the workflow, old and new."""


K_co = TypeVar("K_co", bound=CheckableKind, covariant=True)


class Registry(Mapping[PartKind, K_co]):
    """All kinds by name, with the guards and forms that workflows may use."""

    @property
    @abstractmethod
    def guards(self) -> Mapping[str, Guard]:
        """Returns all guards by name, each with the kinds whose triggers may use it."""

    @property
    @abstractmethod
    def forms(self) -> Mapping[str, type[BaseModel]]:
        """Returns all forms by versioned name. A released form keeps its name and its class for ever."""


def plural_of(kind: PartKind) -> str:
    """Returns the plural of a kind, as used in paths and event types."""
    return kind.replace("_", "-") + ("es" if kind.endswith("s") else "s")


def event_type(kind: PartKind, trigger: str) -> str:
    return f"nl.jeugdcasussen.{plural_of(kind)}.{trigger.replace('_', '-')}.v1"
