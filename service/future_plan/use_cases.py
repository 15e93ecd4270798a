"""What the years ask of a case, as of today: duties of an age, and how long its file is kept. They only show."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from service.cases.rules.facts import fold
from service.cases.rules.model import Case, Transition
from service.cases.store.cases import Cases
from service.cases.use_cases.birth_month import birth_month
from service.cases.use_cases.read import log, seat_of, whole_case
from service.database.transaction import Transaction
from service.future_plan.rules import ComingOfAge, coming_of_age
from service.people.use_cases.identify import Asker, known
from service.retention.rules.destruction import last_change
from service.retention.rules.terms import Retention, retention
from service.vocabulary.calendar import day_in_amsterdam
from service.vocabulary.refusals import NotAllowed
from service.vocabulary.roles import TEAM_ROLES, Role
from service.workflows.rules.region_settings import RegionSettings
from service.workflows.rules.rulebook import Rulebook
from service.workflows.use_cases import settings_in_force

# Whose work it is to ask again and to plan, and whose life it is.
ASKED_OF = TEAM_ROLES | {Role.LOCAL_TEAM, Role.YOUNG_PERSON}


@dataclass(frozen=True, slots=True)
class Kept:
    """How long the file is kept, and the settings that say so."""

    retention: Retention
    settings: RegionSettings


def read_coming_of_age(transaction: Transaction, asker: Asker, case_id: UUID) -> ComingOfAge:
    """The duties of the child's age today. Reading them reads the month of birth, and is logged. Raises NotAllowed."""
    actor = known(transaction, asker)
    sight = whole_case(transaction, actor, case_id)
    if seat_of(transaction, actor, sight).acting.role not in ASKED_OF:
        raise NotAllowed
    history = Cases(transaction).history(case_id)
    log(transaction, asker, actor, sight, "read_coming_of_age", "month of birth")
    return coming_of_age(fold(history), birth_month(transaction, history), day_in_amsterdam(transaction.now))


def read_retention(transaction: Transaction, asker: Asker, case_id: UUID, rules: Rulebook) -> Kept:
    """Until when the file is kept. Only under a measure that depends on age, whose reading is logged."""
    actor = known(transaction, asker)
    sight = whole_case(transaction, actor, case_id)
    history = Cases(transaction).history(case_id)
    if fold(history).under_measure:
        log(transaction, asker, actor, sight, "read_retention", "month of birth")
    return kept(transaction, rules, sight.case, history)


def kept(transaction: Transaction, rules: Rulebook, case: Case, history: Sequence[Transition]) -> Kept:
    """Until when the file is kept, as of today. Under a measure this reads the month of birth: whoever asks logs it."""
    measure = fold(history).under_measure
    settings = settings_in_force(transaction, rules, case.region)
    found = retention(
        settings,
        day_in_amsterdam(last_change(history).recorded_at),
        measure=measure,
        birth_month=birth_month(transaction, history) if measure else None,
    )
    return Kept(found, settings)
