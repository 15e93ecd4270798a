"""Questions and refusals of the forms of help, escalation and follow-up."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from api_tests.support.form_faults import (
    TODAY,
    code,
    consent,
    context,
    example_with_item,
    example_without,
    faults,
    ground,
    read_example,
    settings,
)
from api_tests.support.sabotages import Returns, broken_by
from service.cases.rules.consents import PurposeConsent
from service.cases.rules.facts import CaseFacts
from service.cases.rules.forms.base import AddresseeRole, FormContext, PartOpening
from service.kinds import KINDS
from service.vocabulary.code_lists import CODE_LISTS, OTHER
from service.vocabulary.form_parts import Codes

# --- help ------------------------------------------------------------------------------------------------------------


def test_a_refusal_says_what_would_make_it_possible() -> None:
    for field in ("reason", "possibleIf"):
        with pytest.raises(ValidationError, match=field):
            KINDS.forms["refusal@1"].model_validate(example_without("refusal@1", field))  # T11


@given(st.sampled_from(list(CODE_LISTS["person_role"].codes)))
def test_that_help_started_is_confirmed_by_the_family_or_the_case_director(who: str) -> None:
    family = {"child", "parent", "guardian", "parent_without_authority", "foster_parent", "case_director"}
    expected = [] if who in family else [("help_not_confirmed_by_family", "confirmedBy")]
    assert faults("help_report@1", confirmed_by=code(who)) == expected


@pytest.mark.parametrize(
    ("name", "changes", "place"),
    [
        ("help_report@1", {"line": "Z"}, "line"),
        ("search@1", {"line": "Z"}, "line"),
        ("monitoring@1", {"lines": [{"line": "Z", "status": {"code": "running"}}]}, "lines/0/line"),
    ],
)
def test_a_line_that_is_not_in_the_advice_is_told(name: str, changes: dict[str, Any], place: str) -> None:
    assert faults(name, **changes) == [("unknown_line", place)]


@given(st.sampled_from(list(CODE_LISTS["placement_kind"].codes)))
def test_a_place_further_from_home_is_explained_and_has_a_way_back(kind: str) -> None:
    result = faults("search@1", kind=code(kind), why_not_higher=None, return_plan=None)
    away = [("preference_unexplained", "whyNotHigher"), ("return_plan_missing", "returnPlan")]
    assert result == ([] if kind == "own_home" else away), "R40, R42"


def test_a_search_opens_one_placement_for_its_line() -> None:
    search = read_example("search@1")
    assert search.codes()["line"] == ("A",)
    assert search.openings("placement", context()) == (PartOpening(None, "A"),)
    assert search.openings("commitment", context()) == ()


UNANSWERED = [
    *[("alternative_unanswered", "alternativesToRemoval")] * 4,
    ("behavioural_scientist_missing", "behaviouralScientist"),
    ("dissent_not_asked", "dissentAsked"),
]
SILENT: dict[str, Any] = {"alternatives_to_removal": [], "behavioural_scientist": None, "dissent_asked": False}


@broken_by(
    "I5: a child leaves home only after all required questions are answered",
    Returns("service/placements/rules/forms.py", "Search.requires_all_answers", False),
)
@given(
    kind=st.sampled_from(list(CODE_LISTS["placement_kind"].codes)),
    at_home=st.booleans(),
    weighed=st.sets(st.sampled_from(("removal", "closed_stay"))),
)
def test_no_child_leaves_home_or_is_closed_in_before_all_that_goes_before_was_answered(
    kind: str, at_home: bool, weighed: set[str]
) -> None:
    """I5: the table or the search answers the questions; a child who lives elsewhere does not leave home again."""
    case = CaseFacts(
        advice_lines=frozenset("A"), living_lines=frozenset("A"), at_home=at_home, weighed_options=frozenset(weighed)
    )

    removed = kind not in ("own_home", "closed") and at_home and not weighed
    closed_in = kind == "closed" and "closed_stay" not in weighed

    assert faults("search@2", facts=case, kind=code(kind), **SILENT) == (UNANSWERED if removed or closed_in else [])
    assert faults("search@2", facts=case, kind=code(kind)) == []


@pytest.mark.parametrize("chosen", ["other_family", "small_scale_living", "stay_with_treatment", "closed_stay"])
def test_an_analysis_that_chooses_a_way_out_of_home_is_a_proposal_to_leave_it_whatever_it_says(chosen: str) -> None:
    """I5: an analysis that says "no removal" and chooses one is asked the same questions."""
    options = [{"kind": code(chosen), "text": "Daar.", "chosen": True, "reason": "Rust."}] * 2
    bare: dict[str, Any] = {"options": options, "alternatives_to_removal": [], "dissent_asked": False}

    at_home = faults("analysis@1", facts=CaseFacts(at_home=True), **bare)
    elsewhere = faults("analysis@1", facts=CaseFacts(at_home=False), **bare)

    expected = [*UNANSWERED[:4], ("return_plan_missing", "returnPlan"), *UNANSWERED[4:]]
    assert at_home == expected
    assert elsewhere == (expected if chosen == "closed_stay" else [])


@pytest.mark.parametrize("name", ["advice@1", "advice_revision@1"])
def test_a_closed_placement_is_not_advised_unless_the_table_weighed_it(name: str) -> None:
    """I5, R44."""
    closed = example_with_item(name, "lines", 0, productCategory=code("37"))
    not_weighed = [("closed_stay_not_weighed", "lines/0/productCategory")]

    assert faults(name, facts=CaseFacts(weighed_options=frozenset({"removal"})), **closed) == not_weighed
    assert faults(name, facts=CaseFacts(weighed_options=frozenset({"closed_stay"})), **closed) == []


# --- escalation ------------------------------------------------------------------------------------------------------


@given(
    level=st.sampled_from(("national_support", "cce_consultation", OTHER)),
    purpose=st.sampled_from(list(CODE_LISTS["escalation_purpose"].codes)),
    answered=st.booleans(),
    skipped=st.booleans(),
)
def test_the_network_is_asked_before_the_national_level_unless_there_is_reason_not_to(
    level: str, purpose: str, answered: bool, skipped: bool
) -> None:
    result = faults(
        "escalation_request@1",
        facts=CaseFacts(network_answered=answered),
        level=code(level),
        purpose=code(purpose),
        network_skipped_because="Deze regio heeft geen netwerk." if skipped else None,
    )
    allowed = answered or skipped or purpose == "other_region"
    assert result == ([] if allowed else [("network_not_asked_first", "networkSkippedBecause")]), "R21, R22"


@pytest.mark.parametrize("name", ["escalation_request@1", "escalation@1"])
def test_the_network_has_a_step_of_its_own(name: str) -> None:
    assert faults(name, level=code("expertise_network")) == [("network_is_asked_otherwise", "level")]


def test_national_support_and_a_consultation_of_the_cce_are_two_things() -> None:
    assert {"expertise_network", "national_support", "cce_consultation"} < set(CODE_LISTS["escalation_level"].codes)


@pytest.mark.parametrize(
    ("name", "purpose"), [("network_request@1", "expertise_network"), ("escalation_request@1", "cce")]
)
def test_sharing_further_away_needs_consent_or_a_ground_but_is_not_asked_twice(name: str, purpose: str) -> None:
    missing = [("consent_to_sharing_missing", "consents")]
    assert faults(name, consents=[]) == missing, "I20"
    assert faults(name, consents=[consent("child", purpose="learning")]) == missing
    assert faults(name, consents=[consent("child", purpose=purpose)]) == missing, "both agree from 12 to 15"
    assert faults(name, consents=[consent(by, purpose=purpose) for by in ("child", "parent")]) == []
    assert faults(name, consents=[ground("guardianship", purpose=purpose)]) == []
    assert faults(name, consents=[], facts=CaseFacts(consents={purpose: PurposeConsent(in_force=True)})) == [], "R90"


@pytest.mark.parametrize(
    ("name", "sought"),
    [("network_request@1", "network"), ("escalation_request@1", "liaison"), ("escalation_signal@1", "liaison")],
)
def test_a_question_beyond_the_region_opens_one_escalation_of_the_whole_case(name: str, sought: AddresseeRole) -> None:
    context = FormContext(CaseFacts(), settings(), TODAY)

    assert read_example(name).openings("escalation", context) == (PartOpening(addressee_role=sought),)
    assert read_example(name).openings("commitment", context) == ()


# --- follow-up -------------------------------------------------------------------------------------------------------


@given(st.sampled_from(list(CODE_LISTS["goal_status"].codes)))
def test_a_goal_that_is_adapted_or_dropped_has_a_reason(status: str) -> None:
    result = faults("goal_check@1", goals=[{"number": 1, "status": code(status)}])
    assert result == ([("goal_reason_missing", "goals/0/reason")] if status in ("adapted", "dropped") else [])


def test_a_check_tells_each_goal_once_and_what_harm_was_signalled() -> None:
    goal = {"number": 1, "status": code("reached")}
    assert faults("goal_check@1", goals=[goal, goal]) == [("goal_number_repeated", "goals/1/number")]
    assert faults("goal_check@1", harm_signalled=True) == [("harm_not_told", "harm")], "R86"


def test_monitoring_tells_each_line_once() -> None:
    line = {"line": "A", "status": code("running")}
    assert faults("monitoring@1", lines=[line, line]) == [("line_key_repeated", "lines/1/line")]


FIVE = [domain for domain in CODE_LISTS["life_domain"].codes if domain != OTHER]


@given(
    st.dictionaries(st.sampled_from(FIVE), st.sampled_from(("arranged", "carried", "left")), min_size=1),
)
def test_a_case_is_let_go_of_when_all_five_life_domains_are_arranged_or_carried(outcomes: dict[str, str]) -> None:
    carrier = {"name": "Ineke Blok", "organisation": "Samenwerkingsverband"}
    domains = [
        {"domain": code(domain), "arranged": outcome == "arranged"}
        | ({"carriedBy": carrier} if outcome == "carried" else {})
        for domain, outcome in outcomes.items()
    ]
    codes = [fault for fault, _ in faults("closure@1", life_domains=domains)]
    assert codes.count("life_domain_unanswered") == len(FIVE) - len(outcomes), "R46"
    assert codes.count("nobody_carries_it") == sum(outcome == "left" for outcome in outcomes.values())


@pytest.mark.parametrize("name", ["advice@1", "advice_revision@1", "goal_check@1", "closure@1"])
def test_a_plan_for_after_eighteen_is_a_fact_when_there_is_one_and_never_obligatory(name: str) -> None:
    codes: Codes = read_example(name, plan_after_18="Een kamer bij zijn oom, en dezelfde behandelaar.").codes()
    assert codes["enclosed"] == ("plan_after_18",)
    assert "enclosed" not in read_example(name).codes()
    assert faults(name) == [], "policy 5, I7"


def test_looking_back_is_never_obligatory() -> None:
    assert faults("closure@1", looking_back=[]) == [], "R94"


# --- amendments ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"held_on": "2025-03-12"}, "changes_not_camel_case"),
        ({"residence": {"since_on": None}}, "changes_not_camel_case"),
        ({"refusals": [{"refused_on": None}]}, "changes_not_camel_case"),
        ({"question": "x" * 250_000}, "changes_not_readable"),
        ({"previousMoves": float("nan")}, "changes_not_readable"),
        ({"question": "\ud800"}, "changes_not_readable"),
    ],
)
def test_an_amendment_is_a_plain_and_bounded_merge_patch(changes: dict[str, Any], fault: str) -> None:
    assert faults("amendment@1", changes=changes) == [(fault, "changes")]


def test_an_amendment_may_take_something_away_and_keeps_that_it_did() -> None:
    changes = {"interpreter": None, "residence": {"sinceOn": None}}
    amendment = read_example("amendment@1", changes=changes)
    assert amendment.to_content()["changes"] == changes
    assert KINDS.forms["amendment@1"].model_validate(amendment.to_content()) == amendment


@pytest.mark.parametrize("field", ["changes", "reason", "amends"])
def test_an_amendment_names_what_it_corrects_and_why(field: str) -> None:
    with pytest.raises(ValidationError, match=field):
        KINDS.forms["amendment@1"].model_validate(example_without("amendment@1", field))
    with pytest.raises(ValidationError, match="greater_than_equal"):
        read_example("amendment@1", amends=0)
