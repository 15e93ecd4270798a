"""AVG 16: a correction that was granted is carried out on the file, also when the case has ended or was transferred."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from api_tests.support.case_file import CaseFile
from api_tests.support.changed_rules import copy_workflows, replace_in_workflow, service_with_people
from api_tests.support.databases import new_database
from api_tests.support.engines import ENGINES
from api_tests.support.forms import filled
from api_tests.support.people import People
from api_tests.support.refusals import faults
from api_tests.support.sabotages import Rule, broken_by
from api_tests.support.servers import RunningService
from api_tests.support.upgrades import adopt_plan, is_sound, new_plan

QUESTION = "Waar kan hij wonen, met zijn broer dichtbij?"
ENDED = ["withdrawn", "closed", "declined", "transferred"]
Json = dict[str, Any]


def granted(case: CaseFile, kind: str = "correction") -> Json:
    """A request about this file that was granted."""
    part = case.ask_about_file(kind)
    case.fire("grant", part=part, by="carla")
    return part


def correct(case: CaseFile, request: Json, changes: Json, *, by: str = "carla", **place: Any) -> httpx.Response:
    """Correct an entry of the file; the first of the case where no place is given."""
    form = {"amends": 1, "changes": changes, "reason": "Dat klopte niet."} | place
    return case.attempt("correct", part=request, by=by, form=form, grounds=None)


def first_document(case: CaseFile, by: str = "esra", **when: Any) -> Json:
    answer = case.people[by].get(f"{case.path}/transitions/1", params=when)
    assert answer.status_code == 200, answer.text
    document: Json = answer.json()
    return document


@broken_by(
    "AVG 16: a correction that was granted is carried out on a case that has ended",
    "workflows/file_request.toml",
    '[triggers.correct]\nfrom = ["granted"]',
    '[triggers.correct]\nfrom = ["received"]',
)
@broken_by(
    "AVG 16: a correction on request counts as an amendment of the entry that it names",
    "service/cases/rules/amendments.py",
    "(part_id,) = entry.codes.get(AMENDED_PART, (str(entry.part_id),))",
    "part_id = str(entry.part_id)",
)
@pytest.mark.parametrize("end", ENDED)
def test_what_was_granted_is_corrected_in_a_case_that_has_ended_and_the_case_stays_ended(
    people: People, end: str
) -> None:
    case = CaseFile.submitted(people).go_to(end)
    request = granted(case)
    before = case.view()["main"]

    answer = correct(case, request, {"question": QUESTION})

    assert answer.status_code == 201, answer.text
    entry = answer.json()["transition"]
    assert (entry["partId"], entry["target"], entry["corrects"]) == (request["id"], "granted", None)
    assert entry["correctsInFile"] == {"partId": case.id, "partSequence": 1}
    document = first_document(case)
    assert (document["form"]["question"], document["current"]["question"]) == (
        filled("referral@1")["question"],
        QUESTION,
    )
    place = {"partId": request["id"], "partSequence": entry["partSequence"]}
    assert document["entry"]["correctedOnRequest"] == [place]
    assert case.history()[0]["correctedOnRequest"] == [place]
    assert case.view()["main"] == before
    assert case.attempt("amend", by="anna").status_code == 409
    assert is_sound(case)
    case.fire("carry_out", part=request, by="carla")


@broken_by(
    "AVG 16: the history of a part tells which of its entries were corrected on request",
    "service/cases/api/parts.py",
    "history_view(transaction, rules, entries, reading.history_without_notes, whole",
    "history_view(transaction, rules, entries, entries, whole",
)
def test_the_history_of_a_part_tells_what_was_corrected_on_request_to_readers_of_the_whole_case(
    people: People,
) -> None:
    case = CaseFile.submitted(people).go_to("arranging_placement")
    line = next(part for part in case.parts("commitment") if part["addressee"])
    refused = case.fire("refuse", part=line, by="ivo")["transition"]
    request = granted(case)

    answer = correct(
        case, request, {"possibleIf": "Als er een plek vrijkomt."}, partId=line["id"], amends=refused["partSequence"]
    )

    assert answer.status_code == 201, answer.text
    place = {"partId": request["id"], "partSequence": answer.json()["transition"]["partSequence"]}
    shown = {
        by: people[by].get(f"{case.address(line)}/transitions").json()["transitions"][-1] for by in ("esra", "ivo")
    }
    assert (shown["esra"]["correctedOnRequest"], shown["ivo"]["correctedOnRequest"]) == ([place], [])


def test_a_past_view_shows_the_text_as_it_stood_before_the_correction(people: People) -> None:
    case = CaseFile.submitted(people).go_to("withdrawn")
    request = granted(case)
    sequence = case.view()["sequence"]

    correct(case, request, {"question": QUESTION})
    correct(case, request, {"question": "Waar kan hij wonen?"})

    past, between, now = (first_document(case, sequence=sequence + later) for later in range(3))
    assert past["current"] is None
    assert (between["current"]["question"], now["current"]["question"]) == (QUESTION, "Waar kan hij wonen?")
    assert [len(document["entry"]["correctedOnRequest"]) for document in (past, between, now)] == [0, 1, 2]


def test_a_correction_on_request_counts_in_what_is_folded_from_the_history(people: People) -> None:
    """I20, I23: a consent that was recorded by mistake lets nobody read any more."""
    case = CaseFile.submitted(people).go_to("advice_issued")
    at_the_table_only = [
        {**consent, "purposes": [{"code": "discuss_at_table"}]} for consent in filled("referral@1")["consents"]
    ]
    with_consent = people.ivo.get(f"{case.path}/advices/1").json()["advice"]

    answer = correct(case, granted(case), {"consents": at_the_table_only})

    assert answer.status_code == 201, answer.text
    assert "goals" in with_consent
    assert "goals" not in people.ivo.get(f"{case.path}/advices/1").json()["advice"]


def test_the_overview_of_all_data_shows_the_correction_beside_what_it_corrects(people: People) -> None:
    case = CaseFile.submitted(people).go_to("withdrawn")

    correct(case, granted(case), {"question": QUESTION})

    overview = people.carla.get(f"{case.path}/subject-access")
    assert overview.status_code == 200, overview.text
    first, *others = overview.json()["written"]
    assert QUESTION in str(first["readsNow"])
    assert any(QUESTION in str(content["answers"]) for content in others)


@broken_by("AVG 16: only a request for correction corrects the file", Rule("not_a_correction"))
@broken_by(
    "A correction on request changes the file alone",
    "service/cases/use_cases/amend.py",
    "return entry if KINDS[entry.part_kind].belongs_to_file else None",
    "return entry",
)
def test_only_a_granted_request_for_correction_corrects_and_never_a_request(people: People) -> None:
    """A request about the file is no part of the file."""
    case = CaseFile.submitted(people).go_to("advice_issued")
    request, other = granted(case), granted(case, "access")
    undecided = case.ask_about_file("correction")

    answers = [
        correct(case, other, {"question": QUESTION}),
        correct(case, request, {"about": "Iets anders."}, partId=request["id"]),
        correct(case, request, {"question": QUESTION}, amends=99),
        correct(case, undecided, {"question": QUESTION}),
        correct(case, request, {"question": QUESTION}, by="anna"),
    ]

    assert [answer.status_code for answer in answers] == [400, 400, 400, 409, 403]
    assert [answer.json()["errors"][0]["code"] for answer in answers[:3]] == [
        "not_a_correction",
        *["not_amendable"] * 2,
    ]
    assert is_sound(case)


def _issued(case: CaseFile) -> int:
    return int(next(entry for entry in case.history() if entry["trigger"] == "issue_advice")["partSequence"])


@broken_by(
    "AVG 16: the text of an advice is corrected on request, also of a case that has ended",
    "service/cases/use_cases/amend.py",
    '_NEVER_AMENDED = frozenset({"amendment", ',
    '_NEVER_AMENDED = frozenset({"advice", "amendment", ',
)
@broken_by(
    "I13: the issued text of an advice stays beside its correction on request",
    "service/advice/api.py",
    "advice=dict(advice.form),",
    "advice=dict(advice.current or advice.form),",
)
@broken_by(
    "I23: a correction on request tells a provider nothing of what it does not read",
    "service/advice/use_cases.py",
    "current = None if current == form else current",
    "current = current",
)
def test_i13_the_text_of_an_advice_is_corrected_on_request_and_the_issued_text_stays(people: People) -> None:
    case = CaseFile.submitted(people).go_to("arranging_placement")
    case.fire("withdraw")
    request, issued = granted(case), _issued(case)
    before = people.esra.get(f"{case.path}/advices/1").json()

    of_child = correct(case, request, {"childVersion": "We helpen je broer ook."}, amends=issued)
    of_provider = people.ivo.get(f"{case.path}/advices/1").json()
    correct(case, request, {"familyStatement": "Zo wonen wij het liefst."}, amends=issued)

    after = people.esra.get(f"{case.path}/advices/1").json()
    assert of_child.status_code == 201, of_child.text
    assert (before["current"], after["advice"]) == (None, before["advice"])
    corrected = {"childVersion": "We helpen je broer ook.", "familyStatement": "Zo wonen wij het liefst."}
    assert after["current"] == before["advice"] | corrected
    assert of_provider["current"] is None
    assert people.ivo.get(f"{case.path}/advices/1").json()["current"]["familyStatement"] == "Zo wonen wij het liefst."
    assert [version["version"] for version in people.esra.get(f"{case.path}/advices").json()["items"]] == [1]
    assert is_sound(case)


@broken_by(
    "I23: a correction that leaves out an optional answer tells a provider nothing",
    "service/advice/use_cases.py",
    "return reading.form.to_content() if reading.form and not reading.faults else form",
    "return form",
)
def test_i23_a_correction_that_changes_nothing_of_a_line_has_the_shape_of_the_issued_text(people: People) -> None:
    case = CaseFile.submitted(people).go_to("arranging_placement")
    advice = people.esra.get(f"{case.path}/advices/1").json()["advice"]
    short = [{name: value for name, value in line.items() if value is not False} for line in advice["lines"]]

    changes = {"childVersion": "We helpen je broer ook.", "lines": short}
    answer = correct(case, granted(case), changes, amends=_issued(case))

    assert answer.status_code == 201, answer.text
    assert short != advice["lines"]
    assert people.esra.get(f"{case.path}/advices/1").json()["current"]["lines"] == advice["lines"]
    assert people.ivo.get(f"{case.path}/advices/1").json()["current"] is None


@broken_by("I13: a correction on request changes no decision of an advice", Rule("advice_keeps_its_decision"))
def test_i13_a_correction_on_request_changes_no_decision_of_an_advice(people: People) -> None:
    case = CaseFile.submitted(people).go_to("advice_issued")
    request, issued = granted(case), _issued(case)
    form = people.esra.get(f"{case.path}/advices/1").json()["advice"]
    later = [{**line, "latestStartOn": "2099-01-01"} for line in form["lines"]]
    disagrees = [{**member, "agrees": False} for member in form["agreement"]] + form["agreement"]

    refused = {
        field: correct(case, request, {field: value}, amends=issued)
        for field, value in {
            "lines": later,
            "goals": form["goals"][:1] if len(form["goals"]) > 1 else [{**form["goals"][0], "number": 9}],
            "checksOn": form["checksOn"] * 2,
            "agreement": disagrees,
            "planAfter18": None if "planAfter18" in form else "Hij gaat naar zijn oom.",
        }.items()
    }
    other_text = [{**line, "aim": "Wonen bij zijn oom."} for line in form["lines"]]
    accepted = correct(case, request, {"lines": other_text}, amends=issued)

    for field, answer in refused.items():
        assert ("advice_keeps_its_decision", f"/form/changes/{field}") in faults(answer)
    assert accepted.status_code == 201, accepted.text


@broken_by(
    "AVG 16: a note is corrected on request",
    "service/cases/use_cases/amend.py",
    "entry = Cases(transaction).entry_of_part(situation.case.id, *place)",
    "entry = next((entry for entry in situation.history if (entry.part_id, entry.part_sequence) == place), None)",
)
def test_a_note_is_corrected_on_request_and_by_nobody_without_one(people: People) -> None:
    case = CaseFile.submitted(people)
    note = case.fire("add_note", by="carla")["transition"]["partSequence"]
    case.go_to("withdrawn")

    without = CaseFile.submitted(people)
    own = without.fire("add_note", by="carla")["transition"]["partSequence"]
    amended = without.attempt(
        "amend", by="carla", form={"amends": own, "changes": {"text": "Nee."}, "reason": "Verschreven."}
    )
    corrected = correct(case, granted(case), {"text": "Zijn oom belde, niet zijn vader."}, amends=note)

    assert faults(amended) == {("not_amendable", "/form/amends")}
    assert corrected.status_code == 201, corrected.text
    document = people.carla.get(f"{case.path}/transitions/{note}").json()
    assert document["current"] == {"text": "Zijn oom belde, niet zijn vader."}
    in_file = people.carla.get(f"{case.path}/file").json()["documents"]
    assert document["current"] in [document["current"] for document in in_file]
    assert is_sound(case)


@broken_by(
    "I21: a correction of the file is a change of the file",
    "service/retention/rules/destruction.py",
    "if entry.part_kind not in KINDS.kinds_outside_file or AMENDED_PART in entry.codes",
    "if entry.part_kind not in KINDS.kinds_outside_file",
)
def test_i21_the_file_is_kept_from_its_last_correction(service: RunningService, people: People) -> None:
    """Jeugdwet 7.3.8: the term counts from the last change."""
    case = CaseFile.submitted(people).go_to("withdrawn")
    request = granted(case)
    kept_until = [people.carla.get(f"{case.path}/retention").json()["keepUntil"]]

    service.clock.let_pass(days=400)
    correct(case, request, {"question": QUESTION})
    kept_until.append(people.carla.get(f"{case.path}/retention").json()["keepUntil"])
    service.clock.let_pass(days=-400)

    assert kept_until[0] < kept_until[1]


@pytest.mark.server
@pytest.mark.parametrize("engine", ENGINES)
def test_a_request_that_runs_on_an_older_workflow_corrects_once_it_was_moved(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, engine: str
) -> None:
    """Decision 0037: the administrator moves running requests, state by state of the same name."""
    folder: Path = tmp_path_factory.mktemp(f"older-{engine}")
    url, older = new_database(request, folder, engine), copy_workflows(folder)
    replace_in_workflow(older, "file_request", "triggers.correct", "triggers.correct_later")
    with service_with_people(folder, url, older) as (_, people):
        case = CaseFile.submitted(people).go_to("withdrawn")
        part = granted(case)
        identity, workflow = (case.id, case.number), case.history()[-1]["workflow"]

    with service_with_people(folder, url) as (_, people):
        case = CaseFile(people, *identity)
        unknown = correct(case, part, {"question": QUESTION})
        adopted = adopt_plan(people, new_plan(people, workflow, kind="file_request"))["adopted"]
        corrected = correct(case, part, {"question": QUESTION})

        assert (unknown.status_code, adopted, corrected.status_code) == (409, 1, 201)
        assert first_document(case)["current"]["question"] == QUESTION
        assert is_sound(case)
