"""The guards of a reconsideration."""

from service.cases.rules.guards import Attempt
from service.workflows.rules.guard import Guard


def _asked_by_you(attempt: Attempt) -> bool:
    """Only the organisation that asked for a reconsideration may withdraw it (R61)."""
    reconsideration = attempt.facts.reconsidered
    return reconsideration is not None and reconsideration.asked_by in attempt.organisations


def _another_pair_of_eyes(attempt: Attempt) -> bool:
    """The person who issued the advice may not reconsider it alone (I15, R61)."""
    reconsideration = attempt.facts.reconsidered
    return reconsideration is not None and (
        reconsideration.outside_expert or reconsideration.advised_by != attempt.actor_id
    )


def _advice_revised_since(attempt: Attempt) -> bool:
    reconsideration = attempt.facts.reconsidered
    return reconsideration is not None and reconsideration.revised


OF_A_RECONSIDERATION = (
    Guard("asked_by_you", _asked_by_you),
    Guard("another_pair_of_eyes", _another_pair_of_eyes),
    Guard("advice_revised_since", _advice_revised_since),
)
