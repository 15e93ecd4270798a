"""The words of kinds of part that workflows need, and what they know of a registry of kinds (service/kinds.py)."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Literal, Protocol, TypeVar

from pydantic import BaseModel

from service.vocabulary.roles import Role
from service.workflows.rules.guard import Guard

# The name of a kind: a key of the registry (service/kinds.py), in the history for good.
PartKind = str
Phase = Literal["referral", "review", "binding_advice", "placement", "follow_up", "ended"]
START = "start"
Beginning = Literal["with_the_case", "opened", "by_itself"]


class KnownKind(Protocol):
    """What the checks of a definition need to know of a kind."""

    @property
    def begins(self) -> Beginning: ...

    @property
    def parties(self) -> frozenset[Role]:
        """The roles outside the team and the submitter whose turn it may be."""

    @property
    def about_payment(self) -> bool:
        """Whether it may read who pays (I2)."""

    @property
    def opened_by_payment(self) -> bool:
        """Whether a step of a part about payment may open it."""


K_co = TypeVar("K_co", bound=KnownKind, covariant=True)


class Registry(Mapping[PartKind, K_co]):
    """Every kind by its name, and the words that workflows may use."""

    @property
    @abstractmethod
    def guards(self) -> Mapping[str, Guard]:
        """Every guard by its name, with the kinds whose triggers may use it."""

    @property
    @abstractmethod
    def forms(self) -> Mapping[str, type[BaseModel]]:
        """Every form by its versioned name. A form once released keeps its name and its class for ever."""


def collection(kind: PartKind) -> str:
    """The plural of a kind, as in paths and types of events."""
    return kind.replace("_", "-") + ("es" if kind.endswith("s") else "s")


def event_type(kind: PartKind, trigger: str) -> str:
    return f"nl.jeugdcasussen.{collection(kind)}.{trigger.replace('_', '-')}.v1"
