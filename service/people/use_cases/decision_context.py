"""The context of an administrator's decision, and the rules of days that several decisions share."""

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from service.database.columns import NO_DUE_DAY
from service.database.transaction import Transaction
from service.people.rules.decisions import Effect, Period
from service.vocabulary.calendar import day_in_amsterdam
from service.vocabulary.form_parts import Fault
from service.vocabulary.input_faults import require_no_faults
from service.workflows.rules.rulebook import Rulebook

OPEN_END = date.fromisoformat(NO_DUE_DAY)


@dataclass(frozen=True, slots=True)
class DecisionContext:
    """The context of a decision: the administrator, their organisation, the id of the change, and the rulebook."""

    transaction: Transaction
    actor_id: UUID
    organisation_id: UUID
    change_id: UUID
    rules: Rulebook

    @property
    def today(self) -> date:
        return day_in_amsterdam(self.transaction.now)


def check_not_before_yesterday(context: DecisionContext, last: date) -> None:
    """A relation cannot be ended before yesterday. Raises Invalid."""
    if last < context.today - timedelta(days=1):
        require_no_faults([Fault("day_in_past", ("validUntil",))])


def organisation_effect(id_: UUID, action: str, **details: str) -> Effect:
    return Effect(action=action, subject_kind="organisation", subject=str(id_), details=details)


def days_of(period: Period) -> dict[str, str]:
    """Returns the days of a period as details of an effect. A day without end is absent."""
    days = {"from": period.first, "until": period.last}
    return {name: day.isoformat() for name, day in days.items() if day != OPEN_END}
