"""Consent as facts: giver, purpose and age, replayed per purpose (I20; Jeugdwet 7.3.4, 7.3.5, 7.3.11)."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Literal

Consenter = Literal["child", "parents"]

CHILD_IS_ASKED_FROM = 12
CHILD_DECIDES_FROM = 16
WITH_AUTHORITY = frozenset({"parent", "guardian"})
GROUND = "legal_ground"
# Codes of the list information_purpose that rules use. Only the child may consent to sharing with the parents (I22).
TO_THE_TABLE, TO_PROVIDERS, TO_PARENTS = "discuss_at_table", "share_with_providers", "share_with_parents"
TO_NETWORK, TO_CCE = "expertise_network", "cce"
# Keys in the codes of an entry. The values are consent facts, such as "parent:12-15:cce".
GIVEN, WITHDRAWN = "consent_given", "consent_withdrawn"


def who_must_consent(age: int, purpose: str = "") -> frozenset[Consenter]:
    """Returns who must consent at this age in years (Jeugdwet 7.3.4, 7.3.5).

    Under 12 the parents, from 12 to 15 child and parents, from 16 the child alone.
    """
    if purpose == TO_PARENTS or age >= CHILD_DECIDES_FROM:
        return frozenset({"child"})
    return frozenset({"child", "parents"}) if age >= CHILD_IS_ASKED_FROM else frozenset({"parents"})


def consenters(givers: Collection[str]) -> frozenset[Consenter]:
    """Returns the consenters that these givers represent. Either parent with authority speaks for the parents."""
    child: frozenset[Consenter] = frozenset({"child"} if "child" in givers else ())
    return child | ({"parents"} if WITH_AUTHORITY.intersection(givers) else set())


@dataclass(frozen=True, slots=True)
class ConsentFact:
    """A consent given or withdrawn by one person, or a legal ground that began or ended, at an age of the child."""

    who: str
    band: str
    purpose: str

    def __str__(self) -> str:
        return f"{self.who}:{self.band}:{self.purpose}"

    @classmethod
    def read(cls, text: str) -> "ConsentFact":
        return cls(*text.split(":"))

    @property
    def age(self) -> int:
        """Returns the lowest age of the band, in years. No band spans an age at which the consenters change."""
        return int(self.band.removesuffix("+").partition("-")[0])


@dataclass(frozen=True, slots=True)
class Agreed:
    """The consent to one purpose. `last_given` is None when consent was recorded without its givers."""

    in_force: bool = False
    givers: frozenset[str] = frozenset()
    grounded: bool = False
    last: ConsentFact | None = None
    withdrawn: bool = False

    def given(self, fact: ConsentFact) -> "Agreed":
        """Returns the consent after this consent or legal ground was given."""
        consent = replace(self, grounded=True) if fact.who == GROUND else replace(self, givers=self.givers | {fact.who})
        in_force = self.in_force or consent.suffices(fact)
        return replace(consent, in_force=in_force, last=fact, withdrawn=self.withdrawn and not in_force)

    def taken_back(self, fact: ConsentFact) -> "Agreed":
        """Returns the consent after this withdrawal.

        The consent stays in force while the consents of the other givers suffice at that age, or a legal ground holds.
        """
        consent = (
            replace(self, grounded=False) if fact.who == GROUND else replace(self, givers=self.givers - {fact.who})
        )
        if fact.who != GROUND and not consenters({fact.who}):
            return consent
        in_force = self.in_force and consent.suffices(fact)
        return replace(consent, in_force=in_force, withdrawn=not in_force)

    def suffices(self, fact: ConsentFact) -> bool:
        """True if everybody who must consent at that age did, or a legal ground holds instead."""
        return self.grounded or who_must_consent(fact.age, fact.purpose) <= consenters(self.givers)
