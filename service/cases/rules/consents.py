"""Consent as facts: who agreed to what, at which age; replayed per purpose (I20; Jeugdwet 7.3.4, 7.3.5, 7.3.11)."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Literal

Consenter = Literal["child", "parents"]

CHILD_IS_ASKED_FROM = 12
CHILD_DECIDES_FROM = 16
WITH_AUTHORITY = frozenset({"parent", "guardian"})
GROUND = "legal_ground"
# Purposes of the list information_purpose that rules speak of. What parents may read from the day on which the child
# decides is nobody's to grant but the child's (I22).
TO_THE_TABLE, TO_PROVIDERS, TO_PARENTS = "discuss_at_table", "share_with_providers", "share_with_parents"
TO_NETWORK, TO_CCE = "expertise_network", "cce"
# Under these names an entry tells, as facts, what was given and withdrawn: "parent:12-15:cce".
GIVEN, WITHDRAWN = "consent_given", "consent_withdrawn"


def who_must_consent(age: int, purpose: str = "") -> frozenset[Consenter]:
    """Under 12 the parents, from 12 to 15 child and parents, from 16 the child alone (Jeugdwet 7.3.4, 7.3.5)."""
    if purpose == TO_PARENTS or age >= CHILD_DECIDES_FROM:
        return frozenset({"child"})
    return frozenset({"child", "parents"}) if age >= CHILD_IS_ASKED_FROM else frozenset({"parents"})


def consenters(givers: Collection[str]) -> frozenset[Consenter]:
    """For whom of those who must consent these persons speak: either parent with authority speaks for the parents."""
    child: frozenset[Consenter] = frozenset({"child"} if "child" in givers else ())
    return child | ({"parents"} if WITH_AUTHORITY.intersection(givers) else set())


@dataclass(frozen=True, slots=True)
class ConsentFact:
    """What one person gave or took back, or a legal ground that began or ended, at which age of the child."""

    who: str
    band: str
    purpose: str

    def __str__(self) -> str:
        return f"{self.who}:{self.band}:{self.purpose}"

    @classmethod
    def read(cls, written: str) -> "ConsentFact":
        return cls(*written.split(":"))

    @property
    def age(self) -> int:
        """The youngest of the band: no band reaches over an age at which somebody else decides."""
        return int(self.band.removesuffix("+").partition("-")[0])


@dataclass(frozen=True, slots=True)
class Agreed:
    """Where one purpose stands. `last` is what was given last; None where that was not told per person."""

    in_force: bool = False
    givers: frozenset[str] = frozenset()
    grounded: bool = False
    last: ConsentFact | None = None
    withdrawn: bool = False

    def given(self, fact: ConsentFact) -> "Agreed":
        now = replace(self, grounded=True) if fact.who == GROUND else replace(self, givers=self.givers | {fact.who})
        in_force = self.in_force or now.suffices(fact)
        return replace(now, in_force=in_force, last=fact, withdrawn=self.withdrawn and not in_force)

    def taken_back(self, fact: ConsentFact) -> "Agreed":
        """What one person takes back stops it, unless those who decide at that age gave theirs, or a ground stands."""
        now = replace(self, grounded=False) if fact.who == GROUND else replace(self, givers=self.givers - {fact.who})
        if fact.who != GROUND and not consenters({fact.who}):
            return now
        in_force = self.in_force and now.suffices(fact)
        return replace(now, in_force=in_force, withdrawn=not in_force)

    def suffices(self, fact: ConsentFact) -> bool:
        """Whether those who decide at that age all gave theirs, or a legal ground stands instead."""
        return self.grounded or who_must_consent(fact.age, fact.purpose) <= consenters(self.givers)
