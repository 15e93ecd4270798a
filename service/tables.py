"""The tables, column by column. Times are microseconds UTC, days ISO text, identifiers text, digests hexadecimal."""

from service.audit.store.tables import access_log, drafts, requests
from service.cases.store.tables import case_keys, cases, contents, parts, transitions
from service.database.columns import KEYS_SCHEMA, NO_DAY, metadata
from service.events.store.tables import deliveries, feed, outbox, subscriptions
from service.offers.store.tables import offer_endings, offer_statements, offers
from service.people.store.tables import (
    administrative_changes,
    coverages,
    emergency_accesses,
    memberships,
    municipalities,
    organisations,
    people,
    regions,
)
from service.retention.store.tables import (
    destruction_proposals,
    destruction_signatures,
    destruction_withdrawals,
    destructions,
    kept_figures,
    legal_hold_endings,
    legal_holds,
)
from service.workflows.store.tables import (
    dated_region_settings,
    region_settings,
    workflow_edges,
    workflow_plans,
    workflows,
)

__all__ = [
    "KEYS_SCHEMA",
    "NO_DAY",
    "access_log",
    "administrative_changes",
    "case_keys",
    "cases",
    "contents",
    "coverages",
    "dated_region_settings",
    "deliveries",
    "destruction_proposals",
    "destruction_signatures",
    "destruction_withdrawals",
    "destructions",
    "drafts",
    "emergency_accesses",
    "feed",
    "kept_figures",
    "legal_hold_endings",
    "legal_holds",
    "memberships",
    "metadata",
    "municipalities",
    "offer_endings",
    "offer_statements",
    "offers",
    "organisations",
    "outbox",
    "parts",
    "people",
    "region_settings",
    "regions",
    "requests",
    "subscriptions",
    "transitions",
    "workflow_edges",
    "workflow_plans",
    "workflows",
]
