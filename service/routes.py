"""The routers of all subjects, and the JSON that they read: the list from which the API is made."""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from pydantic import TypeAdapter

from service.advice import api as advice
from service.caseload import api as caseload
from service.cases.api import cases, drafts, parts
from service.cases.api.cases import SUBMISSION
from service.cases.api.drafts import DRAFT
from service.cases.api.step_bodies import union_for
from service.escalations import api as escalations
from service.escalations.api import SIGNAL
from service.events.api import feed, subscriptions
from service.events.api.subscriptions import SUBSCRIPTION, SUBSCRIPTION_CHANGE
from service.file_rights.api import access_log, emergency_access, file_requests, subject_access
from service.file_rights.api.emergency_access import EMERGENCY
from service.file_rights.api.file_requests import FILE_REQUEST
from service.future_plan import api as future_plan
from service.http import service_api
from service.http.application import create_application
from service.integrity import api as integrity
from service.kinds import KINDS
from service.learning import api as learning
from service.offers.api import gaps, offers
from service.offers.api.offer_bodies import OFFER, OFFER_ENDING, OFFER_STATEMENT
from service.people.api import changes, demonstration, relations
from service.people.api.changes import DECISIONS
from service.people.api.demonstration import TOKEN
from service.reference.api import lists, workflows
from service.retention.api import certificates, legal_holds, proposals, terms
from service.retention.api.legal_holds import LEGAL_HOLD, LIFTING
from service.retention.api.proposals import (
    DESTRUCTION_PROPOSAL,
    DESTRUCTION_SIGNATURE,
    DESTRUCTION_WITHDRAWAL,
)
from service.workflow_versions.api import plans, trials
from service.workflow_versions.api.plans import WORKFLOW_ADOPTION, WORKFLOW_PLAN
from service.workflow_versions.api.trials import WORKFLOW_TRIAL
from service.workflows.rules.rulebook import Rulebook

# A request is held against one after the other, so what is asked most stands first; the document follows this order.
ROUTERS = tuple(
    module.router
    for module in (
        cases, caseload, parts, file_requests, access_log, subject_access, escalations, future_plan, advice, drafts,
        offers, gaps, learning, changes, relations, trials, plans, feed, subscriptions, lists, workflows, service_api,
        demonstration, integrity, terms, legal_holds, proposals, certificates, emergency_access,
    )
)  # fmt: skip
BODIES: Mapping[str, TypeAdapter[Any]] = {
    **DECISIONS,
    "submission": SUBMISSION,
    "draft": DRAFT,
    "token": TOKEN,
    "signal": SIGNAL,
    "new_file_request": FILE_REQUEST,
    "new_emergency_access": EMERGENCY,
    "subscription": SUBSCRIPTION,
    "subscription_change": SUBSCRIPTION_CHANGE,
    "offer": OFFER,
    "offer_statement": OFFER_STATEMENT,
    "offer_ending": OFFER_ENDING,
    "legal_hold": LEGAL_HOLD,
    "lifting": LIFTING,
    "destruction_proposal": DESTRUCTION_PROPOSAL,
    "destruction_signature": DESTRUCTION_SIGNATURE,
    "destruction_withdrawal": DESTRUCTION_WITHDRAWAL,
    "workflow_trial": WORKFLOW_TRIAL,
    "workflow_plan": WORKFLOW_PLAN,
    "workflow_adoption": WORKFLOW_ADOPTION,
}


def create_api(rules: Rulebook, public_url: str) -> FastAPI:
    """The API of every subject, with the steps that these workflows know."""
    unions = {kind: union_for(rules.versions(kind)) for kind in KINDS}
    return create_application(ROUTERS, BODIES, unions, public_url)
