"""A corrected month of birth weighs every consent anew, and is always accepted (I7, I20, I22)."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api_tests.access.test_families import months_ago, outcome
from api_tests.rules.test_consents import STEPS, Step, move_of, undated
from api_tests.support.case_file import CaseFile
from api_tests.support.people import People
from api_tests.support.refusals import faults
from api_tests.support.roads import Move, history
from api_tests.support.sabotages import Rule, broken_by
from api_tests.support.shared_case import today
from api_tests.support.workflows import form_for
from service.cases.rules.consent_order import corrected_ages
from service.cases.rules.facts import CaseFacts, fold_facts
from service.future_plan.rules import coming_of_age
from service.kinds import KINDS
from service.vocabulary.roles import Role

MONTHS = st.sampled_from(["2006-01", "2008-06", "2010-06", "2012-03", None])


def facts_after(*moves: Move) -> CaseFacts:
    return fold_facts(history(moves, wait=0), KINDS)


def correction(birth_month: str | None, *earlier: Move) -> Move:
    """The amendment that gives this month of birth, after these moves."""
    codes = corrected_ages(facts_after(*earlier).consent_statements, birth_month)
    return Move("case", "amend", "in_triage", "in_triage", Role.CHAIR, codes)


@broken_by(
    "I20: when the month of birth is corrected, every consent is weighed anew",
    "service/cases/rules/consent_order.py",
    "    return tuple(_at_age(statement, bands) for statement in statements)",
    "    return tuple(statements)",
)
@settings(max_examples=200, deadline=None, derandomize=True)
@given(STEPS, MONTHS, MONTHS, MONTHS)
def test_i20_after_corrections_it_is_shared_as_if_the_last_month_had_been_known_at_once(
    steps: list[Step], first: str | None, second: str | None, last: str | None
) -> None:
    moves = [move_of(step, born=first) for step in steps]
    moves.append(correction(second, *moves))
    moves.append(correction(last, *moves))

    known_at_once = facts_after(*(move_of(step, born=last) for step in steps))

    assert facts_after(*moves).consented_purposes == known_at_once.consented_purposes


@settings(max_examples=200, deadline=None, derandomize=True)
@given(STEPS, MONTHS, MONTHS)
def test_i20_what_was_shared_and_no_longer_suffices_is_suspended_and_asked_again(
    steps: list[Step], first: str | None, last: str | None
) -> None:
    moves = [move_of(step, born=first) for step in steps]
    before = facts_after(*moves)

    after = facts_after(*moves, correction(last, *moves))

    lost = before.consented_purposes - after.consented_purposes
    withdrawn = {purpose for purpose, consent in after.consents.items() if consent.withdrawn}
    asked = {duty.purpose for duty in coming_of_age(after, last, date(2027, 1, 1)).consents_to_reask if duty.suspended}
    assert asked == lost - withdrawn


def test_i20_a_consent_without_a_day_is_weighed_anew_by_the_day_of_its_entry() -> None:
    moves = [undated(move_of(("give", "child", 16)))]

    facts = facts_after(*moves, correction("2012-03", *moves))

    assert facts.consents["cce"].suspended
    assert "cce" not in facts.consented_purposes


def test_i20_a_month_that_changes_no_age_leaves_no_trace() -> None:
    assert correction("2008-06", move_of(("give", "child", 16))).codes == {}


def consent_of(by: str, *purposes: str) -> dict[str, Any]:
    statement = {"kind": {"code": "consent"}, "by": {"code": by}, "givenOn": today().isoformat()}
    return {**statement, "purposes": [{"code": purpose} for purpose in purposes]}


def correct_month(case: CaseFile, birth_month: str, *, by: str = "anna", **changes: Any) -> Any:
    form = {"amends": 1, "changes": {"birthMonth": birth_month, **changes}, "reason": "De maand klopte niet."}
    return case.attempt("amend", by=by, form=form)


def to_ask_again(case: CaseFile) -> list[tuple[str, bool]]:
    duties = case.people.esra.get(f"{case.path}/coming-of-age").json()["consentsToReask"]
    return [(duty["purpose"]["code"], duty["suspended"]) for duty in duties]


def aims(case: CaseFile) -> set[bool]:
    """Returns whether the provider reads the aim of its lines."""
    return {"aim" in line for line in case.people.ivo.get(f"{case.path}/advices/1").json()["advice"]["lines"]}


def test_i20_i23_a_child_who_proves_to_be_fourteen_did_not_decide_alone(people: People) -> None:
    consents = [consent_of("child", "discuss_at_table", "share_with_providers")]
    case = CaseFile.submitted(people, birth_month=months_ago(16 * 12), consents=consents).go_to("advice_issued")
    before = (aims(case), to_ask_again(case), people.floor.get(f"{case.path}/file").status_code)

    corrected = correct_month(case, months_ago(14 * 12))
    suspended = (aims(case), to_ask_again(case), people.floor.get(f"{case.path}/file").status_code)
    case.fire("record_consent", consents=[consent_of("parent", "discuss_at_table", "share_with_providers")])

    assert before == ({True}, [], 200)
    assert corrected.status_code == 201
    assert suspended == ({False}, [("discuss_at_table", True), ("share_with_providers", True)], 403)
    assert (aims(case), to_ask_again(case)) == ({True}, [])


@broken_by("I20: nobody consents before the child is born", Rule("consent_before_birth"))
def test_i20_a_consent_of_a_day_before_the_birth_is_refused_in_every_form(people: People) -> None:
    case = CaseFile.submitted(people, birth_month="2015-06").go_to("in_review")
    consents = [{**consent_of("parent", "expertise_network"), "givenOn": "2015-05-31"}]
    withdrawal = {key: value for key, value in consents[0].items() if key != "givenOn"} | {"withdrawnOn": "2015-05-31"}

    answers = [
        case.attempt("record_consent", consents=consents),
        case.attempt("withdraw_consent", form=withdrawal),
        case.attempt("ask_network", by="esra", consents=consents),
    ]
    on_the_first_day = case.attempt("record_consent", consents=[{**consents[0], "givenOn": "2015-06-01"}])

    at = "/form/consents/0/givenOn"
    assert [faults(answer) for answer in answers[:2]] == [
        {("consent_before_birth", at)},
        {("consent_before_birth", "/form/withdrawnOn")},
    ]
    assert ("consent_before_birth", at) in faults(answers[2])
    assert on_the_first_day.status_code == 201, on_the_first_day.text


@broken_by(
    "A correction of the month of birth is always accepted",
    "service/cases/rules/forms/referral.py",
    "if isinstance(context.unamended, Referral) and context.unamended.birth_month != self.birth_month:",
    "if context.unamended is self:",
)
def test_i20_a_correction_after_which_the_consents_do_not_suffice_is_accepted(people: People) -> None:
    consents = [consent_of("parent", "discuss_at_table")]
    case = CaseFile.submitted(people, birth_month=months_ago(10 * 12), consents=consents).go_to("in_review")

    corrected = correct_month(case, months_ago(13 * 12))
    of_something_else = correct_month(case, months_ago(13 * 12), previousMoves=4)
    of_the_consents = correct_month(case, months_ago(13 * 12), consents=[consent_of("foster_parent", "learning")])

    assert (corrected.status_code, of_something_else.status_code) == (201, 201)
    missing = {"consent_of_child_missing", "consent_of_parents_missing"}
    assert {error["code"] for error in of_the_consents.json()["errors"]} == missing
    assert to_ask_again(case) == [("discuss_at_table", True)]
    assert outcome(people.floor.get(f"{case.path}/file")) == (403, "consent_missing")


def test_i20_a_referral_that_names_the_month_weighs_the_consents_of_the_consult(people: People) -> None:
    case = CaseFile.ask_consult(people, birth_month=None)
    case.fire("record_consent", consents=[consent_of("child", "cce"), consent_of("parent", "cce")])

    case.fire("refer", birth_month=months_ago(11 * 12), consents=[consent_of("parent", "discuss_at_table")])

    assert case.history()[-1]["codes"]["consent_ages"] == [f"{today().isoformat()}:4-11"]


@broken_by(
    "I22: a parent does not amend what the young person of sixteen wrote",
    "service/cases/use_cases/amend.py",
    "if role in FAMILY_ROLES and not is_own:",
    "if role in FAMILY_ROLES and not entry:",
)
def test_i22_a_parent_does_not_read_by_correcting_the_month_that_the_young_person_wrote(people: People) -> None:
    case = CaseFile.submitted(people, by="yara", birth_month=months_ago(17 * 12))

    refused = correct_month(case, months_ago(14 * 12), by="wilma")

    assert [error["code"] for error in refused.json()["errors"]] == ["not_amendable"]
    assert outcome(people.wilma.get(f"{case.path}/file")) == (403, "young_person_decides")
    assert correct_month(case, months_ago(18 * 12), by="yara").status_code == 201


ADULT = "birth_month_of_adult"
THIS_MONTH = months_ago(0)


@broken_by(
    "A month of birth that makes nobody a youth is asked to be confirmed",
    "service/cases/rules/forms/birth_month.py",
    "    elif age >= ADULT_AGE:",
    "    elif age < ADULT_AGE < age:",
)
@pytest.mark.parametrize("name", ["submit", "ask_consult"])
@pytest.mark.parametrize(
    ("birth_month", "code"),
    [
        ("1912-01", ADULT),
        ("1930-01", ADULT),
        ("2000-01", ADULT),
        (months_ago(23 * 12), ADULT),
        (months_ago(23 * 12 - 1), None),
        (months_ago(-1), "birth_month_in_future"),
        (months_ago(-24), "birth_month_in_future"),
        (THIS_MONTH, None),
    ],
)
def test_a_month_of_birth_that_makes_nobody_a_youth_is_asked_to_be_confirmed(
    people: People, name: str, birth_month: str, code: str | None
) -> None:
    everybody = [consent_of(by, "discuss_at_table") for by in ("child", "parent")]
    form = form_for("case", name, birth_month=birth_month) or {}
    form |= {"consents": everybody} if name == "submit" else {}

    asked = people.wilma.post("/cases", {"trigger": name, "form": form})
    confirmed = people.wilma.post("/cases", {"trigger": name, "form": form | {"confirmedBirthMonth": birth_month}})
    of_another = people.wilma.post("/cases", {"trigger": name, "form": form | {"confirmedBirthMonth": "2013-05"}})

    expected = (400, {(code, "/form/birthMonth")}) if code else (201, set())
    for answer in (asked, of_another):
        errors = {(error["code"], error["location"]) for error in answer.json().get("errors", [])}
        assert (answer.status_code, errors) == expected
    assert confirmed.status_code == 201


def test_a_month_of_birth_after_a_consent_is_asked_to_be_confirmed(people: People) -> None:
    born = months_ago(10 * 12)
    before_birth = {"givenOn": f"{months_ago(10 * 12 + 1)}-28"}
    consents = [consent_of("parent", "discuss_at_table") | before_birth]
    form = form_for("case", "submit", birth_month=born, consents=consents) or {}

    asked = people.anna.post("/cases", {"trigger": "submit", "form": form})
    confirmed = people.anna.post("/cases", {"trigger": "submit", "form": form | {"confirmedBirthMonth": born}})

    assert [(error["code"], error["location"]) for error in asked.json()["errors"]] == [
        ("birth_month_after_consent", "/form/birthMonth")
    ]
    assert confirmed.status_code == 201


def test_a_corrected_month_after_a_recorded_consent_is_asked_to_be_confirmed(people: People) -> None:
    consents = [consent_of("parent", "discuss_at_table")]
    case = CaseFile.submitted(people, birth_month=months_ago(10 * 12), consents=consents)
    case.fire("record_consent", consents=[consent_of("parent", "cce") | {"givenOn": "2020-01-01"}])

    asked = correct_month(case, "2021-02")
    confirmed = correct_month(case, "2021-02", confirmedBirthMonth="2021-02")

    assert [(error["code"], error["location"]) for error in asked.json()["errors"]] == [
        ("birth_month_after_consent", "/form/changes/birthMonth")
    ]
    assert confirmed.status_code == 201


def test_whoever_typed_a_month_of_birth_can_put_it_right_also_after_confirming_it(people: People) -> None:
    everybody = [consent_of(by, "discuss_at_table") for by in ("child", "parent")]
    wrong = {"birth_month": "1912-01", "confirmed_birth_month": "1912-01"}
    case = CaseFile.submitted(people, by="wilma", consents=everybody, **wrong)
    before = outcome(people.wilma.get(f"{case.path}/file"))

    once_more_wrong = correct_month(case, "1930-01", by="wilma")
    put_right = correct_month(case, months_ago(14 * 12), by="wilma")

    assert before == (403, "young_person_decides")
    assert [error["code"] for error in once_more_wrong.json()["errors"]] == [ADULT]
    assert put_right.status_code == 201
    assert outcome(people.wilma.get(f"{case.path}/file")) == (200, "")
