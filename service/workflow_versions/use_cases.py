"""Trial, plan and adoption of another version of a workflow while cases run on it."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from uuid import UUID

from service.cases.rules.model import Content, Part
from service.cases.rules.steps import Situation
from service.cases.store.cases import Cases
from service.database.idempotency import IdempotencyKey, IdempotentResult, act_once, has_acted
from service.database.transaction import Transaction
from service.identity.caller import Caller
from service.kinds import KINDS
from service.people.use_cases.administer import require_administrator
from service.vocabulary.form_parts import Fault
from service.vocabulary.input_faults import body_fault, require_no_faults
from service.vocabulary.refusals import Invalid, NotFound
from service.workflow_versions.rules import (
    StateMapping,
    Verdict,
    adoption_entry,
    faults_of_sources,
    faults_of_targets,
    judge_part,
    plan_definition,
)
from service.workflow_versions.store import OpenPart, WorkflowPlan, WorkflowPlans
from service.workflows.rules.definition import ADOPT_TRIGGER, Definition, Diagnostic, Edge, WorkflowChange
from service.workflows.rules.kinds import PartKind
from service.workflows.rules.rulebook import Rulebook
from service.workflows.use_cases import settings_in_force

NO_STEPS: Mapping[UUID, Iterable[Edge]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionTrial:
    """A trial of a version: the text of a file, the workflow `to`, or the one in force."""

    kind: PartKind
    mapping: StateMapping
    to: str | None = None
    definition: str | None = None


@dataclass(frozen=True, slots=True)
class VersionTrialResult:
    """The result of a trial: a verdict on every open part, or the faults of the file."""

    workflow: str | None
    diagnostics: tuple[Diagnostic, ...] = ()
    verdicts: tuple[Verdict, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedMove:
    """A planned move from one known workflow of a kind to another. `new`: None for the one in force."""

    kind: PartKind
    old: str
    new: str | None
    mapping: StateMapping


@dataclass(frozen=True, slots=True)
class PlanProgress:
    """The progress of a plan: the number of parts that were moved, and the verdicts on the others."""

    plan: WorkflowPlan
    adopted: int
    movable: tuple[Verdict, ...]
    immovable: tuple[Verdict, ...]


def try_version(
    transaction: Transaction, caller: Caller, trial: VersionTrial, *, rules: Rulebook
) -> VersionTrialResult:
    """Try a version on all open parts that run on others. Changes nothing. Raises NotAllowed and Invalid."""
    require_administrator(transaction, caller)
    diagnostics: tuple[Diagnostic, ...] = ()
    if trial.definition is None:
        new = _require_workflow(rules, trial.kind, trial.to, "to")
    else:
        reading = rules.check_candidate(trial.definition, trial.kind)
        diagnostics = reading.diagnostics
        if reading.definition is None or any(diagnostic.severity == "error" for diagnostic in diagnostics):
            return VersionTrialResult(None, diagnostics)
        new = reading.definition
    transaction.allow_all_rows("trial")
    running = WorkflowPlans(transaction).open_parts(trial.kind)
    open_parts = [open_part for open_part in running if open_part.part.workflow != new.hash]
    in_use = [rules.pinned(hash_).definition for hash_ in {open_part.part.workflow for open_part in open_parts}]
    require_no_faults(faults_of_sources(trial.mapping, in_use or rules.versions(trial.kind)))
    steps = WorkflowPlans(transaction).steps_of_parts(trial.kind)
    return VersionTrialResult(
        new.hash, diagnostics, _verdicts(transaction, rules, open_parts, new, trial.mapping, steps)
    )


def make_plan(
    transaction: Transaction, caller: Caller, planned: PlannedMove, idempotency_key: IdempotencyKey, *, rules: Rulebook
) -> IdempotentResult[WorkflowPlan]:
    """Store a plan. The same plan made twice is one plan, so a repeated request makes it again. Raises Invalid."""
    actor, _ = require_administrator(transaction, caller)

    def make() -> WorkflowPlan:
        old = _require_workflow(rules, planned.kind, planned.old, "from")
        new = _require_workflow(rules, planned.kind, planned.new, "to")
        if old.hash == new.hash:
            require_no_faults([Fault("same_workflow", ("to",))])
        require_no_faults((*faults_of_sources(planned.mapping, [old]), *faults_of_targets(planned.mapping, new)))
        definition = plan_definition(old, new, planned.mapping)
        if not definition.states:
            require_no_faults([Fault("nothing_to_move", ("mapping",))])
        return WorkflowPlans(transaction).keep(definition, WorkflowChange(old.hash, new.hash), actor.person_id)

    return act_once(transaction, idempotency_key, actor.person_id, act=make, rebuild=lambda _: make())


def list_plans(transaction: Transaction, caller: Caller) -> tuple[WorkflowPlan, ...]:
    require_administrator(transaction, caller)
    return WorkflowPlans(transaction).all()


def read_progress(transaction: Transaction, caller: Caller, plan_hash: str, *, rules: Rulebook) -> PlanProgress:
    """Returns the progress of a plan. Raises NotFound."""
    require_administrator(transaction, caller)
    plan = _require_plan(transaction, plan_hash)
    new = rules.pinned(plan.passage.new).definition
    transaction.allow_all_rows("progress of a plan")
    open_parts = WorkflowPlans(transaction).open_parts(plan.definition.name, plan.passage.old)
    verdicts = _verdicts(transaction, rules, open_parts, new, _mapping_of(plan))
    movable = tuple(verdict for verdict in verdicts if verdict.fit == "fits")
    immovable = tuple(verdict for verdict in verdicts if verdict.fit != "fits")
    return PlanProgress(plan, WorkflowPlans(transaction).count_adopted(plan_hash), movable, immovable)


def adopt_part(
    transaction: Transaction, caller: Caller, plan_hash: str, part: Part, grounds: str, *, rules: Rulebook
) -> bool:
    """Move one part along a plan, if it still fits. Returns True when it was moved. Raises NotFound.

    Each part has a transaction of its own, so that an interrupted adoption loses nothing and can go on.
    """
    actor, acting = require_administrator(transaction, caller)
    plan = _require_plan(transaction, plan_hash)
    transaction.allow_all_rows("adoption")
    open_part = WorkflowPlans(transaction).lock_part(part)
    if open_part is None or open_part.part.workflow != plan.passage.old:
        return False
    new = rules.pinned(plan.passage.new).definition
    (verdict,) = _verdicts(transaction, rules, [open_part], new, _mapping_of(plan))
    if verdict.fit != "fits":
        return False
    situation = Situation(
        case=open_part.case,
        part=open_part.part,
        history=Cases(transaction).history_without_notes(open_part.case.id),
        settings=settings_in_force(transaction, rules, open_part.case.region),
        actor=actor,
        now=transaction.now,
        kinds=KINDS,
    )
    entry = adoption_entry(situation, plan.definition, acting)
    Cases(transaction).record(
        open_part.case, (entry,), Content(content_class="notes", form=None, body={"grounds": grounds})
    )
    return True


def is_completed(transaction: Transaction, caller: Caller, idempotency_key: IdempotencyKey) -> bool:
    """True when this request was completed before."""
    actor, _ = require_administrator(transaction, caller)
    return has_acted(transaction, idempotency_key, actor.person_id)


def record_completion(transaction: Transaction, caller: Caller, idempotency_key: IdempotencyKey) -> None:
    """Record a request as completed. An interrupted one goes on when it is sent again."""
    actor, _ = require_administrator(transaction, caller)
    act_once(transaction, idempotency_key, actor.person_id, act=lambda: None, rebuild=lambda _: None)


def _require_workflow(rules: Rulebook, kind: PartKind, hash_: str | None, place: str) -> Definition:
    workflow = rules.current(kind) if hash_ is None else rules.by_hash.get(hash_)
    if workflow is None or workflow.definition.name != kind:
        raise Invalid((body_fault(Fault("unknown_workflow", (place,)), under=""),))
    return workflow.definition


def _require_plan(transaction: Transaction, plan_hash: str) -> WorkflowPlan:
    plan = WorkflowPlans(transaction).find(plan_hash)
    if plan is None:
        raise NotFound
    return plan


def _mapping_of(plan: WorkflowPlan) -> Mapping[str, str]:
    """Returns the edges of a plan as a mapping. A state without an edge is not mapped, not even to its own name."""
    return dict(plan.definition.triggers[ADOPT_TRIGGER.name].edges)


def _verdicts(
    transaction: Transaction,
    rules: Rulebook,
    open_parts: Iterable[OpenPart],
    new: Definition,
    mapping: StateMapping,
    steps: Mapping[UUID, Iterable[Edge]] = NO_STEPS,
) -> tuple[Verdict, ...]:
    @cache
    def terms(region: str) -> Collection[str]:
        return settings_in_force(transaction, rules, region).terms.keys()

    return tuple(
        judge_part(
            open_part.part,
            new,
            mapping,
            steps.get(open_part.part.id, ()),
            terms=terms(open_part.case.region),
            kinds=rules.newest.keys(),
        )
        for open_part in open_parts
    )
