"""When the file of a case may be destroyed, who decides it, and what is then left to show (I21; Jeugdwet 7.3.8-9)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Literal
from uuid import UUID

from service.cases.rules.amendments import with_amendments
from service.cases.rules.certificate import Capacity, Certificate, Ground, Signature
from service.cases.rules.model import Transition
from service.kinds import KINDS
from service.vocabulary.roles import Role

Obstacle = Literal[
    "case_is_open", "term_runs", "legal_hold", "proposal_stands", "file_changed", "proposal_withdrawn",
    "signed_already", "signed_by_you", "not_granted",
]  # fmt: skip
# As what somebody signs, and in which roles: neither the team nor whoever watches over it destroys anything alone.
SIGNING: Mapping[Capacity, frozenset[Role]] = MappingProxyType(
    {
        "team": frozenset({Role.COORDINATOR, Role.CHAIR, Role.PROCESS_DIRECTOR}),
        "data_protection": frozenset({Role.DATA_PROTECTION_OFFICER}),
    }
)
HOLDING = frozenset({Role.COORDINATOR, Role.CHAIR, Role.DATA_PROTECTION_OFFICER})
_GRANTED = ("granted", "carried_out")


@dataclass(frozen=True, slots=True, kw_only=True)
class CodedReason:
    """A code, with the words of who chose it: never about the child. Without a code, the case was destroyed."""

    code: str | None
    text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """When something was recorded, by whom, for which organisation; by nobody, where only a list told of it."""

    at: datetime
    person_id: UUID | None
    organisation_id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Why a case may not be destroyed: until a day, or (None) until somebody lifts it."""

    id: UUID
    case_id: UUID
    reason: CodedReason
    until: date | None
    recorded: Recorded
    lifted: Recorded | None = None

    def stands(self, today: date) -> bool:
        return self.lifted is None and (self.until is None or self.until >= today)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A case that may be destroyed once both have signed. `sequence`: the last change of the file that it knows of."""

    id: UUID
    case_id: UUID
    ground: Ground
    request_id: UUID | None
    sequence: int
    policy: str
    keep_until: date | None
    recorded: Recorded
    signed: tuple[Signature, ...] = ()
    withdrawn: Recorded | None = None
    withdrawn_because: CodedReason | None = None
    certificate: Certificate | None = None


def last_change(history: Sequence[Transition]) -> Transition:
    """The last change of the file: requests about it and reading it in an emergency are none."""
    return next(it for it in reversed(history) if it.part_kind not in KINDS.beside_the_file)


def has_ended(history: Sequence[Transition]) -> bool:
    """Whether the case itself has: help that is still being looked for is not destroyed under people's hands."""
    return next(it for it in reversed(history) if it.part_kind == "case").phase == "ended"


def is_granted(history: Sequence[Transition], request_id: UUID) -> bool:
    """Whether this part asked for the file to be destroyed and was granted so in full, as both read by now.

    What is granted in part says what must stay, and this destroys everything.
    """
    own = [it for it in with_amendments(history) if it.part_id == request_id and it.part_kind == "file_request"]
    asked = bool(own) and "destruction" in own[0].codes.get("file_request_kind", ())
    extent = next((it.codes.get("file_request_extent") for it in reversed(own) if it.trigger == "grant"), None)
    return asked and own[-1].target in _GRANTED and extent == ("full",)


def obstacles(history: Sequence[Transition], holds: Sequence[Hold], today: date) -> Iterator[Obstacle]:
    """What keeps a case from being destroyed whatever the ground, all of it."""
    if not has_ended(history):
        yield "case_is_open"
    if any(it.stands(today) for it in holds):
        yield "legal_hold"


def obstacles_to_signing(
    proposal: Proposal, capacity: Capacity, person_id: UUID, history: Sequence[Transition]
) -> Iterator[Obstacle]:
    """What keeps this person from signing this proposal now, beyond what keeps the case."""
    if proposal.withdrawn:
        yield "proposal_withdrawn"
    if last_change(history).sequence != proposal.sequence:
        yield "file_changed"
    if proposal.request_id and not is_granted(history, proposal.request_id):
        yield "not_granted"
    if any(it.capacity == capacity for it in proposal.signed):
        yield "signed_already"
    if any(it.person_id == person_id for it in proposal.signed):
        yield "signed_by_you"
