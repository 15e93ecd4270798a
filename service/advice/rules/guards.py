"""Guards of a reconsideration."""

from service.cases.rules.guards import Attempt
from service.workflows.rules.guard import Guard


def _asked_by_you(attempt: Attempt) -> bool:
    """Nobody takes back what another asked: counter-power would be gone with it (R61)."""
    looked = attempt.facts.reconsidered
    return looked is not None and looked.asked_by in attempt.organisations


def _another_pair_of_eyes(attempt: Attempt) -> bool:
    """Whoever issued the advice does not judge it alone (I15, R61)."""
    looked = attempt.facts.reconsidered
    return looked is not None and (looked.outside_expert or looked.advised_by != attempt.actor_id)


def _advice_revised_since(attempt: Attempt) -> bool:
    looked = attempt.facts.reconsidered
    return looked is not None and looked.revised


OF_A_RECONSIDERATION = (
    Guard("asked_by_you", _asked_by_you),
    Guard("another_pair_of_eyes", _another_pair_of_eyes),
    Guard("advice_revised_since", _advice_revised_since),
)
