"""Every field has a label in Dutch and in English, which all readers share."""

from collections.abc import Iterator

import pytest
from pydantic import BaseModel

from api_tests.support.form_fields import all_fields
from api_tests.support.sabotages import broken_by
from service import routes
from service.file_rights.rules.answers import answers_of_form
from service.http.json_models import View
from service.kinds import KINDS
from service.vocabulary.code_lists import CodedValue
from service.vocabulary.field_labels import FIELD_LABELS, MissingLabel, label_of
from service.vocabulary.form_parts import FormPart


def subclasses_of(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for subclass in model.__subclasses__():
        yield subclass
        yield from subclasses_of(subclass)


def fields_of_requests_and_answers() -> set[tuple[type[BaseModel], str]]:
    """Pairs (model, name of a field) of the bodies and answers of all routes."""
    assert routes.__name__  # imports the routes, and with them their models
    models = (
        model for base in (FormPart, View) for model in subclasses_of(base) if model.__module__.startswith("service.")
    )
    return {(model, name) for model in models for name in model.model_fields} | {
        (CodedValue, name) for name in ("code", "text")
    }


@broken_by(
    "Every field of every form has a label",
    "service/cases/rules/forms/referral.py",
    "    birth_month: BirthMonth\n    residence: Residence\n",
    "    birth_month: BirthMonth\n    residence: Residence\n    nickname: Nullable[ShortText] = None\n",
)
def test_every_field_of_every_form_request_and_answer_has_a_label_in_dutch_and_english() -> None:
    """Parts of forms are included; a label of a field that no longer exists is a fault as well."""
    fields = {field for form in KINDS.forms.values() for field in all_fields(form)} | fields_of_requests_and_answers()

    unlabelled, used = set[str](), set[str]()
    for model, name in fields:
        try:
            label = label_of(model, name)
        except MissingLabel as fault:
            unlabelled.add(str(fault))
        else:
            assert label.nl.strip(), name
            assert label.en.strip(), name
            used |= {known for known, words in FIELD_LABELS.items() if words is label}

    assert unlabelled == set()
    assert set(FIELD_LABELS) - used == set()
    assert len(fields) > 300


def test_a_field_that_somebody_adds_without_a_label_is_found() -> None:
    class Nicknamed(FormPart):
        nickname: str

    with pytest.raises(MissingLabel, match=r"Nicknamed\.nickname"):
        label_of(Nicknamed, "nickname")


def test_a_label_of_one_model_goes_before_the_label_of_the_name() -> None:
    advice = KINDS.forms["advice@1"]
    (goal,) = {model for model, name in all_fields(advice) if name == "seen_by"}

    assert (label_of(advice, "lines").nl, label_of(goal, "lines").nl) == ("Regel van het advies", "Bij regel")


def test_the_overview_for_a_family_reads_the_same_labels() -> None:
    lines = answers_of_form(KINDS.forms["note@1"], {"text": "Zij belde."}, {})

    assert [(line.label, line.words.nl) for line in lines] == [(FIELD_LABELS["text"], "Zij belde.")]
