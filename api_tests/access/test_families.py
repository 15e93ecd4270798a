"""What a family reads of its own case, and its parents once the young person decides (I22; Jeugdwet 7.3.10, 7.3.11)."""

from datetime import date
from typing import Any

import httpx
import pytest

from api_tests.support.case_file import CaseFile
from api_tests.support.people import People
from api_tests.support.sabotages import broken_by
from api_tests.support.servers import Running
from api_tests.support.shared_case import SOME_TIME_AGO, newcomer, rows, today
from service.vocabulary.roles import Role


def months_ago(number: int) -> str:
    """The month of birth of somebody who turned that many months old this month."""
    month = today().year * 12 + today().month - 1 - number
    return f"{month // 12}-{month % 12 + 1:02d}"


SIXTEEN_NOW = months_ago(16 * 12)
SIXTEEN_NEXT_MONTH = months_ago(16 * 12 - 1)


def said(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


def consent(by: str, *purposes: str) -> list[dict[str, Any]]:
    given = {"kind": {"code": "consent"}, "by": {"code": by}, "givenOn": today().isoformat()}
    return [given | {"purposes": [{"code": purpose} for purpose in purposes]}]


def withdrawal(by: str, purpose: str) -> dict[str, Any]:
    taken_back = {"by": {"code": by}, "purposes": [{"code": purpose}], "withdrawnOn": today().isoformat()}
    return {"kind": {"code": "consent"}, **taken_back}


def content_paths(case: CaseFile) -> list[str]:
    return [f"{case.path}/file", f"{case.path}/transitions/2", f"{case.path}/advices/1"]


def statuses(case: CaseFile, by: str) -> set[tuple[int, str]]:
    return {said(case.people[by].get(path)) for path in content_paths(case)}


@pytest.fixture(scope="module")
def advised(people: People) -> CaseFile:
    """A case of a family whose child is sixteen, with an advice."""
    case = CaseFile.submitted(people, by="wilma", birth_month=SIXTEEN_NOW)
    case.fire("request_information", by="carla")
    case.fire("supply_information", by="yara")
    case.fire("add_note", by="esra")
    return case.go_to("advice_issued")


@broken_by(
    "I22: from sixteen parents read no content by default",
    "service/cases/use_cases/reading_rights.py",
    "            return YoungPersonDecides()\n",
    "            return None\n",
)
def test_i22_at_sixteen_a_parent_reads_no_content_and_hears_who_decides(advised: CaseFile) -> None:
    answers = [advised.people.wilma.get(path) for path in content_paths(advised)]

    assert {said(answer) for answer in answers} == {(403, "young_person_decides")}
    assert all("jeugdige" in answer.json()["detail"] for answer in answers)
    assert statuses(advised, "yara") == {(200, "")}


def test_i22_state_and_terms_stay_in_sight_of_the_parent(advised: CaseFile) -> None:
    wilma = advised.people.wilma

    assert wilma.get(advised.path).json()["main"]["state"]["code"] == "advice_issued"
    assert wilma.get(f"{advised.path}/possible-transitions").status_code == 200
    steps = wilma.get(f"{advised.path}/transitions").json()["transitions"]
    assert [step["trigger"] for step in steps[:2]] == ["submit", "request_information"]


def test_i22_what_a_parent_wrote_is_the_parents_own(advised: CaseFile) -> None:
    assert advised.people.wilma.get(f"{advised.path}/transitions/1").status_code == 200


def test_i22_the_young_person_lets_parents_read_and_takes_it_back(people: People) -> None:
    case = CaseFile.submitted(people, by="wilma", birth_month=SIXTEEN_NOW).go_to("advice_issued")
    for_parents = case.attempt("record_consent", by="wilma", consents=consent("parent", "share_with_parents"))
    assert [error["code"] for error in for_parents.json()["errors"]] == ["consent_not_theirs"]

    case.fire("record_consent", by="yara", consents=consent("child", "share_with_parents"))
    reads = said(people.wilma.get(f"{case.path}/file"))
    taken_back = withdrawal("child", "share_with_parents")
    case.fire("withdraw_consent", by="yara", form=taken_back)

    assert reads == (200, "")
    assert said(people.wilma.get(f"{case.path}/file")) == (403, "young_person_decides")


@broken_by(
    "I22: after the end the young person still decides whether parents read",
    "workflows/case.toml",
    '[triggers.record_consent]\nfrom = ["*", "closed", "declined", "withdrawn", "transferred"]',
    '[triggers.record_consent]\nfrom = ["*"]',
)
def test_i22_after_the_end_the_young_person_still_decides_whether_parents_read(people: People) -> None:
    case = CaseFile.submitted(people, by="wilma", birth_month=SIXTEEN_NOW)
    case.fire("withdraw", by="wilma")
    before = said(people.wilma.get(f"{case.path}/file"))

    case.fire("record_consent", by="yara", consents=consent("child", "share_with_parents"))

    assert before == (403, "young_person_decides")
    assert said(people.wilma.get(f"{case.path}/file")) == (200, "")
    assert people.wilma.get(case.path).json()["main"]["state"]["code"] == "withdrawn"


@broken_by(
    "I22: what a child agreed to before sixteen does not open the file after",
    "service/cases/use_cases/reading_rights.py",
    "agreed.last is not None and agreed.last.age >= CHILD_DECIDES_FROM",
    "agreed.last is not None",
)
def test_i22_what_a_child_agreed_to_before_sixteen_opens_nothing_after(people: People) -> None:
    consents = [{**it, "givenOn": "2025-02-03"} for it in consent("child", "share_with_parents", "discuss_at_table")]
    consents += [{**it, "givenOn": "2025-02-03"} for it in consent("parent", "discuss_at_table")]

    case = CaseFile.submitted(people, by="wilma", birth_month=SIXTEEN_NOW, consents=consents)
    case.fire("start_triage", by="carla")

    assert said(people.wilma.get(f"{case.path}/file")) == (403, "young_person_decides")


@broken_by(
    "7.3.10: a family does not read notes and documents of others",
    "service/cases/use_cases/read.py",
    "if entry.sequence in contents and reader.may_read(entry)\n",
    "if entry.sequence in contents\n",
)
def test_i22_up_to_sixteen_parents_read_what_their_family_wrote_and_what_was_said_to_it(people: People) -> None:
    case = CaseFile.submitted(people, by="wilma", birth_month=SIXTEEN_NEXT_MONTH)
    case.fire("add_note", by="esra", text="Over de buren, niet voor het gezin.")
    case.fire("request_information", by="carla")
    case.fire("supply_information", by="yara")
    case.go_to("advice_issued")

    file = people.wilma.get(f"{case.path}/file").json()["documents"]

    assert [it["entry"]["trigger"] for it in file] == [
        *("submit", "request_information", "supply_information", "issue_advice"),
    ]
    assert "buren" not in str(file)
    assert said(people.wilma.get(f"{case.path}/transitions/2")) == (403, "written_by_others")
    advice = people.wilma.get(f"{case.path}/advices/1").json()["advice"]
    assert {"childVersion", "dissent", "familyStatement"} <= advice.keys(), "I17"


def test_whoever_only_asked_reads_the_answer_at_any_age_and_nobody_reads_along(people: People) -> None:
    mothers = CaseFile.asked(people, by="wilma", birth_month=SIXTEEN_NOW)
    daughters = CaseFile.asked(people, by="yara", birth_month=SIXTEEN_NOW)
    for case in (mothers, daughters):
        case.fire("give_consult", by="carla")

    assert said(people.wilma.get(f"{mothers.path}/transitions/2")) == (200, "")
    assert said(people.wilma.get(f"{mothers.path}/file")) == (200, "")
    assert {said(people.wilma.get(f"{daughters.path}/{it}")) for it in ("file", "transitions/1", "transitions/2")} == {
        (403, "young_person_decides")
    }


def test_i18_what_a_family_reads_is_logged_with_a_purpose_of_its_own(service: Running, advised: CaseFile) -> None:
    people = advised.people
    people.yara.get(f"{advised.path}/file")
    case = CaseFile.asked(people, by="wilma")
    people.wilma.get(f"{case.path}/file")

    lines = rows(
        service,
        "SELECT DISTINCT role, purpose, object_detail FROM access_log WHERE processing_activity = 'read_case_file' "
        f"AND case_id IN ('{case.id}', '{advised.id}') ORDER BY role",
    )

    assert [tuple(line.values()) for line in lines] == [
        ("parent", "reading_about_ones_own_child", "own file"),
        ("young_person", "reading_about_oneself", "own file"),
    ]


def test_another_family_and_the_lists_of_organisations_know_nothing_of_a_family(
    service: Running, people: People, advised: CaseFile
) -> None:
    listed = people.ivo.get("/organisations").json()["items"]

    with newcomer(service, ("team-velsen", Role.PARENT, SOME_TIME_AGO, None)) as another:
        assert {another.get(f"{advised.path}{it}").status_code for it in ("", "/file", "/transitions")} == {404}
    assert not any("Gezin W" in it["name"] for it in listed)


def test_who_is_of_the_family_reads_as_family_whatever_they_are_besides(service: Running, people: People) -> None:
    case = CaseFile.submitted(people, by="wilma", birth_month=SIXTEEN_NOW)

    held = (("gezin-w", Role.PARENT, SOME_TIME_AGO, None), ("ret", Role.CHAIR, SOME_TIME_AGO, None))
    with newcomer(service, *held) as a_chair_at_home:
        assert said(a_chair_at_home.get(f"{case.path}/file")) == (403, "young_person_decides")


def test_i22_a_child_of_sixteen_is_one_from_the_first_day_of_the_month() -> None:
    assert date.fromisoformat(f"{SIXTEEN_NOW}-01").replace(year=today().year) <= today(), "what these tests lean on"
