"""The digest chain of a case: each entry carries the digest of the previous entry.

A digest covers the salted digests of facts and content. Content and facts can be destroyed with their salts: the
digests stay, and the chain still verifies.
"""

import hashlib
from datetime import UTC, datetime
from typing import Any

from service.cases.rules.model import Transition
from service.vocabulary.calendar import to_microseconds
from service.vocabulary.canonical_json import to_canonical_json

GENESIS_DIGEST = "0" * 64
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def digested_facts(entry: Transition) -> dict[str, Any]:
    """Returns the facts of an entry as digested: name to text, integer or object. Absent facts are left out.

    An older entry keeps its digest when a new fact is added to the model, because absent facts are left out.
    """
    facts = {
        "case": str(entry.case_id),
        "part": str(entry.part_id),
        "kind": entry.part_kind,
        "partSequence": entry.part_sequence,
        "workflow": entry.workflow,
        "settings": entry.settings,
        "trigger": entry.trigger,
        "source": entry.source,
        "target": entry.target,
        "phase": entry.phase,
        "region": entry.region,
        "occurredAt": to_microseconds(entry.occurred_at),
        "recordedAt": to_microseconds(entry.recorded_at),
        "actor": str(entry.actor_id),
        "role": str(entry.role),
        "organisation": str(entry.organisation_id),
        "party": entry.party and str(entry.party),
        "partyId": entry.party_id and str(entry.party_id),
        "assignee": entry.assignee_id and str(entry.assignee_id),
        "dueOn": entry.due_on and entry.due_on.isoformat(),
        "line": entry.line,
        "addressee": entry.addressee_id and str(entry.addressee_id),
        "cause": entry.cause,
        "form": entry.form,
        "codes": {name: list(codes) for name, codes in entry.codes.items()} or None,
        "ageBand": entry.age_band,
    }
    return {name: value for name, value in facts.items() if value is not None}


def facts_digest(salt: bytes, entry: Transition) -> str:
    return hashlib.sha256(salt + to_canonical_json(digested_facts(entry)).encode()).hexdigest()


def content_digest(salt: bytes, nonce: bytes, content_class: str, form: str | None, ciphertext: bytes) -> str:
    """Returns the digest of all stored columns of the content.

    JSON precedes the ciphertext. It marks its own end, so no other split of the bytes gives the same digest.
    """
    header = {"salt": salt.hex(), "nonce": nonce.hex(), "class": content_class, "form": form}
    return hashlib.sha256(to_canonical_json(header).encode() + ciphertext).hexdigest()


def entry_digest(previous: str, sequence: int, facts: str, content: str | None) -> str:
    """Returns H(previous digest, sequence, digest of facts, digest of content), with "-" for missing content."""
    return hashlib.sha256(f"{previous}|{sequence}|{facts}|{content or '-'}".encode()).hexdigest()
