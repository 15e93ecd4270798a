"""Plans that move running parts to another workflow, and the open parts that they may move.

These reads have no `seen_by`: an administrator moves the parts of every region, and sees ids and states, no content.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, func, insert, literal_column, select

from service.cases.rules.model import Case, Part
from service.cases.store.rows import row_to_case, row_to_part
from service.cases.store.tables import cases, parts, transitions
from service.database.transaction import Transaction
from service.vocabulary.calendar import from_microseconds, to_microseconds
from service.workflows.rules.definition import ADOPT_TRIGGER, Definition, Edge, WorkflowChange
from service.workflows.store.definitions import Definitions
from service.workflows.store.tables import workflow_plans, workflows


@dataclass(frozen=True, slots=True)
class WorkflowPlan:
    """A stored plan. `passage`: hashes of the old and the new workflow."""

    definition: Definition
    passage: WorkflowChange
    made_at: datetime
    actor_id: UUID


@dataclass(frozen=True, slots=True)
class OpenPart:
    """An open part with its case."""

    case: Case
    part: Part


_ADOPT: ColumnElement[str] = literal_column(f"'{ADOPT_TRIGGER.name}'")  # a literal, as in the partial index: see events
_PLANS = select(workflow_plans, workflows.c.definition).join(workflows, workflows.c.hash == workflow_plans.c.hash)
_OPEN_PARTS = select(cases, parts).select_from(parts.join(cases, cases.c.id == parts.c.case_id))


class WorkflowPlans:
    """Stored plans. They are never deleted, since every part that was moved refers to its plan."""

    def __init__(self, transaction: Transaction) -> None:
        self._connection = transaction.connection
        self._definitions = Definitions(transaction)
        self._now = transaction.now

    def keep(self, definition: Definition, passage: WorkflowChange, actor_id: UUID) -> WorkflowPlan:
        """Store a plan. Returns the first one when the same plan is stored again."""
        if (stored := self.find(definition.hash)) is not None:
            return stored
        self._definitions.add(definition)
        row = {
            "hash": definition.hash,
            "kind": definition.name,
            "from_workflow": passage.old,
            "to_workflow": passage.new,
            "made_at": to_microseconds(self._now),
            "actor_id": str(actor_id),
        }
        self._connection.execute(insert(workflow_plans), row)
        return WorkflowPlan(definition, passage, self._now, actor_id)

    def find(self, plan_hash: str) -> WorkflowPlan | None:
        row = self._connection.execute(_PLANS.where(workflow_plans.c.hash == plan_hash)).first()
        return None if row is None else _plan(row)

    def all(self) -> tuple[WorkflowPlan, ...]:
        """Returns all plans, the newest first."""
        newest_first = (workflow_plans.c.made_at.desc(), workflow_plans.c.hash)
        return tuple(map(_plan, self._connection.execute(_PLANS.order_by(*newest_first))))

    def count_adopted(self, plan_hash: str) -> int:
        """Returns the number of parts that were moved along the plan."""
        columns = transitions.c
        query = select(func.count()).where(columns.workflow == plan_hash, columns.trigger_name == _ADOPT)
        return int(self._connection.execute(query).scalar_one())

    def open_parts(self, kind: str, workflow: str | None = None) -> tuple[OpenPart, ...]:
        """Returns the open parts of a kind, or those on one workflow, in a stable order."""
        condition = _is_open(kind) if workflow is None else and_(_is_open(kind), parts.c.workflow == workflow)
        rows = self._connection.execute(_OPEN_PARTS.where(condition).order_by(cases.c.submitted_at, parts.c.id))
        return tuple(map(_open_part, rows))

    def lock_part(self, part: Part) -> OpenPart | None:
        """Lock the case of a part until the transaction ends. Returns the part as stored; None when it has ended."""
        self._connection.execute(select(cases.c.id).where(cases.c.id == str(part.case_id)).with_for_update())
        condition = and_(_is_open(part.kind), parts.c.id == str(part.id))
        row = self._connection.execute(_OPEN_PARTS.where(condition)).first()
        return None if row is None else _open_part(row)

    def steps_of_parts(self, kind: str) -> Mapping[UUID, Sequence[Edge]]:
        """Returns the distinct steps of each open part of a kind, by the id of the part."""
        columns = transitions.c
        rows = self._connection.execute(
            select(columns.part_id, columns.trigger_name, columns.source, columns.target)
            .join(parts, parts.c.id == columns.part_id)
            .where(_is_open(kind), columns.trigger_name.is_not(None))
            .distinct()
        )
        steps: dict[UUID, list[Edge]] = {}
        for row in rows:
            steps.setdefault(UUID(row.part_id), []).append(Edge(row.trigger_name, row.source, row.target))
        return steps


def _is_open(kind: str) -> ColumnElement[bool]:
    return and_(parts.c.kind == kind, parts.c.phase != "ended")


def _plan(row: Row[tuple[object, ...]]) -> WorkflowPlan:
    passage = WorkflowChange(row.from_workflow, row.to_workflow)
    return WorkflowPlan(
        Definition.from_canonical_json(row.definition), passage, from_microseconds(row.made_at), UUID(row.actor_id)
    )


def _open_part(row: Row[tuple[object, ...]]) -> OpenPart:
    return OpenPart(row_to_case(row._mapping), row_to_part(row._mapping))  # noqa: SLF001 - its API
