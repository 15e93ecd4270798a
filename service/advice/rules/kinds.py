"""The kind of part `reconsideration`, a request to review the advice (R61), and the forms of the advice."""

from dataclasses import replace

from service.advice.rules.forms import Advice, AdviceRevision
from service.advice.rules.guards import RECONSIDERATION_GUARDS
from service.advice.rules.reconsideration_forms import (
    ReconsiderationOutcome,
    ReconsiderationRequest,
    ReconsiderationStart,
)
from service.cases.rules.facts import CaseFacts, ReconsiderationFacts
from service.cases.rules.forms import COMMON_FORMS
from service.cases.rules.kinds import Kind
from service.cases.rules.model import Transition
from service.vocabulary.roles import Role

CASE_FORMS = (Advice, AdviceRevision, ReconsiderationRequest)


def _facts(facts: CaseFacts, entry: Transition) -> CaseFacts:
    """The facts of the latest request for reconsideration: who asked for it, and if an outside expert takes part."""
    if entry.trigger == "request_reconsideration":
        return replace(facts, last_reconsideration=ReconsiderationFacts(entry.organisation_id, facts.advice_issuer_id))
    if entry.trigger == "take_up" and facts.last_reconsideration:
        from_outside = "outside_expert" in entry.codes.get("enclosed", ())
        return replace(facts, last_reconsideration=replace(facts.last_reconsideration, has_outside_expert=from_outside))
    return facts


RECONSIDERATION = Kind(
    name="reconsideration",
    addressee_roles=frozenset({Role.PROVIDER, Role.MUNICIPALITY}),
    opened_by_payment=True,
    judged_by=Role.CHAIR,
    facts_rule=_facts,
    guards=RECONSIDERATION_GUARDS,
    forms=(ReconsiderationStart, ReconsiderationOutcome, *COMMON_FORMS),
)
