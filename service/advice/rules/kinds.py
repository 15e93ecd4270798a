"""The kind of part `reconsideration`, a request to review the advice (R61), and the forms of the advice."""

from dataclasses import replace

from service.advice.rules.forms import Advice, AdviceRevision
from service.advice.rules.guards import RECONSIDERATION_GUARDS
from service.advice.rules.reconsideration_forms import (
    ReconsiderationOutcome,
    ReconsiderationRequest,
    ReconsiderationStart,
)
from service.cases.rules.facts import CaseFacts, ReconsiderationFacts, asker_id
from service.cases.rules.forms import COMMON_FORMS
from service.cases.rules.kinds import Kind
from service.cases.rules.model import Transition
from service.vocabulary.roles import Role

CASE_FORMS = (Advice, AdviceRevision, ReconsiderationRequest)


def _facts(facts: CaseFacts, entry: Transition) -> CaseFacts:
    """The facts of each request for reconsideration: who asked for it, and if an outside expert takes part."""
    asked = facts.reconsiderations.get(entry.part_id)
    if entry.trigger == "request_reconsideration":
        asker = asker_id(entry.role, entry.organisation_id, entry.actor_id)
        asked = ReconsiderationFacts(asker, facts.advice_issuer_id)
    elif entry.trigger == "take_up" and asked:
        asked = replace(asked, has_outside_expert="outside_expert" in entry.codes.get("enclosed", ()))
    return replace(facts, reconsiderations={**facts.reconsiderations, entry.part_id: asked}) if asked else facts


RECONSIDERATION = Kind(
    name="reconsideration",
    addressee_roles=frozenset({Role.PROVIDER, Role.MUNICIPALITY}),
    opened_by_payment=True,
    judged_by=Role.CHAIR,
    outcomes=("confirm_advice", "conclude_revised"),
    facts_rule=_facts,
    guards=RECONSIDERATION_GUARDS,
    forms=(ReconsiderationStart, ReconsiderationOutcome, *COMMON_FORMS),
)
