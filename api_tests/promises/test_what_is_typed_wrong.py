"""Typing errors are refused with all faults at once, clearly, and everything that is right is kept."""

import re
import socket
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import pytest

from api_tests.support.case_file import CaseFile
from api_tests.support.people import People
from api_tests.support.problems import faults_in, problem_of
from api_tests.support.sabotages import broken_by
from api_tests.support.servers import RunningService
from api_tests.support.workflows import form_for

ANY_ID = str(uuid4())


def send(people: People, content: bytes, path: str = "/drafts", **headers: str) -> httpx.Response:
    request_headers = {"Idempotency-Key": str(uuid4()), "Content-Type": "application/json", **headers}
    return people.anna.client.post(path, content=content, headers=request_headers)


@broken_by(
    "A refusal names the faults of query, headers and body together",
    "service/http/strict_route.py",
    "yield self._parameter_fault(error)",
    "continue",
)
def test_faults_of_query_headers_and_body_are_told_at_once(people: People, case: CaseFile) -> None:
    answer = people.anna.client.post(
        f"{case.path}/transitions?paeg=2&force=yes",
        json={"trigger": "add_note", "occurredAt": "gisteren", "grounds": 7, "extra": True, "form": {}},
        headers={"If-Match": "3", "Idempotency-Key": "with a space"},
    )

    assert faults_in(answer) == {
        ("query", "paeg", "unknown_query_key"),
        ("query", "force", "unknown_query_key"),
        ("header", "If-Match", "not_a_version"),
        ("header", "Idempotency-Key", "key_malformed"),
        ("body", "/occurredAt", "datetime_parsing"),
        ("body", "/grounds", "string_type"),
        ("body", "/extra", "extra_forbidden"),
        ("body", "/form/text", "missing"),
    }
    assert len(case.history()) == 1


def test_faults_of_a_list_and_of_an_address_are_told_at_once(people: People) -> None:
    of_list = people.anna.get("/work-items?limit=0&whose=everybody&dueBefore=morgen&limit=3&paeg=2&include_ended=true")
    of_address = people.anna.client.delete("/drafts/mine?paeg=2", headers={"If-Match": "W/3"})

    assert faults_in(of_list) == {
        ("query", "limit", "unknown_query_key"),
        ("query", "paeg", "unknown_query_key"),
        ("query", "include_ended", "unknown_query_key"),
        ("query", "whose", "literal_error"),
        ("query", "dueBefore", "date_type"),
    }
    assert faults_in(of_address) == {
        ("path", "draftId", "uuid_parsing"),
        ("query", "paeg", "unknown_query_key"),
        ("header", "If-Match", "not_a_version"),
    }


def test_every_fault_of_a_form_is_told_at_its_place(people: People) -> None:
    form = form_for("case", "submit", birth_month="2011-13", urgency={"code": "very"}, voices=[], unknown=1) or {}
    form["residence"] = {"municipality": "Haarlem", "inStay": "yes"}

    answer = people.anna.post("/cases", {"trigger": "submit", "form": form})

    assert faults_in(answer) >= {
        ("body", "/form/birthMonth", "string_pattern_mismatch"),
        ("body", "/form/residence/municipality", "string_pattern_mismatch"),
        ("body", "/form/residence/inStay", "bool_type"),
        ("body", "/form/unknown", "extra_forbidden"),
    }


def test_a_fault_stays_with_its_own_request_on_a_shared_connection(service: RunningService, people: People) -> None:
    authorization = people.anna.client.headers["Authorization"]
    head = f"HTTP/1.1\r\nHost: localhost\r\nAuthorization: {authorization}\r\n"
    two_requests = f"GET /v1/cases?paeg=2 {head}\r\nGET /v1/cases?limit=1 {head}Connection: close\r\n\r\n"

    with socket.create_connection(("127.0.0.1", urlsplit(service.url).port), timeout=10) as connection:
        connection.sendall(two_requests.encode())
        answers = b"".join(iter(lambda: connection.recv(65_536), b""))

    assert re.findall(rb"HTTP/1.1 (\d+)", answers) == [b"400", b"200"]


@broken_by(
    "A number of an entry that is too large for the database is not found",
    "service/cases/store/cases.py",
    "if not 0 < part_sequence <= LARGEST_INTEGER:",
    "if False:",
)
@pytest.mark.parametrize("number", [-(10**30), 0, 2**31 - 1, 2**31, 2**63, 10**30])
def test_an_entry_of_any_number_is_found_or_not_found(people: People, case: CaseFile, number: int) -> None:
    assert people.carla.get(f"{case.path}/transitions/{number}").status_code == 404
    assert people.carla.get(f"{case.path}/advices/{number}").status_code == 404


def test_without_a_valid_token_no_other_fault_is_told(people: People) -> None:
    bad_token = {"Authorization": "Bearer x"}

    problem_of(people.anna.client.post("/cases?paeg=2", content=b"{", headers=bad_token), 401, "not_known")
    problem_of(people.anna.get("/cases/mine?paeg=2", headers=bad_token), 401, "not_known")


@pytest.mark.parametrize("path", ["/cases?state=a&state=a", "/regions?x", "/openapi.json?x=1", "/docs?x=1"])
def test_a_query_key_that_is_not_known_or_stands_twice_is_refused(people: People, path: str) -> None:
    assert {code for _, _, code in faults_in(people.anna.get(path))} == {"unknown_query_key"}


def test_the_refusal_of_a_query_key_names_the_keys_of_the_address(people: People, case: CaseFile) -> None:
    def sentence(path: str) -> str:
        (fault,) = people.anna.get(path).json()["errors"]
        return str(fault["en"])

    assert sentence(f"{case.path}/transitions?page=2").endswith("Known parameters: sequence, knownAt, limit, cursor.")
    assert sentence("/regions?page=2") == "This parameter is not known here: this address has none."


def test_a_statement_that_must_be_true_says_so(case: CaseFile) -> None:
    part = case.ask_about_file("copy")

    answer = case.attempt("refuse", part=part, by="carla", told_where_to_complain=False)

    (fault,) = answer.json()["errors"]
    assert (fault["location"], fault["code"]) == ("/form/toldWhereToComplain", "literal_error")
    assert fault["en"].endswith("one of these: true.")


UNREADABLE = {
    "nothing": (b"", "json_invalid"),
    "broken off": (b'{"form": {', "json_invalid"),
    "not UTF-8": (b'{"form":{"a":"\xff"}}', "not_utf8"),
    "UTF-16": ('{"form":{}}'.encode("utf-16"), "not_utf8"),
    "two byte order marks": (b'\xef\xbb\xbf\xef\xbb\xbf{"form":{}}', "json_invalid"),
    "a comma too many": (b'{"form":{},}', "json_invalid"),
    "not a number": (b'{"form":{"a":NaN}}', "json_invalid"),
    "infinite": (b'{"form":{"a":-Infinity}}', "json_invalid"),
    "a member twice": (b'{"form":{"a":1,"b":{"c":1,"c":2}}}', "member_twice"),
    "a member twice, spelt differently": (b'{"form":{},"\\u0066orm":{}}', "member_twice"),
    "a whole number beyond 64 bits": (b'{"form":{"a":9223372036854775808}}', "number_out_of_range"),
    "a number of ten thousand digits": (b'{"form":{"a":' + b"9" * 10_000 + b"}}", "number_out_of_range"),
    "a number beyond every measure": (b'{"form":{"a":1e999}}', "number_out_of_range"),
    "three hundred deep": (b'{"form":' + b'{"a":' * 300 + b"1" + b"}" * 301, "too_deep"),
    "a list of more than a thousand": (b'{"form":{"a":[' + b"1," * 1000 + b"1]}}", "too_much"),
    "more than ten thousand values": (
        b'{"form":{"a":[' + b",".join([b"[" + b"1," * 999 + b"1]"] * 11) + b"]}}",
        "too_much",
    ),
    "a hundred thousand deep": (b"[" * 100_000, "too_deep"),
}


@broken_by(
    "JSON with a repeated member is refused",
    "service/vocabulary/strict_json.py",
    "if len(members) != len(pairs):",
    "if not members and pairs:",
)
@pytest.mark.parametrize("what", UNREADABLE)
def test_json_that_two_readers_could_read_differently_is_refused(people: People, what: str) -> None:
    content, code = UNREADABLE[what]

    assert faults_in(send(people, content)) == {("body", "", code)}


@broken_by(
    "A member has one name, in camel case",
    "service/vocabulary/form_parts.py",
    "alias_generator=to_camel)",
    "alias_generator=to_camel, populate_by_name=True)",
)
def test_a_member_has_one_name_and_that_is_in_camel_case(people: People, case: CaseFile) -> None:
    form = form_for("case", "submit") or {}
    form["birth_month"] = form.pop("birthMonth")
    draft = people.anna.post("/drafts", {"form": form}).json()
    unknown, missing = ("body", "/form/birth_month", "extra_forbidden"), ("body", "/form/birthMonth", "missing")

    assert faults_in(people.anna.post("/cases", {"trigger": "submit", "form": form})) == {unknown, missing}
    assert faults_in(people.anna.post("/cases", {"trigger": "submit", "draftId": draft["id"]})) == {unknown, missing}
    assert {fault["location"] for fault in draft["missing"]} == {"/form/birth_month", "/form/birthMonth"}
    assert faults_in(
        people.anna.post(
            f"{case.path}/transitions", {"trigger": "add_note", "form": {"text": "x"}, "occurred_at": None}
        )
    ) == {("body", "/occurred_at", "extra_forbidden")}


@broken_by(
    "A refusal names at most the first hundred faults",
    "service/vocabulary/input_faults.py",
    "return (*distinct[:MAX_FAULTS], *more)",
    "return distinct",
)
def test_of_very_many_faults_a_useful_number_is_told(people: People) -> None:
    """The answer is cheap: a body full of faults delays nobody else."""
    faulty_lists = {name: [{"onbekend": 1}] * 90 for name in ("tried", "consents", "refusals")}
    form = {**{f"onbekend{number}": number for number in range(900)}, **faulty_lists}

    answer = people.anna.post("/cases", {"trigger": "submit", "form": form})

    fault_list = answer.json()["errors"]
    assert len(fault_list) == 101
    assert (fault_list[-1]["code"], fault_list[-1]["location"]) == ("more_faults", "")
    assert len(answer.content) < 100_000


def test_a_list_that_is_too_long_is_refused_as_a_whole(people: People) -> None:
    form = {**(form_for("case", "submit") or {}), "tried": [{"a": 1}] * 500}

    assert faults_in(people.anna.post("/cases", {"trigger": "submit", "form": form})) == {
        ("body", "/form/tried", "too_long")
    }


def test_an_unknown_name_is_told_up_to_a_useful_length(people: People) -> None:
    (fault,) = people.anna.post("/drafts", {"form": {}, "x" * 5000: 1}).json()["errors"]

    assert fault["location"] == "/" + "x" * 100


@broken_by(
    "A repeated header is refused",
    "service/http/strict_route.py",
    'return ", ".join(values)',
    "return values[0]",
)
def test_a_header_that_stands_twice_is_refused(people: People, case: CaseFile) -> None:
    headers = [("If-Match", '"1"'), ("If-Match", '"2"'), ("Idempotency-Key", "a"), ("Idempotency-Key", "b")]

    answer = people.anna.client.post(
        f"{case.path}/transitions", json={"trigger": "add_note", "form": {"text": "x"}}, headers=headers
    )

    assert faults_in(answer) == {
        ("header", "If-Match", "not_a_version"),
        ("header", "Idempotency-Key", "key_malformed"),
    }


@pytest.mark.parametrize("content", [b"null", b"[]", b"3", b'"form"', b"true"])
def test_json_that_is_no_object_is_refused(people: People, content: bytes) -> None:
    assert faults_in(send(people, content)) == {("body", "", "model_type")}
    assert {where for where, _, _ in faults_in(send(people, content, "/cases"))} == {"body"}


CONTROLS = ["\x00", "\x07", "\x1b[31m", "\x7f", "\x0c", "\x85", "\x93", "\u202e", "\u2066"]


@pytest.mark.parametrize("text", CONTROLS)
def test_control_characters_are_refused_in_text(case: CaseFile, text: str) -> None:
    answer = case.attempt("add_note", by="anna", grounds=f"voor {text} na", text=f"x{text}x")

    assert faults_in(answer) == {
        ("body", "/grounds", "string_pattern_mismatch"),
        ("body", "/form/text", "string_pattern_mismatch"),
    }


@pytest.mark.parametrize(
    "path", ["/cases?state=%00", "/cases?cursor=%00", "/cases?number=%00", "/cases/%00", "/workflows/%00"]
)
def test_control_characters_are_refused_in_an_address(people: People, path: str) -> None:
    answer = people.anna.get(path)

    problem_of(answer, 404 if "workflows" in path else 400)


TEXTS = {
    "a family": "Het gezin 👩‍👧‍👦 wil samen blijven 💚",
    "decomposed": "Zoe\u0308 en Rene\u0301e",
    "composed": "Zoë en Renée",
    "another direction": "مرحبا, zegt zij; \u200fשלום",  # noqa: RUF001 - it is Hebrew
    "rare letters": "𠜎𠜱 ﬁ Ǆ ẞ",
    "lines": "eerst\n\tdan\r\ntot slot",
    "what looks like code": "'; DROP TABLE cases; -- <script>alert(1)</script> {{7*7}} ${x} %s \\u0000",
    "long": "Zij zegt: nee. " * 1300,
}


@pytest.mark.parametrize("what", TEXTS)
def test_text_comes_back_letter_for_letter(people: People, case: CaseFile, what: str) -> None:
    text = TEXTS[what].strip()
    draft = people.anna.post("/drafts", {"form": {"question": text, text[:40]: [text]}}).json()
    note = case.fire("add_note", by="anna", grounds=text, text=text)

    assert people.anna.get(f"/drafts/{draft['id']}").json()["form"] == {"question": text, text[:40]: [text]}
    entry = people.anna.get(f"{case.path}/transitions/{note['version']}").json()
    assert (entry["grounds"], entry["form"]) == (text, {"text": text})


def test_a_text_longer_than_its_field_is_refused_and_not_cut(case: CaseFile) -> None:
    assert faults_in(case.attempt("add_note", by="anna", text="x" * 20_001)) == {
        ("body", "/form/text", "string_too_long")
    }


@pytest.mark.parametrize("name", ["Accept-Language", "traceparent", "If-Match", "Idempotency-Key", "X-Else", "Accept"])
def test_headers_of_any_length_are_read_or_refused(people: People, case: CaseFile, name: str) -> None:
    body: dict[str, Any] = {"trigger": "add_note", "form": {"text": "x"}}
    headers = {"If-Match": '"1"', "Idempotency-Key": str(uuid4()), name: "9" * 20_000}

    answer = people.anna.client.post(f"{case.path}/transitions", json=body, headers=headers)

    expected = {"If-Match": 400, "Idempotency-Key": 400, "Accept": 406}
    assert answer.status_code == expected.get(name, 201)


def test_a_header_that_is_not_text_is_refused(people: People) -> None:
    for value in (b"\xff\xfe", "sleutel-é".encode(), b"a b", b""):
        answer = people.anna.client.post("/drafts", json={"form": {}}, headers=[(b"Idempotency-Key", value)])
        assert faults_in(answer) == {("header", "Idempotency-Key", "key_malformed")}
