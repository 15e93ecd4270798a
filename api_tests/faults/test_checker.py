"""The checker accepts the number alone after loss of sight, and finds each lost entry (decision 0014)."""

import base64
import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from api_tests.support.demonstration import PERSON_IDS
from api_tests.support.history_checker import violations
from api_tests.support.ledger import Answer, Ledger, Request
from api_tests.support.raw_tables import TABLES, Tables
from api_tests.support.sabotages import broken_by

CASE, MARK = str(uuid4()), "Kenmerk"
SIGNAL = Request(
    "step", "mila", f"/cases/{CASE}/transitions", b'{"trigger": "signal_escalation"}', MARK, version=3, key="k"
)
WHOLE = Answer(
    201,
    json.dumps({"caseId": CASE, "number": "4821-7730", "transition": {}, "version": 4, "opened": []}).encode(),
    '"4"',
    f"/v1/cases/{CASE}/transitions/4",
    replayed=False,
)
NUMBER = Answer(201, json.dumps({"caseId": CASE, "version": 4}).encode(), '"4"', None, replayed=True)
NOT_FOUND = Answer(404, b"{}", None, None, replayed=False)


def ledger_of(*answers: Answer) -> Ledger:
    ledger = Ledger()
    for answer in answers:
        ledger.record_answer(SIGNAL, answer)
    return ledger


def tables_with_request(**requests: Any) -> Tables:
    """Tables that hold the row of the request alone, or nothing."""
    rows: dict[str, Any] = dict.fromkeys(TABLES, ())
    if requests:
        rows["requests"] = ({"person_id": str(PERSON_IDS["mila"]), "key": "k", **requests},)
    return Tables(rows, (), [])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "master.key").write_text(base64.b64encode(bytes(32)).decode())
    return tmp_path


@pytest.mark.parametrize(
    "answers",
    [(WHOLE, NUMBER), (WHOLE, NUMBER, replace(WHOLE, replayed=True)), (NUMBER, WHOLE), (NUMBER, NUMBER)],
    ids=["sight was lost", "and came back", "its first answer was late", "its first answer never came"],
)
def test_the_number_alone_is_an_answer_to_a_request_that_was_repeated(answers: tuple[Answer, ...]) -> None:
    ledger = ledger_of(*answers)

    assert ledger.faults == []
    assert ledger.acknowledged["k"][1].is_number_alone == (WHOLE not in answers), "what says more is kept"


@broken_by(
    "The checker accepts only the number of the first answer after a loss of sight",
    "api_tests/support/ledger.py",
    "return (json.loads(number.body), number.etag, number.location) == (may_be_told, whole.etag, None)",
    "return True",
)
@pytest.mark.parametrize(
    "wrong",
    [
        replace(NUMBER, body=json.dumps({"caseId": CASE, "version": 5}).encode()),
        replace(NUMBER, body=json.dumps({"caseId": str(uuid4()), "version": 4}).encode()),
        replace(NUMBER, body=json.dumps({"caseId": CASE, "version": 4, "number": "4821-7730"}).encode()),
        replace(NUMBER, etag='"5"'),
        replace(NUMBER, location=WHOLE.location),
        replace(NUMBER, replayed=False),
        NOT_FOUND,
    ],
    ids=["other number", "other case", "more", "newer version", "address", "not said to be a repeat", "not found"],
)
def test_any_other_answer_to_a_repeated_request_is_noticed(wrong: Answer) -> None:
    assert ledger_of(WHOLE, wrong).faults != []


@broken_by(
    "The checker reports an acknowledged step that is lost, also after a loss of sight",
    "api_tests/support/history_checker.py",
    '        if entry is None:\n            yield f"{name}: acknowledged, and lost"\n            continue\n',
    "        if entry is None:\n            continue\n",
)
@pytest.mark.parametrize("answers", [(NUMBER,), (NUMBER, NUMBER)], ids=["once", "twice"])
@pytest.mark.parametrize(
    "tables",
    [tables_with_request(), tables_with_request(case_id=CASE, sequence=9)],
    ids=["no trace of it", "its entry is gone"],
)
def test_an_act_that_was_told_by_its_number_and_is_not_in_the_history_is_noticed(
    answers: tuple[Answer, ...], tables: Tables, folder: Path
) -> None:
    faults = violations(tables, ledger_of(*answers), PERSON_IDS, folder)

    assert f"{SIGNAL.path} k: acknowledged, and lost" in faults
    assert f"{SIGNAL.path} k: acknowledged, and stored 0 times" in faults


def test_an_act_that_was_acknowledged_in_full_and_then_not_found_is_noticed_whoever_lost_sight(folder: Path) -> None:
    """`make test` once repeated the liaison's signal after her escalation had ended."""
    faults = violations(tables_with_request(), ledger_of(NUMBER, NOT_FOUND), PERSON_IDS, folder)

    assert any("acknowledged, then 404" in fault for fault in faults)
