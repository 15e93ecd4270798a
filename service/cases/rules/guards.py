"""Guards of the case itself, and the input of every guard. Guards are pure and cannot read who pays (I2)."""

from dataclasses import dataclass, field
from uuid import UUID

from service.cases.rules.facts import CaseFacts
from service.workflows.rules.guard import Guard
from service.workflows.rules.region_settings import RegionSettings


@dataclass(frozen=True, slots=True)
class Attempt:
    """The input of a guard.

    `facts` are those that the actor may know, and `case_facts` those of the whole case. Only a guard with
    `reads_whole_case` reads the second.

    `askers` are the ids under which the actor may have asked for something, see `asker_id`. `part_id` is the part that
    the step is taken on, and `liaison_id` is the organisation of the liaison who is appointed today for the region.
    """

    facts: CaseFacts
    settings: RegionSettings
    actor_id: UUID
    askers: frozenset[UUID] = frozenset()
    part_id: UUID | None = None
    liaison_id: UUID | None = None
    case_facts: CaseFacts = field(default_factory=CaseFacts)


def _information_rounds_left(attempt: Attempt) -> bool:
    return attempt.facts.information_rounds < attempt.settings.information_rounds


def _referred(attempt: Attempt) -> bool:
    return attempt.facts.is_referred


def _not_referred_yet(attempt: Attempt) -> bool:
    return not attempt.facts.is_referred


def _decline_proposed_by_another(attempt: Attempt) -> bool:
    return attempt.facts.decline_proposed_by not in (None, attempt.actor_id)


def _transfer_proposed_by_another(attempt: Attempt) -> bool:
    return attempt.facts.transfer_proposed_by not in (None, attempt.actor_id)


def _child_and_parents_heard(attempt: Attempt) -> bool:
    return {"child", "parent"} <= attempt.facts.heard


def _help_runs(attempt: Attempt) -> bool:
    return bool(
        attempt.facts.parts_in_states("commitment", "running") or attempt.facts.parts_in_states("placement", "started")
    )


def _goals_checked(attempt: Attempt) -> bool:
    return attempt.facts.goals_checked


def _no_open_escalation(attempt: Attempt) -> bool:
    return not (attempt.facts.open_parts("escalation") or attempt.facts.open_parts("question"))


def _liaison_appointed(attempt: Attempt) -> bool:
    return attempt.liaison_id is not None


def _no_open_reconsideration(attempt: Attempt) -> bool:
    """For ending the case: each request is answered first."""
    return not attempt.facts.open_parts("reconsideration")


def _asks_for_no_other(attempt: Attempt) -> bool:
    """For a request: each asker has one at a time, whatever others ask (R61)."""
    open_ids = {part.id for part in attempt.facts.open_parts("reconsideration")}
    open_requests = (asked for part_id, asked in attempt.facts.reconsiderations.items() if part_id in open_ids)
    return not any(asked.asker_id in attempt.askers for asked in open_requests)


def _advice_in_force(attempt: Attempt) -> bool:
    return attempt.facts.advice_in_force


def _case_goes_on(attempt: Attempt) -> bool:
    return not attempt.case_facts.case_ended


def _no_unanswered_request(attempt: Attempt) -> bool:
    facts = attempt.facts
    return not (
        facts.parts_in_states("commitment", "requested", "refused") or facts.parts_in_states("placement", "sought")
    )


NO_OPEN_RECONSIDERATION = Guard(
    "no_open_reconsideration", _no_open_reconsideration, opens="reconsideration", holds_to_open=_asks_for_no_other
)
ADVICE_IN_FORCE = Guard("advice_in_force", _advice_in_force)
# What would ask for help anew waits until an ended case is reopened. Help that runs and its payment go on.
CASE_GOES_ON = Guard("case_goes_on", _case_goes_on, reads_whole_case=True)
# Guards of a request for reconsideration. Payers and providers may request one too, so these read no payment (I2).
RECONSIDERATION_REQUEST_GUARDS = (NO_OPEN_RECONSIDERATION, ADVICE_IN_FORCE)
CASE_GUARDS = (
    Guard("referred", _referred),
    Guard("not_referred_yet", _not_referred_yet),
    Guard("information_rounds_left", _information_rounds_left),
    Guard("decline_proposed_by_another", _decline_proposed_by_another),
    Guard("transfer_proposed_by_another", _transfer_proposed_by_another),
    Guard("child_and_parents_heard", _child_and_parents_heard),
    Guard("help_runs", _help_runs),
    Guard("goals_checked", _goals_checked),
    Guard("no_open_escalation", _no_open_escalation),
    Guard("liaison_appointed", _liaison_appointed),
    *RECONSIDERATION_REQUEST_GUARDS,
    Guard("no_unanswered_request", _no_unanswered_request),
)
