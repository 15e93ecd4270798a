"""Questions and refusals of the forms of the table and the analysis."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from api_tests.support.form_faults import code, example_with_item, faults, read_example, settings
from api_tests.support.forms import filled
from service.vocabulary.code_lists import CODE_LISTS, OTHER
from service.workflows.rules.region_settings import Quorum

# --- the table -------------------------------------------------------------------------------------------------------

EXPERTS = ("expert", "behavioural_scientist", "psychiatrist", "doctor", "education_expert")
SEATS = st.lists(
    st.tuples(
        st.sampled_from(list(CODE_LISTS["table_role"].codes)), st.sampled_from(("De Linde", "DE LINDE", "Waterkant"))
    ),
    min_size=1,
    max_size=8,
)


@given(seats=SEATS, experts=st.integers(0, 4), organisations=st.integers(0, 3), by_experience=st.booleans())
def test_a_table_has_the_quorum_of_its_region_or_tells_why_not(
    seats: list[tuple[str, str]], experts: int, organisations: int, by_experience: bool
) -> None:
    region = settings(quorum=Quorum(experts=experts, organisations=organisations, expert_by_experience=by_experience))
    members = [
        {"role": code(role), "name": "Iemand", "organisation": organisation, "relationToCase": code("none")}
        for role, organisation in seats
    ]
    roles = [role for role, _ in seats]
    names = {organisation.lower() for role, organisation in seats if role in EXPERTS}
    short = {
        "quorum_chair_missing": "chair" not in roles,
        "quorum_experts_short": sum(role in EXPERTS for role in roles) < experts,
        "quorum_organisations_short": len(names) < organisations,
        "quorum_expert_by_experience_missing": by_experience and "expert_by_experience" not in roles,
    }
    shortfalls = faults("table@1", region=region, members=members)
    assert {fault for fault, _ in shortfalls} == {fault for fault, is_short in short.items() if is_short}
    explained = faults(
        "table@1", region=region, members=members, quorum_shortfall_reason="Griep; volgende week verder."
    )
    assert explained == []


def test_who_is_not_at_the_table_speaks_in_own_words_or_it_is_told_why_not() -> None:
    def alone(how: str, **more: str) -> list[tuple[str, str]]:
        return faults("table@1", participation=[{"who": code("child"), "how": code(how), **more}])

    for how in ("represented", "heard_before"):
        assert alone(how) == [("own_words_missing", "participation/0/ownWords")], "I16"
        assert alone(how, ownWords="Laat me thuis.") == []
    for how in ("declined", "not_possible"):
        assert alone(how) == [("reason_not_heard_missing", "participation/0/whyNot")], "I16"
        assert alone(how, whyNot="Zij wil nu rust.") == []
    assert alone("present") == alone("digital") == []


@given(st.sets(st.sampled_from(list(CODE_LISTS["person_role"].codes)), min_size=1))
def test_the_table_tells_whether_child_and_parents_were_heard(people: set[str]) -> None:
    table = read_example(
        "table@1", participation=[{"who": code(who), "how": code("present")} for who in sorted(people)]
    )
    expected = {"child"} & people
    if people & {"parent", "guardian", "parent_without_authority"}:
        expected |= {"parent"}
    assert set(table.codes().get("heard", ())) == expected, "I16"


# --- the analysis ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", ["kind", "source", "topic"])
def test_every_item_of_the_analysis_is_a_fact_observation_or_opinion_with_a_source(field: str) -> None:
    with pytest.raises(ValidationError, match="missing"):
        read_example("analysis@1", **example_with_item("analysis@1", "items", 0, **{field: None}))  # I14


def test_an_analysis_weighs_two_options_and_chooses() -> None:
    options = filled("analysis@1")["options"]
    assert faults("analysis@1", options=options[:1]) == [("second_option_missing", "options")]
    nothing = [option | {"chosen": False} for option in options]
    assert faults("analysis@1", options=nothing) == [("no_option_chosen", "options")]
    with pytest.raises(ValidationError, match="reason"):
        read_example("analysis@1", **example_with_item("analysis@1", "options", 1, reason=None))  # R94
    assert {"at_home_with_more_help", "no_youth_help"} <= set(CODE_LISTS["option_kind"].codes), "R123"


ALTERNATIVES = [name for name in CODE_LISTS["alternative_to_removal"].codes if name != OTHER]
BEFORE_REMOVAL: dict[str, Any] = {
    "alternatives_to_removal": [
        {"alternative": code(alternative), "answer": "Besproken."} for alternative in ALTERNATIVES
    ],
    "return_plan": "Elke maand een nacht meer thuis.",
    "behavioural_scientist": "Hanneke Vos",
    "dissent_asked": True,
}


@pytest.mark.parametrize("proposal", ["proposes_removal", "proposes_closed_stay"])
def test_leaving_home_needs_alternatives_a_way_back_a_scientist_and_dissent(proposal: str) -> None:
    away: dict[str, Any] = BEFORE_REMOVAL | {proposal: True}
    left_out: dict[str, Any] = {
        "alternatives_to_removal": [],
        "return_plan": None,
        "behavioural_scientist": None,
        "dissent_asked": False,
    }
    expected = {
        "alternatives_to_removal": [("alternative_unanswered", "alternativesToRemoval")] * len(ALTERNATIVES),
        "return_plan": [("return_plan_missing", "returnPlan")],
        "behavioural_scientist": [("behavioural_scientist_missing", "behaviouralScientist")],
        "dissent_asked": [("dissent_not_asked", "dissentAsked")],
    }
    assert faults("analysis@1", **away) == [], "I5"
    for field, nothing in left_out.items():
        assert faults("analysis@1", **away | {field: nothing}) == expected[field]
    assert faults("analysis@1", **left_out) == [], "staying at home needs none of this"


@given(st.sets(st.sampled_from(ALTERNATIVES)))
def test_every_alternative_to_removal_is_answered_one_by_one(answered: set[str]) -> None:
    answers = [{"alternative": code(alternative), "answer": "Geprobeerd."} for alternative in sorted(answered)]
    changes = BEFORE_REMOVAL | {"proposes_removal": True, "alternatives_to_removal": answers}
    assert len(faults("analysis@1", **changes)) == len(ALTERNATIVES) - len(answered), "R41"
