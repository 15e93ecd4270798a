"""The workflows in force, and a valid form for each of their triggers."""

from typing import Any

from api_tests.support.checkout import ROOT
from api_tests.support.demonstration import ORGANISATION_IDS, PERSON_IDS
from api_tests.support.forms import filled
from service.app import read_rulebook
from service.workflows.rules.machine import Workflow

RULES = read_rulebook(ROOT / "workflows")


def workflow_of(kind: str) -> Workflow:
    """The workflow in force of a kind of part, named as in JSON."""
    return RULES.current(kind)


def form_for(kind: str, trigger: str, **changes: Any) -> dict[str, Any] | None:
    """A valid form for this trigger in the demonstration region; None when it takes no form."""
    name = workflow_of(kind).definition.triggers[trigger].form
    if name is None:
        return None
    defaults: dict[str, Any] = {}
    if name.startswith("advice"):
        defaults = {"provider_id": ORGANISATION_IDS["de-veste"], "payer_id": ORGANISATION_IDS["gemeente-haarlem"]}
    if name == "triage_start@1":
        defaults = {"screener_id": PERSON_IDS["daan"]}
    if name == "escalation@2":
        body = "cce" if changes.get("level", {}).get("code") == "cce_consultation" else "steun"
        defaults = {"organisation_id": ORGANISATION_IDS[body]}
    if name == "reconsideration_start@1":
        defaults = {"chair_id": PERSON_IDS["vera"], "outside_expert": None}
    if name == "reassignment@1":
        defaults = {"assignee_id": None}
    if name == "referral@1":
        defaults = {"residence": {"municipality": "GM0392", "sinceOn": "2020-01-01", "inStay": False}}
    return filled(name, **{**defaults, **changes})
