"""Overview of the reads of a file, from the access log. Reading the overview is logged as well."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from uuid import UUID

from service.audit.rules import Activity
from service.audit.store.access_log import AccessLog, ContentRead
from service.cases.rules.model import Case
from service.cases.store.cases import Cases
from service.cases.use_cases.read_content import PURPOSE_BY_ROLE, require_whole_case
from service.database.paging import ListPage
from service.database.transaction import Transaction
from service.file_rights.store.access_log import AccessLogEntries, AccessLogEntry, AccessLogFilter
from service.identity.caller import Caller
from service.people.use_cases.identify import identify
from service.vocabulary.actor import Actor, Membership
from service.vocabulary.refusals import NotAllowed, NotFound
from service.vocabulary.roles import FAMILY_ROLES, SUBMITTING_ROLES, Role

# Roles of the submitter, and of those in the team who answer for the file.
ACCOUNTABLE_ROLES = SUBMITTING_ROLES | {Role.COORDINATOR, Role.CHAIR, Role.PROCESS_DIRECTOR}
OFFICER = Role.DATA_PROTECTION_OFFICER


@dataclass(frozen=True, slots=True)
class AccessOverview:
    """The reads of a file, newest first. `may_name` tells whether this reader may know the name of the person."""

    page: ListPage[AccessLogEntry]
    may_name: Callable[[AccessLogEntry], bool]


def read_access_log(
    transaction: Transaction, caller: Caller, case_id: UUID, filter_: AccessLogFilter
) -> AccessOverview:
    """The reads of the file of this case. This read is logged and appears in the next overview.

    Raises NotFound for a person who may not see the whole case, NotAllowed for a person who does not answer for it.
    After destruction the log stays readable for the data-protection officer alone.
    """
    actor = identify(transaction, caller)
    case, membership = _require_accountable(transaction, actor, case_id)
    overview = access_overview_for(transaction, membership, case.id, filter_)
    log_access(transaction, caller, actor.person_id, membership, "read_access_log", case_id=case.id)
    return overview


def access_overview_for(
    transaction: Transaction, membership: Membership, case_id: UUID, filter_: AccessLogFilter
) -> AccessOverview:
    """The reads of a file for a reader with this membership.

    The submitter sees the names of people of its own organisation and of people who took a step in the case or were
    assigned one. Of all others it sees role and organisation; the team and its officer know the names.
    """
    if membership.role == Role.PARENT:
        # Parents are not told when a young person reads their own file (Jeugdwet 7.3.11).
        filter_ = replace(filter_, excluded_role=Role.YOUNG_PERSON)
    page = AccessLogEntries(transaction).of_case(case_id, filter_)
    if membership.role not in SUBMITTING_ROLES:
        return AccessOverview(page, lambda _: True)
    history = Cases(transaction).history(case_id)
    involved = {person_id for entry in history for person_id in (entry.actor_id, entry.assignee_id)}
    organisation_id = membership.organisation_id
    return AccessOverview(page, lambda entry: entry.person_id in involved or entry.organisation_id == organisation_id)


def read_team_access_log(
    transaction: Transaction, caller: Caller, filter_: AccessLogFilter, *, exported: bool = False
) -> ListPage[AccessLogEntry]:
    """The access log of all cases of the teams of this data-protection officer.

    Raises NotAllowed for everybody else, NotFound for a case of another team.
    """
    actor = identify(transaction, caller)
    membership = actor.membership_with_role(OFFICER)
    if membership is None:
        raise NotAllowed
    if filter_.case_id and not Cases(transaction).find_for_officer(filter_.case_id, seen_by=actor):
        raise NotFound
    # All rows: entries of colleagues that concern no single case belong to the log as well.
    transaction.allow_all_rows("oversight of access")
    page = AccessLogEntries(transaction).of_teams(filter_, seen_by=actor)
    action = "E" if exported else "R"
    log_access(
        transaction, caller, actor.person_id, membership, "oversee_access", case_id=filter_.case_id, action=action
    )
    return page


def membership_at_case(actor: Actor, case: Case, roles: Collection[Role]) -> Membership | None:
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


def log_access(
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
        ContentRead(
            person_id=person_id,
            membership=membership,
            activity=activity,
            purpose=PURPOSE_BY_ROLE[membership.role],
            case_id=case_id,
            detail=file if activity == "export_subject_access" else "access log",
            trace_id=caller.trace_id,
            action=action,
        )
    )


def _require_accountable(transaction: Transaction, actor: Actor, case_id: UUID) -> tuple[Case, Membership]:
    """Returns (case, membership of this person as officer, submitter or team). Raises NotFound, NotAllowed."""
    overseen = Cases(transaction).find_for_officer(case_id, seen_by=actor)
    if (
        overseen
        and not membership_at_case(actor, overseen, ACCOUNTABLE_ROLES)
        and (officer := membership_at_case(actor, overseen, {OFFICER}))
    ):
        return overseen, officer
    case = require_whole_case(transaction, actor, case_id).case
    membership = membership_at_case(actor, case, ACCOUNTABLE_ROLES)
    if membership is None:
        raise NotAllowed
    return case, membership
