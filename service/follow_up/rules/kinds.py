"""The kind of part `follow_up`: a check of the goals on a planned day."""

from dataclasses import replace

from service.cases.rules.facts import CaseFacts
from service.cases.rules.forms import COMMON_FORMS
from service.cases.rules.kinds import Kind
from service.cases.rules.model import Transition
from service.follow_up.rules import forms

CASE_FORMS = (forms.Monitoring, forms.CheckPlan, forms.Closure)


def _facts(facts: CaseFacts, entry: Transition) -> CaseFacts:
    return replace(facts, goals_checked=True) if entry.trigger == "record_check" else facts


FOLLOW_UP = Kind(
    name="follow_up",
    facts_rule=_facts,
    forms=(forms.CheckPlan, forms.GoalCheckV1, forms.GoalCheck, *COMMON_FORMS),
)
