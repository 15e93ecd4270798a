"""The checker: it compares the raw tables with the acknowledged answers, and checks that each history is legal.

It uses no code of the service. It computes each digest and opens each content itself, as
docs/explanation/history-and-chain.md describes.
"""

import base64
import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap

from api_tests.support.ledger import Answer, Ledger, Request
from api_tests.support.raw_tables import Row, Tables

FIRST_PREVIOUS_DIGEST = "0" * 64
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Column of an entry -> its name in the digest.
FACT_NAMES = {
    "case_id": "case", "part_id": "part", "part_kind": "kind", "part_sequence": "partSequence", "workflow": "workflow",
    "settings": "settings", "trigger_name": "trigger", "source": "source", "target": "target", "phase": "phase",
    "region": "region", "occurred_at": "occurredAt", "recorded_at": "recordedAt", "actor_id": "actor", "role": "role",
    "organisation_id": "organisation", "party": "party", "party_id": "partyId", "assignee_id": "assignee",
    "due_on": "dueOn", "line": "line", "addressee_id": "addressee", "cause": "cause", "form": "form", "codes": "codes",
    "age_band": "ageBand",
}  # fmt: skip
# Member of an answer -> column of its entry.
ENTRY_COLUMNS = {
    "partId": "part_id", "partKind": "part_kind", "partSequence": "part_sequence", "trigger": "trigger_name",
    "source": "source", "target": "target", "form": "form", "workflow": "workflow", "settings": "settings",
    "party": "party", "line": "line",
}  # fmt: skip


def violations(tables: Tables, ledger: Ledger, people: Mapping[str, UUID], folder: Path) -> list[str]:
    """Each violation of a promise."""
    return [
        *ledger.faults,
        *tables.complaints,
        *history_faults(tables),
        *content_faults(tables, master_key(folder), ledger),
        *_acknowledged(tables, ledger, people),
        *_drafts(tables, ledger),
    ]


def master_key(folder: Path) -> bytes:
    return base64.b64decode((folder / "master.key").read_text().split()[-1])


def history_faults(tables: Tables) -> Iterator[str]:
    """Violations in chain, numbers, edges, both clocks and heads; each entry is in the outbox once."""
    edges = {
        (edge["workflow"], edge["trigger_name"], edge["source"], edge["target"]) for edge in tables["workflow_edges"]
    }
    news_counts = Counter((row["case_id"], row["sequence"], row["type"]) for row in tables["outbox"])
    by_case: dict[str, list[Row]] = defaultdict(list)
    for row in sorted(tables["transitions"], key=lambda row: (row["case_id"], row["sequence"])):
        by_case[row["case_id"]].append(row)
        news = (row["case_id"], row["sequence"], f"{row['part_kind']}.{row['trigger_name']}")
        if news_counts.pop(news, 0) != 1:
            yield f"{news}: not exactly once in the outbox"
    yield from (f"{news}: in the outbox without an entry" for news in news_counts)
    sealed = {(content["case_id"], content["sequence"]): content for content in tables["contents"]}
    heads = {case["id"]: case for case in tables["cases"]}
    if heads.keys() != by_case.keys():
        yield f"cases without a history, or the other way round: {heads.keys() ^ by_case.keys()}"
    parts = {part["id"]: part for part in tables["parts"]}
    for case_id, rows in by_case.items():
        yield from (f"{case_id}: {fault}" for fault in _chain(rows, sealed))
        yield from (f"{case_id}: {fault}" for fault in _paths(rows, edges, parts))
        last, head = rows[-1], heads.get(case_id, {})
        if any(head.get(name) != last[name] for name in ("sequence", "digest", "recorded_at", "region")):
            yield f"{case_id}: its head is not its last entry"
    if part_ids := parts.keys() - {transition["part_id"] for transition in tables["transitions"]}:
        yield f"parts without a history: {part_ids}"


def _chain(rows: list[Row], sealed: Mapping[tuple[str, int], Row]) -> Iterator[str]:
    previous, recorded = FIRST_PREVIOUS_DIGEST, 0
    for number, row in enumerate(rows, 1):
        if (row["sequence"], row["prev_sequence"] or 0) != (number, number - 1):
            yield f"entry {number} is missing, or stands twice"
        if (row["prev_digest"] or FIRST_PREVIOUS_DIGEST) != previous:
            yield f"{number} does not follow the entry before"
        facts = hashlib.sha256(row["facts_salt"] + _canonical(_facts(row))).hexdigest()
        content = sealed.get((row["case_id"], row["sequence"]))
        if row["facts_digest"] != facts or row["content_digest"] != (content and _digest_of(content)):
            yield f"{number} is not as it was recorded"
        text = f"{previous}|{number}|{facts}|{row['content_digest'] or '-'}"
        if row["digest"] != hashlib.sha256(text.encode()).hexdigest():
            yield f"the digest of {number} is not that of its facts and content"
        if row["recorded_at"] < recorded:
            yield f"{number} was recorded before the entry before it"
        previous, recorded = row["digest"], row["recorded_at"]


def _facts(row: Row) -> dict[str, Any]:
    facts = {name: row[column] for column, name in FACT_NAMES.items()}
    facts["codes"] = row["codes"] and json.loads(row["codes"])
    return {name: fact for name, fact in facts.items() if fact is not None}


def _digest_of(content: Row) -> str:
    header = {"salt": content["salt"].hex(), "nonce": content["nonce"].hex()}
    header |= {"class": content["content_class"], "form": content["form"]}
    return hashlib.sha256(_canonical(header) + content["ciphertext"]).hexdigest()


def _canonical(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _paths(rows: list[Row], edges: set[tuple[str, str, str, str]], parts: Mapping[str, Row]) -> Iterator[str]:
    last: dict[str, Row] = {}
    for row in rows:
        previous = last.get(row["part_id"]) or {"part_sequence": 0, "target": "start", "occurred_at": 0}
        if (row["part_sequence"], row["source"]) != (previous["part_sequence"] + 1, previous["target"]):
            yield f"{row['sequence']} does not continue its part"
        if row["occurred_at"] < previous["occurred_at"]:
            yield f"{row['sequence']} happened before what came before it"
        if (row["workflow"], row["trigger_name"], row["source"], row["target"]) not in edges:
            yield f"{row['sequence']}: no workflow has such a step"
        last[row["part_id"]] = row
    for part_id, row in last.items():
        head = parts.get(part_id, {})
        if (head.get("sequence"), head.get("state")) != (row["part_sequence"], row["target"]):
            yield f"the head of part {part_id} is not its last entry"


def content_faults(tables: Tables, master: bytes, ledger: Ledger) -> Iterator[str]:
    """Violations in content: each content opens with its key; acknowledged marks are stored once, refused ones not."""
    wrapped = {(row["owner_id"], row["content_class"]): row["wrapped"] for row in tables.keys}
    marks: Counter[str] = Counter()
    for row in tables["contents"]:
        name = f"content of {row['case_id']}, {row['sequence']}"
        if (key := wrapped.get((row["case_id"], row["content_class"]))) is None:
            yield f"{name}: its key is missing"
            continue
        bound = f"{row['case_id']}|{row['sequence']}|{row['content_class']}".encode()
        try:
            content = AESGCM(aes_key_unwrap(master, key)).decrypt(row["nonce"], row["ciphertext"], bound)
        except (InvalidTag, InvalidUnwrap):
            yield f"{name}: does not open"
            continue
        marks[str(json.loads(content).get("grounds"))] += 1
    for request, _ in list(ledger.acknowledged.values()):
        if request.kind != "draft" and marks[request.mark] != 1:
            yield f"{request.path} {request.key}: acknowledged, and stored {marks[request.mark]} times"
    for request in list(ledger.refused.values()):
        if marks[request.mark]:
            yield f"{request.path} {request.key}: refused, and stored all the same"


def _acknowledged(tables: Tables, ledger: Ledger, people: Mapping[str, UUID]) -> Iterator[str]:
    """Violations in answers: each acknowledged answer is an entry, and each entry was acknowledged or caused by one."""
    entries = {(transition["part_id"], transition["part_sequence"]): transition for transition in tables["transitions"]}
    by_sequence = {(transition["case_id"], transition["sequence"]): transition for transition in tables["transitions"]}
    remembered = {(row["person_id"], row["key"]): row for row in tables["requests"]}
    answered: Counter[tuple[str, int]] = Counter()
    for request, answer in list(ledger.acknowledged.values()):
        name = f"{request.path} {request.key}"
        row = remembered.pop((str(people[request.person]), request.key), None)
        if request.kind == "draft":
            continue
        if answer.is_number_alone:
            # The answer holds the number alone: the stored key names the entry.
            entry = by_sequence.get((row["case_id"], row["sequence"])) if row else None
        else:
            transition = json.loads(answer.body)["transition"]
            entry = entries.get((transition["partId"], transition["partSequence"]))
        if entry is None:
            yield f"{name}: acknowledged, and lost"
            continue
        answered[entry["case_id"], entry["sequence"]] += 1
        if row is None or (row["case_id"], row["sequence"]) != (entry["case_id"], entry["sequence"]):
            yield f"{name}: not remembered with its entry"
        yield from (f"{name}: {difference}" for difference in _differences(request, answer, entry, entries))
    yield from (f"request {request_id}: stored, and never acknowledged" for request_id in remembered)
    for (case_id, sequence), times in answered.items():
        if times > 1:
            yield f"{case_id}, {sequence}: acknowledged to {times} requests"
    for entry in entries.values():
        if entry["cause"] is None and (entry["case_id"], entry["sequence"]) not in answered:
            yield f"{entry['case_id']}, {entry['sequence']}: nobody was told of it"


def _differences(request: Request, answer: Answer, entry: Row, entries: Mapping[tuple[str, int], Row]) -> Iterator[str]:
    result = json.loads(answer.body)
    if (result["caseId"], result["version"]) != (entry["case_id"], entry["part_sequence"]):
        yield f"told number {result['version']} of {result['caseId']}, stored {entry['part_sequence']}"
    if entry["trigger_name"] != json.loads(request.body)["trigger"] or answer.etag != f'"{entry["part_sequence"]}"':
        yield "the answer names another step than the request"
    if request.kind == "step" and request.path.split("/")[-2] != entry["part_id"]:
        yield "the answer names another part than the request"
    if request.version is not None and entry["part_sequence"] != request.version + 1:
        yield "the step was taken on another version than requested"
    if answer.is_number_alone:
        return
    transition = result["transition"]
    for member, column in ENTRY_COLUMNS.items():
        if transition[member] != entry[column]:
            yield f"told {member} {transition[member]!r}, stored {entry[column]!r}"
    for member, column in (("occurredAt", "occurred_at"), ("recordedAt", "recorded_at")):
        if datetime.fromisoformat(transition[member]) != _EPOCH + timedelta(microseconds=entry[column]):
            yield f"told {member} {transition[member]}, stored {entry[column]}"
    for part in result["opened"]:
        first = entries.get((part["id"], 1))
        if first is None or (first["cause"], first["case_id"]) != (entry["sequence"], entry["case_id"]):
            yield f"told of part {part['id']}, which did not begin with it"


def _drafts(tables: Tables, ledger: Ledger) -> Iterator[str]:
    """Violations in drafts: a draft is stored until it is used up, and its key as long."""
    owners = {key["owner_id"] for key in tables.keys if key["content_class"] == "draft"}
    stored = {draft["id"] for draft in tables["drafts"]}
    used_ids = {request.uses for request, _ in list(ledger.acknowledged.values()) if request.uses}
    draft_ids = {
        json.loads(answer.body)["id"]
        for request, answer in list(ledger.acknowledged.values())
        if request.kind == "draft"
    }
    yield from (f"draft {draft_id}: acknowledged, and lost" for draft_id in draft_ids - used_ids - stored)
    yield from (f"draft {draft_id}: used up, and still there" for draft_id in used_ids & stored)
    yield from (f"draft {draft_id}: its key is missing" for draft_id in stored - owners)
