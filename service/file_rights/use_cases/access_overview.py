"""Overview of the reads of a file, from the access log. Reading the overview is logged as well."""

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

# Roles of the submitter, and of those in the team who answer for the file.
ACCOUNTABLE = SUBMITTING_ROLES | {Role.COORDINATOR, Role.CHAIR, Role.PROCESS_DIRECTOR}
OFFICER = Role.DATA_PROTECTION_OFFICER


@dataclass(frozen=True, slots=True)
class Seen:
    """The reads of a file, newest first. `may_name` tells whether this reader may know the name of the person."""

    page: Page[Line]
    by_name: Callable[[Line], bool]


def who_saw(transaction: Transaction, caller: Caller, case_id: UUID, filter_: Wanted) -> Seen:
    """The reads of the file of this case. This read is logged and appears in the next overview.

    Raises NotFound for a person who may not see the whole case, NotAllowed for a person who does not answer for it.
    After destruction the log stays readable for the data-protection officer alone.
    """
    actor = identify(transaction, caller)
    case, membership = _require_accountable(transaction, actor, case_id)
    overview = as_told_to(transaction, membership, case.id, filter_)
    record(transaction, caller, actor.person_id, membership, "read_access_log", case_id=case.id)
    return overview


def as_told_to(transaction: Transaction, membership: Membership, case_id: UUID, filter_: Wanted) -> Seen:
    """The reads of a file for a reader with this membership.

    The submitter sees the names of people of its own organisation and of people who took a step in the case or were
    assigned one. Of all others it sees role and organisation; the team and its officer know the names.
    """
    if membership.role == Role.PARENT:
        # Parents are not told when a young person reads their own file (Jeugdwet 7.3.11).
        filter_ = replace(filter_, beside_role=Role.YOUNG_PERSON)
    page = AccessLines(transaction).of_case(case_id, filter_)
    if membership.role not in SUBMITTING_ROLES:
        return Seen(page, lambda _: True)
    history = Cases(transaction).history(case_id)
    involved = {person_id for entry in history for person_id in (entry.actor_id, entry.assignee_id)}
    organisation_id = membership.organisation_id
    return Seen(page, lambda entry: entry.person_id in involved or entry.organisation_id == organisation_id)


def oversee(transaction: Transaction, caller: Caller, filter_: Wanted, *, exported: bool = False) -> Page[Line]:
    """The access log of all cases of the teams of this data-protection officer.

    Raises NotAllowed for everybody else, NotFound for a case of another team.
    """
    actor = identify(transaction, caller)
    membership = actor.holding(OFFICER)
    if membership is None:
        raise NotAllowed
    if filter_.case_id and not Cases(transaction).watched(filter_.case_id, seen_by=actor):
        raise NotFound
    # All rows: entries of colleagues that concern no single case belong to the log as well.
    transaction.allow_all_rows("oversight of access")
    page = AccessLines(transaction).page(filter_, seen_by=actor)
    action = "E" if exported else "R"
    record(transaction, caller, actor.person_id, membership, "oversee_access", case_id=filter_.case_id, action=action)
    return page


def acting_as(actor: Actor, case: Case, roles: Collection[Role]) -> Membership | None:
    """The membership in one of these roles at the team or the submitter of the case.

    A family membership comes first, whatever other roles the person holds.
    """
    family_first = sorted(actor.memberships, key=lambda membership: membership.role not in FAMILY_ROLES)
    of_case = (
        membership
        for membership in family_first
        if membership.organisation_id == (case.submitter_id if membership.role in SUBMITTING_ROLES else case.team_id)
    )
    return next((membership for membership in of_case if membership.role in roles), None)


def record(
    transaction: Transaction,
    caller: Caller,
    person_id: UUID,
    membership: Membership,
    activity: Activity,
    *,
    case_id: UUID | None,
    action: str = "R",
) -> None:
    """Log a read of the access log, or an export of all data held about a case."""
    file = "own file" if membership.role in FAMILY_ROLES else "whole file"
    AccessLog(transaction).record(
        Reading(
            person_id=person_id,
            acting=membership,
            activity=activity,
            purpose=PURPOSES[membership.role],
            case_id=case_id,
            detail=file if activity == "export_subject_access" else "access log",
            trace_id=caller.trace_id,
            action=action,
        )
    )


def _require_accountable(transaction: Transaction, actor: Actor, case_id: UUID) -> tuple[Case, Membership]:
    """Returns (case, membership of this person as officer, submitter or team). Raises NotFound, NotAllowed."""
    overseen = Cases(transaction).watched(case_id, seen_by=actor)
    if overseen and not acting_as(actor, overseen, ACCOUNTABLE) and (officer := acting_as(actor, overseen, {OFFICER})):
        return overseen, officer
    case = whole_case(transaction, actor, case_id).case
    membership = acting_as(actor, case, ACCOUNTABLE)
    if membership is None:
        raise NotAllowed
    return case, membership
