"""the verdict on a part whose workflow changes, and the plan that moves the part."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from api_tests.support.roads import PROPOSE, SCHEDULE, TO_TRIAGE, Move, history
from api_tests.support.sabotages import broken_by
from api_tests.support.written_workflows import SMALL_WORKFLOW, TERMS
from service.cases.rules.facts import fold_facts
from service.cases.rules.model import Part
from service.kinds import KINDS
from service.vocabulary.roles import Role
from service.workflow_versions.rules import faults_of_sources, faults_of_targets, judge_part, plan_definition
from service.workflows.rules.definition import ADOPT_TRIGGER, Definition, Edge
from service.workflows.rules.workflow_file import parse_workflow

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def definition_of(text: str) -> Definition:
    definition = parse_workflow(text, "case.toml").definition
    assert definition is not None
    return definition


OLD = definition_of(SMALL_WORKFLOW)
RENAMED = definition_of(
    SMALL_WORKFLOW.replace("in_triage", "screening").replace('party = "coordinator"', 'party = "screener"')
)


def part_in(state: str) -> Part:
    case_id = UUID(int=9, version=4)
    return Part(
        id=case_id,
        case_id=case_id,
        kind="case",
        workflow=OLD.hash,
        state=state,
        phase="referral",
        sequence=3,
        occurred_at=NOW,
    )


def verdict_of(state: str, new: Definition, mapping: dict[str, str], **known: Any) -> tuple[str, list[str]]:
    verdict = judge_part(part_in(state), new, mapping, **{"terms": TERMS, "kinds": KINDS, **known})
    return verdict.fit, [reason.code for reason in verdict.reasons]


@pytest.mark.parametrize(
    ("state", "mapping", "fit", "reasons"),
    [
        ("submitted", {}, "fits", []),
        ("in_triage", {}, "needs_a_mapping", ["state_not_mapped"]),
        ("in_triage", {"in_triage": "screening"}, "fits", []),
        ("submitted", {"submitted": "screening"}, "fits", []),
        ("in_triage", {"in_triage": "limbo"}, "impossible", ["state_not_there"]),
        ("in_triage", {"in_triage": "closed"}, "impossible", ["mapped_to_an_end"]),
    ],
)
def test_a_part_fits_needs_a_mapping_or_cannot_go(
    state: str, mapping: dict[str, str], fit: str, reasons: list[str]
) -> None:
    assert verdict_of(state, RENAMED, mapping) == (fit, reasons)


def test_a_part_cannot_go_to_a_state_without_a_term_in_its_region_or_to_a_workflow_that_opens_what_is_not_there() -> (
    None
):
    without_term = verdict_of("submitted", RENAMED, {}, terms={"screening"})
    without_kind = verdict_of("submitted", RENAMED, {}, kinds={"case"})
    neither_and_unmapped = verdict_of("in_triage", RENAMED, {}, kinds={"case"})

    assert without_term == ("impossible", ["term_not_set"])
    assert without_kind == ("impossible", ["kind_without_workflow"])
    assert neither_and_unmapped == ("impossible", ["kind_without_workflow", "state_not_mapped"])


def test_steps_that_the_new_version_does_not_know_are_reported_and_hinder_nothing() -> None:
    edges = [Edge("submit", "start", "submitted"), Edge("start_triage", "submitted", "in_triage")]
    edges += [Edge("adopt_workflow", "gone", "in_triage")]

    verdict = judge_part(part_in("in_triage"), RENAMED, {"in_triage": "screening"}, edges, terms=TERMS, kinds=KINDS)

    assert (verdict.fit, verdict.unknown_steps) == ("fits", (Edge("start_triage", "submitted", "in_triage"),))


def test_only_open_states_that_exist_are_mapped_to_open_states_that_exist() -> None:
    mapping = {"in_triage": "closed", "closed": "submitted", "limbo": "submitted", "submitted": "nowhere"}

    sources = [(source.location, source.code) for source in faults_of_sources(mapping, [OLD])]
    targets = [(target.location, target.code) for target in faults_of_targets(mapping, RENAMED)]

    assert sources == [(("mapping", "closed"), "not_an_open_state"), (("mapping", "limbo"), "not_an_open_state")]
    assert targets == [
        (("mapping", "in_triage"), "mapped_to_an_end"),
        (("mapping", "submitted"), "state_not_there"),
    ]


def test_a_plan_is_a_definition_of_its_own_in_each_direction_and_reads_back_with_its_hash() -> None:
    """Decision 0003: a plan is stored with its edges like every definition; it has no ends and no unmapped states."""
    there = plan_definition(OLD, RENAMED, {"in_triage": "screening"})
    back = plan_definition(RENAMED, OLD, {"screening": "in_triage"})
    partial = plan_definition(OLD, RENAMED, {})

    assert set(there.edges()) == {
        Edge("adopt_workflow", "submitted", "submitted"),
        Edge("adopt_workflow", "in_triage", "screening"),
    }
    assert set(partial.edges()) == {Edge("adopt_workflow", "submitted", "submitted")}
    assert len({there.hash, back.hash, partial.hash, OLD.hash, RENAMED.hash}) == 5
    for plan in (there, back, partial):
        assert Definition.from_canonical_json(plan.to_canonical_json()).hash == plan.hash
    assert Definition.from_canonical_json(OLD.to_canonical_json()).hash == OLD.hash
    assert "adopts" not in OLD.to_canonical_json()


@broken_by(
    "I10: a proposal to decline stands when its case is moved to another workflow version",
    "service/cases/rules/facts.py",
    " and entry.trigger != ADOPT_TRIGGER.name",
    "",
)
def test_i10_a_proposal_stands_when_its_state_is_called_otherwise_and_lapses_when_the_case_moves_on() -> None:
    proposed = (*TO_TRIAGE, PROPOSE)
    adoption = Move("case", ADOPT_TRIGGER.name, "in_triage", "in_triage_by_screener", Role.ADMINISTRATOR)

    proposers = [
        fold_facts(history(road), KINDS).decline_proposed_by
        for road in (proposed, (*proposed, adoption), (*proposed, SCHEDULE))
    ]

    assert [proposer is not None for proposer in proposers] == [True, True, False]
