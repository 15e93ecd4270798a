"""Trial, plan and adoption of another version of a workflow while cases run on it."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from uuid import UUID

from service.cases.rules.model import Content, Part
from service.cases.rules.steps import Situation
from service.cases.store.cases import Cases
from service.database.idempotency import IdempotencyKey, Outcome, act_once, has_acted
from service.database.transaction import Transaction
from service.identity.caller import Caller
from service.kinds import KINDS
from service.people.use_cases.administer import administrator
from service.vocabulary.form_parts import Fault
from service.vocabulary.input_faults import in_body, insist
from service.vocabulary.refusals import Invalid, NotFound
from service.workflow_versions.rules import (
    Mapped,
    Verdict,
    adoption,
    judged,
    plan_between,
    unknown_sources,
    unknown_targets,
)
from service.workflow_versions.store import Plan, Plans, Running
from service.workflows.rules.definition import ADOPT, Definition, Diagnostic, Edge, Passage
from service.workflows.rules.kinds import PartKind
from service.workflows.rules.rulebook import Rulebook
from service.workflows.use_cases import settings_in_force

NOTHING: Mapping[UUID, Iterable[Edge]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A trial of a version: the text of a file, the workflow `to`, or the one in force."""

    kind: PartKind
    mapping: Mapped
    to: str | None = None
    definition: str | None = None


@dataclass(frozen=True, slots=True)
class Tried:
    """The result of a trial: a verdict on every open part, or the faults of the file."""

    workflow: str | None
    diagnostics: tuple[Diagnostic, ...] = ()
    verdicts: tuple[Verdict, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Intended:
    """A planned move from one known workflow of a kind to another. `new`: None for the one in force."""

    kind: PartKind
    old: str
    new: str | None
    mapping: Mapped


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of a plan: the number of parts that were moved, and the verdicts on the others."""

    plan: Plan
    adopted: int
    left: tuple[Verdict, ...]
    refused: tuple[Verdict, ...]


def try_version(transaction: Transaction, caller: Caller, trial: Trial, *, rules: Rulebook) -> Tried:
    """Try a version on all open parts that run on others. Changes nothing. Raises NotAllowed and Invalid."""
    administrator(transaction, caller)
    diagnostics: tuple[Diagnostic, ...] = ()
    if trial.definition is None:
        new = _require_workflow(rules, trial.kind, trial.to, "to")
    else:
        reading = rules.tried(trial.definition, trial.kind)
        diagnostics = reading.diagnostics
        if reading.definition is None or any(diagnostic.severity == "error" for diagnostic in diagnostics):
            return Tried(None, diagnostics)
        new = reading.definition
    transaction.allow_all_rows("trial")
    running = Plans(transaction).running(trial.kind)
    open_parts = [open_part for open_part in running if open_part.part.workflow != new.hash]
    in_use = [rules.pinned(hash_).definition for hash_ in {open_part.part.workflow for open_part in open_parts}]
    insist(unknown_sources(trial.mapping, in_use or rules.versions(trial.kind)))
    steps = Plans(transaction).steps(trial.kind)
    return Tried(new.hash, diagnostics, _verdicts(transaction, rules, open_parts, new, trial.mapping, steps))


def make_plan(
    transaction: Transaction, caller: Caller, planned: Intended, once: IdempotencyKey, *, rules: Rulebook
) -> Outcome[Plan]:
    """Store a plan. The same plan made twice is one plan, so a repeated request makes it again. Raises Invalid."""
    actor, _ = administrator(transaction, caller)

    def make() -> Plan:
        old = _require_workflow(rules, planned.kind, planned.old, "from")
        new = _require_workflow(rules, planned.kind, planned.new, "to")
        if old.hash == new.hash:
            insist([Fault("same_workflow", ("to",))])
        insist((*unknown_sources(planned.mapping, [old]), *unknown_targets(planned.mapping, new)))
        definition = plan_between(old, new, planned.mapping)
        if not definition.states:
            insist([Fault("nothing_to_move", ("mapping",))])
        return Plans(transaction).keep(definition, Passage(old.hash, new.hash), actor.person_id)

    return act_once(transaction, once, actor.person_id, act=make, again=lambda _: make())


def list_plans(transaction: Transaction, caller: Caller) -> tuple[Plan, ...]:
    administrator(transaction, caller)
    return Plans(transaction).all()


def progress(transaction: Transaction, caller: Caller, plan_hash: str, *, rules: Rulebook) -> Progress:
    """Returns the progress of a plan. Raises NotFound."""
    administrator(transaction, caller)
    plan = _require_plan(transaction, plan_hash)
    new = rules.pinned(plan.passage.new).definition
    transaction.allow_all_rows("progress of a plan")
    open_parts = Plans(transaction).running(plan.definition.name, plan.passage.old)
    verdicts = _verdicts(transaction, rules, open_parts, new, _mapping_of(plan))
    movable = tuple(verdict for verdict in verdicts if verdict.fit == "fits")
    immovable = tuple(verdict for verdict in verdicts if verdict.fit != "fits")
    return Progress(plan, Plans(transaction).adopted(plan_hash), movable, immovable)


def adopt(
    transaction: Transaction, caller: Caller, plan_hash: str, part: Part, grounds: str, *, rules: Rulebook
) -> bool:
    """Move one part along a plan, if it still fits. Returns True when it was moved. Raises NotFound.

    Each part has a transaction of its own, so that an interrupted adoption loses nothing and can go on.
    """
    actor, acting = administrator(transaction, caller)
    plan = _require_plan(transaction, plan_hash)
    transaction.allow_all_rows("adoption")
    open_part = Plans(transaction).locked(part)
    if open_part is None or open_part.part.workflow != plan.passage.old:
        return False
    new = rules.pinned(plan.passage.new).definition
    (verdict,) = _verdicts(transaction, rules, [open_part], new, _mapping_of(plan))
    if verdict.fit != "fits":
        return False
    situation = Situation(
        case=open_part.case,
        part=open_part.part,
        history=Cases(transaction).history(open_part.case.id),
        settings=settings_in_force(transaction, rules, open_part.case.region),
        actor=actor,
        now=transaction.now,
        kinds=KINDS,
    )
    entry = adoption(situation, plan.definition, acting)
    Cases(transaction).record(
        open_part.case, (entry,), Content(content_class="notes", form=None, body={"grounds": grounds})
    )
    return True


def acted_before(transaction: Transaction, caller: Caller, once: IdempotencyKey) -> bool:
    """True when this request was completed before."""
    actor, _ = administrator(transaction, caller)
    return has_acted(transaction, once, actor.person_id)


def carried_out(transaction: Transaction, caller: Caller, once: IdempotencyKey) -> None:
    """Record a request as completed. An interrupted one goes on when it is sent again."""
    actor, _ = administrator(transaction, caller)
    act_once(transaction, once, actor.person_id, act=lambda: None, again=lambda _: None)


def _require_workflow(rules: Rulebook, kind: PartKind, hash_: str | None, place: str) -> Definition:
    workflow = rules.current(kind) if hash_ is None else rules.by_hash.get(hash_)
    if workflow is None or workflow.definition.name != kind:
        raise Invalid((in_body(Fault("unknown_workflow", (place,)), under=""),))
    return workflow.definition


def _require_plan(transaction: Transaction, plan_hash: str) -> Plan:
    plan = Plans(transaction).find(plan_hash)
    if plan is None:
        raise NotFound
    return plan


def _mapping_of(plan: Plan) -> Mapping[str, str]:
    """Returns the edges of a plan as a mapping. A state without an edge is not mapped, not even to its own name."""
    return dict(plan.definition.triggers[ADOPT.name].edges)


def _verdicts(
    transaction: Transaction,
    rules: Rulebook,
    open_parts: Iterable[Running],
    new: Definition,
    mapping: Mapped,
    steps: Mapping[UUID, Iterable[Edge]] = NOTHING,
) -> tuple[Verdict, ...]:
    @cache
    def terms(region: str) -> Collection[str]:
        return settings_in_force(transaction, rules, region).terms.keys()

    return tuple(
        judged(
            open_part.part,
            new,
            mapping,
            steps.get(open_part.part.id, ()),
            terms=terms(open_part.case.region),
            kinds=rules.newest.keys(),
        )
        for open_part in open_parts
    )
