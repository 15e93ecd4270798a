"""The kind of part `reconsideration`, a request to review the advice (R61), and the forms of the advice."""

from dataclasses import replace

from service.advice.rules.forms import Advice, AdviceRevision
from service.advice.rules.guards import OF_A_RECONSIDERATION
from service.advice.rules.reconsideration_forms import (
    ReconsiderationOutcome,
    ReconsiderationRequest,
    ReconsiderationStart,
)
from service.cases.rules.facts import CaseFacts, Reconsidered
from service.cases.rules.forms import IN_EVERY_KIND
from service.cases.rules.kinds import Kind
from service.cases.rules.model import Transition
from service.vocabulary.roles import Role

ASKED_BY_THE_CASE = (Advice, AdviceRevision, ReconsiderationRequest)


def _facts(facts: CaseFacts, entry: Transition) -> CaseFacts:
    """The facts of the latest request for reconsideration: who asked for it, and if an outside expert takes part."""
    if entry.trigger == "request_reconsideration":
        return replace(facts, reconsidered=Reconsidered(entry.organisation_id, facts.advised_by))
    if entry.trigger == "take_up" and facts.reconsidered:
        from_outside = "outside_expert" in entry.codes.get("enclosed", ())
        return replace(facts, reconsidered=replace(facts.reconsidered, outside_expert=from_outside))
    return facts


RECONSIDERATION = Kind(
    name="reconsideration",
    seen_by=frozenset({Role.PROVIDER, Role.MUNICIPALITY}),
    opened_by_payment=True,
    facts=_facts,
    guards=OF_A_RECONSIDERATION,
    forms=(ReconsiderationStart, ReconsiderationOutcome, *IN_EVERY_KIND),
)
