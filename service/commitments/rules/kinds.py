"""The kinds of part `commitment`, a provider's answer for its line, and `funding`, a payer's answer for it (I2)."""

from service.advice.rules.reconsideration_forms import ReconsiderationRequest
from service.cases.rules.facts import keep_facts
from service.cases.rules.forms import COMMON_FORMS
from service.cases.rules.guards import CASE_GOES_ON, RECONSIDERATION_REQUEST_GUARDS
from service.cases.rules.kinds import Kind
from service.commitments.rules import forms
from service.vocabulary.roles import Role

CASE_FORMS = (forms.HelpReport, forms.Setback)
COMMITMENT = Kind(
    name="commitment",
    addressee_roles=frozenset({Role.PROVIDER}),
    parties=frozenset({Role.PROVIDER}),
    facts_rule=keep_facts,
    fixed_guards={"reopen": (CASE_GOES_ON,), "ask_again": (CASE_GOES_ON,)},
    guards=RECONSIDERATION_REQUEST_GUARDS,
    forms=(
        forms.Acceptance,
        forms.Refusal,
        forms.NewRequest,
        forms.Replacement,
        forms.HelpStart,
        forms.Progress,
        forms.HelpEnd,
        ReconsiderationRequest,
        *COMMON_FORMS,
    ),
)
FUNDING = Kind(
    name="funding",
    addressee_roles=frozenset({Role.MUNICIPALITY}),
    parties=frozenset({Role.MUNICIPALITY}),
    looked_up_addressees=frozenset({"payer"}),
    once_per_line=True,
    about_payment=True,
    facts_rule=None,
    guards=RECONSIDERATION_REQUEST_GUARDS,
    forms=(
        forms.FundingConfirmation,
        forms.PaymentObstacle,
        forms.HandoverOfFunding,
        ReconsiderationRequest,
        *COMMON_FORMS,
    ),
)
