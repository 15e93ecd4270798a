"""The list of the routers of all subjects, of which the API is made."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI

from service.advice import api as advice
from service.caseload import api as caseload
from service.cases.api import cases, drafts, parts, submissions
from service.escalations import api as escalations
from service.events.api import feed, subscriptions
from service.file_rights.api import access_log, emergency_access, file_requests, subject_access
from service.future_plan import api as future_plan
from service.http import health_routes
from service.http.application import create_application
from service.integrity import api as integrity
from service.learning import api as learning
from service.offers.api import gaps, offers
from service.people.api import changes, demonstration, relations
from service.reference.api import forms, lists, workflows
from service.retention.api import certificates, entry_destructions, legal_holds, proposals, terms
from service.workflow_versions.api import plans, trials
from service.workflows.rules.rulebook import Rulebook

# One file for each operation, in the form that the OpenAPI document shows.
_EXAMPLES = Path(__file__).parents[1] / "examples" / "requests"


def create_api(rules: Rulebook, public_url: str) -> FastAPI:
    """Create the API of all subjects, with the steps of these workflows."""
    return create_application(_routers(rules), public_url, _examples())


def _examples() -> dict[str, Any]:
    return {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in sorted(_EXAMPLES.glob("*.json"))}


def _routers(rules: Rulebook) -> Iterator[APIRouter]:
    """A request is matched against one route after the other, so the most requested routes come first."""
    yield from (
        submissions.router,
        cases.router,
        cases.step_router(rules),
        caseload.cases_router,
        caseload.work_router,
    )
    yield from (parts.entry_router, parts.part_router(rules))
    for module in (
        file_requests, access_log, subject_access, escalations, future_plan, advice, drafts, offers, gaps, learning,
        changes, relations, trials, plans, feed, subscriptions, lists, workflows, forms, health_routes, demonstration,
        integrity, terms, legal_holds, proposals, certificates, emergency_access,
        entry_destructions,
    ):  # fmt: skip
        yield module.router
    yield from (lists.me_router, integrity.digest_router)
