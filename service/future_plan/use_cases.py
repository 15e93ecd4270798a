"""The duties that follow from the child's age today. They never block or move a case."""

from uuid import UUID

from service.cases.rules.facts import fold_facts
from service.cases.store.cases import Cases
from service.cases.use_cases.birth_month import birth_month_for_consent
from service.cases.use_cases.read_content import log_reading, require_seat, require_whole_case
from service.database.transaction import Transaction
from service.future_plan.rules import ComingOfAge, coming_of_age
from service.identity.caller import Caller
from service.kinds import KINDS
from service.people.use_cases.identify import identify
from service.vocabulary.calendar import day_in_amsterdam
from service.vocabulary.refusals import NotAllowed
from service.vocabulary.roles import TEAM_ROLES, Role

# The roles that ask consents again and make the plan, and the young person.
COMING_OF_AGE_ROLES = TEAM_ROLES | {Role.LOCAL_TEAM, Role.YOUNG_PERSON}


def read_coming_of_age(transaction: Transaction, caller: Caller, case_id: UUID) -> ComingOfAge:
    """The duties that follow from the child's age today in Amsterdam. The read of the month of birth is logged.

    Raises NotFound for a person who may not see the whole case, NotAllowed for other roles.
    """
    actor = identify(transaction, caller)
    sight = require_whole_case(transaction, actor, case_id)
    if require_seat(transaction, actor, sight).acting.role not in COMING_OF_AGE_ROLES:
        raise NotAllowed
    history = Cases(transaction).history_without_notes(case_id)
    log_reading(transaction, caller, actor, sight, "read_coming_of_age", "month of birth")
    return coming_of_age(
        fold_facts(history, KINDS), birth_month_for_consent(transaction, history), day_in_amsterdam(transaction.now)
    )
