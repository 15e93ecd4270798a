"""The rules of a form with faults of type are checked on the fields that can be read."""

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api_tests.support.form_faults import context
from api_tests.support.forms import filled
from api_tests.support.sabotages import Text, broken_by
from api_tests.support.varied_forms import candidates, unreadable, varied_form
from service.cases.rules.forms.base import Form, FormContext, rule
from service.cases.rules.forms.form_reader import faults_of_form, read_form
from service.kinds import KINDS
from service.vocabulary.form_parts import ContentClass, Fault
from service.vocabulary.partial_values import FieldUnread, without_fields
from service.vocabulary.refusals import InputFault


def pointers(faults: Iterable[InputFault]) -> set[tuple[str, str]]:
    return {(fault.code, fault.location) for fault in faults}


def rule_faults(name: str, body: dict[str, Any], form_context: FormContext) -> set[tuple[str, str]]:
    """The faults of this JSON, without the faults of type."""
    form = KINDS.forms[name]
    return pointers(faults_of_form(form, body, form_context)) - pointers(read_form(form, body).faults)


@broken_by(
    "A refusal never reports a field as missing because a rule could not read it",
    Text(
        "service/cases/rules/forms/base.py",
        "                raise FieldUnread(name)\n",
        "                return None\n",
    ),
    case="advice@1",
)
@broken_by(
    "A refusal names faults of rules together with faults of types",
    Text(
        "service/cases/rules/forms/form_reader.py",
        "return (*result.faults, *map(body_fault, rule_faults))",
        "return ()",
    ),
    case="referral@1",
)
@pytest.mark.parametrize("name", KINDS.forms)
def test_the_faults_of_readable_fields_remain_when_the_unreadable_fields_are_mended(name: str) -> None:
    """A form without faults of type gets all faults of its rules."""
    form, form_context = KINDS.forms[name], context()

    @given(body=varied_form(name), spoilt=st.sets(st.sampled_from(sorted(candidates(name)))))
    def hold(body: dict[str, Any], spoilt: set[str]) -> None:
        whole = rule_faults(name, body, form_context)
        reading = read_form(form, body)
        assert reading.form is not None
        assert reading.faults == ()
        expected = {
            (fault.code, "/".join(("/form", *map(str, fault.location)))) for fault in reading.form.faults(form_context)
        }
        assert whole == expected

        partly = rule_faults(name, body | {field: unreadable(name, field) for field in spoilt}, form_context)

        assert partly <= whole
        assert not {location for _, location in partly if location.split("/")[2] in spoilt}, (
            "no fault beside a fault of type"
        )

    hold()


@pytest.mark.parametrize("name", KINDS.forms)
def test_every_field_that_cannot_be_read_leaves_the_others_to_be_read(name: str) -> None:
    example = filled(name)
    for field in example:
        reading = read_form(KINDS.forms[name], {**example, field: unreadable(name, field)})
        names = {info.alias or key: key for key, info in KINDS.forms[name].model_fields.items()}
        whole = KINDS.forms[name].model_validate(example)
        assert {fault.location.split("/")[2] for fault in reading.faults} == {field}
        for other in set(example) - {field}:
            assert getattr(reading.form, names[other]) == getattr(whole, names[other])
        with pytest.raises(FieldUnread):
            getattr(reading.form, names[field])


def test_a_referral_without_a_question_hears_of_the_voices_and_the_safety_at_once() -> None:
    body = filled("referral@1", safety={"code": "unsafe"}, child_voice={}, parents_voice={})
    del body["question"], body["safetyDirector"]
    body["consents"] = []

    assert pointers(faults_of_form(KINDS.forms["referral@1"], body, context())) == {
        ("missing", "/form/question"),
        ("too_short", "/form/consents"),
        ("voice_missing", "/form/childVoice"),
        ("voice_missing", "/form/parentsVoice"),
        ("safety_director_missing", "/form/safetyDirector"),
    }


def test_each_thing_that_goes_before_a_removal_is_asked_by_itself() -> None:
    """I5: an answer that cannot be read hides none of the other faults."""
    body = filled("analysis@1", proposes_removal=True, behavioural_scientist=7, dissent_asked=False)
    body.pop("returnPlan", None)

    assert pointers(faults_of_form(KINDS.forms["analysis@1"], body, context())) >= {
        ("string_type", "/form/behaviouralScientist"),
        ("return_plan_missing", "/form/returnPlan"),
        ("dissent_not_asked", "/form/dissentAsked"),
    }


@given(body=st.none() | st.integers() | st.text() | st.lists(st.integers()))
def test_what_is_no_object_has_a_fault_of_type_and_no_other(body: object) -> None:
    assert [fault.location for fault in faults_of_form(KINDS.forms["referral@1"], body, context())] == ["/form"]


class Careless(Form):
    form_name: ClassVar[str] = "careless@1"
    content_class: ClassVar[ContentClass] = "notes"

    text: str
    count: int

    @rule
    def _is_known(self, _context: FormContext) -> Iterator[Fault]:
        yield Fault(self.txet, ("text",))  # type: ignore[attr-defined]  # the mistake under test


class Wrong(Form):
    form_name: ClassVar[str] = "wrong@1"
    content_class: ClassVar[ContentClass] = "notes"

    text: str
    count: int

    @rule
    def _is_divided(self, _context: FormContext) -> Iterator[Fault]:
        yield Fault(str(1 // (len(self.text) - len(self.text))), ("text",))


@broken_by(
    "A mistake in a rule never passes for a field that could not be read",
    "service/vocabulary/partial_values.py",
    "except FieldUnread:",
    "except Exception:",
)
@pytest.mark.parametrize(("form", "error"), [(Careless, AttributeError), (Wrong, ZeroDivisionError)])
def test_a_mistake_in_a_rule_is_never_swallowed(form: type[Form], error: type[Exception]) -> None:
    with pytest.raises(error):
        list(form.model_validate({"text": "a", "count": 1}).faults(context()))
    with pytest.raises(error):
        faults_of_form(form, {"text": "a", "count": "?"}, context())


def test_a_rule_that_asks_what_is_not_known_of_the_case_says_nothing_and_the_others_speak() -> None:
    form = KINDS.forms["referral@1"]
    body = filled("referral@1", child_voice={}, birth_month="2030-01", need_known_since_on="2099-01-01")

    known = pointers(faults_of_form(form, body, context()))
    undated = pointers(faults_of_form(form, body, without_fields(context(), "day")))

    assert known >= {("birth_month_in_future", "/form/birthMonth"), ("day_in_future", "/form/needKnownSinceOn")}
    assert undated == {("voice_missing", "/form/childVoice")}
    knows_little = without_fields(context(), "settings", "facts")
    with pytest.raises(FieldUnread):
        _ = knows_little.settings
    with pytest.raises(AttributeError):
        _ = knows_little.setings  # type: ignore[attr-defined]  # the mistake under test
