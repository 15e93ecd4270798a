"""I11: a part changes its workflow only along a complete plan that leads away from the workflow it runs on."""

import json
from collections.abc import Iterable
from typing import Any

import pytest
from sqlalchemy import Connection, select
from sqlalchemy.exc import DBAPIError, IntegrityError

from api_tests.support.forgery import (
    Attack,
    Forger,
    KnownCases,
    entries_of_case,
    head_of_part,
    insert_entry,
    insert_row,
    run_sql,
)
from api_tests.support.sabotages import broken_by
from service.workflows.store.tables import workflow_edges, workflow_plans, workflows

PLAN, OTHER, SECOND = "e" * 64, "f" * 64, "a" * 64
PHASE = "placement"  # of the case that is moved, and of every state of a forged definition
Edge = tuple[str, str, str]


def _definition(
    connection: Connection, hash_: str, edges: Iterable[Edge], *, more: int = 0, kind: str = "case"
) -> None:
    """Store a forged definition with these edges. `more`: number of edges that it announces and that are missing."""
    stored_edges = list(edges)
    states = {target: {"phase": PHASE} for _, _, target in stored_edges}
    definition = json.dumps({"states": states})
    row = {"hash": hash_, "name": kind, "definition": definition, "edges": len(stored_edges) + more, "added_at": 0}
    insert_row(connection, workflows, row)
    for trigger, source, target in stored_edges:
        edge = {"workflow": hash_, "trigger_name": trigger, "source": source, "target": target}
        insert_row(connection, workflow_edges, edge)


def _other(connection: Connection, state: str) -> None:
    """Store another workflow for a case, which has this state as well."""
    notes = [("add_note", name, name) for name in ("elsewhere", state)]
    _definition(connection, OTHER, [("submit", "start", "elsewhere"), *notes])


def _add_plan(connection: Connection, known: KnownCases, edges: Iterable[Edge] = (), **changes: Any) -> None:
    """Store a plan from the workflow of the case to the other one, with these changes."""
    part = head_of_part(connection, known.advised)
    _other(connection, part.state)
    more = changes.pop("more", 0)
    _definition(connection, PLAN, [("adopt_workflow", part.state, "elsewhere"), *edges], more=more)
    _store_plan(connection, known, **{"hash": PLAN, "from_workflow": part.workflow, "to_workflow": OTHER, **changes})


def _store_plan(connection: Connection, known: KnownCases, **plan: Any) -> None:
    actor_id = entries_of_case(connection, known.advised)[0].actor_id
    insert_row(connection, workflow_plans, {"kind": "case", "made_at": 0, "actor_id": actor_id, **plan})


def _adopt(connection: Connection, known: KnownCases, **changes: Any) -> None:
    adopts = {"workflow": PLAN, "trigger_name": "adopt_workflow", "target": "elsewhere"}
    insert_entry(connection, known.advised, **{**adopts, **changes})


def _plan(edges: Iterable[Edge] = (), **changes: Any) -> Attack:
    def attack(connection: Connection, known: KnownCases) -> None:
        _add_plan(connection, known, edges, **changes)

    return attack


def _of_another_kind(connection: Connection, known: KnownCases) -> None:
    funding = connection.execute(select(workflows.c.hash).where(workflows.c.name == "funding")).scalars().first()
    _add_plan(connection, known, to_workflow=funding)


def _to_a_plan(connection: Connection, known: KnownCases) -> None:
    part = head_of_part(connection, known.advised)
    _add_plan(connection, known)
    _definition(connection, SECOND, [("adopt_workflow", part.state, "elsewhere")])
    _store_plan(connection, known, hash=SECOND, from_workflow=part.workflow, to_workflow=PLAN)


def _along_a_plan_that_was_not_made(connection: Connection, known: KnownCases) -> None:
    state = head_of_part(connection, known.advised).state
    _definition(connection, PLAN, [("adopt_workflow", state, "elsewhere")])
    _adopt(connection, known)


def _along_a_plan_for_another_workflow(connection: Connection, known: KnownCases) -> None:
    part = head_of_part(connection, known.advised)
    _other(connection, part.state)
    _definition(connection, PLAN, [("adopt_workflow", part.state, part.state)])
    _store_plan(connection, known, hash=PLAN, from_workflow=OTHER, to_workflow=part.workflow)
    _adopt(connection, known, target=part.state)


def _to_a_state_beside_the_plan(connection: Connection, known: KnownCases) -> None:
    _add_plan(connection, known)
    _adopt(connection, known, target="closed")


def _by_the_workflow_that_was_left(connection: Connection, known: KnownCases) -> None:
    workflow = head_of_part(connection, known.advised).workflow
    _add_plan(connection, known)
    _adopt(connection, known)
    insert_entry(connection, known.advised, workflow=workflow)


def _by_the_plan_once_more(connection: Connection, known: KnownCases) -> None:
    state = head_of_part(connection, known.advised).state
    _add_plan(connection, known, [("adopt_workflow", state, state)])
    _adopt(connection, known, target=state)
    _adopt(connection, known, target=state)


def _head_taken_along_by_hand(connection: Connection, known: KnownCases) -> None:
    _add_plan(connection, known)
    run_sql(connection, "UPDATE parts SET workflow = :other WHERE id = :id", other=OTHER, id=known.advised)


def _head_left_behind(connection: Connection, known: KnownCases) -> None:
    workflow = head_of_part(connection, known.advised).workflow
    _add_plan(connection, known)
    _adopt(connection, known)
    run_sql(connection, "UPDATE parts SET workflow = :workflow WHERE id = :id", workflow=workflow, id=known.advised)


ATTACKS: dict[str, Attack] = {
    "a plan with a step that is none of a plan": _plan([("add_note", "closed", "elsewhere")]),
    "a plan to a state that the other workflow does not have": _plan([("adopt_workflow", "closed", "limbo")]),
    "a plan from a state that the workflow does not have": _plan([("adopt_workflow", "limbo", "elsewhere")]),
    "a plan with which a part could begin": _plan([("adopt_workflow", "start", "elsewhere")]),
    "a plan whose edges are still to come": _plan(more=1),
    "a plan of another kind": _plan(kind="funding"),
    "a plan to where it came from": lambda connection, known: _plan(
        to_workflow=head_of_part(connection, known.advised).workflow
    )(connection, known),
    "a plan to the workflow of another kind": _of_another_kind,
    "a plan that leads to a plan": _to_a_plan,
    "a step along a plan that was not made": _along_a_plan_that_was_not_made,
    "a step along a plan that leads away from another workflow": _along_a_plan_for_another_workflow,
    "a step to a state beside the plan": _to_a_state_beside_the_plan,
    "a step by the workflow that was left": _by_the_workflow_that_was_left,
    "a second step along the same plan": _by_the_plan_once_more,
    "a part that is on another workflow without a step": _head_taken_along_by_hand,
    "a part that is back on its workflow without a step": _head_left_behind,
}
AFTERWARDS = (
    "UPDATE workflow_plans SET to_workflow = from_workflow",
    "DELETE FROM workflow_plans",
)


def test_a_part_goes_along_a_plan_to_the_other_workflow_and_on_by_that(forger: Forger) -> None:
    """A genuine step along a plan is accepted: the refusals below are due to the forgery."""
    with forger.at_work() as connection:
        _add_plan(connection, forger.cases)
        _adopt(connection, forger.cases)
        insert_entry(connection, forger.cases.advised, workflow=OTHER)

        part = head_of_part(connection, forger.cases.advised)
        assert (part.workflow, part.state) == (OTHER, "elsewhere")


@broken_by(
    "I11: a plan moves a part only from the workflow where the plan starts",
    "migrations/sql/0002-sqlite.sql",
    "WHERE w.hash = NEW.workflow AND w.from_workflow = p.workflow",
    "WHERE w.hash = NEW.workflow",
    case="undermined-sqlite-a second step along the same plan",
)
@broken_by(
    "I11: the head of a part has the workflow that its last entry leads to",
    "migrations/sql/0007-sqlite.sql",
    "AND coalesce((SELECT w.to_workflow FROM workflow_plans w WHERE w.hash = t.workflow), t.workflow) IS NEW.workflow",
    "",
    case="sqlite undermined without",
)
@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
def test_i11_a_part_comes_to_another_workflow_in_no_other_way(forger: Forger, attack: Attack) -> None:
    with forger.at_work() as connection, pytest.raises(IntegrityError):
        attack(connection, forger.cases)


@pytest.mark.parametrize("statement", AFTERWARDS)
def test_a_plan_stays_as_it_was_made(forger: Forger, statement: str) -> None:
    with forger.at_work() as connection:
        _add_plan(connection, forger.cases)

        with pytest.raises(DBAPIError, match="workflow_plans is append-only"):
            run_sql(connection, statement)
