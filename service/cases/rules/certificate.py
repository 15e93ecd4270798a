"""Certificates of destruction: of a case, and of the content of one entry (I25)."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from service.vocabulary.calendar import utc_text
from service.vocabulary.canonical_json import to_canonical_json
from service.vocabulary.refusals import CaseDestroyed
from service.vocabulary.roles import Role

DestructionGround = Literal["retention", "request"]
ContentDestructionGround = Literal["request", "safety"]


SignerCapacity = Literal["team", "data_protection"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """The agreement of one person to a destruction, in one of the two capacities. `signed_at` is in UTC."""

    capacity: SignerCapacity
    role: Role
    person_id: UUID
    organisation_id: UUID
    signed_at: datetime

    def to_facts(self) -> dict[str, Any]:
        """Returns the JSON members of a signature, as they enter the digest of the certificate."""
        return {
            "capacity": self.capacity,
            "role": str(self.role),
            "personId": str(self.person_id),
            "organisationId": str(self.organisation_id),
            "signedAt": utc_text(self.signed_at),
        }

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any]) -> "Signature":
        return cls(
            capacity=facts["capacity"],
            role=Role(facts["role"]),
            person_id=UUID(facts["personId"]),
            organisation_id=UUID(facts["organisationId"]),
            signed_at=datetime.fromisoformat(facts["signedAt"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """Proof that a case was destroyed: the ground, the signatures and the time. Holds ids and no personal data.

    `destroyed_at` is in UTC, `day` the same moment as a day in Amsterdam. `entries` and `contents` are counts, `head`
    is the digest of the last entry.
    """

    case_id: UUID
    proposal_id: UUID
    ground: DestructionGround
    request_id: UUID | None
    policy: str
    signatures: tuple[Signature, ...]
    destroyed_at: datetime
    day: date
    entries: int
    contents: int
    head: str

    def to_facts(self) -> dict[str, Any]:
        """Returns the JSON members of the certificate, as digested and as written to the list of destructions."""
        return {
            "caseId": str(self.case_id),
            "proposalId": str(self.proposal_id),
            "ground": self.ground,
            "requestId": self.request_id and str(self.request_id),
            "policy": self.policy,
            "signed": [signature.to_facts() for signature in self.signatures],
            "destroyedAt": utc_text(self.destroyed_at),
            "day": self.day.isoformat(),
            "entries": self.entries,
            "contents": self.contents,
            "head": self.head,
        }

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any]) -> "Certificate":
        """Read a certificate from its facts. Raises KeyError, TypeError or ValueError for any other JSON."""
        return cls(
            case_id=UUID(facts["caseId"]),
            proposal_id=UUID(facts["proposalId"]),
            ground=facts["ground"],
            request_id=facts["requestId"] and UUID(facts["requestId"]),
            policy=facts["policy"],
            signatures=tuple(map(Signature.from_facts, facts["signed"])),
            destroyed_at=datetime.fromisoformat(facts["destroyedAt"]),
            day=date.fromisoformat(facts["day"]),
            entries=facts["entries"],
            contents=facts["contents"],
            head=facts["head"],
        )

    @property
    def digest(self) -> str:
        return _digest_of(self.to_facts())

    def refusal(self) -> CaseDestroyed:
        """Returns the refusal for readers who could read the whole case."""
        return CaseDestroyed(self.day, self.ground, {**self.to_facts(), "certificate": self.digest})


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentCertificate:
    """Proof that the content of one entry was destroyed. Holds ids and no personal data.

    `sequence` and `entry_digest` are those of the entry. `part_id` is the part of the case in which two people decided
    on it, `entries` the number of entries of the history with their decision. `destroyed_at` is in UTC, `day` the same
    moment as a day in Amsterdam.
    """

    case_id: UUID
    sequence: int
    entry_digest: str
    part_id: UUID
    ground: ContentDestructionGround
    request_id: UUID | None
    signatures: tuple[Signature, ...]
    entries: int
    destroyed_at: datetime
    day: date

    def to_facts(self) -> dict[str, Any]:
        """Returns the JSON members of the certificate, as digested and as written to the list of destructions."""
        return {
            "caseId": str(self.case_id),
            "sequence": self.sequence,
            "entryDigest": self.entry_digest,
            "partId": str(self.part_id),
            "ground": self.ground,
            "requestId": self.request_id and str(self.request_id),
            "signed": [signature.to_facts() for signature in self.signatures],
            "entries": self.entries,
            "destroyedAt": utc_text(self.destroyed_at),
            "day": self.day.isoformat(),
        }

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any]) -> "ContentCertificate":
        """Read a certificate from its facts. Raises KeyError, TypeError or ValueError for any other JSON."""
        return cls(
            case_id=UUID(facts["caseId"]),
            sequence=facts["sequence"],
            entry_digest=facts["entryDigest"],
            part_id=UUID(facts["partId"]),
            ground=facts["ground"],
            request_id=facts["requestId"] and UUID(facts["requestId"]),
            signatures=tuple(map(Signature.from_facts, facts["signed"])),
            entries=facts["entries"],
            destroyed_at=datetime.fromisoformat(facts["destroyedAt"]),
            day=date.fromisoformat(facts["day"]),
        )

    @property
    def digest(self) -> str:
        return _digest_of(self.to_facts())


ListedCertificate = Certificate | ContentCertificate


def certificate_from_facts(facts: Mapping[str, Any]) -> ListedCertificate:
    """Read a certificate of either kind. Raises KeyError, TypeError or ValueError for any other JSON."""
    return ContentCertificate.from_facts(facts) if "entryDigest" in facts else Certificate.from_facts(facts)


def _digest_of(facts: Mapping[str, Any]) -> str:
    return hashlib.sha256(to_canonical_json(facts).encode()).hexdigest()
