"""Reading by a family of its own case, and by parents once the young person decides (I22; Jeugdwet 7.3.10, 7.3.11)."""

from datetime import date
from typing import Any

import httpx
import pytest

from api_tests.support.case_file import CaseFile
from api_tests.support.people import People
from api_tests.support.sabotages import broken_by
from api_tests.support.servers import RunningService
from api_tests.support.shared_case import SOME_TIME_AGO, newcomer, rows, today
from service.vocabulary.roles import Role


def months_ago(number: int) -> str:
    """Returns the month of birth (YYYY-MM) of a person who turned that many months old this month."""
    month = today().year * 12 + today().month - 1 - number
    return f"{month // 12}-{month % 12 + 1:02d}"


SIXTEEN_NOW = months_ago(16 * 12)
SIXTEEN_NEXT_MONTH = months_ago(16 * 12 - 1)


def outcome(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


def consent(by: str, *purposes: str) -> list[dict[str, Any]]:
    statement = {"kind": {"code": "consent"}, "by": {"code": by}, "givenOn": today().isoformat()}
    return [statement | {"purposes": [{"code": purpose} for purpose in purposes]}]


def withdrawal(by: str, purpose: str) -> dict[str, Any]:
    members = {"by": {"code": by}, "purposes": [{"code": purpose}], "withdrawnOn": today().isoformat()}
    return {"kind": {"code": "consent"}, **members}


def content_paths(case: CaseFile) -> list[str]:
    return [f"{case.path}/file", f"{case.path}/transitions/2", f"{case.path}/advices/1"]


def outcomes(case: CaseFile, by: str) -> set[tuple[int, str]]:
    return {outcome(case.people[by].get(path)) for path in content_paths(case)}


@pytest.fixture(scope="module")
def advised(people: People) -> CaseFile:
    """A case of a family whose child is sixteen, with an advice."""
    case = CaseFile.submitted(people, by="wilma", birth_month=SIXTEEN_NOW)
    case.fire("request_information", by="carla")
    case.fire("supply_information", by="yara")
    case.fire("add_note", by="esra")
    return case.go_to("advice_issued")


@broken_by(
    "I22: from sixteen on, parents do not read content by default",
    "service/cases/use_cases/reading_rights.py",
    "            return YoungPersonDecides()\n",
    "            return None\n",
)
def test_i22_at_sixteen_a_parent_reads_no_content_and_hears_who_decides(advised: CaseFile) -> None:
    answers = [advised.people.wilma.get(path) for path in content_paths(advised)]

    assert {outcome(answer) for answer in answers} == {(403, "young_person_decides")}
    assert all("jongere" in answer.json()["detail"] for answer in answers)
    assert outcomes(advised, "yara") == {(200, "")}


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
    with_consent = outcome(people.wilma.get(f"{case.path}/file"))
    withdrawal_form = withdrawal("child", "share_with_parents")
    case.fire("withdraw_consent", by="yara", form=withdrawal_form)

    assert with_consent == (200, "")
    assert outcome(people.wilma.get(f"{case.path}/file")) == (403, "young_person_decides")


@broken_by(
    "I22: the young person can still let parents read after the case has ended",
    "workflows/case.toml",
    '[triggers.record_consent]\nfrom = ["*", "closed", "declined", "withdrawn", "transferred"]',
    '[triggers.record_consent]\nfrom = ["*"]',
)
def test_i22_after_the_end_the_young_person_still_decides_whether_parents_read(people: People) -> None:
    case = CaseFile.submitted(people, by="wilma", birth_month=SIXTEEN_NOW)
    case.fire("withdraw", by="wilma")
    outcome_before = outcome(people.wilma.get(f"{case.path}/file"))

    case.fire("record_consent", by="yara", consents=consent("child", "share_with_parents"))

    assert outcome_before == (403, "young_person_decides")
    assert outcome(people.wilma.get(f"{case.path}/file")) == (200, "")
    assert people.wilma.get(case.path).json()["main"]["state"]["code"] == "withdrawn"


@broken_by(
    "I22: consent that a child gave before sixteen does not open the file to parents afterwards",
    "service/cases/use_cases/reading_rights.py",
    "agreed.last_given is not None and agreed.last_given.lowest_age >= CHILD_SOLE_CONSENT_AGE",
    "agreed.last_given is not None",
)
def test_i22_what_a_child_agreed_to_before_sixteen_opens_nothing_after(people: People) -> None:
    consents = [
        {**entry, "givenOn": "2025-02-03"} for entry in consent("child", "share_with_parents", "discuss_at_table")
    ]
    consents += [{**entry, "givenOn": "2025-02-03"} for entry in consent("parent", "discuss_at_table")]

    case = CaseFile.submitted(people, by="yara", birth_month=SIXTEEN_NOW, consents=consents)
    case.fire("start_triage", by="carla")

    assert outcome(people.wilma.get(f"{case.path}/file")) == (403, "young_person_decides")


def public_task(purpose: str) -> list[dict[str, Any]]:
    statement = {"kind": {"code": "legal_ground"}, "ground": {"code": "public_task"}, "givenOn": today().isoformat()}
    return [statement | {"purposes": [{"code": purpose}]}]


@broken_by(
    "I20: no legal ground covers sharing with parents or learning",
    "service/cases/rules/forms/consent.py",
    "        if purpose.code in PURPOSES_WITHOUT_LEGAL_GROUND:",
    "        if not PURPOSES_WITHOUT_LEGAL_GROUND:",
)
def test_i22_no_legal_ground_lets_a_parent_read_what_a_young_person_of_sixteen_wrote(people: People) -> None:
    case = CaseFile.submitted(people, by="yara", birth_month=months_ago(17 * 12))

    refused = case.attempt("record_consent", by="carla", consents=public_task("share_with_parents"))

    by_mother = case.attempt("record_consent", by="wilma", consents=consent("child", "share_with_parents"))
    assert [(error["code"], error["location"]) for error in refused.json()["errors"]] == [
        ("legal_ground_does_not_cover", "/form/consents/0/purposes/0")
    ]
    assert [(error["code"], error["location"]) for error in by_mother.json()["errors"]] == [
        ("parents_do_not_record_this", "/form/consents/0/purposes"),
        ("young_person_consents", "/form/consents/0/by"),
    ]
    assert outcome(people.wilma.get(f"{case.path}/file")) == (403, "young_person_decides")


@broken_by(
    "Jeugdwet 7.3.10: a family does not read notes and documents of others",
    "service/cases/use_cases/read_content.py",
    "if entry.sequence in contents and reader.may_read(entry)\n",
    "if entry.sequence in contents\n",
)
def test_i22_up_to_sixteen_parents_read_the_texts_of_their_family_and_those_written_to_it(people: People) -> None:
    case = CaseFile.submitted(people, by="wilma", birth_month=SIXTEEN_NEXT_MONTH)
    case.fire("add_note", by="esra", text="Over de buren, niet voor het gezin.")
    case.fire("request_information", by="carla")
    case.fire("supply_information", by="yara")
    case.go_to("advice_issued")

    file = people.wilma.get(f"{case.path}/file").json()["documents"]

    assert [document["entry"]["trigger"] for document in file] == [
        *("submit", "request_information", "supply_information", "issue_advice"),
    ]
    assert "buren" not in str(file)
    assert outcome(people.wilma.get(f"{case.path}/transitions/2")) == (403, "written_by_others")
    advice = people.wilma.get(f"{case.path}/advices/1").json()["advice"]
    assert {"childVersion", "dissent", "familyStatement"} <= advice.keys(), "I17"


def test_a_member_of_a_family_who_asked_a_consult_reads_the_answer_at_any_age_and_nobody_reads_along(
    people: People,
) -> None:
    case_of_mother = CaseFile.ask_consult(people, by="wilma", birth_month=SIXTEEN_NOW)
    case_of_daughter = CaseFile.ask_consult(people, by="yara", birth_month=SIXTEEN_NOW)
    for case in (case_of_mother, case_of_daughter):
        case.fire("give_consult", by="carla")

    assert outcome(people.wilma.get(f"{case_of_mother.path}/transitions/2")) == (200, "")
    assert outcome(people.wilma.get(f"{case_of_mother.path}/file")) == (200, "")
    assert {
        outcome(people.wilma.get(f"{case_of_daughter.path}/{path}"))
        for path in ("file", "transitions/1", "transitions/2")
    } == {(403, "young_person_decides")}


@broken_by(
    "I22: parents do not read along while the age of the child is unknown",
    "service/cases/use_cases/reading_rights.py",
    "if month is None or age_on(month, on) >= CHILD_SOLE_CONSENT_AGE:",
    "if month is not None and age_on(month, on) >= CHILD_SOLE_CONSENT_AGE:",
)
def test_i22_an_unknown_age_counts_as_sixteen_except_of_a_consult_that_the_parent_asked(people: People) -> None:
    case_of_daughter = CaseFile.ask_consult(people, by="yara", birth_month=None)
    case_of_mother = CaseFile.ask_consult(people, by="wilma", birth_month=None)
    for case in (case_of_daughter, case_of_mother):
        case.fire("give_consult", by="carla")
        case.fire("add_note", by="yara", text="Dit is van mij.")

    before = outcomes_of_consult(case_of_daughter)
    case_of_daughter.fire("record_consent", by="yara", consents=consent("child", "share_with_parents"))

    assert before == {(403, "young_person_decides")}
    assert outcomes_of_consult(case_of_daughter) == {(200, "")}, "the young person lets her mother read"
    file = people.wilma.get(f"{case_of_mother.path}/file")
    assert [document["entry"]["trigger"] for document in file.json()["documents"]] == ["ask_consult", "give_consult"]


@broken_by(
    "I22: a parent opens no words of a young person by recording a younger age",
    "service/cases/use_cases/birth_month.py",
    "        if not recorded.by_parent:\n",
    "        if True:\n",
)
@pytest.mark.parametrize("month", [SIXTEEN_NOW, None])
def test_i22_a_parent_opens_nothing_by_referring_with_a_younger_age(people: People, month: str | None) -> None:
    case = CaseFile.ask_consult(people, by="yara", birth_month=month)
    case.fire("refer", by="wilma", birth_month=months_ago(10 * 12), consents=consent("parent", "discuss_at_table"))

    as_referred = outcome(people.wilma.get(f"{case.path}/transitions/1"))
    change = {"amends": 2, "changes": {"birthMonth": months_ago(12 * 12)}, "reason": "Ik ben twaalf."}
    case.fire("amend", by="yara", form=change)

    assert as_referred == (403, "young_person_decides")
    assert outcome(people.wilma.get(f"{case.path}/transitions/1")) == (200, "")


@broken_by(
    "I22: a parent who corrects their own form to a younger age opens nothing",
    "service/cases/use_cases/birth_month.py",
    "elif parents_count if known is None else first_day_of_age(month, 0) < first_day_of_age(known, 0):",
    "else:",
)
def test_i22_a_parent_opens_nothing_by_correcting_their_own_form_to_a_younger_age(people: People) -> None:
    case = CaseFile.submitted(people, by="wilma", birth_month=SIXTEEN_NOW)
    case.fire("add_note", by="yara", text="Dit is van mij.")

    def correct_age(by: str, years: int) -> tuple[int, str]:
        change = {"amends": 1, "changes": {"birthMonth": months_ago(years * 12)}, "reason": "Verkeerd getypt."}
        case.fire("amend", by=by, form=change)
        return outcome(people.wilma.get(f"{case.path}/transitions/2"))

    assert correct_age("wilma", 10) == (403, "young_person_decides")
    assert correct_age("yara", 11) == (200, "")
    assert correct_age("wilma", 17) == (403, "young_person_decides"), "an older age protects, whoever records it"


@broken_by(
    "I22: an amendment of something else does not confirm the age that a parent recorded",
    "service/cases/use_cases/birth_month.py",
    'if "birthMonth" in values or',
    "if",
)
def test_i22_an_amendment_of_something_else_does_not_confirm_the_age_that_a_parent_recorded(people: People) -> None:
    case = CaseFile.ask_consult(people, by="yara", birth_month=months_ago(15 * 12))
    case.fire("refer", by="wilma", birth_month=months_ago(10 * 12), consents=consent("parent", "discuss_at_table"))
    changes: tuple[dict[str, Any], ...] = ({"birthMonth": SIXTEEN_NOW}, {"question": "Waar kan ik wonen?"})
    for change in changes:
        case.fire("amend", by="yara", form={"amends": 1, "changes": change, "reason": "Dat klopte niet."})

    assert outcome(people.wilma.get(f"{case.path}/transitions/1")) == (403, "young_person_decides")


@broken_by(
    "I22: the young person puts the month right in any of the forms that gave it",
    "service/cases/use_cases/birth_month.py",
    "places.add(place_of(entry))",
    "places = {place_of(entry)}",
)
def test_i22_a_month_that_the_young_person_corrects_in_the_question_holds_after_a_referral_by_a_parent(
    people: People,
) -> None:
    case = CaseFile.ask_consult(people, by="wilma", birth_month=months_ago(13 * 12))
    case.fire("refer", by="wilma", birth_month=months_ago(13 * 12))
    case.fire("add_note", by="yara", text="Dit is van mij.")
    note = case.history()[-1]["partSequence"]
    change = {"amends": 1, "changes": {"birthMonth": months_ago(17 * 12)}, "reason": "Ik ben zeventien."}

    case.fire("amend", by="yara", form=change)

    assert outcome(people.wilma.get(f"{case.path}/transitions/{note}")) == (403, "young_person_decides")


def outcomes_of_consult(case: CaseFile) -> set[tuple[int, str]]:
    """Returns what the mother gets for the file, the question and the answer."""
    return {
        outcome(case.people.wilma.get(f"{case.path}/{path}")) for path in ("file", "transitions/1", "transitions/2")
    }


def test_i18_what_a_family_reads_is_logged_with_a_purpose_of_its_own(
    service: RunningService, advised: CaseFile
) -> None:
    people = advised.people
    people.yara.get(f"{advised.path}/file")
    case = CaseFile.ask_consult(people, by="wilma")
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
    service: RunningService, people: People, advised: CaseFile
) -> None:
    organisations = people.ivo.get("/organisations").json()["items"]

    with newcomer(service, ("team-velsen", Role.PARENT, SOME_TIME_AGO, None)) as another:
        assert {another.get(f"{advised.path}{path}").status_code for path in ("", "/file", "/transitions")} == {404}
    assert not any("Gezin W" in organisation["name"] for organisation in organisations)


def test_a_member_of_the_family_reads_as_family_whatever_other_role_they_hold(
    service: RunningService, people: People
) -> None:
    case = CaseFile.submitted(people, by="wilma", birth_month=SIXTEEN_NOW)

    memberships = (("gezin-w", Role.PARENT, SOME_TIME_AGO, None), ("ret", Role.CHAIR, SOME_TIME_AGO, None))
    with newcomer(service, *memberships) as a_chair_at_home:
        assert outcome(a_chair_at_home.get(f"{case.path}/file")) == (403, "young_person_decides")


def test_i22_a_child_is_sixteen_from_the_first_day_of_the_month() -> None:
    assert date.fromisoformat(f"{SIXTEEN_NOW}-01").replace(year=today().year) <= today(), (
        "the assumption of these tests"
    )
