"""The chain of a case: each entry carries the digest of the one before, over salted digests of facts and content.

Content and facts can be destroyed with their salts; the digests stay, and the chain still verifies.
"""

import hashlib
from datetime import UTC, datetime
from typing import Any

from service.cases.rules.model import Transition
from service.vocabulary.calendar import microseconds
from service.vocabulary.canonical_json import canonical

BEGINNING = "0" * 64
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def facts_of(entry: Transition) -> dict[str, Any]:
    """The facts as they enter the digest: text and whole numbers, nothing that is absent.

    An entry made before a fact existed has the same digest after it: absent facts leave no trace.
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
        "occurredAt": microseconds(entry.occurred_at),
        "recordedAt": microseconds(entry.recorded_at),
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
    return hashlib.sha256(salt + canonical(facts_of(entry)).encode()).hexdigest()


def content_digest(salt: bytes, nonce: bytes, content_class: str, form: str | None, ciphertext: bytes) -> str:
    """Over all that is stored of the content. What stands before the ciphertext is JSON, so it has one end only."""
    around = {"salt": salt.hex(), "nonce": nonce.hex(), "class": content_class, "form": form}
    return hashlib.sha256(canonical(around).encode() + ciphertext).hexdigest()


def entry_digest(previous: str, sequence: int, facts: str, content: str | None) -> str:
    """H(previous digest, sequence, digest of facts, digest of content); an entry without content has "-" there."""
    return hashlib.sha256(f"{previous}|{sequence}|{facts}|{content or '-'}".encode()).hexdigest()
