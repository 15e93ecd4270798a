"""The rule for texts holds at every entrance: steps, amendments, drafts, administration, addresses and commands."""

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
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

REFERRAL = {"form": {"question": "Wie helpt René?"}}


@broken_by(
    "A byte order mark before a body is read",
    "service/vocabulary/utf8.py",
    'content.decode("utf-8-sig")',
    "content.decode()",
)
def test_a_body_with_a_byte_order_mark_is_read(people: People) -> None:
    body = json.dumps(REFERRAL, ensure_ascii=False).encode("utf-8-sig")

    assert send(people, body).json()["form"] == REFERRAL["form"]


ENCODINGS = {
    "utf-16": ("UTF-16", 1, 1),
    "utf-16-le": ("UTF-16", 1, 1),
    "utf-16-be": ("UTF-16", 1, 1),
    "utf-32": ("UTF-32", 1, 1),
    "windows-1252": ("Windows-1252", 3, 31),
}


@broken_by(
    "A body in another encoding is refused by the name of its encoding",
    "service/vocabulary/utf8.py",
    "if encoding := _wide_encoding(content):",
    "if encoding := None:",
    case="utf-16-le",
)
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_body_in_another_encoding_is_refused_with_its_name_and_place(people: People, encoding: str) -> None:
    body = json.dumps(REFERRAL, ensure_ascii=False, indent=2).encode(encoding)
    name, line, column = ENCODINGS[encoding]

    (fault,) = problem_of(send(people, body), 400, "invalid")["errors"]

    assert (fault["location"], fault["code"]) == ("", "not_utf8")
    assert fault["en"] == f"Send the text as UTF-8. From line {line}, character {column} this is probably {name}."


def test_a_fault_in_json_tells_its_line_and_character(people: People) -> None:
    answer = send(people, b'{\n  "form": {\n    "question": "Wie helpt?",\n  }\n}')

    (fault,) = problem_of(answer, 400, "invalid")["errors"]
    assert fault["code"] == "json_invalid"
    assert fault["nl"].endswith("De fout staat op regel 3 bij teken 30.") or "regel 4 bij teken 3." in fault["nl"]


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
def test_a_word_that_is_no_number_in_json_is_named(people: People, constant: str) -> None:
    (fault,) = problem_of(send(people, b'{"form":{"a":%b}}' % constant.encode()), 400, "invalid")["errors"]

    assert fault["en"].startswith(f"{constant} is no number in JSON.")


@broken_by(
    "Half a character tells its place",
    "service/vocabulary/strict_json.py",
    "location=_path_to_lone_surrogate(value) or ()",
    "location=()",
)
def test_half_a_character_tells_its_place(people: People) -> None:
    in_text = send(people, b'{"form":{"tried":[{"a":"x"},{"a":"\\ud83d"}]}}')
    in_name = send(people, b'{"form":{"tried":[{"\\udc00":1}]}}')

    assert faults_in(in_text) == {("body", "/form/tried/1/a", "lone_surrogate")}
    assert faults_in(in_name) == {("body", "/form/tried/0", "lone_surrogate")}


def send(people: People, content: bytes) -> httpx.Response:
    headers = {"Idempotency-Key": str(uuid4()), "Content-Type": "application/json"}
    return people.anna.client.post("/drafts", content=content, headers=headers)


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
@pytest.mark.server
def test_a_command_keeps_the_same_rule(tmp_path: Path) -> None:
    url, key = f"sqlite:///{tmp_path / 'casusroute.db'}", tmp_path / "master.key"
    named = run_command(tmp_path, url, key, "administrator", "--issuer", "i", "--subject", "s", "--name", TURNED)
    move = ("workflow", "adopt", "case", "--from", "0" * 64, "--as", "i", "s", "--grounds", "\u200b")
    moved = run_command(tmp_path, url, key, *move)

    assert "line 2, character 1: U+202E" in str(named)
    assert "at least 1 character" in str(moved)


@pytest.mark.server
def test_a_file_of_a_command_may_begin_with_a_byte_order_mark_and_names_another_encoding(tmp_path: Path) -> None:
    url, key, file = f"sqlite:///{tmp_path / 'casusroute.db'}", tmp_path / "master.key", tmp_path / "region.toml"
    run_command(tmp_path, url, key, "migrate")
    run_command(tmp_path, url, key, "administrator", "--issuer", "i", "--subject", "s", "--name", "Roos")
    answers = {}
    for encoding in ("utf-8-sig", "utf-16", "windows-1252"):
        file.write_text("# Région\r\nname = 'regio'\r\n", encoding=encoding)
        answers[encoding] = run_command(tmp_path, url, key, "set-up", str(file), "--as", "i", "s")

    assert answers["utf-8-sig"] == (0, "0 changes\n")
    assert "region.toml: not UTF-8 at line 1, character 1, but probably UTF-16" in str(answers["utf-16"])
    assert "not UTF-8 at line 1, character 4, but probably Windows-1252" in str(answers["windows-1252"])
