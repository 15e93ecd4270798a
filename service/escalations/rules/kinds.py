"""The kinds of part `escalation`, a request for help beyond the region, and `question`, put to one national body."""

from dataclasses import replace

from service.cases.rules.facts import CaseFacts, keep_facts
from service.cases.rules.forms import COMMON_FORMS
from service.cases.rules.kinds import Kind
from service.cases.rules.model import Transition
from service.commitments.rules.forms import NewRequest
from service.escalations.rules import forms
from service.escalations.rules.guards import ESCALATION_GUARDS, QUESTION_GUARDS
from service.vocabulary.roles import Role

CASE_FORMS = (forms.NetworkRequest, forms.EscalationRequest, forms.EscalationSignal)


def _facts(facts: CaseFacts, entry: Transition) -> CaseFacts:
    """Records that the expertise network answered: it is asked before the national level (T16)."""
    return replace(facts, network_answered=facts.network_answered or entry.trigger == "record_network_answer")


# The fields that the addressee reads: the chair's request and the liaison's additions, without the consents.
QUESTION_FIELDS = ("level", "purpose", "regionTried", "question", "putOn", "answerExpectedOn", "explanation")
ESCALATION = Kind(
    name="escalation",
    addressee_roles=frozenset({Role.EXPERTISE_NETWORK, Role.CCE_LIAISON}),
    parties=frozenset({Role.EXPERTISE_NETWORK, Role.CCE_LIAISON}),
    looked_up_addressees=frozenset({"liaison", "network"}),
    shown_fields=QUESTION_FIELDS,
    facts_rule=_facts,
    guards=ESCALATION_GUARDS,
    forms=(
        forms.EscalationV1,
        forms.Escalation,
        forms.Reminder,
        forms.EscalationAnswer,
        forms.EscalationConclusion,
        forms.EscalationReturn,
        forms.EscalationWithdrawal,
        *COMMON_FORMS,
    ),
)
QUESTION = Kind(
    name="question",
    addressee_roles=frozenset({Role.NATIONAL_SUPPORT}),
    parties=frozenset({Role.NATIONAL_SUPPORT}),
    shown_fields=QUESTION_FIELDS,
    facts_rule=keep_facts,
    guards=QUESTION_GUARDS,
    forms=(forms.EscalationAnswer, forms.EscalationWithdrawal, NewRequest, forms.Reminder, *COMMON_FORMS),
)
