"""The expected refusals of a request, in one tree, by what the caller can do. http/problems.py has the HTTP statuses.

RequestRefusal
├── NotKnown                  authenticate
├── NotAllowed                another person or role may do it
│   ├── RoleNotAllowed
│   ├── ConsentMissing        there is no consent, or no longer, to share this content
│   ├── YoungPersonDecides    from 16 a parent reads only with the young person's consent
│   ├── WrittenByOthers       a family reads its own texts and those addressed to it
│   ├── HumansOnly            a system may not
│   └── OwnMembership
├── NotFound                  it does not exist, or the caller may not know that it does
├── CaseDestroyed             it existed, and there is a certificate of destruction
├── ContentDestroyed          the entry stands, its content was destroyed
├── NotPossible               the request is valid but does not fit the present state
│   ├── TransitionNotAllowed
│   ├── GuardsNotMet
│   ├── NoTeamForRegion
│   ├── NoLiaisonForRegion
│   ├── OfferEnded
│   ├── TooManyDrafts         submit or remove one first
│   ├── AlreadyInSight        no emergency access is needed
│   ├── AlreadyThere
│   ├── RegionIsCovered
│   ├── DestructionRefused    the case must be kept for now
│   └── KeyReused
├── Stale                     another change came first: read again, decide again
├── VersionMissing            state the version that the change is based on
├── Invalid                   correct the request; the answer lists all faults
├── NotAcceptable             no media type of the answer is one that the caller accepts
├── TooManyRequests           send fewer requests
└── Unavailable               not served now; the same request may be sent again
    ├── NotReady              this process should get no requests now
    └── IssuerUnreachable     the token's issuer does not publish its keys at the moment
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from service.vocabulary.language import BilingualText
from service.vocabulary.messages import MESSAGES
from service.vocabulary.roles import ROLE_LABELS, Role
from service.vocabulary.sentences import OR, join_texts, label_with_code

# Labels of the steps and states of the workflow that refuses: code -> label.
Labels = Mapping[str, BilingualText]
_NO_STEP = BilingualText("geen enkele stap", "no step at all")


class RequestRefusal(Exception):
    """The refusal of a request, an expected answer. Its title and detail stand in messages.toml, under `[problems]`."""

    code = "refusal"

    def facts(self) -> Mapping[str, Any]:
        """Returns the further members of the problem document, for programs: codes, ids and days."""
        return {}

    def in_words(self) -> Mapping[str, object]:
        """Returns the params of the sentence that are not in `facts`, for people: labels and days."""
        return {}


@dataclass(eq=False)
class NotKnown(RequestRefusal):
    """The request has no valid token, or its token belongs to no known person.

    `token_given`: a token was sent. `token_signed`: an issuer that is trusted signed it, so that nobody guessed it.
    """

    token_given: bool = True
    token_signed: bool = False
    code = "not_known"


class NotAllowed(RequestRefusal):
    """The caller has no role that may do this."""

    code = "not_allowed"


@dataclass(eq=False)
class RoleNotAllowed(NotAllowed):
    """The step exists in this state, but for other roles.

    `why_not` is a code of [standing] in messages.toml: why somebody with one of these roles has no say in this part.
    """

    trigger: str
    roles: tuple[str, ...]
    labels: Labels = field(default_factory=dict)
    why_not: str | None = None
    code = "role_not_allowed"

    def facts(self) -> Mapping[str, Any]:
        why_not = {"why_not": _coded_sentence(self.why_not, MESSAGES["standing"][self.why_not])} if self.why_not else {}
        return {"trigger": self.trigger, "roles": list(self.roles), **why_not}

    def in_words(self) -> Mapping[str, object]:
        roles = join_texts((label_with_code(ROLE_LABELS[Role(role)], role) for role in self.roles), OR)
        why = MESSAGES["standing"][self.why_not or "no_such_role"]
        return {"step": _label(self.trigger, self.labels), "roles": roles, "why": why}


class OwnMembership(NotAllowed):
    """Nobody may change their own membership."""

    code = "own_membership"


class HumansOnly(NotAllowed):
    """A person must answer for this; a system of an organisation may not do it."""

    code = "humans_only"


@dataclass(eq=False)
class ConsentMissing(NotAllowed):
    """The content may be read for one purpose, for which there is no consent or legal ground now (I20)."""

    purpose: str
    words: BilingualText
    code = "consent_missing"

    def facts(self) -> Mapping[str, Any]:
        return {"purpose": self.purpose, "purpose_nl": self.words.nl, "purpose_en": self.words.en}


class YoungPersonDecides(NotAllowed):
    """Parents read no content by default from the first day of the month of the sixteenth birthday (I22)."""

    code = "young_person_decides"


class WrittenByOthers(NotAllowed):
    """The texts of others in the file may be about other people as well (Jeugdwet 7.3.10)."""

    code = "written_by_others"


class NotFound(RequestRefusal):
    """The object does not exist, or the caller may not know that it does. Both get the same answer."""

    code = "not_found"


@dataclass(eq=False)
class CaseDestroyed(RequestRefusal):
    """The case was destroyed. Only people who could see the whole case get this answer, with day and ground."""

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


@dataclass(eq=False)
class ContentDestroyed(RequestRefusal):
    """The content of this entry was destroyed. Its step still stands in the history."""

    destroyed_on: date
    ground: str
    code = "content_destroyed"

    def facts(self) -> Mapping[str, Any]:
        words = MESSAGES["content_destruction_grounds"][self.ground]
        return {"destroyed_on": self.destroyed_on.isoformat(), "ground_nl": words.nl, "ground_en": words.en}

    def in_words(self) -> Mapping[str, object]:
        return {"day": self.destroyed_on}


class NotPossible(RequestRefusal):
    """The request is valid but does not fit the present state."""

    code = "not_possible"


@dataclass(eq=False)
class TransitionNotAllowed(NotPossible):
    """The workflow has no such step from this state."""

    trigger: str
    state: str
    allowed_triggers: tuple[str, ...]
    labels: Labels = field(default_factory=dict)
    code = "transition_not_allowed"

    def facts(self) -> Mapping[str, Any]:
        return {"trigger": self.trigger, "state": self.state, "allowed_triggers": list(self.allowed_triggers)}

    def in_words(self) -> Mapping[str, object]:
        steps = join_texts((_label(trigger, self.labels) for trigger in self.allowed_triggers), OR)
        steps = steps if self.allowed_triggers else _NO_STEP
        step, state = _label(self.trigger, self.labels), _label(self.state, self.labels)
        return {"step": step, "state": state, "steps": steps}


@dataclass(frozen=True, slots=True)
class UnmetGuard:
    """A guard that does not hold, with the sentence that says what is missing."""

    code: str
    words: BilingualText


@dataclass(eq=False)
class GuardsNotMet(NotPossible):
    """The step exists and the role may take it, but guards do not hold yet. All of them are listed."""

    trigger: str
    unmet: tuple[UnmetGuard, ...]
    labels: Labels = field(default_factory=dict)
    code = "guards_not_met"

    def facts(self) -> Mapping[str, Any]:
        return {
            "trigger": self.trigger,
            "unmet_guards": [_coded_sentence(guard.code, guard.words) for guard in self.unmet],
        }

    def in_words(self) -> Mapping[str, object]:
        return {"step": _label(self.trigger, self.labels)}


@dataclass(eq=False)
class NoTeamForRegion(NotPossible):
    """No expert team covers the provisionally responsible region."""

    region: str
    code = "no_team_for_region"

    def facts(self) -> Mapping[str, Any]:
        return {"region": self.region}


@dataclass(eq=False)
class NoLiaisonForRegion(NotPossible):
    """No CCE liaison is appointed for this region."""

    region: str
    code = "no_liaison_for_region"

    def facts(self) -> Mapping[str, Any]:
        return {"region": self.region}


@dataclass(eq=False)
class OfferEnded(NotPossible):
    """The offer has ended: it takes no further statement and no second end."""

    last_day: date
    code = "offer_ended"

    def facts(self) -> Mapping[str, Any]:
        return {"last_day": self.last_day.isoformat()}

    def in_words(self) -> Mapping[str, object]:
        return {"day": self.last_day}


@dataclass(eq=False)
class TooManyDrafts(NotPossible):
    """The person has the maximum number of drafts. A draft expires `draft_days` days after its last change."""

    most: int
    draft_days: int
    code = "too_many_drafts"

    def facts(self) -> Mapping[str, Any]:
        return {"most": self.most, "draft_days": self.draft_days}


@dataclass(eq=False)
class AlreadyInSight(NotPossible):
    """The person reads the case in a role of their own, so emergency access to it is refused."""

    case_id: UUID
    code = "already_in_sight"

    def facts(self) -> Mapping[str, Any]:
        return {"case_id": str(self.case_id)}


@dataclass(eq=False)
class AlreadyThere(NotPossible):
    """The person, membership or coverage exists already."""

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
    """The case may not be destroyed now, or not by this person. `obstacles`: the code of every reason."""

    obstacles: tuple[str, ...]
    code = "destruction_refused"

    def facts(self) -> Mapping[str, Any]:
        sentences = ((code, MESSAGES["obstacles"][code]) for code in self.obstacles)
        return {"obstacles": [{"code": code, "nl": text.nl, "en": text.en} for code, text in sentences]}


class KeyReused(NotPossible):
    """This Idempotency-Key was used for another request."""

    code = "key_reused"


@dataclass(eq=False)
class Stale(RequestRefusal):
    """The part has a newer version than the one in the request. `won`: the entry that came first, if in sight."""

    version: int
    won: Mapping[str, Any] = field(default_factory=dict)
    code = "stale"

    def facts(self) -> Mapping[str, Any]:
        return {"version": self.version, "won": dict(self.won)}


class VersionMissing(RequestRefusal):
    """The request to change does not state the version that it is based on."""

    code = "version_missing"


@dataclass(frozen=True, slots=True)
class InputFault:
    """A fault in a request. `where` is `body`, `query`, `header` or `path`; `location` is the place in it."""

    where: str
    location: str
    code: str
    words: BilingualText


@dataclass(eq=False)
class Invalid(RequestRefusal):
    """The request is malformed or breaks a rule of its form. `errors` lists every fault."""

    errors: tuple[InputFault, ...]
    code = "invalid"

    def facts(self) -> Mapping[str, Any]:
        return {
            "errors": [
                {
                    "in": fault.where,
                    "location": fault.location,
                    "code": fault.code,
                    "nl": fault.words.nl,
                    "en": fault.words.en,
                }
                for fault in self.errors
            ]
        }


@dataclass(eq=False)
class NotAcceptable(RequestRefusal):
    """The caller accepts no media type of the answer. `media_types`: those that exist."""

    media_types: tuple[str, ...]
    code = "not_acceptable"

    def facts(self) -> Mapping[str, Any]:
        return {"media_types": list(self.media_types)}


@dataclass(eq=False)
class TooManyRequests(RequestRefusal):
    """The caller exceeded the number of requests per minute. Nothing was done. `seconds`: how long to wait."""

    seconds: int
    code = "too_many_requests"

    def facts(self) -> Mapping[str, Any]:
        return {"seconds": self.seconds}


class Unavailable(RequestRefusal):
    """The database cannot serve the request now.

    Whether a change was made may be unknown; the same request with the same Idempotency-Key settles it.
    """

    code = "unavailable"


@dataclass(eq=False)
class NotReady(Unavailable):
    """A precondition of serving fails. `checks`: the codes of the checks that fail."""

    checks: tuple[str, ...]
    code = "not_ready"

    def facts(self) -> Mapping[str, Any]:
        return {"checks": list(self.checks)}


@dataclass(eq=False)
class IssuerUnreachable(Unavailable):
    """The issuer's keys cannot be fetched, so the token cannot be verified. `seconds`: when the next attempt comes."""

    seconds: int
    code = "issuer_unreachable"


def _coded_sentence(code: str, words: BilingualText) -> Mapping[str, str]:
    return {"code": code, "nl": words.nl, "en": words.en}


def _label(code: str, labels: Labels) -> BilingualText:
    return label_with_code(labels[code], code) if code in labels else BilingualText.untranslated(code)
