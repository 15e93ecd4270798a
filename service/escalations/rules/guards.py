"""The guards of an escalation and of its questions."""

from service.cases.rules.guards import Attempt
from service.workflows.rules.guard import Guard


def _no_open_question(attempt: Attempt) -> bool:
    """An escalation ends only after each of its questions was answered or withdrawn."""
    return not any(question.is_open for question in attempt.case_facts.questions_of(attempt.part_id))


def _escalation_goes_on(attempt: Attempt) -> bool:
    """The escalation that opened this question is still in the state `escalated`."""
    questions = attempt.case_facts.parts_of_kind("question")
    question = next((part for part in questions if part.id == attempt.part_id), None)
    running = {part.id for part in attempt.case_facts.parts_in_states("escalation", "escalated")}
    return question is not None and question.opened_by in running


ESCALATION_GUARDS = (Guard("no_open_question", _no_open_question, awaits="question", reads_whole_case=True),)
QUESTION_GUARDS = (Guard("escalation_goes_on", _escalation_goes_on, reads_whole_case=True),)
