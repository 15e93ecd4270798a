"""Forms that are filled in and still break a rule of the field: what each breaks, and how."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

Json = dict[str, Any]


def _without(*names: str) -> Callable[[Json], None]:
    def breach(form: Json) -> None:
        for name in names:
            form.pop(name, None)

    return breach


def _treatment_on_a_living_line(form: Json) -> None:
    form["lines"][0]["productCategory"] = {"code": "45"}


def _agreed_by_the_payer_alone(form: Json) -> None:
    form["agreement"] = [{"name": "Rik Kok", "relationToCase": {"code": "funder"}, "agrees": True}]


def _removal_without_a_way_back(form: Json) -> None:
    form |= {"proposesRemoval": True}
    form.pop("returnPlan", None)


def _income_forgotten(form: Json) -> None:
    form["lifeDomains"] = [domain for domain in form["lifeDomains"] if domain["domain"]["code"] != "income"]


# Found when everything else about the step is right: by the trigger, the rule and the breach.
BREACHES: dict[str, tuple[tuple[str, Callable[[Json], None]], ...]] = {
    "draft_advice": (("I5", _removal_without_a_way_back),),
    "issue_advice": (
        ("I4", _treatment_on_a_living_line),
        ("I15", _agreed_by_the_payer_alone),
        ("I17", _without("familyStatement", "whyNoFamilyStatement")),
    ),
    "revise_advice": (("I4", _treatment_on_a_living_line), ("I15", _agreed_by_the_payer_alone)),
    "seek_placement": (("R42", _without("returnPlan")), ("R42", _without("workOnReturn"))),
    "close": (("R46", _income_forgotten),),
}
# Found before anything else is looked at: without these it is no such form.
NO_SUCH_FORM: dict[str, tuple[str, str]] = {
    "issue_advice": ("I3", "goals"),
    "open_table": ("I16", "participation"),
    "draft_advice": ("I14", "items"),
    "decline": ("I10", "takenOverBy"),
    "transfer": ("I10", "acceptedBy"),
    "refuse": ("T11", "possibleIf"),
    "report_help_started": ("T13", "confirmedBy"),
}


def broken(form: Json, breach: Callable[[Json], None]) -> Json:
    body = deepcopy(form)
    breach(body)
    return body
