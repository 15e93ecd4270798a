"""Questions and refusals of the forms of referral and triage: consent by age, voices, transfer."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from api_tests.support.form_faults import (
    TODAY,
    code,
    consent,
    example_with_item,
    example_without,
    faults,
    ground,
    read_example,
    settings,
    words_of,
)
from api_tests.support.forms import filled
from api_tests.support.forms_of_referral import CONSENTS
from service.kinds import KINDS
from service.vocabulary.ages import AGE_BANDS, age_band, age_on
from service.vocabulary.code_lists import CODE_LISTS

# --- age -------------------------------------------------------------------------------------------------------------


@given(year=st.integers(1990, 2026), month=st.integers(1, 12), day=st.dates(date(2026, 12, 31), date(2060, 1, 1)))
def test_an_age_is_reached_on_the_first_day_of_the_month_whatever_the_day(year: int, month: int, day: date) -> None:
    birth = f"{year}-{month:02}"
    age = age_on(birth, day)
    assert age_on(birth, day.replace(day=1)) == age, "policy 5"
    assert date(year + age, month, 1) <= day < date(year + age + 1, month, 1)
    assert age_band(birth, day) in AGE_BANDS


@pytest.mark.parametrize(
    ("age", "band"),
    [
        (0, "0-3"),
        (3, "0-3"),
        (4, "4-11"),
        (11, "4-11"),
        (12, "12-15"),
        (15, "12-15"),
        (16, "16-17"),
        (17, "16-17"),
        (18, "18-22"),
        (22, "18-22"),
        (23, "23+"),
        (40, "23+"),
    ],
)
def test_an_age_falls_in_its_band(age: int, band: str) -> None:
    assert age_band(f"{TODAY.year - age}-01", TODAY) == band
    assert read_example("referral@1", birth_month=f"{TODAY.year - age}-01").age_band(TODAY) == band


# --- referral --------------------------------------------------------------------------------------------------------

AUTHORITY = ("parent", "guardian")
NO_AUTHORITY = ("parent_without_authority", "foster_parent", "relative", "case_director")


@given(
    age=st.integers(0, 30),
    givers=st.sets(st.sampled_from(("child", *AUTHORITY, *NO_AUTHORITY)), min_size=1),
    purpose=st.sampled_from(("discuss_at_table", "learning")),
)
def test_whose_consent_is_needed_follows_the_age_of_that_day(age: int, givers: set[str], purpose: str) -> None:
    born = f"{TODAY.year - age}-03"
    consents = [consent(by, purpose=purpose) for by in sorted(givers)]
    result = faults("referral@1", birth_month=born, confirmed_birth_month=born, consents=consents)
    child_agrees = "child" in givers and purpose == "discuss_at_table"
    parents_agree = bool(givers & set(AUTHORITY)) and purpose == "discuss_at_table"
    expected = set()
    if age >= 12 and not child_agrees:
        expected.add(("consent_of_child_missing", "consents"))
    if age < 16 and not parents_agree:
        expected.add(("consent_of_parents_missing", "consents"))
    assert set(result) == expected, "I20: under 12 the parents, 12 to 15 both, from 16 the child alone"


@given(age=st.integers(0, 30), legal_ground=st.sampled_from(list(CODE_LISTS["legal_ground"].codes)))
def test_a_recorded_legal_ground_takes_the_place_of_consent_at_every_age(age: int, legal_ground: str) -> None:
    born = f"{TODAY.year - age}-03"
    assert faults("referral@1", birth_month=born, confirmed_birth_month=born, consents=[ground(legal_ground)]) == []


def test_a_ground_for_one_purpose_is_none_for_another() -> None:
    result = faults("referral@1", consents=[ground("guardianship", purpose="cce")])
    assert {fault for fault, _ in result} == {"consent_of_child_missing", "consent_of_parents_missing"}


@pytest.mark.parametrize("purpose", ["share_with_parents", "learning"])
def test_no_legal_ground_covers_sharing_with_parents_or_learning(purpose: str) -> None:
    result = faults("referral@1", consents=[*CONSENTS, ground("public_task", purpose=purpose)])

    assert result == [("legal_ground_does_not_cover", "consents/2/purposes/0")]


def test_a_consent_names_who_gave_it_and_a_ground_names_itself() -> None:
    without_giver = {key: value for key, value in consent("child").items() if key != "by"}
    without_ground = {key: value for key, value in ground("guardianship").items() if key != "ground"}
    result = faults("referral@1", consents=[*CONSENTS, without_giver, without_ground])
    assert result == [("consent_by_whom_missing", "consents/2/by"), ("legal_ground_missing", "consents/3/ground")]


def test_only_a_purpose_to_which_everybody_consented_becomes_a_fact() -> None:
    assert read_example("referral@1").codes()["information_purpose"] == ("discuss_at_table", "share_with_providers")
    older = read_example("referral@1", birth_month="2008-01", consents=[consent("child", purpose="learning")])
    younger = read_example("referral@1", birth_month="2012-01", consents=[consent("child", purpose="learning")])
    assert older.codes()["information_purpose"] == ("learning",), "I20: 16 and older decide alone"
    assert younger.codes()["information_purpose"] == (), "at 13 the parents are asked as well"


@pytest.mark.parametrize("field", ["childVoice", "parentsVoice"])
def test_child_and_parents_speak_in_their_own_words_or_it_is_told_why_not(field: str) -> None:
    silent: dict[str, Any] = {field: {}}
    explained: dict[str, Any] = {field: {"whyNotHeard": "Wil eerst kennismaken."}}
    assert faults("referral@1", **silent) == [("voice_missing", field)], "I16"
    assert faults("referral@1", **explained) == []


def test_an_unsafe_home_needs_somebody_who_directs_on_safety() -> None:
    unsafe: dict[str, Any] = {"safety": code("unsafe"), "safety_director": None}
    assert faults("referral@1", **unsafe) == [("safety_director_missing", "safetyDirector")], "R60"
    assert faults("referral@1", **unsafe | {"safety_director": "nog niemand"}) == []


def test_an_explanatory_analysis_is_asked_where_the_region_asks_it_and_counts_when_it_is_there() -> None:
    region = settings(explanatory_analysis_required=True)
    expected = [("explanatory_analysis_required", "explanatoryAnalysis")]
    assert faults("referral@1", region=region, explanatory_analysis=None) == expected
    assert faults("referral@1", explanatory_analysis=None) == []
    assert read_example("referral@1").codes()["enclosed"] == ("explanatory_analysis",)
    assert "enclosed" not in read_example("referral@1", explanatory_analysis=None).codes()


def test_nothing_has_to_be_tried_first_because_matched_care_may_go_straight_to_what_fits() -> None:
    assert faults("referral@1", tried=[], refusals=[]) == [], "R31"


def test_a_month_of_birth_in_the_future_is_refused() -> None:
    result = faults("referral@1", birth_month="2026-04")
    assert result == [("birth_month_in_future", "birthMonth")]


@pytest.mark.parametrize(
    ("name", "changes", "place"),
    [
        ("referral@1", {"need_known_since_on": "2026-03-15"}, "needKnownSinceOn"),
        ("referral@1", {"residence": {"sinceOn": "2026-03-15"}}, "residence/sinceOn"),
        ("referral@1", {"residence": {"staySinceOn": "2026-03-15"}}, "residence/staySinceOn"),
        ("referral@1", example_with_item("referral@1", "refusals", 0, refusedOn="2026-03-15"), "refusals/0/refusedOn"),
        ("referral@1", example_with_item("referral@1", "consents", 1, givenOn="2026-03-15"), "consents/1/givenOn"),
        ("table@1", {"held_on": "2026-03-15"}, "heldOn"),
        ("help_start@1", {"started_on": "2026-03-15"}, "startedOn"),
        ("help_end@1", {"ended_on": "2026-03-15"}, "endedOn"),
        ("help_report@1", {"started_on": "2026-03-15"}, "startedOn"),
        ("placement_start@1", {"started_on": "2026-03-15"}, "startedOn"),
        ("placement_end@1", {"ended_on": "2026-03-15"}, "endedOn"),
        ("escalation@1", {"put_on": "2026-03-15"}, "putOn"),
        ("goal_check@1", {"held_on": "2026-03-15"}, "heldOn"),
    ],
)
def test_a_past_event_cannot_have_a_day_in_the_future(name: str, changes: dict[str, Any], place: str) -> None:
    assert faults(name, **changes) == [("day_in_future", place)]


def test_a_past_event_may_have_the_day_of_today() -> None:
    assert faults("help_start@1", started_on=TODAY.isoformat()) == []


# --- triage and endings ----------------------------------------------------------------------------------------------


def test_triage_has_no_place_for_funding_contract_capacity_or_age() -> None:
    forbidden = {"funding", "payer", "payment", "contract", "capacity", "age", "birth", "law"}
    assert not words_of("triage@1") & forbidden, "I2, R72: they may not count"
    reasons = {part for reason in CODE_LISTS["decline_reason"].codes for part in reason.split("_")}
    assert not reasons & forbidden


@pytest.mark.parametrize(("name", "who"), [("decline@1", "takenOverBy"), ("transfer@1", "acceptedBy")])
def test_nobody_is_let_go_of_without_a_person_elsewhere_who_accepted(name: str, who: str) -> None:
    with pytest.raises(ValidationError, match="missing"):
        KINDS.forms[name].model_validate(example_without(name, who))
    for field in ("name", "organisation", "role", "acceptedOn"):
        incomplete = {key: value for key, value in filled(name)[who].items() if key != field}
        with pytest.raises(ValidationError, match="missing"):
            read_example(name, **{who: incomplete})
    future = filled(name)[who] | {"acceptedOn": "2026-03-15"}
    assert faults(name, **{who: future}) == [("day_in_future", f"{who}/acceptedOn")], "I10"


@pytest.mark.parametrize("name", ["decline@1", "transfer@1"])
def test_the_family_is_told_when_a_case_goes_elsewhere(name: str) -> None:
    with pytest.raises(ValidationError, match="messageToFamily"):
        KINDS.forms[name].model_validate(example_without(name, "messageToFamily"))


def test_a_form_that_sets_a_day_or_a_person_says_so() -> None:
    screener = UUID(filled("triage_start@1")["screenerId"])
    assert read_example("triage_start@1").next_assignee(None) == screener
    assert read_example("triage_start@1", screener_id=None).next_assignee(screener) == screener
    assert read_example("reassignment@1", assignee_id=None).next_assignee(screener) is None
    assert read_example("triage@1").next_due_day() == date(2030, 3, 11)
    assert read_example("information_request@1").next_due_day() == date(2030, 2, 19)
    assert read_example("goal_check@1", next_check_on=None).next_due_day() is None
