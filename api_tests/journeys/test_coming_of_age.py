"""Coming of age of a young person: shown, asked and never an obstacle (I7, I21, I22; R72-R75; story h)."""

from datetime import date
from typing import Any

import pytest

from api_tests.journeys.conftest import Elsewhere
from api_tests.support.case_file import CaseFile
from api_tests.support.forms import filled
from api_tests.support.people import People
from api_tests.support.refusals import refusal
from api_tests.support.roads import Move, history
from api_tests.support.sabotages import broken_by
from service.cases.rules.facts import fold_facts
from service.cases.rules.forms.consent import ConsentGiven
from service.future_plan.rules import coming_of_age
from service.kinds import KINDS
from service.vocabulary.roles import Role

DAYS_IN_A_MONTH = 31


def today(elsewhere: Elsewhere) -> date:
    return elsewhere.clock().date()


def first_of_the_month(elsewhere: Elsewhere, *, months_on: int, years_back: int) -> str:
    """Returns the month of birth (YYYY-MM) of a person who reaches this age in years so many months from now."""
    month = today(elsewhere).year * 12 + today(elsewhere).month - 1 + months_on
    return f"{month // 12 - years_back}-{month % 12 + 1:02d}"


def to_the_last_day_of_the_month(elsewhere: Elsewhere) -> None:
    now = today(elsewhere)
    following = date(now.year + now.month // 12, now.month % 12 + 1, 1)
    elsewhere.clock.let_pass(days=(following - now).days - 1)


def duties_of_age(case: CaseFile, by: str = "esra") -> dict[str, Any]:
    answer = case.people[by].get(f"{case.path}/coming-of-age")
    assert answer.status_code == 200, answer.text
    duties: dict[str, Any] = answer.json()
    return duties


def plan(case: CaseFile) -> str:
    duties = duties_of_age(case)
    assert duties["explanation"]["nl"]
    assert duties["explanation"]["en"]
    return str(duties["planAfter18"])


def of_age_next_month(elsewhere: Elsewhere, years: int, **changes: Any) -> CaseFile:
    """A case whose child reaches this age on the first of next month. Today is the last day of this month."""
    to_the_last_day_of_the_month(elsewhere)
    born = first_of_the_month(elsewhere, months_on=1, years_back=years)
    return CaseFile.submitted(elsewhere.people, birth_month=born, **changes)


@pytest.mark.server
@pytest.mark.parametrize(("years", "before", "after"), [(16, "not_yet", "asked"), (17, "asked", "overdue")])
def test_i7_a_plan_for_after_18_is_asked_from_the_month_of_16_and_overdue_from_that_of_17(
    elsewhere: Elsewhere, years: int, before: str, after: str
) -> None:
    case = of_age_next_month(elsewhere, years)

    on_the_last_day = plan(case)
    elsewhere.clock.let_pass(days=1)

    assert (on_the_last_day, plan(case)) == (before, after)
    duties = duties_of_age(case)
    assert date.fromisoformat(duties[f"turns{16}On"]).day == 1
    assert date.fromisoformat(duties["turns18On"]).year == date.fromisoformat(duties["turns16On"]).year + 2


def test_i7_the_plan_in_the_advice_is_the_plan_and_nobody_is_asked_again(people: People) -> None:
    case = CaseFile.submitted(people, birth_month="2009-01").go_to("advice_drafted")
    assert plan(case) == "overdue"

    case.fire("issue_advice", plan_after_18="Een kamer bij tante, en Noor blijft zijn mentor.")

    assert plan(case) == "recorded"


@pytest.mark.server
def test_i7_a_consent_given_at_eleven_is_asked_again_at_twelve_once_and_a_legal_ground_never(
    elsewhere: Elsewhere,
) -> None:
    to_the_last_day_of_the_month(elsewhere)
    today_ = today(elsewhere).isoformat()
    consents = [
        {**consent, "purposes": [{"code": "discuss_at_table"}], "givenOn": today_}
        for consent in filled("referral@1")["consents"]
    ]
    ground: dict[str, Any] = {"kind": {"code": "legal_ground"}, "ground": {"code": "guardianship"}, "givenOn": today_}
    ground |= {"purposes": [{"code": "cce"}]}
    born = first_of_the_month(elsewhere, months_on=1, years_back=12)
    case = CaseFile.submitted(elsewhere.people, birth_month=born, consents=[*consents, ground])

    def consents_to_renew() -> dict[str, list[int]]:
        return {consent["purpose"]["code"]: consent["ages"] for consent in duties_of_age(case)["consentsToReask"]}

    outcomes = [consents_to_renew()]
    elsewhere.clock.let_pass(days=1)
    outcomes.append(consents_to_renew())
    renewed = [{**consent, "givenOn": today(elsewhere).isoformat()} for consent in consents]
    case.fire("record_consent", by="anna", consents=renewed)
    outcomes.append(consents_to_renew())

    assert outcomes == [{}, {"discuss_at_table": [12]}, {}]


@broken_by(
    "I7: the service asks for consent again when the child reaches the next age limit",
    "service/future_plan/rules.py",
    "if age_at_consent < limit <= age)",
    "if age_at_consent < limit < age)",
)
@pytest.mark.parametrize(
    ("on", "ages"),
    [
        (date(2024, 5, 31), []),
        (date(2024, 6, 1), [16]),
        (date(2026, 5, 31), [16]),
        (date(2026, 6, 1), [16, 18]),
        (date(2040, 1, 1), [16, 18]),
    ],
)
def test_i7_a_consent_given_at_fifteen_is_asked_again_at_sixteen_and_at_eighteen(on: date, ages: list[int]) -> None:
    consents = [
        {"kind": {"code": "consent"}, "by": {"code": by}, "purposes": [{"code": "cce"}], "givenOn": "2024-02-01"}
        for by in ("child", "parent")
    ]
    consent = ConsentGiven.model_validate({"consents": consents}).age_codes("2008-06")
    facts = fold_facts(history([Move("case", "record_consent", "in_triage", "in_triage", Role.CHAIR, consent)]), KINDS)

    assert [(duty.purpose, list(duty.ages)) for duty in coming_of_age(facts, "2008-06", on).consents_to_reask] == (
        [("cce", ages)] if ages else []
    )


@pytest.mark.server
def test_i7_story_h_at_18_nothing_moves_and_everything_stays_possible(elsewhere: Elsewhere) -> None:
    case = of_age_next_month(elsewhere, 18)
    case.go_to("advice_drafted")

    def snapshot() -> tuple[object, ...]:
        view = case.view()
        steps = elsewhere.people.esra.get(f"{case.path}/possible-transitions").json()["transitions"]
        return view["main"]["state"], view["main"]["party"], view["main"]["version"], view["sequence"], steps

    snapshot_before = snapshot()

    elsewhere.clock.let_pass(days=DAYS_IN_A_MONTH)

    assert snapshot() == snapshot_before
    assert plan(case) == "overdue"
    assert (case.go_to("closed")).state == "closed", "an empty plan blocks no closing by itself"


def test_r72_a_case_of_a_person_of_eighteen_is_taken_up_like_any_other(people: People) -> None:
    consents = [{**consent, "givenOn": "2026-11-01"} for consent in filled("referral@1")["consents"]]
    case = CaseFile.submitted(people, birth_month="2008-01", consents=consents)

    assert case.go_to("advice_issued").state == "advice_issued"


@pytest.mark.server
def test_i22_on_the_first_day_of_the_month_of_sixteen_parents_stop_reading(elsewhere: Elsewhere) -> None:
    to_the_last_day_of_the_month(elsewhere)
    born = first_of_the_month(elsewhere, months_on=1, years_back=16)
    case = CaseFile.submitted(elsewhere.people, by="wilma", birth_month=born)
    wilma, yara = elsewhere.people.wilma, elsewhere.people.yara

    on_the_last_day = wilma.get(f"{case.path}/file").status_code
    elsewhere.clock.let_pass(days=1)

    assert on_the_last_day == 200
    assert refusal(wilma.get(f"{case.path}/file")) == (403, "young_person_decides")
    assert yara.get(f"{case.path}/file").status_code == 200
    assert refusal(wilma.get(f"{case.path}/coming-of-age")) == (403, "not_allowed")
    assert duties_of_age(case, "yara")["planAfter18"] == "asked"


def test_a_question_that_tells_no_month_of_birth_asks_nothing_of_age(people: People) -> None:
    case = CaseFile.ask_consult(people, birth_month=None)

    duties = duties_of_age(case)

    assert (duties["turns16On"], duties["turns18On"], duties["planAfter18"]) == (None, None, "unknown")
    assert duties["consentsToReask"] == []


@pytest.mark.server
def test_i21_a_file_is_kept_for_twenty_years_after_its_last_change(elsewhere: Elsewhere) -> None:
    case = CaseFile.submitted(elsewhere.people)
    elsewhere.clock.let_pass(days=40)
    case.fire("start_triage")

    retention = elsewhere.people.anna.get(f"{case.path}/retention").json()

    assert (retention["retentionClass"], retention["countedFrom"]) == ("ordinary", "last_change")
    assert retention["startsOn"] == today(elsewhere).isoformat()
    assert int(retention["keepUntil"][:4]) == today(elsewhere).year + 20
    assert "20" in retention["ground"]["nl"]


@pytest.mark.parametrize(
    "measure",
    [
        {"legal_status": {"code": "04"}},
        {"legal_representation": {"code": "06"}},
        {
            "consents": [
                {
                    "kind": {"code": "legal_ground"},
                    "ground": {"code": "guardianship"},
                    "purposes": [{"code": "discuss_at_table"}],
                    "givenOn": "2025-02-03",
                }
            ]
        },
    ],
)
def test_i21_a_file_of_supervision_or_guardianship_is_kept_until_thirty_years_after_majority(
    people: People, measure: dict[str, Any]
) -> None:
    case = CaseFile.submitted(people, birth_month="2011-09", **measure)

    retention = people.esra.get(f"{case.path}/retention").json()

    assert (retention["retentionClass"], retention["countedFrom"]) == ("supervision_or_guardianship", "majority")
    assert (retention["startsOn"], retention["keepUntil"]) == ("2029-09-01", "2059-09-01")
