"""Past views: their readers, their moments, and no more than the reader's rights of then and of today show."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from api_tests.access.test_families import months_ago
from api_tests.support.case_file import CaseFile
from api_tests.support.checkout import ROOT
from api_tests.support.demonstration import ORGANISATION_IDS
from api_tests.support.forms import filled
from api_tests.support.openapi_documents import is_valid
from api_tests.support.people import People
from api_tests.support.sabotages import broken_by
from api_tests.support.servers import RunningService
from api_tests.support.shared_case import SharedCase, help_arranged, rows

Json = dict[str, Any]
WAYS = ("", "/transitions", "/transitions/1", "/file", "/refusals", "/advices", "/advices/1", "/commitments")


@pytest.fixture(scope="module")
def scene(people: People) -> SharedCase:
    return help_arranged(people)


@pytest.fixture
def clock(service: RunningService) -> Iterator[RunningService]:
    """The service, whose clock the test may move. It is set back afterwards."""
    offset = service.clock.passed
    yield service
    service.clock.passed = offset


def ask(case: CaseFile, way: str = "", by: str = "esra", **moment: Any) -> tuple[int, Json]:
    answer = case.people[by].get(f"{case.path}{way}", params=moment)
    return answer.status_code, answer.json()


def outcome(case: CaseFile, way: str = "", by: str = "esra", **moment: Any) -> tuple[int, str]:
    status, body = ask(case, way, by, **moment)
    return status, body.get("code", "")


def referral(case: CaseFile, **moment: Any) -> Json:
    """Returns the first document of the file as it was known at that moment."""
    document: Json = ask(case, "/file", **moment)[1]["documents"][0]
    return document


def amend(case: CaseFile, **changes: Any) -> Json:
    """Anna corrects the referral that she wrote. Returns the answer to that step."""
    return case.fire("amend", by="anna", form={"amends": 1, "changes": changes, "reason": "Dat klopte niet."})


def just_before(moment: str) -> str:
    return (datetime.fromisoformat(moment) - timedelta(microseconds=1)).isoformat()


def test_before_its_first_entry_nobody_knew_of_a_case_and_beyond_its_last_there_is_nothing(scene: SharedCase) -> None:
    first, last = (scene.case.history()[position] for position in (0, -1))

    statuses = [outcome(scene.case, way, knownAt=first["recordedAt"])[0] for way in ("", "/transitions", "/file")]
    outcomes_before = {outcome(scene.case, way, knownAt=just_before(first["recordedAt"])) for way in WAYS}
    outcomes_beyond = {outcome(scene.case, way, sequence=last["sequence"] + 1) for way in WAYS}
    outcomes_too_early = {outcome(scene.case, way, sequence=1) for way in ("/advices/1", f"/commitments/{uuid4()}")}
    part = scene.parts["commitment A"]["id"]
    outcomes_not_begun = {outcome(scene.case, f"/commitments/{part}{way}", sequence=1) for way in ("", "/transitions")}

    assert statuses == [200, 200, 200]
    assert outcomes_before == outcomes_beyond == outcomes_too_early == outcomes_not_begun == {(404, "not_found")}


@broken_by(
    "decision 0029: a past view at `knownAt` goes by the time of recording, not by the time in life",
    "service/cases/rules/point_in_time.py",
    "entry.recorded_at <= when.known_at",
    "entry.occurred_at <= when.known_at",
)
def test_a_step_recorded_late_was_not_known_before_it_was_recorded(people: People) -> None:
    """Two clocks: a past view goes by the time of recording, not by the time in life."""
    case = CaseFile.submitted(people).go_to("advice_issued")
    part, last_entry = case.parts("commitment")[0], case.history()[-1]
    case.fire("start_arranging")
    late_entry = case.fire("accept", part=part, occurred_at=last_entry["occurredAt"])["transition"]
    place = f"/commitments/{part['id']}"

    view_before = ask(case, place, knownAt=just_before(late_entry["recordedAt"]))[1]
    view_after = ask(case, place, knownAt=late_entry["recordedAt"])[1]

    assert late_entry["occurredAt"] == last_entry["occurredAt"]
    assert (view_before["state"]["code"], view_before["version"]) == ("requested", 1)
    assert (view_after["state"]["code"], view_after["version"]) == ("accepted", 2)


def test_every_past_answer_fits_the_published_schema_of_the_present_one(scene: SharedCase) -> None:
    document = json.loads((ROOT / "openapi" / "openapi.json").read_text(encoding="utf-8"))
    last = scene.case.history()[-1]["sequence"]
    views = {way: ask(scene.case, way, sequence=last)[1] for way in WAYS}

    assert all("asOf" in view for view in views.values())
    for way, view in views.items():
        template = way.replace("transitions/1", "transitions/{number}").replace("advices/1", "advices/{version}")
        answers = document["paths"][f"/cases/{{caseId}}{template}"]["get"]["responses"]
        assert is_valid(document, answers["200"]["content"]["application/json"]["schema"], view), way


def test_a_moment_is_stated_in_one_way_and_lies_in_the_past_and_all_faults_are_told_at_once(scene: SharedCase) -> None:
    last_moment = scene.case.history()[-1]["recordedAt"]
    faulty: list[tuple[Json, list[tuple[str, str]]]] = [
        ({"sequence": 1, "knownAt": last_moment}, [("knownAt", "one_moment")]),
        ({"sequence": 0}, [("sequence", "greater_than_equal")]),
        ({"sequence": "last"}, [("sequence", "int_parsing")]),
        ({"sequence": ""}, [("sequence", "int_parsing")]),
        ({"knownAt": "2026-01-05T12:00:00"}, [("knownAt", "timezone_aware")]),
        ({"knownAt": "yesterday"}, [("knownAt", "datetime_parsing")]),
        ({"knownAt": "2099-01-01T00:00:00Z"}, [("knownAt", "moment_in_future")]),
        (
            {"sequence": -1, "knownAt": "1", "asOf": "2"},
            [("asOf", "unknown_query_key"), ("sequence", "greater_than_equal"), ("knownAt", "datetime_parsing")],
        ),
    ]

    answers = [ask(scene.case, way, **moment) for way in ("", "/file") for moment, _ in faulty]
    no_past = outcome(scene.case, "/possible-transitions", sequence=1)

    assert {status for status, _ in answers} == {400}
    errors = [sorted((error["location"], error["code"]) for error in body["errors"]) for _, body in answers]
    assert errors == [sorted(faults) for _ in range(2) for _, faults in faulty]
    assert no_past == (400, "invalid")


def test_i23_readers_of_a_part_or_of_nothing_have_no_past_view(people: People, scene: SharedCase) -> None:
    """I23: the numbers of a case tell of parts that are not the reader's. A reader of nothing learns nothing."""
    unknown_case = CaseFile(people, str(uuid4()), "")
    own_part = f"/commitments/{scene.parts['commitment A']['id']}"

    outcomes_of_addressee = {
        outcome(scene.case, way, by="ivo", sequence=3) for way in (*WAYS, own_part, f"{own_part}/transitions")
    }
    outcomes_of_stranger = {outcome(scene.case, way, by="petra", sequence=3) for way in WAYS}
    outcomes_without_case = {outcome(unknown_case, way, by="petra", sequence=3) for way in WAYS}

    assert outcome(scene.case, own_part, by="ivo") == (200, "")
    assert outcomes_of_addressee == outcomes_of_stranger == outcomes_without_case == {(404, "not_found")}


@broken_by(
    "decision 0017: an expert looks back only at the time in which the case was at the table",
    "service/cases/use_cases/look_back.py",
    "        return main.phase in TABLE_PHASES\n",
    "        return True\n",
)
@broken_by(
    "A past view shows a role of the table only content that the role could see at that moment",
    "service/cases/use_cases/look_back.py",
    "        return main.phase in TABLE_PHASES\n",
    "        return True\n",
)
def test_an_expert_has_past_views_since_the_table_and_the_liaison_since_she_was_asked(people: People) -> None:
    """A past view shows nothing that the role did not show then, and nothing once the role shows nothing."""
    case = CaseFile.submitted(people).go_to("advice_issued")
    case.fire("request_escalation")
    table = next(entry["sequence"] for entry in case.history() if entry["target"] == "scheduled")
    request = next(entry["sequence"] for entry in case.history() if entry["partKind"] == "escalation")
    moments = range(1, request + 1)

    expert = [outcome(case, by="floor", sequence=moment)[0] for moment in moments]
    liaison = [outcome(case, by="mila", sequence=moment)[0] for moment in moments]
    case.fire("start_arranging")
    afterwards = {outcome(case, by="floor", sequence=moment)[0] for moment in moments}

    assert expert == [200 if moment >= table else 404 for moment in moments]
    assert liaison == [200 if moment == request else 404 for moment in moments]
    assert afterwards == {404}


@broken_by(
    "I20: a past view withholds content without consent at that moment, even if consent came later",
    "service/cases/use_cases/read_content.py",
    "return Reader(transaction, reading.entitled_actor, seat, reading.history, on=on, present_reader=today)",
    (
        "return Reader(transaction, reading.entitled_actor, seat, Cases(transaction).history(sight.case.id), on=on, "
        "present_reader=today)"
    ),
)
def test_i20_a_past_view_withholds_content_that_was_withheld_then_or_is_withheld_today(people: People) -> None:
    """Consent given later opens nothing of before. Consent withdrawn later closes what was open."""
    case = CaseFile.submitted(people).go_to("advice_issued")
    case.fire("request_escalation")
    open_sequence = case.history()[-1]["sequence"]
    case.fire("withdraw_consent", by="hanna", purposes=[{"code": "cce"}], withdrawn_on="2026-11-01")
    closed_sequence = case.history()[-1]["sequence"]
    outcomes_closed = [
        outcome(case, "/file", by="mila", sequence=sequence) for sequence in (open_sequence, closed_sequence)
    ]
    later = [{**consent, "givenOn": "2026-11-02"} for consent in filled("escalation_request@1")["consents"]]
    case.fire("record_consent", by="hanna", consents=later)

    outcomes_reopened = [
        outcome(case, "/file", by="mila", sequence=sequence) for sequence in (open_sequence, closed_sequence)
    ]

    assert outcomes_closed == [(403, "consent_missing")] * 2
    assert outcomes_reopened == [(200, ""), (403, "consent_missing")]


@broken_by(
    "I22: a past view shows a parent no content that is withheld today",
    "service/cases/use_cases/reading_rights.py",
    "            self._today.require_file()\n",
    "            pass\n",
)
def test_i22_a_parent_of_a_sixteen_year_old_reads_no_content_in_a_past_view(
    people: People, clock: RunningService
) -> None:
    case = CaseFile.submitted(people, by="wilma", birth_month=months_ago(16 * 12 - 1))
    case.fire("add_note", by="esra")
    at_fifteen = outcome(case, "/file", by="wilma", sequence=1)

    clock.clock.let_pass(days=40)

    assert at_fifteen == (200, "")
    assert outcome(case, by="wilma", sequence=1) == (200, "")
    assert outcome(case, "/file", by="wilma", sequence=1) == (403, "young_person_decides")


@broken_by(
    "A past view does not apply amendments that were made later",
    "service/cases/use_cases/look_back.py",
    "        return self.past.history\n",
    "        return Cases(self.transaction).history(self.sight.case.id)\n",
)
def test_a_correction_names_its_entry_is_named_there_and_is_not_applied_before_it_was_made(
    people: People,
) -> None:
    case = CaseFile.submitted(people)
    original = referral(case)["form"]
    case.fire("start_triage")
    first_correction = amend(case, previousMoves=3)["transition"]
    second_correction = amend(case, previousMoves=4)["transition"]

    history = case.history()
    past_history = ask(case, "/transitions", sequence=3)[1]["transitions"]
    documents = [referral(case, sequence=sequence) for sequence in (2, 3, 4)]
    entries = [ask(case, "/transitions/1", sequence=sequence)[1] for sequence in (2, 3, 4)]
    present_entry = ask(case, "/transitions/1")[1]

    assert (first_correction["corrects"], second_correction["corrects"]) == (1, 1)
    assert [(entry["corrects"], entry["correctedBy"]) for entry in history] == [
        (None, [3, 4]),
        (None, []),
        (1, []),
        (1, []),
    ]
    assert [entry["correctedBy"] for entry in past_history] == [[3], [], []]
    assert [document["current"] for document in documents] == [
        None,
        {**original, "previousMoves": 3},
        {**original, "previousMoves": 4},
    ]
    assert [document["entry"]["correctedBy"] for document in documents] == [[], [3], [3, 4]]
    assert all(document["form"] == original for document in documents)
    assert [{**view, "asOf": None} for view in entries] == [{**view, "asOf": None} for view in documents]
    assert present_entry == referral(case)


def test_a_past_advice_stays_readable_next_to_the_present_one_and_names_its_moment(people: People) -> None:
    """I13: a past view lists the advice versions of that time only, so that a decision is judged by what was known."""
    case = CaseFile.submitted(people).go_to("advice_issued")
    issue_entry = case.history()[-1]
    case.fire("revise_advice", child_version="Je blijft thuis, en opa helpt mee.")

    past = ask(case, "/advices", knownAt=issue_entry["recordedAt"])[1]
    advice = ask(case, "/advices/1", sequence=issue_entry["sequence"])[1]
    present = people.esra.get(past["asOf"]["present"].removeprefix("/v1")).json()

    assert [item["version"] for item in past["items"]] == [1]
    assert [item["version"] for item in present["items"]] == [1, 2]
    assert "asOf" not in present
    assert advice.pop("asOf") == {
        "sequence": issue_entry["sequence"],
        "knownAt": issue_entry["recordedAt"],
        "present": f"/v1{case.path}/advices/1",
    }
    assert advice == ask(case, "/advices/1")[1]
    assert outcome(case, "/advices/2", sequence=issue_entry["sequence"]) == (404, "not_found")


def test_i18_a_past_view_of_the_file_is_logged_with_its_entry(service: RunningService, people: People) -> None:
    case = CaseFile.submitted(people)
    case.fire("add_note", by="carla")

    ask(case, "/file", by="carla", sequence=1)
    ask(case, by="carla", sequence=1)

    lines = rows(service, f"SELECT processing_activity, object_detail FROM access_log WHERE case_id = '{case.id}'")
    details = [line["object_detail"] for line in lines if line["processing_activity"] == "read_case_file"]
    assert details == ["whole file, as known at 1"]


@broken_by(
    "A past view shows ages, lateness and waiting time as they were at its moment",
    "service/cases/api/presenter.py",
    "day_in_amsterdam(at or transaction.now)",
    "day_in_amsterdam(transaction.now)",
)
def test_a_past_view_tells_the_party_the_day_and_the_lateness_of_its_moment(
    people: People, clock: RunningService
) -> None:
    """I1, I8, I28: party, day, lateness and waiting are those of the moment, on the day of the moment."""
    case = CaseFile.submitted(people)
    case.fire("reassign", by="carla", form={"assigneeId": str(people.carla.id)})
    view_at_start = case.view()
    clock.clock.let_pass(days=20)
    moment_between = clock.clock().isoformat().replace("+00:00", "Z")
    view_between = case.view()
    clock.clock.let_pass(days=20)
    case.fire("start_triage")

    early, late = (ask(case, **moment)[1] for moment in ({"sequence": 2}, {"knownAt": moment_between}))

    assert {name: field for name, field in early.items() if name != "asOf"} == view_at_start
    assert {name: field for name, field in late.items() if name != "asOf"} == view_between
    assert (early["main"]["late"], late["main"]["late"]) == (False, True)
    assert late["waitingDays"] == early["waitingDays"] + 20
    assert early["main"]["party"]["organisation"]["id"] == str(ORGANISATION_IDS["ret"])
