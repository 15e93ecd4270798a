"""T22: requests about a file, decided with reasons and within a term, also when the case has long ended."""

from datetime import date, timedelta

from api_tests.support.case_file import CaseFile
from api_tests.support.forms import filled
from api_tests.support.people import People
from api_tests.support.sabotages import broken_by
from api_tests.support.servers import RunningService
from api_tests.support.shared_case import rows


def test_t22_a_family_asks_for_its_file_and_is_told_the_decision_and_the_outcome(people: People) -> None:
    case = CaseFile.submitted(people, by="wilma")

    part = case.ask_about_file("access", by="wilma")
    work_items = people.carla.get(f"/work-items?whose=team&number={case.number}").json()["items"]
    grant = case.fire("grant", part=part, by="carla")
    case.fire("carry_out", part=part, by="carla")

    assert (part["state"]["code"], part["party"]["role"]) == ("received", "coordinator")
    assert date.fromisoformat(part["dueOn"]) >= date.today() + timedelta(days=29)  # noqa: DTZ011 - a day, give or take one
    assert part["id"] in [item["part"]["id"] for item in work_items]
    assert grant["transition"]["codes"] == {"file_request_extent": ["partial"]}
    requests = people.wilma.get(f"{case.path}/file-requests").json()["items"]
    assert [request["state"]["code"] for request in requests] == ["carried_out"]
    assert case.state == "submitted"


def test_t22_a_refusal_gives_its_reason_and_says_where_to_complain(case: CaseFile) -> None:
    part = case.ask_about_file("destruction")

    without_grounds = case.attempt("refuse", part=part, by="carla", grounds=None)
    without_complaint_address = case.attempt("refuse", part=part, by="carla", told_where_to_complain=False)
    refusal = case.fire("refuse", part=part, by="quint")

    assert (without_grounds.status_code, without_complaint_address.status_code) == (400, 400)
    assert refusal["transition"]["codes"] == {"file_request_refusal_reason": ["interest_of_another"]}
    assert refusal["transition"]["by"]["role"] == "data_protection_officer"


@broken_by(
    "T22: a family reads the decision on its own file request",
    "service/cases/use_cases/reading_rights.py",
    '"file_request_grant", "file_request_refusal", ',
    '"file_request_grant", ',
)
def test_t22_a_family_reads_the_decision_on_its_request_in_the_words_of_the_decider(people: People) -> None:
    """AVG 12.4. The family still reads no other text of others."""
    case = CaseFile.submitted(people, by="wilma")
    first, second = (case.ask_about_file("destruction", by="wilma") for _ in range(2))
    case.fire("postpone", part=first, by="carla", told_on="2025-06-12", due_on="2025-08-13", grounds="Het is vakantie.")
    case.fire("refuse", part=first, by="carla", grounds="Er loopt een klacht.")
    case.fire("grant", part=second, by="carla")
    case.fire("carry_out", part=second, by="carla")
    case.fire("add_note", by="carla")

    decisions = [
        people.wilma.get(f"{case.address(part)}/transitions/{number}") for part in (first, second) for number in (2, 3)
    ]
    note = people.wilma.get(f"{case.path}/transitions/{case.view()['main']['version']}")

    assert [answer.status_code for answer in decisions] == [200] * 4
    assert [answer.json()["grounds"] for answer in decisions[:2]] == ["Het is vakantie.", "Er loopt een klacht."]
    assert decisions[2].json()["form"]["notGranted"] == filled("file_request_grant@1")["notGranted"]
    assert (note.status_code, note.json()["code"]) == (403, "written_by_others")


def test_t22_a_decision_may_be_postponed_for_two_months_and_no_longer(case: CaseFile) -> None:
    part = case.ask_about_file("copy")

    too_long = case.attempt("postpone", part=part, by="carla", told_on="2025-06-12", due_on="2025-08-14")
    case.fire("postpone", part=part, by="carla", told_on="2025-06-12", due_on="2025-08-13")

    assert [error["code"] for error in too_long.json()["errors"]] == ["postponed_too_long"]
    assert case.parts("file_request")[0]["dueOn"] == "2025-08-13"


def test_t22_a_file_is_asked_about_after_the_end_as_well_and_the_case_stays_ended(case: CaseFile) -> None:
    case.fire("withdraw")

    part = case.ask_about_file("correction")

    assert part["state"]["code"] == "received"
    assert (case.state, case.view()["main"]["version"]) == ("withdrawn", 2)


def test_i21_a_request_about_a_file_does_not_extend_its_retention(
    service: RunningService, people: People, case: CaseFile
) -> None:
    case.fire("withdraw")
    keep_until_before = people.carla.get(f"{case.path}/retention").json()["keepUntil"]

    service.clock.let_pass(days=400)
    case.ask_about_file("access")
    case.read_in_an_emergency(by="petra")
    keep_until_after = people.carla.get(f"{case.path}/retention").json()["keepUntil"]
    service.clock.let_pass(days=-400)

    assert keep_until_after == keep_until_before


def test_the_text_of_a_request_is_content_and_only_its_kind_a_fact(service: RunningService, case: CaseFile) -> None:
    case.ask_about_file("own_statement")

    facts = rows(service, f"SELECT codes FROM transitions WHERE case_id = '{case.id}' AND sequence = 2")
    assert facts[0]["codes"] == '{"file_request_kind":["own_statement"],"person_role":["parent"]}'
    assert filled("file_request@1")["about"] not in str(rows(service, "SELECT * FROM contents"))


def test_only_a_reader_of_the_whole_case_asks_about_its_file(people: People, case: CaseFile) -> None:
    body = {"trigger": "ask_about_file", "form": filled("file_request@1")}

    statuses = {
        key: people[key].post(f"{case.path}/file-requests", body).status_code for key in ("bram", "ivo", "quint")
    }
    faulty = people.anna.post(
        f"{case.path}/file-requests", {"trigger": "ask_about_file", "form": {"kind": {"code": "x"}}}
    )

    assert statuses == {"bram": 404, "ivo": 404, "quint": 404}
    assert {error["location"] for error in faulty.json()["errors"]} == {"/form/kind", "/form/askedBy", "/form/askedOn"}
