"""The kinds of part `commitment`, a provider's answer for its line, and `funding`, a payer's answer for it (I2)."""

from service.advice.rules.reconsideration_forms import ReconsiderationRequest
from service.cases.rules.facts import state_alone
from service.cases.rules.forms import IN_EVERY_KIND
from service.cases.rules.guards import ASKING_AGAIN
from service.cases.rules.kinds import Kind
from service.commitments.rules import forms
from service.vocabulary.roles import Role

ASKED_BY_THE_CASE = (forms.HelpReport, forms.Setback)
COMMITMENT = Kind(
    name="commitment",
    seen_by=frozenset({Role.PROVIDER}),
    parties=frozenset({Role.PROVIDER}),
    facts=state_alone,
    guards=ASKING_AGAIN,
    forms=(
        forms.Acceptance,
        forms.Refusal,
        forms.NewRequest,
        forms.Replacement,
        forms.HelpStart,
        forms.Progress,
        forms.HelpEnd,
        ReconsiderationRequest,
        *IN_EVERY_KIND,
    ),
)
FUNDING = Kind(
    name="funding",
    seen_by=frozenset({Role.MUNICIPALITY}),
    parties=frozenset({Role.MUNICIPALITY}),
    seeks=frozenset({"payer"}),
    once_a_line=True,
    about_payment=True,
    facts=None,
    guards=ASKING_AGAIN,
    forms=(
        forms.FundingConfirmation,
        forms.PaymentObstacle,
        forms.HandoverOfFunding,
        ReconsiderationRequest,
        *IN_EVERY_KIND,
    ),
)
