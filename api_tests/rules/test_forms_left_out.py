"""A form that asks for nothing may be left out, and means the empty form; every other form is required."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from api_tests.support.case_file import CaseFile
from api_tests.support.forms import ASK_NOTHING
from api_tests.support.people import People
from api_tests.support.refusals import faults
from api_tests.support.sabotages import broken_by
from api_tests.support.workflows import RULES, form_for
from service.cases.api.step_bodies import step_type
from service.kinds import KINDS
from service.workflows.rules.kinds import START, PartKind

STEPS = [
    (kind, trigger.name, trigger.form)
    for kind, workflow in RULES.newest.items()
    for trigger in workflow.definition.triggers.values()
    if any(source != START for source, _ in trigger.edges)
]


def read_body(kind: PartKind, body: dict[str, Any]) -> Any:
    """The step that the types read from this body. Raises ValidationError."""
    return TypeAdapter(step_type(kind, RULES.versions(kind))).validate_python(body)


def schema_of(kind: PartKind, trigger: str) -> dict[str, Any]:
    """The published schema of the body of a step."""
    document = TypeAdapter(step_type(kind, RULES.versions(kind))).json_schema()
    name = document["discriminator"]["mapping"][trigger].removeprefix("#/$defs/")
    schema: dict[str, Any] = document["$defs"][name]
    return schema


@broken_by(
    "A form that asks for nothing may be left out",
    "service/cases/api/step_bodies.py",
    "optional if form.is_optional() else Field(description=description)",
    "Field(description=description)",
    case="case-start_triage-triage_start@1",
)
@broken_by(
    "A form that asks for something must be given",
    "service/cases/rules/forms/base.py",
    "return not any(field.is_required() for field in cls.model_fields.values())",
    "return any(not field.is_required() for field in cls.model_fields.values())",
    case="case-issue_advice-advice@1",
)
@pytest.mark.parametrize(("kind", "trigger", "form"), STEPS, ids=["-".join(map(str, step)) for step in STEPS])
def test_a_form_may_be_left_out_where_it_asks_for_nothing_and_nowhere_else(
    kind: PartKind, trigger: str, form: str | None
) -> None:
    bare: dict[str, Any] = {"trigger": trigger, "grounds": "Zo besloten."}
    required = "form" in schema_of(kind, trigger)["required"]
    if form is None:
        assert read_body(kind, bare).trigger == trigger
        assert not required
    elif form in ASK_NOTHING:
        assert read_body(kind, bare).form == KINDS.forms[form]()
        assert not required
        with pytest.raises(ValidationError, match="extra_forbidden"):
            read_body(kind, bare | {"form": {"unheard": "of"}})
        with pytest.raises(ValidationError, match="model_type"):
            read_body(kind, bare | {"form": None})
        filled = form_for(kind, trigger)
        assert read_body(kind, bare | {"form": filled}).form == KINDS.forms[form].model_validate(filled)
    else:
        assert required
        with pytest.raises(ValidationError, match="missing"):
            read_body(kind, bare)


def test_a_step_without_its_form_is_a_step_with_the_empty_one(people: People) -> None:
    case = CaseFile.submitted(people)

    answer = people.carla.post(f"{case.path}/transitions", {"trigger": "start_triage"}, version=1)

    assert answer.status_code == 201, answer.text
    documents = people.esra.get(f"{case.path}/file").json()["documents"]
    assert [document["form"] for document in documents if document["entry"]["trigger"] == "start_triage"] == [{}]


def test_a_form_that_is_left_out_is_held_against_its_rules_as_the_empty_one(people: People) -> None:
    case = CaseFile.submitted(people).go_to("help_started")
    case.fire("request_reconsideration", by="anna")
    part = case.parts("reconsideration")[0]

    answer = people.vera.post(
        f"{case.address(part)}/transitions", {"trigger": "take_up", "grounds": "Zo."}, version=part["version"]
    )

    assert faults(answer) == {("nobody_looks_afresh", "/form/chairId")}
