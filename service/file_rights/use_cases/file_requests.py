"""What begins beside the file, on a case in any state: a request about it, and reading it in an emergency."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from service.cases.rules.model import START, Case, Part, PartKind
from service.cases.rules.steps import Situation, Step
from service.cases.use_cases.read import whole_case
from service.cases.use_cases.take_step import Made, carry_out, made_before
from service.database.idempotency import Answered
from service.database.transaction import Unit
from service.people.rules.actor import Actor, Emergency, Membership
from service.people.use_cases.identify import Asker, Once, known
from service.vocabulary.refusals import AlreadyInSight, HumansOnly, NotAllowed, NotFound
from service.workflows.rules.rulebook import Rulebook
from service.workflows.use_cases import settings_in_force


def ask_about_file(
    unit: Unit, asker: Asker, case_id: UUID, step: Step, once: Once, *, rules: Rulebook, new_id: Callable[[], UUID]
) -> Made:
    """Begin a request about the file, for whoever may see the whole case. Raises NotFound, NotAllowed, Invalid."""
    actor = known(unit, asker)
    request = once.by(actor.person_id)
    unit.cases.find(case_id, case_id, seen_by=actor, lock=True)
    case = whole_case(unit, actor, case_id).case
    if before := made_before(unit, request, seen_by=actor):
        return before
    by_right = replace(actor, emergencies=())
    situation = _beginning(unit, by_right, case, "file_request", rules, new_id)
    made = carry_out(unit, situation, step, rules, new_id=new_id, trace_id=asker.trace_id)
    unit.requests.remember(request, Answered(case_id=case.id, sequence=made.entry.sequence))
    return made


def take_emergency_access(
    unit: Unit, asker: Asker, number: str, step: Step, once: Once, *, rules: Rulebook, new_id: Callable[[], UUID]
) -> Made:
    """Let somebody read the case with this number for some hours; the case tells everybody around it who did and why.

    Raises HumansOnly for a system, NotAllowed for whoever holds none of the roles, NotFound, AlreadyInSight, Invalid.
    """
    actor = known(unit, asker)
    if asker.machine:
        raise HumansOnly
    request = once.by(actor.person_id)
    if before := made_before(unit, request, seen_by=actor):
        return before
    acting = _acting(actor, rules)
    unit.sees_all("emergency access")
    case = unit.cases.numbered(number)
    if case is None:
        raise NotFound
    sight = unit.cases.find(case.id, case.id, seen_by=actor)
    if sight is not None and sight.whole:
        raise AlreadyInSight(case.id)
    # What is not dated happens now: hours count from when the system wrote it down.
    step = replace(step, occurred_at=unit.now, dated=False)
    situation = _beginning(unit, replace(actor, memberships=(acting,)), case, "emergency_access", rules, new_id)
    made = carry_out(unit, situation, step, rules, new_id=new_id, trace_id=asker.trace_id)
    taken = Emergency(case.id, made.entry.part_id, acting)
    until = unit.now + timedelta(hours=situation.settings.emergency_hours)
    unit.people.let_read(actor.person_id, taken, until=until)
    unit.requests.remember(request, Answered(case_id=case.id, sequence=made.entry.sequence))
    return made


def _acting(actor: Actor, rules: Rulebook) -> Membership:
    """The first role that may and that this person holds anywhere: of this case they are not."""
    roles = rules.current("emergency_access").definition.triggers["take_emergency_access"].roles
    found = next((held for role in roles if (held := actor.holding(role))), None)
    if found is None:
        raise NotAllowed
    return found


def _beginning(
    unit: Unit, actor: Actor, case: Case, kind: PartKind, rules: Rulebook, new_id: Callable[[], UUID]
) -> Situation:
    """The situation before the first step of such a part, which is put to the case's own team."""
    part = Part(
        id=new_id(),
        case_id=case.id,
        kind=kind,
        workflow=rules.current(kind).hash,
        state=START,
        phase="follow_up",
        sequence=0,
        occurred_at=unit.now,
        addressee_id=case.team_id,
    )
    settings = settings_in_force(unit, rules, case.region)
    history = unit.cases.history(case.id)
    return Situation(case=case, part=part, history=history, settings=settings, actor=actor, now=unit.now)
