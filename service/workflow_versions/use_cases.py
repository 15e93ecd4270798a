"""Another version of a workflow while cases run: tried on all of them, planned, and adopted part by part."""

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
    """What is tried: the file as it would be written, or the workflow `to`, or the one in force."""

    kind: PartKind
    mapping: Mapped
    to: str | None = None
    definition: str | None = None


@dataclass(frozen=True, slots=True)
class Tried:
    """What would become of every open part, or what is wrong with the file that was tried."""

    workflow: str | None
    diagnostics: tuple[Diagnostic, ...] = ()
    verdicts: tuple[Verdict, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Intended:
    """A move that is planned: from one known workflow of a kind to another, or to the one in force."""

    kind: PartKind
    old: str
    new: str | None
    mapping: Mapped


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a plan is: how many parts were moved along it, and what would become of those it still finds."""

    plan: Plan
    adopted: int
    left: tuple[Verdict, ...]
    refused: tuple[Verdict, ...]


def try_version(transaction: Transaction, caller: Caller, trial: Trial, *, rules: Rulebook) -> Tried:
    """Hold a version against all parts that run on others. Changes nothing."""
    administrator(transaction, caller)
    diagnostics: tuple[Diagnostic, ...] = ()
    if trial.definition is None:
        new = _known(rules, trial.kind, trial.to, "to")
    else:
        reading = rules.tried(trial.definition, trial.kind)
        diagnostics = reading.diagnostics
        if reading.definition is None or any(it.severity == "error" for it in diagnostics):
            return Tried(None, diagnostics)
        new = reading.definition
    transaction.allow_all_rows("trial")
    found = [it for it in Plans(transaction).running(trial.kind) if it.part.workflow != new.hash]
    in_use = [rules.pinned(hash_).definition for hash_ in {it.part.workflow for it in found}]
    insist(unknown_sources(trial.mapping, in_use or rules.versions(trial.kind)))
    taken = Plans(transaction).steps(trial.kind)
    return Tried(new.hash, diagnostics, _verdicts(transaction, rules, found, new, trial.mapping, taken))


def make_plan(
    transaction: Transaction, caller: Caller, intended: Intended, once: IdempotencyKey, *, rules: Rulebook
) -> Outcome[Plan]:
    """Store the way from one workflow to another. The same plan made twice is one plan, so every request makes it."""
    actor, _ = administrator(transaction, caller)

    def make() -> Plan:
        old = _known(rules, intended.kind, intended.old, "from")
        new = _known(rules, intended.kind, intended.new, "to")
        if old.hash == new.hash:
            insist([Fault("same_workflow", ("to",))])
        insist((*unknown_sources(intended.mapping, [old]), *unknown_targets(intended.mapping, new)))
        definition = plan_between(old, new, intended.mapping)
        if not definition.states:
            insist([Fault("nothing_to_move", ("mapping",))])
        return Plans(transaction).keep(definition, Passage(old.hash, new.hash), actor.person_id)

    return act_once(transaction, once, actor.person_id, act=make, again=lambda _: make())


def list_plans(transaction: Transaction, caller: Caller) -> tuple[Plan, ...]:
    administrator(transaction, caller)
    return Plans(transaction).all()


def progress(transaction: Transaction, caller: Caller, plan_hash: str, *, rules: Rulebook) -> Progress:
    """How far a plan is. Raises NotFound."""
    administrator(transaction, caller)
    plan = _plan(transaction, plan_hash)
    new = rules.pinned(plan.passage.new).definition
    transaction.allow_all_rows("progress of a plan")
    found = Plans(transaction).running(plan.definition.name, plan.passage.old)
    verdicts = _verdicts(transaction, rules, found, new, _mapping(plan))
    fitting = tuple(it for it in verdicts if it.fit == "fits")
    refused = tuple(it for it in verdicts if it.fit != "fits")
    return Progress(plan, Plans(transaction).adopted(plan_hash), fitting, refused)


def adopt(
    transaction: Transaction, caller: Caller, plan_hash: str, part: Part, grounds: str, *, rules: Rulebook
) -> bool:
    """Take one part along a plan, when it still fits as it stands now; whether it was moved.

    One transaction for each part: whoever is killed between two of them has lost nothing and goes on with the rest.
    """
    actor, acting = administrator(transaction, caller)
    plan = _plan(transaction, plan_hash)
    transaction.allow_all_rows("adoption")
    found = Plans(transaction).locked(part)
    if found is None or found.part.workflow != plan.passage.old:
        return False
    new = rules.pinned(plan.passage.new).definition
    (verdict,) = _verdicts(transaction, rules, [found], new, _mapping(plan))
    if verdict.fit != "fits":
        return False
    situation = Situation(
        case=found.case,
        part=found.part,
        history=Cases(transaction).history(found.case.id),
        settings=settings_in_force(transaction, rules, found.case.region),
        actor=actor,
        now=transaction.now,
        kinds=KINDS,
    )
    entry = adoption(situation, plan.definition, acting)
    Cases(transaction).record(
        found.case, (entry,), Content(content_class="notes", form=None, body={"grounds": grounds})
    )
    return True


def acted_before(transaction: Transaction, caller: Caller, once: IdempotencyKey) -> bool:
    """Whether this request was carried out to its end."""
    actor, _ = administrator(transaction, caller)
    return has_acted(transaction, once, actor.person_id)


def carried_out(transaction: Transaction, caller: Caller, once: IdempotencyKey) -> None:
    """Remember a request when all of it was done: one that was broken off goes on when it is sent again."""
    actor, _ = administrator(transaction, caller)
    act_once(transaction, once, actor.person_id, act=lambda: None, again=lambda _: None)


def _known(rules: Rulebook, kind: PartKind, hash_: str | None, place: str) -> Definition:
    found = rules.current(kind) if hash_ is None else rules.by_hash.get(hash_)
    if found is None or found.definition.name != kind:
        raise Invalid((in_body(Fault("unknown_workflow", (place,)), under=""),))
    return found.definition


def _plan(transaction: Transaction, plan_hash: str) -> Plan:
    plan = Plans(transaction).find(plan_hash)
    if plan is None:
        raise NotFound
    return plan


def _mapping(plan: Plan) -> Mapping[str, str]:
    """The edges of a plan say all: a state that it does not name is not mapped, whatever bears its name."""
    return dict(plan.definition.triggers[ADOPT.name].edges)


def _verdicts(
    transaction: Transaction,
    rules: Rulebook,
    found: Iterable[Running],
    new: Definition,
    mapping: Mapped,
    taken: Mapping[UUID, Iterable[Edge]] = NOTHING,
) -> tuple[Verdict, ...]:
    @cache
    def terms(region: str) -> Collection[str]:
        return settings_in_force(transaction, rules, region).terms.keys()

    return tuple(
        judged(it.part, new, mapping, taken.get(it.part.id, ()), terms=terms(it.case.region), kinds=rules.newest.keys())
        for it in found
    )
