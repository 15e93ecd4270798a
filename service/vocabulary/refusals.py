"""Every expected "no", in one tree, by what the caller can do about it. The numbers of HTTP live in http/problems.

Refusal
├── NotKnown                  say who you are
├── NotAllowed                somebody else may
│   ├── RoleNotAllowed
│   ├── ConsentMissing        content that nobody agreed to share with you, or no longer
│   ├── YoungPersonDecides    from 16 a parent reads with the young person's consent
│   ├── WrittenByOthers       a family reads its own words and what is said to it
│   ├── HumansOnly            a system may not
│   └── OwnMembership
├── NotFound                  it does not exist, or you may not know that it does
├── CaseDestroyed             it was, and there is a certificate
├── NotPossible               the request is sound but does not fit the case as it stands
│   ├── TransitionNotAllowed
│   ├── GuardsNotMet
│   ├── NoTeamForRegion
│   ├── NoLiaisonForRegion
│   ├── OfferEnded
│   ├── TooManyDrafts         submit one or remove one first
│   ├── AlreadyInSight        no emergency access is needed
│   ├── AlreadyThere
│   ├── RegionIsCovered
│   ├── DestructionRefused    what must not go yet stays
│   └── KeyReused
├── Stale                     somebody was first: look again, decide again
├── VersionMissing            say which version you decided on
├── Invalid                   mend the request; all faults at once
├── NotAcceptable             the answer is not to be had in a form that you take
├── TooMany                   ask less often
└── Unavailable               nothing was done; the same request may be sent again
    ├── NotReady              this process should be sent nothing now
    └── IssuerUnreachable     whoever vouches for you does not say with which keys
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from service.vocabulary.language import Words
from service.vocabulary.messages import MESSAGES
from service.vocabulary.roles import ROLE_LABELS, Role
from service.vocabulary.sentences import OR, joined, with_code

# What people call the steps and states of the workflow that refuses, by their codes.
Labels = Mapping[str, Words]


class Refusal(Exception):
    """An expected answer. Subclasses are frozen facts; messages.toml has their title and detail under `[problems]`."""

    code = "refusal"

    def facts(self) -> Mapping[str, Any]:
        """What the problem document tells besides the code: codes, ids and days, for programs."""
        return {}

    def in_words(self) -> Mapping[str, object]:
        """What the sentence needs beyond the facts: labels and days, for people."""
        return {}


@dataclass(eq=False)
class NotKnown(Refusal):
    """There is no valid token, or nobody here belongs to it. `token_given`: one was sent, sound or not."""

    token_given: bool = True
    code = "not_known"


class NotAllowed(Refusal):
    """None of the caller's roles may do this."""

    code = "not_allowed"


@dataclass(eq=False)
class RoleNotAllowed(NotAllowed):
    """The step exists in this state, but for other roles."""

    trigger: str
    roles: tuple[str, ...]
    labels: Labels = field(default_factory=dict)
    code = "role_not_allowed"

    def facts(self) -> Mapping[str, Any]:
        return {"trigger": self.trigger, "roles": list(self.roles)}

    def in_words(self) -> Mapping[str, object]:
        roles = joined((with_code(ROLE_LABELS[Role(it)], it) for it in self.roles), OR)
        return {"step": _called(self.trigger, self.labels), "roles": roles}


class OwnMembership(NotAllowed):
    """Nobody decides in which roles they act themselves."""

    code = "own_membership"


class HumansOnly(NotAllowed):
    """Somebody must answer for this themselves: no system of an organisation may do it."""

    code = "humans_only"


@dataclass(eq=False)
class ConsentMissing(NotAllowed):
    """Content may be read for this purpose only, and there is no consent to it or legal ground for it now (I20)."""

    purpose: str
    words: Words
    code = "consent_missing"

    def facts(self) -> Mapping[str, Any]:
        return {"purpose": self.purpose, "purpose_nl": self.words.nl, "purpose_en": self.words.en}


class YoungPersonDecides(NotAllowed):
    """From the first day of the month of the sixteenth birthday parents read no content by default (I22)."""

    code = "young_person_decides"


class WrittenByOthers(NotAllowed):
    """What others wrote in the file may tell of others as well (Jeugdwet 7.3.10)."""

    code = "written_by_others"


class NotFound(Refusal):
    """The thing does not exist, or the caller may not know that it does: the two look the same."""

    code = "not_found"


@dataclass(eq=False)
class CaseDestroyed(Refusal):
    """Whoever could see the whole case hears that it was destroyed, on which day and on which ground."""

    destroyed_on: date
    ground: str
    certificate: Mapping[str, Any]
    code = "case_destroyed"

    def facts(self) -> Mapping[str, Any]:
        words = MESSAGES["destruction_grounds"][self.ground]
        return {
            "destroyed_on": self.destroyed_on.isoformat(),
            "ground_nl": words.nl,
            "ground_en": words.en,
            "certificate": dict(self.certificate),
        }

    def in_words(self) -> Mapping[str, object]:
        return {"day": self.destroyed_on}


class NotPossible(Refusal):
    """The request is sound but does not fit the case as it stands."""

    code = "not_possible"


@dataclass(eq=False)
class TransitionNotAllowed(NotPossible):
    """The state knows no such step."""

    trigger: str
    state: str
    allowed_triggers: tuple[str, ...]
    labels: Labels = field(default_factory=dict)
    code = "transition_not_allowed"

    def facts(self) -> Mapping[str, Any]:
        return {"trigger": self.trigger, "state": self.state, "allowed_triggers": list(self.allowed_triggers)}

    def in_words(self) -> Mapping[str, object]:
        steps = joined((_called(it, self.labels) for it in self.allowed_triggers), OR)
        step, state = _called(self.trigger, self.labels), _called(self.state, self.labels)
        return {"step": step, "state": state, "steps": steps}


@dataclass(frozen=True, slots=True)
class UnmetGuard:
    """One condition that does not hold, and what it asks for."""

    code: str
    words: Words


@dataclass(eq=False)
class GuardsNotMet(NotPossible):
    """The step exists and the role is right, but something must be done first."""

    trigger: str
    unmet: tuple[UnmetGuard, ...]
    labels: Labels = field(default_factory=dict)
    code = "guards_not_met"

    def facts(self) -> Mapping[str, Any]:
        return {
            "trigger": self.trigger,
            "unmet_guards": [{"code": one.code, "nl": one.words.nl, "en": one.words.en} for one in self.unmet],
        }

    def in_words(self) -> Mapping[str, object]:
        return {"step": _called(self.trigger, self.labels)}


@dataclass(eq=False)
class NoTeamForRegion(NotPossible):
    """No expert team covers the region that is provisionally responsible."""

    region: str
    code = "no_team_for_region"

    def facts(self) -> Mapping[str, Any]:
        return {"region": self.region}


@dataclass(eq=False)
class NoLiaisonForRegion(NotPossible):
    """Nobody is appointed to bring a question of this region to the national level."""

    region: str
    code = "no_liaison_for_region"

    def facts(self) -> Mapping[str, Any]:
        return {"region": self.region}


@dataclass(eq=False)
class OfferEnded(NotPossible):
    """Nothing more is stated of an offer that ended, and it ends once."""

    last_day: date
    code = "offer_ended"

    def facts(self) -> Mapping[str, Any]:
        return {"last_day": self.last_day.isoformat()}

    def in_words(self) -> Mapping[str, object]:
        return {"day": self.last_day}


@dataclass(eq=False)
class TooManyDrafts(NotPossible):
    """This person keeps as many drafts as there may be; `draft_days`: so long after the last change one expires."""

    most: int
    draft_days: int
    code = "too_many_drafts"

    def facts(self) -> Mapping[str, Any]:
        return {"most": self.most, "draft_days": self.draft_days}


@dataclass(eq=False)
class AlreadyInSight(NotPossible):
    """Whoever reads a case in a role of their own takes no emergency access to it."""

    case_id: UUID
    code = "already_in_sight"

    def facts(self) -> Mapping[str, Any]:
        return {"case_id": str(self.case_id)}


@dataclass(eq=False)
class AlreadyThere(NotPossible):
    """The person, membership or coverage exists: a second one beside it would say the same."""

    id: str
    code = "already_there"

    def facts(self) -> Mapping[str, Any]:
        return {"id": self.id}


@dataclass(eq=False)
class RegionIsCovered(NotPossible):
    """Another organisation of this kind covers the region on one of these days."""

    region: str
    id: str
    code = "region_is_covered"

    def facts(self) -> Mapping[str, Any]:
        return {"region": self.region, "id": self.id}


@dataclass(eq=False)
class DestructionRefused(NotPossible):
    """The case may not be destroyed now, or not by this person; `obstacles` are all the reasons why."""

    obstacles: tuple[str, ...]
    code = "destruction_refused"

    def facts(self) -> Mapping[str, Any]:
        told = ((it, MESSAGES["obstacles"][it]) for it in self.obstacles)
        return {"obstacles": [{"code": code, "nl": words.nl, "en": words.en} for code, words in told]}


class KeyReused(NotPossible):
    """This Idempotency-Key was used for another request."""

    code = "key_reused"


@dataclass(eq=False)
class Stale(Refusal):
    """The part moved on since the version the caller decided on; `won` is the entry that came first, if in sight."""

    version: int
    won: Mapping[str, Any] = field(default_factory=dict)
    code = "stale"

    def facts(self) -> Mapping[str, Any]:
        return {"version": self.version, "won": dict(self.won)}


class VersionMissing(Refusal):
    """A change must say which version it was decided on."""

    code = "version_missing"


@dataclass(frozen=True, slots=True)
class InputFault:
    """One thing wrong in a request: where (`body`, `query`, `header`, `path`), at which place, what."""

    where: str
    location: str
    code: str
    words: Words


@dataclass(eq=False)
class Invalid(Refusal):
    """The request cannot be understood or breaks a rule of its form; `errors` lists everything that is wrong."""

    errors: tuple[InputFault, ...]
    code = "invalid"

    def facts(self) -> Mapping[str, Any]:
        return {
            "errors": [
                {"in": e.where, "location": e.location, "code": e.code, "nl": e.words.nl, "en": e.words.en}
                for e in self.errors
            ]
        }


@dataclass(eq=False)
class NotAcceptable(Refusal):
    """The answer cannot be given in any form that the caller takes; `media_types` are those that there are."""

    media_types: tuple[str, ...]
    code = "not_acceptable"

    def facts(self) -> Mapping[str, Any]:
        return {"media_types": list(self.media_types)}


@dataclass(eq=False)
class TooMany(Refusal):
    """More was asked in a minute than this installation answers to one caller. Nothing was done."""

    seconds: int
    code = "too_many_requests"

    def facts(self) -> Mapping[str, Any]:
        return {"seconds": self.seconds}


class Unavailable(Refusal):
    """The database could not take it now. Nothing is known to be done; the same key settles it."""

    code = "unavailable"


@dataclass(eq=False)
class NotReady(Unavailable):
    """Something that serving needs is not in order; `checks` says what, in codes."""

    checks: tuple[str, ...]
    code = "not_ready"

    def facts(self) -> Mapping[str, Any]:
        return {"checks": list(self.checks)}


@dataclass(eq=False)
class IssuerUnreachable(Unavailable):
    """Whether the token is sound, its issuer could tell, and does not answer; it is asked again after these seconds."""

    seconds: int
    code = "issuer_unreachable"


def _called(code: str, labels: Labels) -> Words:
    return with_code(labels[code], code) if code in labels else Words.same(code)
