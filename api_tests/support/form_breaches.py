"""Breaches of the rules of the field in forms that are filled in: the rule and the change that breaks it."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

Json = dict[str, Any]


def _without(*names: str) -> Callable[[Json], None]:
    def breach(form: Json) -> None:
        for name in names:
            form.pop(name, None)

    return breach


def _add_treatment_to_living_line(form: Json) -> None:
    form["lines"][0]["productCategory"] = {"code": "45"}


def _let_payer_agree_alone(form: Json) -> None:
    form["agreement"] = [{"name": "Rik Kok", "relationToCase": {"code": "funder"}, "agrees": True}]


def _propose_removal_without_return(form: Json) -> None:
    form |= {"proposesRemoval": True}
    form.pop("returnPlan", None)


def _without_income(form: Json) -> None:
    form["lifeDomains"] = [domain for domain in form["lifeDomains"] if domain["domain"]["code"] != "income"]


# Faults that are checked after all other checks of a step have passed: rule and breach, by trigger.
BREACHES: dict[str, tuple[tuple[str, Callable[[Json], None]], ...]] = {
    "draft_advice": (("I5", _propose_removal_without_return),),
    "issue_advice": (
        ("I4", _add_treatment_to_living_line),
        ("I15", _let_payer_agree_alone),
        ("I17", _without("familyStatement", "whyNoFamilyStatement")),
    ),
    "revise_advice": (("I4", _add_treatment_to_living_line), ("I15", _let_payer_agree_alone)),
    "seek_placement": (("R42", _without("returnPlan")), ("R42", _without("workOnReturn"))),
    "close": (("R46", _without_income),),
}
# Faults that are checked first: rule and field, by trigger. Without the field the body is no such form.
NO_SUCH_FORM: dict[str, tuple[str, str]] = {
    "issue_advice": ("I3", "goals"),
    "open_table": ("I16", "participation"),
    "draft_advice": ("I14", "items"),
    "decline": ("I10", "takenOverBy"),
    "transfer": ("I10", "acceptedBy"),
    "refuse": ("T11", "possibleIf"),
    "report_help_started": ("T13", "confirmedBy"),
}


def breach_form(form: Json, breach: Callable[[Json], None]) -> Json:
    body = deepcopy(form)
    breach(body)
    return body
