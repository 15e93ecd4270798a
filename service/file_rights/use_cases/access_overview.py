"""Who saw a file and why, for whoever may know it: told from the log of access, in which every look is written too."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from uuid import UUID

from service.audit.rules import Activity
from service.audit.store.access_log import AccessLog, Reading
from service.cases.rules.model import Case
from service.cases.store.cases import Cases
from service.cases.use_cases.read import PURPOSES, whole_case
from service.database.paging import Page
from service.database.transaction import Transaction
from service.file_rights.store.access_log import AccessLines, Line, Wanted
from service.identity.caller import Caller
from service.people.use_cases.identify import identify
from service.vocabulary.actor import Actor, Membership
from service.vocabulary.refusals import NotAllowed, NotFound
from service.vocabulary.roles import FAMILY_ROLES, SUBMITTING_ROLES, Role

# Who brought the case, and who answers for its file in the team.
ACCOUNTABLE = SUBMITTING_ROLES | {Role.COORDINATOR, Role.CHAIR, Role.PROCESS_DIRECTOR}
OFFICER = Role.DATA_PROTECTION_OFFICER


@dataclass(frozen=True, slots=True)
class Seen:
    """Who saw a file, the newest first. `by_name`: whether this reader is told who it was."""

    page: Page[Line]
    by_name: Callable[[Line], bool]


def who_saw(transaction: Transaction, caller: Caller, case_id: UUID, wanted: Wanted) -> Seen:
    """Who saw the file of this case. This look is written down as well, for the next answer.

    Raises NotFound for whoever may not see all of the case, NotAllowed for those who see it and do not answer for it.
    Of a case that was destroyed its log is left, for the officer alone.
    """
    actor = identify(transaction, caller)
    case, acting = _accountable(transaction, actor, case_id)
    seen = as_told_to(transaction, acting, case.id, wanted)
    record(transaction, caller, actor.person_id, acting, "read_access_log", case_id=case.id)
    return seen


def as_told_to(transaction: Transaction, acting: Membership, case_id: UUID, wanted: Wanted) -> Seen:
    """The log of a case for somebody in this role.

    Who brought the case is told the names of their own people, and of those around the case: who took a step in it or
    were to take one. Of anybody else the role and the organisation; the team and its officer can tell who that was.
    """
    if acting.role == Role.PARENT:
        # When a young person reads about themselves is no affair of their parents (Jeugdwet 7.3.11).
        wanted = replace(wanted, beside_role=Role.YOUNG_PERSON)
    page = AccessLines(transaction).of_case(case_id, wanted)
    if acting.role not in SUBMITTING_ROLES:
        return Seen(page, lambda _: True)
    around = {person for entry in Cases(transaction).history(case_id) for person in (entry.actor_id, entry.assignee_id)}
    return Seen(page, lambda it: it.person_id in around or it.organisation_id == acting.organisation_id)


def oversee(transaction: Transaction, caller: Caller, wanted: Wanted, *, exported: bool = False) -> Page[Line]:
    """The log over all cases of the teams whose data-protection officer asks. Raises NotAllowed for everybody else.

    Raises NotFound for a case of another team.
    """
    actor = identify(transaction, caller)
    acting = actor.holding(OFFICER)
    if acting is None:
        raise NotAllowed
    if wanted.case_id and not Cases(transaction).watched(wanted.case_id, seen_by=actor):
        raise NotFound
    transaction.allow_all_rows(
        "oversight of access"
    )  # also what colleagues looked at that is about no case in particular
    page = AccessLines(transaction).page(wanted, seen_by=actor)
    action = "E" if exported else "R"
    record(transaction, caller, actor.person_id, acting, "oversee_access", case_id=wanted.case_id, action=action)
    return page


def acting_as(actor: Actor, case: Case, roles: Collection[Role]) -> Membership | None:
    """The membership in one of these roles at the team of the case, or at who brought it.

    Whoever is also of the family acts as family, whatever they are besides.
    """
    held_here = (
        held
        for held in sorted(actor.memberships, key=lambda it: it.role not in FAMILY_ROLES)
        if held.organisation_id == (case.submitter_id if held.role in SUBMITTING_ROLES else case.team_id)
    )
    return next((held for held in held_here if held.role in roles), None)


def record(
    transaction: Transaction,
    caller: Caller,
    by: UUID,
    acting: Membership,
    activity: Activity,
    *,
    case_id: UUID | None,
    action: str = "R",
) -> None:
    """Write down that somebody looked at the log, or took out everything that is held about a case."""
    file = "own file" if acting.role in FAMILY_ROLES else "whole file"
    AccessLog(transaction).record(
        Reading(
            person_id=by,
            acting=acting,
            activity=activity,
            purpose=PURPOSES[acting.role],
            case_id=case_id,
            detail=file if activity == "export_subject_access" else "access log",
            trace_id=caller.trace_id,
            action=action,
        )
    )


def _accountable(transaction: Transaction, actor: Actor, case_id: UUID) -> tuple[Case, Membership]:
    watched = Cases(transaction).watched(case_id, seen_by=actor)
    if watched and not acting_as(actor, watched, ACCOUNTABLE) and (officer := acting_as(actor, watched, {OFFICER})):
        return watched, officer
    case = whole_case(transaction, actor, case_id).case
    acting = acting_as(actor, case, ACCOUNTABLE)
    if acting is None:
        raise NotAllowed
    return case, acting
