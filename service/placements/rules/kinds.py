"""The kind of part `placement`: the place where the child lives under the advice, home included."""

from service.cases.rules.facts import state_alone
from service.cases.rules.forms import IN_EVERY_KIND
from service.cases.rules.kinds import Kind
from service.placements.rules import forms

ASKED_BY_THE_CASE = (forms.SearchV1, forms.Search)
PLACEMENT = Kind(
    name="placement",
    facts=state_alone,
    forms=(
        forms.PlaceAgreement,
        forms.PlacementStartV1,
        forms.PlacementStart,
        forms.StabilityV1,
        forms.Stability,
        forms.PlacementEnd,
        *IN_EVERY_KIND,
    ),
)
