"""The situation of a part for one actor. Possible transitions and steps are both decided on it."""

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

from service.audit.rules import Activity, Purpose
from service.audit.store.access_log import AccessLog, ContentRead
from service.cases.rules.acting_memberships import own_emergency_access
from service.cases.rules.model import Case, Part, new_part
from service.cases.rules.steps import Situation
from service.cases.store.cases import Cases
from service.database.transaction import Transaction
from service.kinds import KINDS
from service.people.store.people import People
from service.vocabulary.actor import Actor
from service.workflows.rules.kinds import PartKind
from service.workflows.rules.machine import Decision
from service.workflows.rules.rulebook import Rulebook
from service.workflows.use_cases import settings_in_force


def load_situation(
    transaction: Transaction, actor: Actor, case: Case, part: Part, rules: Rulebook, *, whole: bool = False
) -> Situation:
    """Load the situation of the part. The region's liaison is loaded where a step may begin an escalation.

    `whole`: the actor may read the whole case.

    A person who sees the case by emergency access alone may take steps only with the part that records this access.
    """
    history = Cases(transaction).history_without_notes(case.id)
    if actor.emergencies and not own_emergency_access(actor, part, history):
        by_right = replace(actor, emergencies=())
        actor = (
            actor
            if Cases(transaction).find_part(case.id, part.id, seen_by=by_right)
            else replace(actor, memberships=())
        )
    opens = rules.pinned(part.workflow).kinds_opened_from(part.state)
    may_escalate = any("liaison" in KINDS[kind].looked_up_addressees for kind in opens)
    return Situation(
        case=case,
        part=part,
        history=history,
        settings=settings_in_force(transaction, rules, case.region),
        actor=actor,
        now=transaction.now,
        kinds=KINDS,
        addressees={"liaison": People(transaction).liaison_for(case.region)} if may_escalate else {},
        whole=whole,
    )


def log_reading_for_step(
    transaction: Transaction,
    situation: Situation,
    decision: Decision,
    trace_id: str,
    *,
    activity: Activity,
    purpose: Purpose,
    detail: str,
) -> None:
    """Log that the service read content for a step (I18). `detail` names forms and holds no content."""
    AccessLog(transaction).record(
        ContentRead(
            person_id=situation.actor.person_id,
            membership=decision.acting,
            activity=activity,
            purpose=purpose,
            case_id=situation.case.id,
            detail=detail,
            trace_id=trace_id,
        )
    )


def situation_before_first_step(
    transaction: Transaction, actor: Actor, case: Case, kind: PartKind, rules: Rulebook, new_id: Callable[[], UUID]
) -> Situation:
    """The situation before the first step of a part that begins by itself. Its addressee is the team of the case.

    The step may have happened at any time since the case was submitted.
    """
    workflow = rules.current(kind).hash
    part = new_part(new_id(), case.id, kind, workflow, case.submitted_at, addressee_id=case.team_id)
    settings = settings_in_force(transaction, rules, case.region)
    history = Cases(transaction).history_without_notes(case.id)
    return Situation(
        case=case, part=part, history=history, settings=settings, actor=actor, now=transaction.now, kinds=KINDS
    )
