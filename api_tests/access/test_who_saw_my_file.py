"""The readers of a file, in plain Dutch (I18, NEN 7513): for the family, and for those responsible for the file."""

import json
from typing import Any, get_args

import httpx
import pytest

from api_tests.access.test_families import SIXTEEN_NEXT_MONTH
from api_tests.support.case_file import CaseFile
from api_tests.support.destructions import destroy_case, withdrawn_case
from api_tests.support.people import People
from api_tests.support.sabotages import broken_by
from api_tests.support.servers import RunningService
from api_tests.support.shared_case import SOME_TIME_AGO, newcomer, rows, today
from service.audit.rules import REGISTER, Activity, Purpose, detail_in_words, entry_in_words
from service.kinds import KINDS
from service.vocabulary.language import BilingualText
from service.vocabulary.messages import MESSAGES
from service.vocabulary.roles import Role

TEAM = "Expertteam Zuid-Kennemerland en IJmond (demonstratie)"
TWENTE = "Expertteam Twente (demonstratie)"
RECORDS = {"Accept": "application/x-ndjson"}


@pytest.fixture(scope="module")
def case(people: People) -> CaseFile:
    """A case of a family: read by its chair, a process director who took no step, the family, and in an emergency."""
    case = CaseFile.submitted(people, by="wilma", birth_month=SIXTEEN_NEXT_MONTH)
    case.fire("start_triage", by="carla")
    case.fire("add_note", by="esra")
    for key, path in (("esra", "/file"), ("hanna", "/transitions/1"), ("yara", "/file"), ("wilma", "/transitions/1")):
        assert people[key].get(case.path + path).status_code == 200
    case.read_in_an_emergency("petra")
    assert people.petra.get(f"{case.path}/file").status_code == 200
    return case


def log(case: CaseFile, by: str, **filters: Any) -> list[dict[str, Any]]:
    answer = case.people[by].get(f"{case.path}/access-log", params=filters)
    assert answer.status_code == 200, answer.text
    lines: list[dict[str, Any]] = answer.json()["items"]
    return lines


def dutch(lines: list[dict[str, Any]]) -> list[str]:
    """Returns the Dutch sentences of the lines, without readings of the log itself."""
    return [line["sentence"]["nl"] for line in lines if line["activity"] != "read_access_log"]


@broken_by(
    "The access log does not show parents the readings by the young person",
    "service/file_rights/use_cases/access_overview.py",
    "filter_ = replace(filter_, excluded_role=Role.YOUNG_PERSON)",
    "pass",
)
def test_t22_i18_a_parent_reads_in_plain_dutch_who_saw_the_file_when_and_why(case: CaseFile) -> None:
    """Newest first. Of a reader who took no step the family is told the role; of the daughter's reading, nothing."""
    lines = log(case, "wilma")

    assert dutch(lines) == [
        f"Petra Kok (voorzitter, {TWENTE}) las het hele dossier, in een noodgeval. Daarvoor is noodtoegang gebruikt.",
        "Wilma W. (ouder, Gezin W. (demonstratie)) las de aanmelding, als ouder, over het eigen kind.",
        f"Iemand (procesregisseur, {TEAM}) las de aanmelding, voor het werk van het expertteam.",
        f"Esra Yilmaz (voorzitter, {TEAM}) las het hele dossier, voor het werk van het expertteam.",
    ]
    assert [line["emergency"] for line in lines if line["activity"] != "read_access_log"] == [True, False, False, False]
    assert [line["at"] for line in lines] == sorted((line["at"] for line in lines), reverse=True)
    assert "@" not in json.dumps([line["what"] for line in lines])


def test_i18_the_team_and_its_officer_are_told_every_name_and_the_young_person_every_reading(case: CaseFile) -> None:
    texts = {key: "\n".join(dutch(log(case, key))) for key in ("carla", "quint", "yara")}

    assert all("Hanna Smit (procesregisseur" in texts[key] for key in ("carla", "quint"))
    assert "Hanna" not in texts["yara"]
    assert all("Yara W. (jongere" in text for text in texts.values())
    assert "Wilma W. (ouder" in texts["yara"]
    assert all(line["person"] is None for line in log(case, "yara") if line["role"]["code"] == "process_director")


@broken_by(
    "I18: the service logs each reading of the access log",
    "service/file_rights/use_cases/access_overview.py",
    '    log_access(transaction, caller, actor.person_id, membership, "read_access_log", case_id=case.id)\n',
    "",
)
def test_i18_a_reading_of_the_log_stands_in_the_next_answer_once(people: People) -> None:
    case = CaseFile.submitted(people, by="wilma")

    first, second, third = (log(case, key) for key in ("wilma", "carla", "wilma"))

    assert first == []
    assert [line["sentence"]["nl"] for line in second] == [
        "Wilma W. (ouder, Gezin W. (demonstratie)) bekeek wie dit dossier heeft gezien, als ouder, over het eigen kind."
    ]
    assert [line["role"]["code"] for line in third] == ["coordinator", "parent"]


def test_the_log_comes_in_pages_that_follow_each_other(case: CaseFile) -> None:
    lines, cursor, paged_lines = log(case, "carla", limit=200), None, list[dict[str, Any]]()

    for _ in range(len(lines) + 1):
        answer = case.people.carla.get(
            f"{case.path}/access-log", params={"limit": 2} | ({"cursor": cursor} if cursor else {})
        )
        paged_lines += answer.json()["items"]
        cursor = answer.json()["nextCursor"]
        if cursor is None:
            break

    assert [line for line in paged_lines if line in lines] == lines
    foreign_cursor = case.people.carla.get("/work-items", params={"limit": 1}).json()["nextCursor"] or "abc"
    assert case.people.carla.get(f"{case.path}/access-log", params={"cursor": foreign_cursor}).status_code == 400


@broken_by(
    "Emergency access to a case does not show its access log",
    "service/file_rights/use_cases/access_overview.py",
    "if membership.organisation_id == (case.submitter_id if membership.role in SUBMITTING_ROLES else case.team_id)",
    "if membership",
)
def test_a_reader_who_is_not_responsible_for_the_case_is_not_told_its_other_readers(
    service: RunningService, case: CaseFile
) -> None:
    """A screener sees the case; a chair elsewhere, in an emergency, sees it and not its log; Bram sees nothing."""
    statuses = {key: case.people[key].get(f"{case.path}/access-log").status_code for key in ("daan", "petra", "bram")}

    assert statuses == {"daan": 403, "petra": 403, "bram": 404}
    memberships = (
        ("gezin-w", Role.PARENT, SOME_TIME_AGO, None),
        ("ret", Role.DATA_PROTECTION_OFFICER, SOME_TIME_AGO, None),
    )
    with newcomer(service, *memberships) as an_officer_at_home:
        lines = an_officer_at_home.get(f"{case.path}/access-log").json()["items"]
    assert "Hanna" not in json.dumps(lines), "a member of the family reads as family, whatever other role they hold"


@broken_by(
    "A data-protection officer oversees only the cases of their own team",
    "service/cases/store/visibility.py",
    "return cases.c.team_id.in_(teams) if teams else false()",
    "return cases.c.team_id.is_not(None) if teams else false()",
)
def test_the_officer_oversees_all_cases_of_their_team_and_no_other(people: People, case: CaseFile) -> None:
    other_case = CaseFile.submitted(people, by="otto", residence={"municipality": "GM0153", "sinceOn": "2020-01-01"})
    people.petra.get(f"{other_case.path}/file")
    assert people.noor.get("/learning/histories", params={"region": "JZ11"}).is_success

    def oversee(**filters: Any) -> list[dict[str, Any]]:
        answer = people.quint.get("/access-log", params={"limit": 200, **filters})
        assert answer.status_code == 200, answer.text
        lines: list[dict[str, Any]] = answer.json()["items"]
        return lines

    team_lines = oversee()
    assert case.id in {line["caseId"] for line in team_lines}
    assert other_case.id not in {line["caseId"] for line in team_lines}
    assert team_lines[0]["activity"] == "pull_learning_histories"
    assert oversee()[0]["activity"] == "oversee_access", "the log of the log"
    assert {line["caseId"] for line in oversee(case=case.id)} == {case.id}
    assert {line["person"]["name"] for line in oversee(person=str(people.hanna.id))} == {"Hanna Smit"}
    assert [line["person"]["name"] for line in oversee(case=case.id, emergency=True)] == ["Petra Kok"]
    assert oversee(until=str(today().replace(year=2024))) == []
    assert oversee(**{"from": str(today()), "until": str(today()), "case": case.id}) != []
    assert people.quint.get("/access-log", params={"case": other_case.id}).status_code == 404
    assert people.quint.get(f"{other_case.path}/access-log").status_code == 404
    assert people.quint.get(f"{case.path}/file").status_code == 404, "an officer reads no content"


def test_the_log_of_a_case_outlives_it_for_the_officer_alone(people: People) -> None:
    """The log is kept for five years at least, and names no more than forms."""
    case = withdrawn_case(people, by="wilma", birth_month=SIXTEEN_NEXT_MONTH)
    people.esra.get(f"{case.path}/file")
    destroy_case(case, by="wilma")

    statuses = {key: people[key].get(f"{case.path}/access-log").status_code for key in ("wilma", "carla", "bram")}

    assert statuses == {"wilma": 410, "carla": 410, "bram": 404}
    assert f"Esra Yilmaz (voorzitter, {TEAM}) las het hele dossier, voor het werk van het expertteam." in dutch(
        log(case, "quint")
    )
    assert people.wilma.get(f"{case.path}/subject-access").status_code == 410


def test_the_officer_exports_the_log_as_records_of_processing_page_by_page(
    service: RunningService, case: CaseFile
) -> None:
    """Logboek Dataverwerkingen with the fields of NEN 7513. The export is logged as such."""
    quint, address = case.people.quint, f"/access-log?case={case.id}&limit=3"

    first = quint.get(address, headers=RECORDS)
    second = quint.get(first.links["next"]["url"].removeprefix("/v1"), headers=RECORDS)

    records = [json.loads(line) for page in (first, second) for line in page.text.splitlines()]
    (emergency_record,) = map(json.loads, quint.get(f"{address}&emergency=true", headers=RECORDS).text.splitlines())
    assert len({record["trace_id"] for record in records}) == len(records) == 6
    assert emergency_record["attributes"]["dpl.nen7513.controles"] == "emergency"
    assert emergency_record["attributes"]["dpl.core.data_subject_id"] == case.id
    assert emergency_record["attributes"]["dpl.nen7513.users"][0]["purposeOfUse"] == "emergency"
    assert emergency_record["attributes"]["dpl.core.processing_activity_id"].endswith(
        "/v1/processing-activities#read_case_file"
    )
    last_line = rows(service, "SELECT * FROM access_log ORDER BY id DESC LIMIT 1")[0]
    assert (last_line["action"], last_line["processing_activity"], last_line["case_id"]) == (
        "E",
        "oversee_access",
        case.id,
    )


@broken_by(
    "I18: every activity in the access log has a sentence in plain Dutch and English",
    "service/vocabulary/messages.toml",
    'find_payer = { nl = "{who} zette',
    'find_the_payer = { nl = "{who} zette',
)
def test_every_entry_of_the_log_has_a_sentence_in_both_languages(service: RunningService) -> None:
    """The names are types: no other name can be logged. Every name in a log is among them."""
    lines = rows(service, "SELECT DISTINCT processing_activity, purpose, object_detail FROM access_log")

    sentences = [
        entry_in_words(BilingualText("Zij", "She"), activity, purpose, detail, emergency=False)
        for activity in get_args(Activity)
        for purpose in get_args(Purpose)
        for detail in ("referral@1#3", "advice version 2")
    ]
    assert all("{" not in wording.nl + wording.en and wording.nl != wording.en for wording in sentences)
    assert all(detail_in_words(f"{form}#12") == MESSAGES["documents"][form.partition("@")[0]] for form in KINDS.forms)
    assert {line["processing_activity"] for line in lines} <= set(REGISTER) == set(get_args(Activity))
    assert {line["purpose"] for line in lines} <= set(get_args(Purpose))
    assert detail_in_words("referral@1#1, as known at 7").nl == "de aanmelding, zoals het bij stap 7 bekend was"
    fallback = detail_in_words("nothing that is known")
    details = {line["object_detail"] for line in lines if not line["object_detail"].startswith("regions")}
    assert [detail for detail in details if detail_in_words(detail) == fallback] == []


def test_the_register_of_processing_is_there_for_everybody(service: RunningService) -> None:
    items = httpx.get(f"{service.url}/v1/processing-activities").json()["items"]

    assert {item["id"] for item in items} == set(REGISTER)
    assert (
        next(item for item in items if item["id"] == "read_case_file")["label"]["nl"] == "Iemand las het hele dossier"
    )
    assert all(item["ground"]["nl"] and item["ground"]["en"] for item in items)
