"""The code lists and the sentences of the forms: official codes, two languages, room for other words."""

import re
from typing import Any

import pytest
from pydantic import ValidationError

from api_tests.support.checkout import ROOT
from api_tests.support.form_faults import TODAY, code, read_example, settings
from api_tests.support.forms import filled
from service.cases.rules.facts import CaseFacts
from service.cases.rules.forms.base import FormContext
from service.kinds import KINDS
from service.vocabulary.code_lists import CODE_LISTS, OTHER
from service.vocabulary.messages import MESSAGES, render_message

ALL_FORMS = pytest.mark.parametrize("name", KINDS.forms)


@pytest.mark.parametrize("name", CODE_LISTS)
def test_every_list_has_words_in_both_languages_and_ends_with_other(name: str) -> None:
    code_list = CODE_LISTS[name]
    assert list(code_list.codes)[-1] == OTHER, "R36: structured, with room for other words"
    assert code_list.source
    assert all(words.nl.strip() and words.en.strip() for words in (code_list.label, *code_list.codes.values()))


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("referrer", "01 02 03 04 05 06 08"),
        (
            "product_category",
            "31 32 33 34 35 36 37 38 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55",
        ),
        ("end_reason_allocation", "02 20 31 32 33 34 35 36 37 38 39"),
        ("end_reason", "01 02 03 04 05"),
        ("payment_obstacle", "2 3 4 5 8 9"),
        ("legal_status", "none 01 02 03 04 05 11 12"),
        ("legal_representation", "06 07 08 09 10"),
        ("relation", "07 10 11 13 17 21 22 25"),
        ("interpreter", "1 2 3"),
    ],
)
def test_an_official_list_has_its_official_codes(name: str, codes: str) -> None:
    assert list(CODE_LISTS[name].codes) == [*codes.split(), OTHER]


def test_places_stand_in_the_order_of_preference_with_the_own_home_first_and_closed_last() -> None:
    *places, other = CODE_LISTS["placement_kind"].codes
    assert (places[0], places[-1], other) == ("own_home", "closed", OTHER), "R40"
    assert places.index("foster_family") < places.index("small_scale") < places.index("treatment_group")


def test_the_code_other_needs_words_and_an_unknown_code_is_refused() -> None:
    with pytest.raises(ValidationError, match="other_needs_text"):
        read_example("refusal@1", reason={"code": "other"})
    with pytest.raises(ValidationError, match="unknown_code"):
        read_example("refusal@1", reason={"code": "too_difficult"})
    assert read_example("refusal@1", reason={"code": "other", "text": "Wij verhuizen zelf."}).codes()


def test_every_fault_has_its_sentence_in_dutch_and_english_with_its_facts_filled_in() -> None:
    sources = [file for file in (ROOT / "service").rglob("*.py") if "forms" in file.as_posix()]
    raised = {code for path in sources for code in re.findall(r'Fault\(\s*"([a-z0-9_]+)"', path.read_text("utf-8"))}
    assert len(raised) > 50
    assert raised <= set(MESSAGES["faults"])
    spoiled: list[tuple[str, dict[str, Any]]] = [
        ("closure@1", {"life_domains": [{"domain": code("living"), "arranged": True}]}),
        ("analysis@1", {"proposes_removal": True}),
        ("table@1", {"members": filled("table@1")["members"][:1]}),
        ("network_request@1", {"consents": []}),
        ("help_report@1", {"line": "Z"}),
    ]
    for name, changes in spoiled:
        faults = list(read_example(name, **changes).faults(FormContext(CaseFacts(), settings(), TODAY)))
        assert faults
        for fault in faults:
            sentence = render_message("faults", fault.code, fault.params)
            assert "{" not in sentence.nl + sentence.en
