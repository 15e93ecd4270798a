"""The retention term of a case."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from service.cases.rules.facts import fold_facts
from service.cases.rules.model import Case, Transition
from service.cases.store.cases import Cases
from service.cases.use_cases.birth_month import birth_month
from service.cases.use_cases.read_content import log_reading, require_whole_case
from service.database.transaction import Transaction
from service.identity.caller import Caller
from service.kinds import KINDS
from service.people.use_cases.identify import identify
from service.retention.rules.destruction import last_change
from service.retention.rules.terms import Retention, compute_retention
from service.vocabulary.calendar import day_in_amsterdam
from service.workflows.rules.region_settings import RegionSettings
from service.workflows.rules.rulebook import Rulebook
from service.workflows.use_cases import settings_in_force


@dataclass(frozen=True, slots=True)
class RetentionTerm:
    """The retention of a case, and the settings of its region that determine it."""

    retention: Retention
    settings: RegionSettings


def read_retention(transaction: Transaction, caller: Caller, case_id: UUID, rules: Rulebook) -> RetentionTerm:
    """The retention term of a case. Under a measure it depends on age, and the read of the birth month is logged."""
    actor = identify(transaction, caller)
    sight = require_whole_case(transaction, actor, case_id)
    history = Cases(transaction).history(case_id)
    if fold_facts(history, KINDS).under_legal_measure:
        log_reading(transaction, caller, actor, sight, "read_retention", "month of birth")
    return retention_term(transaction, rules, sight.case, history)


def retention_term(
    transaction: Transaction, rules: Rulebook, case: Case, history: Sequence[Transition]
) -> RetentionTerm:
    """The retention term under the settings of today. Under a measure it reads the birth month: the caller must log."""
    under_measure = fold_facts(history, KINDS).under_legal_measure
    settings = settings_in_force(transaction, rules, case.region)
    term = compute_retention(
        settings,
        day_in_amsterdam(last_change(history).recorded_at),
        under_measure=under_measure,
        birth_month=birth_month(transaction, history) if under_measure else None,
    )
    return RetentionTerm(term, settings)
