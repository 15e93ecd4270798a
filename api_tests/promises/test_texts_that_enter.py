"""The rule for texts holds at every entrance: steps, amendments, drafts, administration, addresses and commands."""

from pathlib import Path
from typing import Any

import pytest

from api_tests.support.backups import run_command
from api_tests.support.case_file import CaseFile
from api_tests.support.people import People
from api_tests.support.problems import faults_in, problem_of
from api_tests.support.sabotages import broken_by
from api_tests.support.workflows import form_for

OF_A_SLIDE = "Eerste regel\x0bTweede regel"
IN_LINES = "Eerste regel\nTweede regel"
TURNED = "Zij zegt:\n\u202e!een"


def test_a_fault_in_a_text_is_shown_with_line_column_and_character(case: CaseFile) -> None:
    answer = case.attempt("add_note", by="anna", text=TURNED)

    (fault,) = problem_of(answer, 400, "invalid")["errors"]
    assert fault["location"] == "/form/text"
    assert "regel 2" in fault["nl"]
    assert "teken 1 " in fault["nl"]
    assert "U+202E" in fault["nl"]
    assert "\u202e" not in answer.text


def test_a_text_of_a_slide_has_lines_in_a_note_its_grounds_and_an_amendment(case: CaseFile) -> None:
    note = case.fire("add_note", by="anna", grounds=OF_A_SLIDE, text=OF_A_SLIDE)
    amendment = case.fire(
        "amend", by="anna", amends=1, changes={"question": OF_A_SLIDE}, reason="De vraag stond er half."
    )

    assert text_of(case, note)["form"] == {"text": IN_LINES}
    assert text_of(case, note)["grounds"] == IN_LINES
    assert text_of(case, amendment)["form"]["changes"] == {"question": IN_LINES}


def text_of(case: CaseFile, step: dict[str, Any]) -> dict[str, Any]:
    document: dict[str, Any] = case.people.anna.get(f"{case.path}/transitions/{step['version']}").json()
    return document


@pytest.mark.parametrize("text", ["\u200b", TURNED, "\x93nee\x94"])
def test_an_amendment_cannot_bring_in_what_the_form_refuses(case: CaseFile, text: str) -> None:
    answer = case.attempt("amend", by="anna", amends=1, changes={"question": text}, reason="De vraag stond er half.")

    assert {location for _, location, _ in faults_in(answer)} == {"/form/changes/question"}


def test_a_draft_keeps_what_was_typed_and_tells_the_fault_that_submission_would_meet(people: People) -> None:
    """A draft is never refused for its texts: nothing that a person typed is lost (decision 0027)."""
    form = form_for("case", "submit", question=TURNED) or {}

    draft = people.anna.post("/drafts", {"form": form}).json()
    answer = people.anna.post("/cases", {"trigger": "submit", "draftId": draft["id"]})

    assert [fault["location"] for fault in draft["missing"]] == ["/form/question"]
    assert "U+202E" in draft["missing"][0]["en"]
    assert faults_in(answer) == {("body", "/form/question", "string_pattern_mismatch")}


def test_a_draft_of_a_slide_is_submitted_with_line_breaks(people: People) -> None:
    draft = people.anna.post("/drafts", {"form": form_for("case", "submit", question=OF_A_SLIDE)}).json()
    submitted = people.anna.post("/cases", {"trigger": "submit", "draftId": draft["id"]}).json()

    file = people.anna.get(f"/cases/{submitted['caseId']}/file").json()
    assert file["documents"][0]["form"]["question"] == IN_LINES


@pytest.mark.parametrize("name", ["\u200b", TURNED, "\x93Noord\x94"])
def test_a_name_in_the_administration_keeps_the_same_rule(people: People, name: str) -> None:
    answer = people["roos"].post("/organisations", {"kind": "provider", "name": name})

    assert {location for _, location, _ in faults_in(answer)} == {"/name"}


@broken_by(
    "A name that a sender invents is shown with its unreadable characters as codes",
    "service/vocabulary/accepted_text.py",
    "return _UNREADABLE.sub(lambda match: _code_point(match[0]), name)",
    "return name",
)
def test_an_invented_name_is_shown_with_its_unreadable_characters_as_codes(people: People) -> None:
    of_member = people.anna.post("/drafts", {"form": {}, "\u202ennaam": 1})
    of_key = people.anna.get("/cases?%E2%80%AEetats=x")

    assert faults_in(of_member) == {("body", "/U+202Ennaam", "extra_forbidden")}
    assert faults_in(of_key) == {("query", "U+202Eetats", "unknown_query_key")}


@broken_by(
    "The grounds of a command keep the rule for texts",
    "service/commands/workflows.py",
    "_GROUNDS.validate_python(grounds)",
    "grounds",
)
def test_a_command_keeps_the_same_rule(tmp_path: Path) -> None:
    url, key = f"sqlite:///{tmp_path / 'casusroute.db'}", tmp_path / "master.key"
    named = run_command(tmp_path, url, key, "administrator", "--issuer", "i", "--subject", "s", "--name", TURNED)
    move = ("workflow", "adopt", "case", "--from", "0" * 64, "--as", "i", "s", "--grounds", "\u200b")
    moved = run_command(tmp_path, url, key, *move)

    assert "line 2, character 1: U+202E" in str(named)
    assert "at least 1 character" in str(moved)
