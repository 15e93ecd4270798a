"""Plans that take running parts to another workflow, and the parts that they may take.

These reads name no reader: an administrator moves the parts of every region and is told ids and states, no content.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, func, insert, literal_column, select

from service.cases.rules.model import Case, Part
from service.cases.store.rows import to_case, to_part
from service.cases.store.tables import cases, parts, transitions
from service.database.transaction import Transaction
from service.vocabulary.calendar import microseconds, moment
from service.workflows.rules.definition import ADOPT, Definition, Edge, Passage
from service.workflows.store.definitions import Definitions
from service.workflows.store.tables import workflow_plans, workflows


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan that was made. `passage`: from which workflow to which."""

    definition: Definition
    passage: Passage
    made_at: datetime
    actor_id: UUID


@dataclass(frozen=True, slots=True)
class Running:
    """An open part with its case."""

    case: Case
    part: Part


_ADOPT: ColumnElement[str] = literal_column(f"'{ADOPT.name}'")  # written out, as in the index: see deliveries
_PLANS = select(workflow_plans, workflows.c.definition).join(workflows, workflows.c.hash == workflow_plans.c.hash)
_RUNNING = select(cases, parts).select_from(parts.join(cases, cases.c.id == parts.c.case_id))


class Plans:
    """Kept for ever: what was moved along a plan names it."""

    def __init__(self, transaction: Transaction) -> None:
        self._connection = transaction.connection
        self._definitions = Definitions(transaction)
        self._now = transaction.now

    def keep(self, definition: Definition, passage: Passage, actor_id: UUID) -> Plan:
        """Store a plan, once: the same plan made again is the one that was made first."""
        if (found := self.find(definition.hash)) is not None:
            return found
        self._definitions.keep(definition)
        row = {
            "hash": definition.hash,
            "kind": definition.name,
            "from_workflow": passage.old,
            "to_workflow": passage.new,
            "made_at": microseconds(self._now),
            "actor_id": str(actor_id),
        }
        self._connection.execute(insert(workflow_plans), row)
        return Plan(definition, passage, self._now, actor_id)

    def find(self, plan_hash: str) -> Plan | None:
        row = self._connection.execute(_PLANS.where(workflow_plans.c.hash == plan_hash)).first()
        return None if row is None else _plan(row)

    def all(self) -> tuple[Plan, ...]:
        """The newest first."""
        newest_first = (workflow_plans.c.made_at.desc(), workflow_plans.c.hash)
        return tuple(map(_plan, self._connection.execute(_PLANS.order_by(*newest_first))))

    def adopted(self, plan_hash: str) -> int:
        """How many parts were moved along the plan."""
        t = transitions.c
        moved = select(func.count()).where(t.workflow == plan_hash, t.trigger_name == _ADOPT)
        return int(self._connection.execute(moved).scalar_one())

    def running(self, kind: str, workflow: str | None = None) -> tuple[Running, ...]:
        """The open parts of a kind, or those on one workflow, in a lasting order."""
        wanted = _open(kind) if workflow is None else and_(_open(kind), parts.c.workflow == workflow)
        rows = self._connection.execute(_RUNNING.where(wanted).order_by(cases.c.submitted_at, parts.c.id))
        return tuple(map(_running, rows))

    def locked(self, part: Part) -> Running | None:
        """The part as it stands now, with its case held until the transaction ends; None when it has ended."""
        self._connection.execute(select(cases.c.id).where(cases.c.id == str(part.case_id)).with_for_update())
        wanted = and_(_open(part.kind), parts.c.id == str(part.id))
        row = self._connection.execute(_RUNNING.where(wanted)).first()
        return None if row is None else _running(row)

    def steps(self, kind: str) -> Mapping[UUID, Sequence[Edge]]:
        """Every kind of step that each open part of a kind took."""
        t = transitions.c
        rows = self._connection.execute(
            select(t.part_id, t.trigger_name, t.source, t.target)
            .join(parts, parts.c.id == t.part_id)
            .where(_open(kind), t.trigger_name.is_not(None))
            .distinct()
        )
        found: dict[UUID, list[Edge]] = {}
        for row in rows:
            found.setdefault(UUID(row.part_id), []).append(Edge(row.trigger_name, row.source, row.target))
        return found


def _open(kind: str) -> ColumnElement[bool]:
    return and_(parts.c.kind == kind, parts.c.phase != "ended")


def _plan(row: Row[tuple[object, ...]]) -> Plan:
    passage = Passage(row.from_workflow, row.to_workflow)
    return Plan(Definition.from_stored(row.definition), passage, moment(row.made_at), UUID(row.actor_id))


def _running(row: Row[tuple[object, ...]]) -> Running:
    return Running(to_case(row._mapping), to_part(row._mapping))  # noqa: SLF001 - its API
