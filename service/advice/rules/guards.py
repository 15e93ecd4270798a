"""The guards of a reconsideration."""

from service.cases.rules.facts import ReconsiderationFacts
from service.cases.rules.guards import Attempt
from service.workflows.rules.guard import Guard


def _asked(attempt: Attempt) -> ReconsiderationFacts | None:
    return attempt.facts.reconsiderations.get(attempt.part_id) if attempt.part_id else None


def _asked_by_you(attempt: Attempt) -> bool:
    """Only who asked for a reconsideration may withdraw it (R61)."""
    reconsideration = _asked(attempt)
    return reconsideration is not None and reconsideration.asker_id in attempt.askers


def _another_pair_of_eyes(attempt: Attempt) -> bool:
    """The person who issued the advice may not reconsider it alone (I15, R61)."""
    reconsideration = _asked(attempt)
    return reconsideration is not None and (
        reconsideration.has_outside_expert or reconsideration.advice_issuer_id != attempt.actor_id
    )


def _advice_revised_since(attempt: Attempt) -> bool:
    reconsideration = _asked(attempt)
    return reconsideration is not None and reconsideration.is_revised


RECONSIDERATION_GUARDS = (
    Guard("asked_by_you", _asked_by_you),
    Guard("another_pair_of_eyes", _another_pair_of_eyes),
    Guard("advice_revised_since", _advice_revised_since),
)
