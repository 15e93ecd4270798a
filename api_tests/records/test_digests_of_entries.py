"""I11: the digests of an entry, computed here by hand as docs/explanation/history-and-chain.md describes them."""

import hashlib
import json
from dataclasses import fields, replace
from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from api_tests.support.sabotages import broken_by
from service.cases.rules.history_chain import (
    GENESIS_DIGEST,
    content_digest,
    digested_facts,
    entry_digest,
    facts_digest,
)
from service.cases.rules.model import Transition
from service.vocabulary.roles import Role

CASE, PART, ACTOR, TEAM = (UUID(int=number, version=4) for number in range(1, 5))
PARTY, ASSIGNEE, ADDRESSEE = (UUID(int=number, version=4) for number in range(5, 8))
SALT, NONCE = b"salt of sixteen.", b"nonce of 12."
FIRST = Transition(
    case_id=CASE, sequence=1, part_id=PART, part_kind="case", part_sequence=1, workflow="w", settings="s",
    trigger="submit", source="start", target="submitted", phase="referral", region="r",
    occurred_at=datetime(2026, 3, 1, 12, tzinfo=UTC), recorded_at=datetime(2026, 3, 1, 12, 0, 1, tzinfo=UTC),
    actor_id=ACTOR, role=Role.LOCAL_TEAM, organisation_id=TEAM,
)  # fmt: skip
FIRST_FACTS = {
    "case": str(CASE), "part": str(PART), "kind": "case", "partSequence": 1, "workflow": "w", "settings": "s",
    "trigger": "submit", "source": "start", "target": "submitted", "phase": "referral", "region": "r",
    "occurredAt": 1772366400000000, "recordedAt": 1772366401000000, "actor": str(ACTOR), "role": "local_team",
    "organisation": str(TEAM),
}  # fmt: skip
FULL = replace(
    FIRST, party=Role.SCREENER, party_id=PARTY, assignee_id=ASSIGNEE, due_on=date(2026, 3, 9), line="living",
    addressee_id=ADDRESSEE, cause=1, form="note@1", codes={"reasons": ("one", "two")}, age_band="12-15",
)  # fmt: skip
FURTHER_FACTS = {
    "party": "screener", "partyId": str(PARTY), "assignee": str(ASSIGNEE), "dueOn": "2026-03-09", "line": "living",
    "addressee": str(ADDRESSEE), "cause": 1, "form": "note@1", "codes": {"reasons": ["one", "two"]}, "ageBand": "12-15",
}  # fmt: skip


def sha256_of(*pieces: bytes) -> str:
    return hashlib.sha256(b"".join(pieces)).hexdigest()


def canonical(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


@pytest.mark.parametrize(("entry", "facts"), [(FIRST, FIRST_FACTS), (FULL, FIRST_FACTS | FURTHER_FACTS)])
def test_the_digest_covers_these_facts_and_absent_ones_leave_no_trace(
    entry: Transition, facts: dict[str, object]
) -> None:
    assert digested_facts(entry) == facts
    assert facts_digest(SALT, entry) == sha256_of(SALT, canonical(facts))


@broken_by(
    "Every fact of an entry is in its digest",
    "service/cases/rules/history_chain.py",
    '        "ageBand": entry.age_band,\n',
    "",
)
def test_no_fact_of_an_entry_is_left_out_of_its_digest() -> None:
    """The number in the case is in the digest of the entry itself."""
    assert len(digested_facts(FULL)) == len(fields(Transition)) - len(["sequence"])


def test_the_digest_of_content_covers_all_stored_columns() -> None:
    header = {"salt": SALT.hex(), "nonce": NONCE.hex(), "class": "file", "form": "note@1"}

    assert content_digest(SALT, NONCE, "file", "note@1", b"sealed") == sha256_of(canonical(header), b"sealed")


def test_the_digest_of_an_entry_covers_the_one_before_its_number_and_both_digests() -> None:
    assert GENESIS_DIGEST == "0" * 64
    assert entry_digest("before", 7, "facts", "content") == sha256_of(b"before|7|facts|content")
    assert entry_digest("before", 7, "facts", None) == sha256_of(b"before|7|facts|-")
