"""Consent as facts: giver, purpose and age, replayed per purpose (I20; Jeugdwet 7.3.4, 7.3.5, 7.3.11)."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from service.vocabulary.ages import age_on, band_of_age, youngest_age_on

Consenter = Literal["child", "parents"]
Speaker = tuple[str, str]  # the role of a person, and which person of that role

CHILD_CONSENT_AGE = 12
CHILD_SOLE_CONSENT_AGE = 16
ROLES_WITH_AUTHORITY = frozenset({"parent", "guardian"})
LEGAL_GROUND = "legal_ground"
# A parent of whom nobody said which one, and both parents by their codes of the list which_parent.
UNNAMED_PARENT: Speaker = ("parent", "")
BOTH_PARENTS = frozenset({"one_parent", "other_parent"})
# The band in a consent fact when the month of birth was not known.
UNKNOWN_AGE = "unknown"
# Codes of the list information_purpose that rules use. Only the child may consent to sharing with the parents (I22).
PURPOSE_TABLE, PURPOSE_PROVIDERS, PURPOSE_PARENTS = "discuss_at_table", "share_with_providers", "share_with_parents"
PURPOSE_NETWORK, PURPOSE_CCE, PURPOSE_LEARNING = "expertise_network", "cce", "learning"
# Purposes that no legal ground covers: only people decide about them (I22; Jeugdwet 7.3.11 and 7.3.12).
PURPOSES_WITHOUT_LEGAL_GROUND = frozenset({PURPOSE_PARENTS, PURPOSE_LEARNING})
# Keys in the codes of an entry. The values are consent facts, such as "parent:12-15:cce".
CONSENT_GIVEN, CONSENT_WITHDRAWN = "consent_given", "consent_withdrawn"
# Key in the codes of an entry that corrects the month of birth. The values are days of consents with the age band of
# that day, such as "2026-03-10:12-15".
CONSENT_AGES = "consent_ages"


def age_for_consent(birth_month: str | None, on: date) -> int:
    """Returns the age in years by which a consent of this day is weighed.

    An unknown age counts as twelve, so that child and parents must both agree. Of two possible ages, that counts at
    which both must agree, else the oldest.
    """
    if birth_month is None:
        return CHILD_CONSENT_AGE
    oldest = age_on(birth_month, on)
    possible = (youngest_age_on(birth_month, on), oldest)
    return next((age for age in possible if CHILD_CONSENT_AGE <= age < CHILD_SOLE_CONSENT_AGE), oldest)


def band_for_consent(birth_month: str | None, on: date) -> str:
    """Returns the age band of a consent fact of this day, or UNKNOWN_AGE."""
    return band_of_age(age_for_consent(birth_month, on)) if birth_month else UNKNOWN_AGE


def required_consenters(age: int, purpose: str = "") -> frozenset[Consenter]:
    """Returns who must consent at this age in years (Jeugdwet 7.3.4, 7.3.5).

    Under 12 the parents, from 12 to 15 child and parents, from 16 the child alone.
    """
    if purpose == PURPOSE_PARENTS or age >= CHILD_SOLE_CONSENT_AGE:
        return frozenset({"child"})
    return frozenset({"child", "parents"}) if age >= CHILD_CONSENT_AGE else frozenset({"parents"})


def represented_consenters(givers: Collection[str]) -> frozenset[Consenter]:
    """Returns the consenters that these givers represent. Either parent with authority speaks for the parents."""
    child: frozenset[Consenter] = frozenset({"child"} if "child" in givers else ())
    return child | ({"parents"} if ROLES_WITH_AUTHORITY.intersection(givers) else set())


@dataclass(frozen=True, slots=True)
class ConsentFact:
    """A consent given or withdrawn by one person, or a legal ground that began or ended, at an age of the child.

    `day` is the day on which the person said it; None in entries of releases that did not record it. `which` tells
    two people of one role apart, such as two parents.
    """

    giver: str
    age_band: str
    purpose: str
    day: date | None = None
    which: str = ""

    def __str__(self) -> str:
        dated = [self.day.isoformat()] if self.day else []
        return ":".join([self.giver, self.age_band, self.purpose, *dated, *([self.which] if self.which else [])])

    @classmethod
    def parse(cls, text: str) -> "ConsentFact":
        giver, band, purpose, *rest = text.split(":")
        day = date.fromisoformat(rest[0]) if rest else None
        return cls(giver, band, purpose, day, *rest[1:])

    @property
    def lowest_age(self) -> int:
        """Returns the lowest age of the band, in years. No band spans an age at which the consenters change.

        An unknown age counts as twelve; as sixteen for reading by the parents, of which the child decides alone.
        """
        if self.age_band == UNKNOWN_AGE:
            return CHILD_SOLE_CONSENT_AGE if self.purpose == PURPOSE_PARENTS else CHILD_CONSENT_AGE
        return int(self.age_band.removesuffix("+").partition("-")[0])

    @property
    def counts(self) -> bool:
        """True for a legal ground that may cover the purpose, and for a person who must consent at that age."""
        if self.giver == LEGAL_GROUND:
            return self.purpose not in PURPOSES_WITHOUT_LEGAL_GROUND
        deciding = required_consenters(self.lowest_age, self.purpose)
        return not deciding.isdisjoint(represented_consenters({self.giver}))


@dataclass(frozen=True, slots=True)
class PurposeConsent:
    """The consent to one purpose. `last_given` is None when consent was recorded without its givers.

    `givers` are the people whose last word is a consent, `refusers` those whose last word is a withdrawal. Both are
    facts, so that two parents stay two people. `suspended`: it was in force until the month of birth was corrected, and
    no longer suffices.
    """

    in_force: bool = False
    givers: frozenset[Speaker] = frozenset()
    refusers: frozenset[Speaker] = frozenset()
    has_legal_ground: bool = False
    last_given: ConsentFact | None = None
    withdrawn: bool = False
    suspended: bool = False

    @property
    def roles(self) -> frozenset[str]:
        """Returns the roles of the people who consent now."""
        return frozenset(role for role, _ in self.givers)

    def after_consent(self, fact: ConsentFact) -> "PurposeConsent":
        """Returns the consent after this consent or legal ground was given."""
        speaker = (fact.giver, fact.which)
        consent = (
            replace(self, has_legal_ground=fact.counts)
            if fact.giver == LEGAL_GROUND
            else replace(self, givers=self.givers | {speaker}, refusers=self.refusers - {speaker})
        )
        if {which for role, which in consent.givers if role == "parent"} >= BOTH_PARENTS:
            # Both agreed since a parent who was not named withdrew: whoever that was agrees again.
            consent = replace(consent, refusers=consent.refusers - {UNNAMED_PARENT})
        in_force = self.in_force or consent.is_sufficient(fact)
        last_given = fact if fact.counts else self.last_given
        return replace(consent, in_force=in_force, last_given=last_given, withdrawn=self.withdrawn and not in_force)

    def after_withdrawal(self, fact: ConsentFact) -> "PurposeConsent":
        """Returns the consent after this withdrawal.

        The consent stays in force while the consents of the other givers suffice at that age, or a legal ground holds.
        """
        speaker = (fact.giver, fact.which)
        consent = (
            replace(self, has_legal_ground=False)
            if fact.giver == LEGAL_GROUND
            else replace(self, givers=self._givers_after(speaker), refusers=self.refusers | {speaker})
        )
        if fact.giver != LEGAL_GROUND and not represented_consenters({fact.giver}):
            return consent
        in_force = self.in_force and consent.is_sufficient(fact)
        return replace(consent, in_force=in_force, withdrawn=not in_force)

    def _givers_after(self, speaker: Speaker) -> frozenset[Speaker]:
        """Returns the givers after this withdrawal. One of a parent who was not named may be of either parent."""
        unnamed = speaker == UNNAMED_PARENT
        return frozenset(giver for giver in self.givers if giver != speaker and not (unnamed and giver[0] == "parent"))

    def after_unnamed_consent(self) -> "PurposeConsent":
        """Returns the consent after an entry of a release that recorded the purpose without its givers."""
        return replace(self, in_force=True, withdrawn=False)

    def is_sufficient(self, fact: ConsentFact) -> bool:
        """True if everybody who must consent at that age did, or a legal ground holds instead.

        The consent of one parent does not undo the withdrawal of another.
        """
        agreeing = represented_consenters(self.roles)
        if any(role in ROLES_WITH_AUTHORITY for role, _ in self.refusers):
            agreeing -= {"parents"}
        return self.has_legal_ground or required_consenters(fact.lowest_age, fact.purpose) <= agreeing
