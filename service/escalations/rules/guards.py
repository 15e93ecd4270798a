"""Guards of an escalation and of its questions."""

from service.cases.rules.guards import Attempt
from service.workflows.rules.guard import Guard


def _no_open_question(attempt: Attempt) -> bool:
    """Whoever was asked answers, or hears that they need not any more, before their question loses its escalation."""
    return not any(it.is_open for it in attempt.facts.questions_of(attempt.part_id))


def _escalation_goes_on(attempt: Attempt) -> bool:
    """The escalation that this question is one of was not concluded yet."""
    own = next((it for it in attempt.facts.parts_of("question") if it.id == attempt.part_id), None)
    return own is not None and own.opened_by in {it.id for it in attempt.facts.parts_in("escalation", "escalated")}


OF_AN_ESCALATION = (Guard("no_open_question", _no_open_question, awaits="question"),)
OF_A_QUESTION = (Guard("escalation_goes_on", _escalation_goes_on),)
