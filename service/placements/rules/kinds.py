"""The kind of part `placement`: the place where the child lives under the advice, home included."""

from service.cases.rules.facts import keep_facts
from service.cases.rules.forms import COMMON_FORMS
from service.cases.rules.guards import CASE_GOES_ON
from service.cases.rules.kinds import Kind
from service.placements.rules import forms

CASE_FORMS = (forms.SearchV1, forms.Search)
PLACEMENT = Kind(
    name="placement",
    facts_rule=keep_facts,
    fixed_guards={"reopen": (CASE_GOES_ON,), "search_again": (CASE_GOES_ON,)},
    forms=(
        forms.PlaceAgreement,
        forms.PlacementStartV1,
        forms.PlacementStart,
        forms.StabilityV1,
        forms.Stability,
        forms.PlacementEnd,
        *COMMON_FORMS,
    ),
)
