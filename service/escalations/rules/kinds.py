"""The kinds of part `escalation`, a request for help beyond the region, and `question`, put to one national body."""

from dataclasses import replace

from service.cases.rules.facts import CaseFacts, state_alone
from service.cases.rules.forms import IN_EVERY_KIND
from service.cases.rules.kinds import Kind
from service.cases.rules.model import Transition
from service.commitments.rules.forms import NewRequest
from service.escalations.rules import forms
from service.escalations.rules.guards import OF_A_QUESTION, OF_AN_ESCALATION
from service.vocabulary.roles import Role

ASKED_BY_THE_CASE = (forms.NetworkRequest, forms.EscalationRequest, forms.EscalationSignal)


def _facts(facts: CaseFacts, entry: Transition) -> CaseFacts:
    """Records that the expertise network answered: it is asked before the national level (T16)."""
    return replace(facts, network_answered=facts.network_answered or entry.trigger == "record_network_answer")


# The fields that the addressee reads: the chair's request and the liaison's additions, without the consents.
QUESTION_AS_PUT = ("level", "purpose", "regionTried", "question", "putOn", "answerExpectedOn", "explanation")
ESCALATION = Kind(
    name="escalation",
    seen_by=frozenset({Role.EXPERTISE_NETWORK, Role.CCE_LIAISON}),
    parties=frozenset({Role.EXPERTISE_NETWORK, Role.CCE_LIAISON}),
    seeks=frozenset({"liaison", "network"}),
    shows=QUESTION_AS_PUT,
    facts=_facts,
    guards=OF_AN_ESCALATION,
    forms=(
        forms.EscalationV1,
        forms.Escalation,
        forms.Reminder,
        forms.EscalationAnswer,
        forms.EscalationConclusion,
        forms.EscalationReturn,
        forms.EscalationWithdrawal,
        *IN_EVERY_KIND,
    ),
)
QUESTION = Kind(
    name="question",
    seen_by=frozenset({Role.NATIONAL_SUPPORT}),
    parties=frozenset({Role.NATIONAL_SUPPORT}),
    shows=QUESTION_AS_PUT,
    facts=state_alone,
    guards=OF_A_QUESTION,
    forms=(forms.EscalationAnswer, forms.EscalationWithdrawal, NewRequest, forms.Reminder, *IN_EVERY_KIND),
)
