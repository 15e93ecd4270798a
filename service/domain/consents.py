"""Consent as facts: who agreed to what, at which age; replayed per purpose (I20; Jeugdwet 7.3.4, 7.3.5, 7.3.11)."""

from dataclasses import dataclass, replace
from typing import Literal

Consenter = Literal["child", "parents"]

CHILD_IS_ASKED_FROM = 12
CHILD_DECIDES_FROM = 16
WITH_AUTHORITY = frozenset({"parent", "guardian"})
GROUND = "legal_ground"
# What parents may read from the day on which the child decides is nobody's to grant but the child's (I22).
TO_PARENTS = "share_with_parents"
# Under these names an entry tells, as facts, what was given and withdrawn: "parent:12-15:cce".
GIVEN, WITHDRAWN = "consent_given", "consent_withdrawn"


def who_must_consent(age: int, purpose: str = "") -> frozenset[Consenter]:
    """Under 12 the parents, from 12 to 15 child and parents, from 16 the child alone (Jeugdwet 7.3.4, 7.3.5)."""
    if purpose == TO_PARENTS or age >= CHILD_DECIDES_FROM:
        return frozenset({"child"})
    return frozenset({"child", "parents"}) if age >= CHILD_IS_ASKED_FROM else frozenset({"parents"})


@dataclass(frozen=True, slots=True)
class Said:
    """What one person gave or took back, or a legal ground that began or ended, at which age of the child."""

    who: str
    band: str
    purpose: str

    def __str__(self) -> str:
        return f"{self.who}:{self.band}:{self.purpose}"

    @classmethod
    def read(cls, written: str) -> "Said":
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
    last: Said | None = None
    withdrawn: bool = False

    def given(self, said: Said) -> "Agreed":
        now = replace(self, grounded=True) if said.who == GROUND else replace(self, givers=self.givers | {said.who})
        in_force = self.in_force or now.suffices(said)
        return replace(now, in_force=in_force, last=said, withdrawn=self.withdrawn and not in_force)

    def taken_back(self, said: Said) -> "Agreed":
        """What one person takes back stops it, unless those who decide at that age gave theirs, or a ground stands."""
        now = replace(self, grounded=False) if said.who == GROUND else replace(self, givers=self.givers - {said.who})
        if said.who not in {GROUND, "child"} | WITH_AUTHORITY:
            return now
        in_force = self.in_force and now.suffices(said)
        return replace(now, in_force=in_force, withdrawn=not in_force)

    def suffices(self, said: Said) -> bool:
        """Whether those who decide at that age all gave theirs, or a legal ground stands instead."""
        parties = {"child"} & self.givers | ({"parents"} if self.givers & WITH_AUTHORITY else set())
        return self.grounded or who_must_consent(said.age, said.purpose) <= parties
