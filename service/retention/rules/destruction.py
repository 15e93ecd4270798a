"""Rules for destroying the file of a case: obstacles, signatures and legal holds (I21; Jeugdwet 7.3.8-9)."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Literal
from uuid import UUID

from service.cases.rules.amendments import AMENDED_PART, amended_history
from service.cases.rules.certificate import Certificate, DestructionGround, Signature, SignerCapacity
from service.cases.rules.model import Transition
from service.kinds import KINDS
from service.vocabulary.roles import Role

DestructionObstacle = Literal[
    "case_is_open", "term_runs", "legal_hold", "proposal_stands", "file_changed", "proposal_withdrawn",
    "signed_already", "signed_by_you", "not_granted",
    "destroyed_already", "content_proposal_stands", "part_is_open", "took_this_access", "request_not_granted",
]  # fmt: skip
# Roles that may sign, per capacity. The team and its data-protection officer both sign: neither destroys alone.
ROLES_BY_CAPACITY: Mapping[SignerCapacity, frozenset[Role]] = MappingProxyType(
    {
        "team": frozenset({Role.COORDINATOR, Role.CHAIR, Role.PROCESS_DIRECTOR}),
        "data_protection": frozenset({Role.DATA_PROTECTION_OFFICER}),
    }
)
LEGAL_HOLD_ROLES = frozenset({Role.COORDINATOR, Role.CHAIR, Role.DATA_PROTECTION_OFFICER})
_GRANTED = ("granted", "carried_out")


@dataclass(frozen=True, slots=True, kw_only=True)
class CodedReason:
    """A reason code with an explanation that never concerns the child. The code is None once the case is destroyed."""

    code: str | None
    text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordStamp:
    """Time and author of a record. Person and organisation are None when it comes from the list of destructions."""

    at: datetime
    person_id: UUID | None
    organisation_id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A legal hold: it keeps a case from being destroyed through the day `until`, or (None) until it is lifted."""

    id: UUID
    case_id: UUID
    reason: CodedReason
    until: date | None
    recorded: RecordStamp
    lifted: RecordStamp | None = None

    def is_in_force(self, today: date) -> bool:
        return self.lifted is None and (self.until is None or self.until >= today)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A proposal to destroy a case. `sequence` is the last change of the file at the time of the proposal."""

    id: UUID
    case_id: UUID
    ground: DestructionGround
    request_id: UUID | None
    sequence: int
    policy: str
    keep_until: date | None
    recorded: RecordStamp
    signed: tuple[Signature, ...] = ()
    withdrawn: RecordStamp | None = None
    withdrawn_because: CodedReason | None = None
    certificate: Certificate | None = None


def last_change(history: Sequence[Transition]) -> Transition:
    """The last change of the file. Of file requests and emergency access, only a correction of the file is one."""
    return next(
        entry
        for entry in reversed(history)
        if entry.part_kind not in KINDS.kinds_outside_file or AMENDED_PART in entry.codes
    )


def has_ended(history: Sequence[Transition]) -> bool:
    """Returns True when the main workflow of the case has ended; open parts do not count."""
    return next(entry for entry in reversed(history) if entry.part_kind == "case").phase == "ended"


def is_destruction_granted(
    history: Sequence[Transition], request_id: UUID, *, extents: Collection[str] = ("full",)
) -> bool:
    """Returns True when this file request asks for destruction and was granted, after its amendments.

    `extents` are those that count. A partial grant names what must stay, so it is no ground for destroying the whole
    case; it is one for the content of an entry.
    """
    entries = amended_history(history)
    steps = [entry for entry in entries if entry.part_id == request_id and entry.part_kind == "file_request"]
    asks_destruction = bool(steps) and "destruction" in steps[0].codes.get("file_request_kind", ())
    extent = next((step.codes.get("file_request_extent") for step in reversed(steps) if step.trigger == "grant"), None)
    return asks_destruction and steps[-1].target in _GRANTED and extent is not None and set(extent) <= {*extents}


def obstacles_to_destruction(
    history: Sequence[Transition], holds: Sequence[Hold], today: date
) -> Iterator[DestructionObstacle]:
    """Every obstacle to destroying a case that applies on any ground."""
    if not has_ended(history):
        yield "case_is_open"
    if any(hold.is_in_force(today) for hold in holds):
        yield "legal_hold"


def obstacles_to_signing(
    proposal: Proposal, capacity: SignerCapacity, person_id: UUID, history: Sequence[Transition]
) -> Iterator[DestructionObstacle]:
    """Every obstacle for this person to sign this proposal now, in addition to the obstacles of the case."""
    if proposal.withdrawn:
        yield "proposal_withdrawn"
    if last_change(history).sequence != proposal.sequence:
        yield "file_changed"
    if proposal.request_id and not is_destruction_granted(history, proposal.request_id):
        yield "not_granted"
    if any(signature.capacity == capacity for signature in proposal.signed):
        yield "signed_already"
    if any(signature.person_id == person_id for signature in proposal.signed):
        yield "signed_by_you"
