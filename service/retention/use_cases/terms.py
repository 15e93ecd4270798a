"""The retention term of a case."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from service.cases.rules.facts import fold
from service.cases.rules.model import Case, Transition
from service.cases.store.cases import Cases
from service.cases.use_cases.birth_month import birth_month
from service.cases.use_cases.read import log, whole_case
from service.database.transaction import Transaction
from service.identity.caller import Caller
from service.kinds import KINDS
from service.people.use_cases.identify import identify
from service.retention.rules.destruction import last_change
from service.retention.rules.terms import Retention, retention
from service.vocabulary.calendar import day_in_amsterdam
from service.workflows.rules.region_settings import RegionSettings
from service.workflows.rules.rulebook import Rulebook
from service.workflows.use_cases import settings_in_force


@dataclass(frozen=True, slots=True)
class Kept:
    """The retention of a case, and the settings of its region that determine it."""

    retention: Retention
    settings: RegionSettings


def read_retention(transaction: Transaction, caller: Caller, case_id: UUID, rules: Rulebook) -> Kept:
    """The retention term of a case. Under a measure it depends on age, and the read of the birth month is logged."""
    actor = identify(transaction, caller)
    sight = whole_case(transaction, actor, case_id)
    history = Cases(transaction).history(case_id)
    if fold(history, KINDS).under_measure:
        log(transaction, caller, actor, sight, "read_retention", "month of birth")
    return kept(transaction, rules, sight.case, history)


def kept(transaction: Transaction, rules: Rulebook, case: Case, history: Sequence[Transition]) -> Kept:
    """The retention term under the settings of today. Under a measure it reads the birth month: the caller must log."""
    under_measure = fold(history, KINDS).under_measure
    settings = settings_in_force(transaction, rules, case.region)
    term = retention(
        settings,
        day_in_amsterdam(last_change(history).recorded_at),
        measure=under_measure,
        birth_month=birth_month(transaction, history) if under_measure else None,
    )
    return Kept(term, settings)
