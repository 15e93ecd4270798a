"""Rules of the forms of advice: the requirements of an issue, and the parts that it opens."""

from dataclasses import replace
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from api_tests.support.form_faults import code, context, example_with_item, example_without, faults, read_example
from api_tests.support.forms import filled
from service.cases.rules.facts import CaseFacts, PartFacts
from service.cases.rules.forms.base import PartOpening
from service.kinds import KINDS
from service.vocabulary.code_lists import CODE_LISTS


def commitment_for(line: str) -> PartFacts:
    return PartFacts(id=uuid4(), kind="commitment", state="ended", is_open=False, line=line)


ADVICE = pytest.mark.parametrize("name", ["advice@1", "advice_revision@1"])


@ADVICE
@pytest.mark.parametrize("field", ["goals", "lines", "checksOn", "agreement"])
def test_an_advice_needs_a_line_an_achievable_goal_a_check_and_an_agreement(name: str, field: str) -> None:
    with pytest.raises(ValidationError, match="too_short"):
        read_example(name, **{field: []})  # R4, I3


@ADVICE
def test_a_goal_says_whose_it_is_how_it_is_seen_by_when_and_why_it_is_realistic(name: str) -> None:
    for field in ("text", "of", "seenBy", "horizon", "realisticBecause"):
        with pytest.raises(ValidationError, match="missing"):
            read_example(name, **example_with_item(name, "goals", 0, **{field: None}))  # R4, R81


@ADVICE
def test_every_line_is_put_to_a_provider_or_is_to_be_made_to_measure(name: str) -> None:
    result = faults(name, **example_with_item(name, "lines", 0, providerId=None))
    assert result == [("line_without_addressee", "lines/0/providerId")], "I3"
    assert (
        faults(name, **example_with_item(name, "lines", 0, providerId=None, madeToMeasure="Een plek bij zijn oom."))
        == []
    )


@ADVICE
def test_who_pays_may_be_unknown_and_stops_no_line(name: str) -> None:
    lines = [
        {field: value for field, value in line.items() if field not in ("payerId", "law")}
        for line in filled(name)["lines"]
    ]
    assert faults(name, lines=lines) == [], "I2"
    openings = read_example(name, lines=lines).openings("funding", context())
    assert {(opening.addressee_id, opening.addressee_role) for opening in openings} == {(None, "payer")}, (
        "found, or unknown"
    )


@ADVICE
def test_living_with_treatment_in_one_hand_needs_a_reason(name: str) -> None:
    changes = example_with_item(name, "lines", 0, productCategory=code("43"))
    assert faults(name, **changes) == [("stay_with_treatment_needs_reason", "lines/0/productCategoryReason")], "I4"
    reasoned = example_with_item(
        name, "lines", 0, productCategory=code("43"), productCategoryReason="Alleen hier is nachtzorg."
    )
    assert faults(name, **reasoned) == []


@ADVICE
def test_living_and_treatment_do_not_share_a_line(name: str) -> None:
    expected = [("living_and_treatment_on_one_line", "lines/{}/productCategory")]
    for at, category in ((0, "54"), (0, "41"), (1, "44"), (1, "36")):
        result = faults(name, **example_with_item(name, "lines", at, productCategory=code(category)))
        assert result == [(fault, place.format(at)) for fault, place in expected], "I4, R37"


@ADVICE
def test_lines_have_letters_and_goals_have_numbers_of_their_own(name: str) -> None:
    twice = example_with_item(name, "lines", 2, key="B")
    assert ("line_key_repeated", "lines/2/key") in faults(name, **twice)
    assert faults(name, **example_with_item(name, "goals", 1, number=1)) == [("goal_number_repeated", "goals/1/number")]
    assert faults(name, **example_with_item(name, "goals", 1, lines=["Z"])) == [("unknown_line", "goals/1/lines")]
    with pytest.raises(ValidationError, match="pattern"):
        read_example(name, **example_with_item(name, "lines", 0, key="AA"))


FREE = {"none", "colleague_involved"}
VOTES = st.lists(
    st.tuples(st.sampled_from(list(CODE_LISTS["relation_to_case"].codes)), st.booleans()), min_size=1, max_size=6
)


@given(votes=VOTES, name=st.sampled_from(("advice@1", "advice_revision@1")))
def test_nobody_who_is_party_to_the_outcome_is_the_only_one_agreeing(votes: list[tuple[str, bool]], name: str) -> None:
    agreement = [{"name": "Lid", "relationToCase": code(relation), "agrees": agrees} for relation, agrees in votes]
    independent = any(agrees and relation in FREE for relation, agrees in votes)
    expected = [] if independent else [("no_independent_agreement", "agreement")]
    assert faults(name, agreement=agreement) == expected, "I15, policy 6"


@ADVICE
def test_what_the_family_says_stands_in_the_advice_or_why_it_does_not(name: str) -> None:
    assert faults(name, family_statement=None) == [("family_statement_missing", "familyStatement")], "I17"
    assert faults(name, family_statement=None, why_no_family_statement="Zij lezen het eerst na.") == []


@ADVICE
def test_the_child_gets_a_version_of_its_own(name: str) -> None:
    with pytest.raises(ValidationError, match="childVersion"):
        KINDS.forms[name].model_validate(example_without(name, "childVersion"))


def test_a_new_version_of_the_advice_gives_its_reason() -> None:
    for field in ("reason", "whatIsNew"):
        with pytest.raises(ValidationError, match=field):
            KINDS.forms["advice_revision@1"].model_validate(example_without("advice_revision@1", field))  # I13


KEYS = st.sets(st.sampled_from("ABCDEF"))


@given(keys=KEYS.filter(bool), answered=KEYS, issued=KEYS, name=st.sampled_from(("advice@1", "advice_revision@1")))
def test_a_line_opens_its_request_once_and_keeps_it_through_every_version(
    keys: set[str], answered: set[str], issued: set[str], name: str
) -> None:
    provider, payer = uuid4(), uuid4()
    line = filled(name)["lines"][0] | {"providerId": str(provider), "payerId": str(payer)}
    advice = read_example(
        name,
        lines=[line | {"key": key} for key in sorted(keys)],
        goals=example_with_item(name, "goals", 0)["goals"][:1],
    )
    facts = CaseFacts(advice_lines=frozenset(issued), parts=tuple(commitment_for(key) for key in sorted(answered)))
    assert advice.codes()["line"] == tuple(sorted(keys))
    case = context(facts)
    assert advice.openings("commitment", case) == tuple(PartOpening(provider, key) for key in sorted(keys - answered))
    # The history says whether a payer was asked before: test_payment_never_blocks_help.py.
    assert advice.openings("funding", case) == tuple(PartOpening(payer, key) for key in sorted(keys))
    assert advice.openings("placement", case) == advice.openings("escalation", case) == ()


def test_r3_another_provider_is_another_line_so_that_nobody_waits_for_somebody_who_was_never_asked() -> None:
    facts = CaseFacts(parts=(replace(commitment_for("A"), addressee_id=uuid4()),))

    other = faults("advice_revision@1", facts=facts, **example_with_item("advice_revision@1", "lines", 0, key="A"))
    new = faults("advice_revision@1", facts=facts, **example_with_item("advice_revision@1", "lines", 0, key="Z"))

    assert ("line_keeps_its_provider", "lines/0/providerId") in other
    assert not [code for code, _ in new if code == "line_keeps_its_provider"]
