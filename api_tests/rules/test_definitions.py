"""Definitions: two files of one workflow are equal, a stored one reads back, and the shipped ones have no faults."""

import ast
import json
import random
import tomllib
from collections.abc import Mapping
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api_tests.support.broken_workflows import LOST_STATE
from api_tests.support.written_workflows import (
    REMOVED,
    WORKFLOWS,
    changed_document,
    definition_of,
    real_definitions,
    real_settings,
    valid_document,
    with_other_layout,
)
from service.kinds import KINDS
from service.vocabulary.messages import MESSAGES
from service.workflows.rules.checks import check_definitions, shortest_paths
from service.workflows.rules.checks.check_context import EVERYDAY_TRIGGERS
from service.workflows.rules.definition import Definition
from service.workflows.rules.diagram import draw_diagram
from service.workflows.rules.kinds import START, PartKind
from service.workflows.rules.region_settings import RegionSettings
from service.workflows.rules.rulebook import RulesRefused, read_settings
from service.workflows.rules.workflow_file import parse_workflow, workflow_json_schema

# --- the same workflow, or another --------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_order_and_the_layout_of_a_file_do_not_change_which_workflow_it_is(chance: random.Random) -> None:
    again = parse_workflow(with_other_layout(valid_document(), chance), "case.toml").definition

    assert again == definition_of(valid_document())
    assert again.hash == definition_of(valid_document()).hash
    assert again.to_canonical_json() == definition_of(valid_document()).to_canonical_json()


def test_default_values_may_be_written_out() -> None:
    explicit = changed_document(
        valid_document(),
        {
            "triggers.amend.from": ["in_triage", "submitted"],
            "triggers.submit.guards": [],
            "triggers.submit.grounds": "optional",
            "triggers.submit.label": {"nl": "  Aanmelden ", "en": "Submit"},
        },
    )

    assert definition_of(explicit).hash == definition_of(valid_document()).hash


@settings(deadline=None)
@given(st.data())
def test_any_other_meaning_is_another_workflow(data: st.DataObject) -> None:
    changes = data.draw(st.dictionaries(st.sampled_from(sorted(OTHER_MEANINGS)), st.integers(0, 2), min_size=1))
    other = changed_document(
        valid_document(),
        {place: OTHER_MEANINGS[place][choice % len(OTHER_MEANINGS[place])] for place, choice in changes.items()},
    )

    assert definition_of(other).hash != definition_of(valid_document()).hash


OTHER_MEANINGS: Mapping[str, list[Any]] = {
    "name": ["placement", "funding"],
    "label": [{"nl": "Dossier", "en": "Case"}, {"nl": "Casus", "en": "File"}],
    "states.submitted.phase": ["review", "ended"],
    "states.submitted.party": ["chair", REMOVED],
    "states.submitted.term": ["decision", REMOVED],
    "states.submitted.next": ["withdraw", REMOVED],
    "states.submitted.label": [{"nl": "Binnen", "en": "Submitted"}],
    "states.closed": [REMOVED],
    "states.more": [LOST_STATE],
    "triggers.decide.to": ["submitted", "="],
    "triggers.decide.from": [["submitted"], ["in_triage", "submitted"], ["*"]],
    "triggers.decide.roles": [["screener"], ["chair", "screener"], ["screener", "chair", "expert"]],
    "triggers.decide.form": ["search@1"],
    "triggers.decide.grounds": ["required"],
    "triggers.decide.guards": [[], ["place_found"], ["goals_checked", "place_found"]],
    "triggers.decide.opens": [["funding"]],
    "triggers.decide.label": [{"nl": "Beslissen", "en": "Choose"}],
    "triggers.withdraw": [REMOVED],
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_stored_definition_reads_back_as_it_was(kind: PartKind) -> None:
    definition = {candidate.name: candidate for candidate in real_definitions()}[kind]

    again = Definition.from_canonical_json(definition.to_canonical_json())

    assert again == definition
    assert again.hash == definition.hash
    assert list(again.edges()) == list(definition.edges())
    assert draw_diagram(again, "nl") == draw_diagram(definition, "nl")


def test_a_definition_reads_back_when_its_role_and_its_phase_no_longer_exist() -> None:
    old = definition_of(
        changed_document(valid_document(), {"states.submitted.party": "alderman", "states.submitted.phase": "waiting"})
    )

    again = Definition.from_canonical_json(old.to_canonical_json())

    assert again.hash == old.hash
    assert again.states["submitted"].party == "alderman"


def test_the_identity_of_a_workflow_stays_what_it_was_in_every_release() -> None:
    assert definition_of(valid_document()).hash == "2afadc20db506b96b83037ba1e68f836927c415fecfa0606990023f4b2100472"


def test_a_definition_cannot_be_changed_after_it_was_read() -> None:
    definition = definition_of(valid_document())

    with pytest.raises(TypeError):
        definition.states["more"] = definition.states["closed"]  # type: ignore[index]  # must fail
    with pytest.raises(ValueError, match="frozen"):
        definition.triggers["submit"].roles = ()  # type: ignore[misc]  # must fail


# --- the shipped workflows ----------------------------------------------------------------------------------------


def test_the_shipped_workflows_have_no_faults_under_any_settings() -> None:
    diagnostics = check_definitions(
        real_definitions(), real_settings().by_name(), guards=KINDS.guards, forms=KINDS.forms, kinds=KINDS
    )

    assert [
        f"{diagnostic.workflow}.toml, {diagnostic.path}: {diagnostic.words.en} {diagnostic.witness}"
        for diagnostic in diagnostics
    ] == []


def test_every_state_of_the_shipped_workflows_is_reached_by_the_steps_that_are_shown() -> None:
    for definition in real_definitions():
        targets = {(edge.source, edge.trigger): edge.target for edge in definition.edges()}
        for state, steps in shortest_paths(definition).items():
            here = START
            for step in steps:
                here = targets[here, step]
            assert here == state


def test_editors_know_the_same_keys_as_the_service() -> None:
    assert (WORKFLOWS / "workflow.schema.json").read_text(encoding="utf-8") == workflow_json_schema(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_every_workflow_names_its_schema_and_follows_it(kind: PartKind) -> None:
    text = (WORKFLOWS / f"{kind}.toml").read_text(encoding="utf-8")
    schema = json.loads(workflow_json_schema(KINDS))
    jsonschema.Draft202012Validator.check_schema(schema)

    assert text.startswith("#:schema ./workflow.schema.json\n")
    jsonschema.validate(tomllib.loads(text), schema)


@pytest.mark.parametrize(
    "place", ["states.submitted.party", "triggers.decide.roles", "label", "triggers.decide.colour"]
)
def test_an_editor_refuses_what_the_service_refuses(place: str) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(
            changed_document(valid_document(), {place: ["mayor"]}), json.loads(workflow_json_schema(KINDS))
        )


# --- the manual for the coordinator of a team ----------------------------------------------------------------------

SERVICE = WORKFLOWS.parent / "service"
MANUAL = (WORKFLOWS.parent / "docs" / "how-to" / "werkstroom-wijzigen.md").read_text(encoding="utf-8")


def examples(language: str) -> list[str]:
    return [block.split("```")[0] for block in MANUAL.split(f"```{language}\n")[1:]]


def test_the_manual_explains_every_fault_and_every_setting() -> None:
    assert [code for code in MESSAGES["diagnostics"] if f"`{code}`" not in MANUAL] == []
    assert [name for name in RegionSettings.model_fields if f"`{name}`" not in MANUAL] == []


RULES_THAT_KNOW_NAMES = (
    "workflows/rules/checks/reachability", "cases/rules/facts", "cases/rules/guards", "cases/rules/living_place",
    "cases/rules/attention", "learning/rules/case_routes", "learning/rules/release_ladder",
)  # fmt: skip


def test_the_manual_names_every_state_and_trigger_that_a_rule_knows_by_name() -> None:
    names = {name for definition in real_definitions() for name in (*definition.states, *definition.triggers)} - set(
        EVERYDAY_TRIGGERS
    )
    files = [SERVICE / f"{rule}.py" for rule in RULES_THAT_KNOW_NAMES]
    trees = [ast.parse(file.read_text(encoding="utf-8")) for file in files]
    known = names & {str(node.value) for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant)}

    assert known > {"running", "advice_issued", "start_stay"}
    assert sorted(name for name in known if f"`{name}`" not in MANUAL) == []


def test_the_change_in_the_manual_can_be_made() -> None:
    text = (WORKFLOWS / "case.toml").read_text(encoding="utf-8")
    (step,) = (example for example in examples("toml") if "return_to_triage" in example)

    before, after = (parse_workflow(source, "case.toml").definition for source in (text, f"{text}\n{step}"))

    assert before
    assert after
    assert faults_of_shipped_rules(after) == faults_of_shipped_rules(before)
    assert [edge for edge in after.edges() if edge not in set(before.edges())] == [
        ("return_to_triage", "scheduled", "in_triage")
    ]


def test_the_mistake_in_the_manual_is_answered_as_the_manual_says() -> None:
    text = (WORKFLOWS / "case.toml").read_text(encoding="utf-8")
    (step,) = (example for example in examples("toml") if "return_to_triage" in example)

    wrong = parse_workflow(f"{text}\n{step.replace('chair', 'voorzitter')}", "case.toml").definition

    assert wrong
    first, *rest = examples("text")[0].splitlines()
    assert {first.removeprefix("not started: "), *rest} <= set(faults_of_shipped_rules(wrong))


def test_the_states_steps_and_settings_in_the_manual_are_the_shipped_ones() -> None:
    case = tomllib.loads((WORKFLOWS / "case.toml").read_text(encoding="utf-8"))
    state, trigger, _, settings_of_a_region = (tomllib.loads(example) for example in examples("toml"))
    default = (WORKFLOWS / "settings.toml").read_text(encoding="utf-8").split("[[region")[0]

    assert state["states"]["scheduled"] == case["states"]["scheduled"]
    assert trigger["triggers"]["open_table"] == case["triggers"]["open_table"]
    assert list(read_settings(default + examples("toml")[3]).by_name()) == ["default", "JZ25 2027-01-01"]
    assert settings_of_a_region["region"]["JZ25"][0]["terms"].keys() <= real_settings().default.terms.keys()


def faults_of_shipped_rules(case: Definition) -> list[str]:
    others = [definition for definition in real_definitions() if definition.name != "case"]
    return str(
        RulesRefused(
            check_definitions(
                [case, *others], real_settings().by_name(), guards=KINDS.guards, forms=KINDS.forms, kinds=KINDS
            )
        )
    ).split("\n")
