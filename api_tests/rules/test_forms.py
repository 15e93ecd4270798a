"""Rules of every form: its filled example, the refusals that all forms share, and the codes that become facts."""

import re
from collections.abc import Iterator

import jsonschema
import pytest
from pydantic import ValidationError

from api_tests.support.checkout import ROOT
from api_tests.support.form_faults import faults, field_names, read_example, schema, words_of
from api_tests.support.forms import FILLED, filled
from service.kinds import KINDS
from service.vocabulary.code_lists import CODE_LISTS
from service.vocabulary.coded_facts import is_coded_fact

# Forms of 0.1.0 that only cases on old workflows still use.
FOR_CASES_THAT_RUN = {"escalation@1", "search@1", "placement_start@1", "stability@1", "goal_check@1"}
# The code list of a fact that has another name, and the pattern of a fact that has no code list.
LIST_OF_FACT = {"missing_domain": "advice_domain", "missing_function": "help_function"}
LIST_OF_FACT |= dict.fromkeys(("child_satisfied", "parents_satisfied"), "satisfaction")
PATTERN_OF_FACT = {
    **dict.fromkeys(("line", "living_line", "by_line"), "[A-Z]"),
    "goal": "[0-9]{1,3}",
    "destroys": "[0-9]{1,9}",
    "destroys_part": "[0-9a-f-]{36}",
    "granted_request": "[0-9a-f-]{36}",
    "heard": "child|parent",
    "enclosed": "[a-z_0-9]{1,30}",
    "search": "bridging|region",
    "place_stable": "yes|no",
    "weighed": "removal|closed_stay",
    **dict.fromkeys(
        ("consent_given", "consent_withdrawn"),
        "[a-z_]{1,40}:([0-9+-]{1,6}|unknown):[a-z_]{1,40}:[0-9]{4}-[0-9]{2}-[0-9]{2}(:[a-z_]{1,40})?",
    ),
}
ALL_FORMS = pytest.mark.parametrize("name", KINDS.forms)


def test_every_form_of_every_workflow_exists_and_has_a_filled_example() -> None:
    used = {
        form
        for workflow in (ROOT / "workflows").glob("*.toml")
        for form in re.findall(r'^form = "(.+)"$', workflow.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert used | FOR_CASES_THAT_RUN == set(KINDS.forms) == set(FILLED)
    assert used.isdisjoint(FOR_CASES_THAT_RUN)


@ALL_FORMS
def test_a_filled_form_has_nothing_wrong_and_is_the_same_after_storing(name: str) -> None:
    form = read_example(name)
    assert faults(name) == []
    assert KINDS.forms[name].model_validate(form.to_content()) == form
    assert form.to_content() == filled(name), "what was typed is what is kept"


@ALL_FORMS
def test_a_filled_form_fits_the_schema_that_is_published_for_it(name: str) -> None:
    jsonschema.Draft202012Validator(schema(name)).validate(filled(name))


@ALL_FORMS
def test_a_field_nobody_knows_is_refused_at_every_depth(name: str) -> None:
    def spoiled(body: object, depth: int = 0) -> Iterator[object]:
        if isinstance(body, dict) and not (name in ("amendment@1", "correction@1") and depth):
            yield body | {"unknownField": "?"}
            for key, value in body.items():
                yield from (body | {key: worse} for worse in spoiled(value, depth + 1))
        if isinstance(body, list):
            for at, value in enumerate(body):
                yield from ([*body[:at], worse, *body[at + 1 :]] for worse in spoiled(value, depth + 1))

    for body in spoiled(filled(name)):
        with pytest.raises(ValidationError, match="extra_forbidden"):
            KINDS.forms[name].model_validate(body)


@ALL_FORMS
def test_a_form_is_filled_in_within_a_quarter_of_an_hour_because_it_asks_little(name: str) -> None:
    assert len(schema(name).get("required", [])) <= 16, "R108: no more must be typed than practice asks"


@ALL_FORMS
def test_no_form_has_a_place_for_money_a_citizen_number_or_the_name_of_a_child(name: str) -> None:
    money = {"price", "amount", "cost", "costs", "budget", "euro", "euros", "tariff", "rate", "fee", "sum", "money"}
    identity = {"bsn", "surname", "firstname", "lastname", "initials", "birthday", "birthdate", "score", "risk"}
    assert not words_of(name) & (money | identity), "policy 9 and I19"
    assert not {"childName", "birthDate", "bornOn", "dateOfBirth"} & set(field_names(schema(name)))


def test_a_referral_takes_no_name_for_the_child_and_no_day_of_birth() -> None:
    named = {field for field in field_names(schema("referral@1")) if "name" in field.lower()}
    people = {key for key, part in schema("referral@1")["$defs"].items() if "name" in part.get("properties", {})}
    assert (named, people) == ({"name"}, {"Contact"}), "only professionals are named (I19)"
    with pytest.raises(ValidationError, match="pattern"):
        read_example("referral@1", birth_month="2011-09-23")


@ALL_FORMS
def test_every_day_is_a_plain_date_and_its_name_says_on(name: str) -> None:
    def days(node: object, field: str = "") -> Iterator[str]:
        if isinstance(node, dict):
            if node.get("format") == "date":
                yield field
            for key, value in node.get("properties", {}).items():
                yield from days(value, key)
            for part in (*node.get("$defs", {}).values(), node.get("items")):
                yield from days(part, field)

    fields = set(days(schema(name)))
    assert all(field.endswith("On") for field in fields), fields
    assert "date-time" not in str(schema(name))


@pytest.mark.parametrize("wrong", ["2025-03-12T00:00:00Z", "12-03-2025", 1741737600, "1741737601", "2025-02-30", ""])
def test_a_day_is_written_as_year_month_and_day_and_in_no_other_way(wrong: object) -> None:
    with pytest.raises(ValidationError):
        read_example("table@1", held_on=wrong)


@pytest.mark.parametrize("wrong", ["yes", 1, "true"])
def test_a_yes_or_no_is_not_guessed_from_other_words(wrong: object) -> None:
    with pytest.raises(ValidationError, match="bool"):
        read_example("analysis@1", proposes_removal=wrong)


def test_an_optional_day_is_shown_as_one_type_with_null_beside_it() -> None:
    field = schema("goal_check@1")["properties"]["nextCheckOn"]
    assert (field["type"], field["format"]) == (["string", "null"], "date")
    assert "anyOf" not in field


@ALL_FORMS
def test_a_form_belongs_to_a_class_of_content_and_becomes_nothing_but_codes(name: str) -> None:
    form = read_example(name)
    assert form.content_class in ("referral", "review", "advice", "help", "escalation", "notes")
    for key, values in form.codes().items():
        # Some facts have another name than their code list: `missing_domain` uses the list `advice_domain`.
        list_name = LIST_OF_FACT.get(key, key)
        allowed = set(CODE_LISTS[list_name].codes) if list_name in CODE_LISTS else None
        is_listed = allowed is not None and set(values) <= allowed
        assert is_listed or all(re.fullmatch(PATTERN_OF_FACT[key], value) for value in values), (key, values)
        assert all(is_coded_fact(key, value) for value in values), f"unknown to verification: {key} {values}"
