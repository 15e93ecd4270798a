"""Who may look back, at what moment, and what they then see: no more than their rights showed then, or show today."""

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
from api_tests.support.openapi_documents import fits
from api_tests.support.people import People
from api_tests.support.sabotages import broken_by
from api_tests.support.servers import Running
from api_tests.support.shared_case import Scene, help_arranged, rows

Json = dict[str, Any]
WAYS = ("", "/transitions", "/transitions/1", "/file", "/refusals", "/advices", "/advices/1", "/commitments")


@pytest.fixture(scope="module")
def scene(people: People) -> Scene:
    return help_arranged(people)


@pytest.fixture
def clock(service: Running) -> Iterator[Running]:
    """The service, whose clock the test may set; set back afterwards."""
    passed = service.clock.passed
    yield service
    service.clock.passed = passed


def asked(case: CaseFile, way: str = "", by: str = "esra", **moment: Any) -> tuple[int, Json]:
    answer = case.people[by].get(f"{case.path}{way}", params=moment)
    return answer.status_code, answer.json()


def said(case: CaseFile, way: str = "", by: str = "esra", **moment: Any) -> tuple[int, str]:
    status, body = asked(case, way, by, **moment)
    return status, body.get("code", "")


def referral(case: CaseFile, **moment: Any) -> Json:
    """The first document of the file as it was known then."""
    found: Json = asked(case, "/file", **moment)[1]["documents"][0]
    return found


def amended(case: CaseFile, **changes: Any) -> Json:
    """The entry by which Anna corrects what she wrote when she submitted the case."""
    return case.fire("amend", by="anna", form={"amends": 1, "changes": changes, "reason": "Dat klopte niet."})


def just_before(moment: str) -> str:
    return (datetime.fromisoformat(moment) - timedelta(microseconds=1)).isoformat()


def test_before_its_first_entry_nobody_knew_of_a_case_and_beyond_its_last_there_is_nothing(scene: Scene) -> None:
    first, last = (scene.case.history()[it] for it in (0, -1))

    known = [said(scene.case, way, knownAt=first["recordedAt"])[0] for way in ("", "/transitions", "/file")]
    before = {said(scene.case, way, knownAt=just_before(first["recordedAt"])) for way in WAYS}
    beyond = {said(scene.case, way, sequence=last["sequence"] + 1) for way in WAYS}
    not_yet = {said(scene.case, way, sequence=1) for way in ("/advices/1", f"/commitments/{uuid4()}")}
    part = scene.parts["commitment A"]["id"]
    not_begun = {said(scene.case, f"/commitments/{part}{way}", sequence=1) for way in ("", "/transitions")}

    assert known == [200, 200, 200]
    assert before == beyond == not_yet == not_begun == {(404, "not_found")}


@broken_by(
    "Design 2, two clocks: knownAt goes by when something was recorded, not by when it happened",
    "service/cases/rules/point_in_time.py",
    "entry.recorded_at <= when.known_at",
    "entry.occurred_at <= when.known_at",
)
def test_what_is_told_late_was_not_known_before_it_was_told(people: People) -> None:
    """Two clocks: looking back goes by when something was recorded, not by when it happened."""
    case = CaseFile.submitted(people).go_to("advice_issued")
    part, known = case.parts("commitment")[0], case.history()[-1]
    case.fire("start_arranging")
    told = case.fire("accept", part=part, occurred_at=known["occurredAt"])["transition"]
    place = f"/commitments/{part['id']}"

    before = asked(case, place, knownAt=just_before(told["recordedAt"]))[1]
    after = asked(case, place, knownAt=told["recordedAt"])[1]

    assert told["occurredAt"] == known["occurredAt"]
    assert (before["state"]["code"], before["version"]) == ("requested", 1)
    assert (after["state"]["code"], after["version"]) == ("accepted", 2)


def test_every_past_answer_fits_the_published_schema_of_the_present_one(scene: Scene) -> None:
    document = json.loads((ROOT / "openapi" / "openapi.json").read_text(encoding="utf-8"))
    last = scene.case.history()[-1]["sequence"]
    found = {way: asked(scene.case, way, sequence=last)[1] for way in WAYS}

    assert all("asOf" in it for it in found.values())
    for way, it in found.items():
        named = way.replace("transitions/1", "transitions/{number}").replace("advices/1", "advices/{version}")
        answers = document["paths"][f"/cases/{{caseId}}{named}"]["get"]["responses"]
        assert fits(document, answers["200"]["content"]["application/json"]["schema"], it), way


def test_a_moment_is_given_in_one_way_and_lies_in_the_past_and_everything_wrong_is_told_at_once(scene: Scene) -> None:
    now = scene.case.history()[-1]["recordedAt"]
    wrong: list[tuple[Json, list[tuple[str, str]]]] = [
        ({"sequence": 1, "knownAt": now}, [("knownAt", "one_moment")]),
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

    found = [asked(scene.case, way, **moment) for way in ("", "/file") for moment, _ in wrong]
    no_past = said(scene.case, "/possible-transitions", sequence=1)

    assert {status for status, _ in found} == {400}
    errors = [sorted((error["location"], error["code"]) for error in body["errors"]) for _, body in found]
    assert errors == [sorted(faults) for _ in range(2) for _, faults in wrong]
    assert no_past == (400, "invalid")


def test_whoever_sees_a_part_or_nothing_cannot_look_back_by_any_way(people: People, scene: Scene) -> None:
    """I23: the numbers of a case tell of parts that are not theirs; whoever sees nothing learns nothing."""
    elsewhere = CaseFile(people, str(uuid4()), "")
    own = f"/commitments/{scene.parts['commitment A']['id']}"

    theirs = {said(scene.case, way, by="ivo", sequence=3) for way in (*WAYS, own, f"{own}/transitions")}
    unseen = {said(scene.case, way, by="petra", sequence=3) for way in WAYS}
    absent = {said(elsewhere, way, by="petra", sequence=3) for way in WAYS}

    assert said(scene.case, own, by="ivo") == (200, "")
    assert theirs == unseen == absent == {(404, "not_found")}


@broken_by(
    "Decision 14: an expert looks back no further than the table goes",
    "service/cases/use_cases/look_back.py",
    "        return main.phase in AT_THE_TABLE\n",
    "        return True\n",
)
@broken_by(
    "Issue 4 point 1: looking back shows a role for the table no more than the table showed it then",
    "service/cases/use_cases/look_back.py",
    "        return main.phase in AT_THE_TABLE\n",
    "        return True\n",
)
def test_an_expert_looks_back_as_far_as_the_table_goes_and_the_liaison_as_far_as_she_was_asked(people: People) -> None:
    """What their role did not show them then, it does not show them now; and nothing once it shows them nothing."""
    case = CaseFile.submitted(people).go_to("advice_issued")
    case.fire("request_escalation")
    table = next(it["sequence"] for it in case.history() if it["target"] == "scheduled")
    asked_her = next(it["sequence"] for it in case.history() if it["partKind"] == "escalation")
    moments = range(1, asked_her + 1)

    expert = [said(case, by="floor", sequence=moment)[0] for moment in moments]
    liaison = [said(case, by="mila", sequence=moment)[0] for moment in moments]
    case.fire("start_arranging")
    afterwards = {said(case, by="floor", sequence=moment)[0] for moment in moments}

    assert expert == [200 if moment >= table else 404 for moment in moments]
    assert liaison == [200 if moment == asked_her else 404 for moment in moments]
    assert afterwards == {404}


@broken_by(
    "I20: consent that is missing then withholds the file of then, whatever was agreed later",
    "service/cases/use_cases/read.py",
    "return Reader(transaction, reading.rights, seat, reading.history, on=on, today=today)",
    ("return Reader(transaction, reading.rights, seat, Cases(transaction).history(sight.case.id), on=on, today=today)"),
)
def test_i20_content_is_withheld_that_was_withheld_then_and_that_is_withheld_today(people: People) -> None:
    """Consent given later opens nothing of before, and consent taken back closes what had been open."""
    case = CaseFile.submitted(people).go_to("advice_issued")
    case.fire("request_escalation")
    open_then = case.history()[-1]["sequence"]
    case.fire("withdraw_consent", by="hanna", purposes=[{"code": "cce"}])
    closed_then = case.history()[-1]["sequence"]
    both_closed = [said(case, "/file", by="mila", sequence=it) for it in (open_then, closed_then)]
    case.fire("record_consent", by="hanna", consents=filled("escalation_request@1")["consents"])

    reopened = [said(case, "/file", by="mila", sequence=it) for it in (open_then, closed_then)]

    assert both_closed == [(403, "consent_missing")] * 2
    assert reopened == [(200, ""), (403, "consent_missing")]


@broken_by(
    "I22: looking back gives a parent nothing that is withheld today",
    "service/cases/use_cases/reading_rights.py",
    "            self._today.insist_on_file()\n",
    "            pass\n",
)
def test_i22_a_parent_of_a_sixteen_year_old_reads_no_content_of_before_either(people: People, clock: Running) -> None:
    case = CaseFile.submitted(people, by="wilma", birth_month=months_ago(16 * 12 - 1))
    case.fire("add_note", by="esra")
    at_fifteen = said(case, "/file", by="wilma", sequence=1)

    clock.clock.let_pass(days=40)

    assert at_fifteen == (200, "")
    assert said(case, by="wilma", sequence=1) == (200, "")
    assert said(case, "/file", by="wilma", sequence=1) == (403, "young_person_decides")


@broken_by(
    "Issue 4 point 1: amendments made later are not applied to what was known then",
    "service/cases/use_cases/look_back.py",
    "        return self.past.history\n",
    "        return Cases(self.transaction).history(self.sight.case.id)\n",
)
def test_a_correction_names_what_it_corrects_and_is_named_there_and_is_not_applied_before_it_was_made(
    people: People,
) -> None:
    case = CaseFile.submitted(people)
    sent = referral(case)["form"]
    case.fire("start_triage")
    first = amended(case, previousMoves=3)["transition"]
    second = amended(case, previousMoves=4)["transition"]

    history = case.history()
    then = asked(case, "/transitions", sequence=3)[1]["transitions"]
    read = [referral(case, sequence=it) for it in (2, 3, 4)]
    alone = [asked(case, "/transitions/1", sequence=it)[1] for it in (2, 3, 4)]
    now = asked(case, "/transitions/1")[1]

    assert (first["corrects"], second["corrects"]) == (1, 1)
    assert [(it["corrects"], it["correctedBy"]) for it in history] == [(None, [3, 4]), (None, []), (1, []), (1, [])]
    assert [it["correctedBy"] for it in then] == [[3], [], []]
    assert [it["current"] for it in read] == [None, {**sent, "previousMoves": 3}, {**sent, "previousMoves": 4}]
    assert [it["entry"]["correctedBy"] for it in read] == [[], [3], [3, 4]]
    assert all(it["form"] == sent for it in read)
    assert [{**it, "asOf": None} for it in alone] == [{**it, "asOf": None} for it in read]
    assert now == referral(case)


def test_beside_the_present_advice_stands_the_one_of_then_and_each_says_of_which_moment_it_is(people: People) -> None:
    """I13, I17: at the learning table nobody is judged by what was known only afterwards."""
    case = CaseFile.submitted(people).go_to("advice_issued")
    issued = case.history()[-1]
    case.fire("revise_advice", child_version="Je blijft thuis, en opa helpt mee.")

    then = asked(case, "/advices", knownAt=issued["recordedAt"])[1]
    advice = asked(case, "/advices/1", sequence=issued["sequence"])[1]
    now = people.esra.get(then["asOf"]["present"].removeprefix("/v1")).json()

    assert [item["version"] for item in then["items"]] == [1]
    assert [item["version"] for item in now["items"]] == [1, 2]
    assert "asOf" not in now
    assert advice.pop("asOf") == {
        "sequence": issued["sequence"],
        "knownAt": issued["recordedAt"],
        "present": f"/v1{case.path}/advices/1",
    }
    assert advice == asked(case, "/advices/1")[1]
    assert said(case, "/advices/2", sequence=issued["sequence"]) == (404, "not_found")


def test_i18_looking_back_at_the_file_is_logged_with_the_entry_it_was_read_at(service: Running, people: People) -> None:
    case = CaseFile.submitted(people)
    case.fire("add_note", by="carla")

    asked(case, "/file", by="carla", sequence=1)
    asked(case, by="carla", sequence=1)

    lines = rows(service, f"SELECT processing_activity, object_detail FROM access_log WHERE case_id = '{case.id}'")
    read = [line["object_detail"] for line in lines if line["processing_activity"] == "read_case_file"]
    assert read == ["whole file, as known at 1"]


@broken_by(
    "Issue 4 point 1: ages, lateness and waiting are those of the moment that is looked back at",
    "service/cases/api/presenter.py",
    "day_in_amsterdam(at or transaction.now)",
    "day_in_amsterdam(transaction.now)",
)
def test_what_moves_nothing_tells_of_then_what_was_asked_of_then(people: People, clock: Running) -> None:
    """I1, I8, I28: party, day, lateness and waiting are those of the moment, on the day of the moment."""
    case = CaseFile.submitted(people)
    case.fire("reassign", by="carla", form={"assigneeId": str(people.carla.id)})
    submitted = case.seen()
    clock.clock.let_pass(days=20)
    between = clock.clock().isoformat().replace("+00:00", "Z")
    waiting = case.seen()
    clock.clock.let_pass(days=20)
    case.fire("start_triage")

    then, late = (asked(case, **moment)[1] for moment in ({"sequence": 2}, {"knownAt": between}))

    assert {name: it for name, it in then.items() if name != "asOf"} == submitted
    assert {name: it for name, it in late.items() if name != "asOf"} == waiting
    assert (then["main"]["late"], late["main"]["late"]) == (False, True)
    assert late["waitingDays"] == then["waitingDays"] + 20
    assert then["main"]["party"]["organisation"]["id"] == str(ORGANISATION_IDS["ret"])
