"""The tables, column by column. Times are microseconds UTC, days ISO text, identifiers text, digests hexadecimal."""

from service.storage.tables.around import (
    administrative_changes,
    coverages,
    emergency_accesses,
    memberships,
    municipalities,
    organisations,
    people,
    regions,
)
from service.storage.tables.asked import access_log, drafts, requests
from service.storage.tables.columns import KEYS_SCHEMA, NO_DAY, metadata
from service.storage.tables.destroying import (
    destruction_proposals,
    destruction_signatures,
    destruction_withdrawals,
    destructions,
    kept_figures,
    legal_hold_endings,
    legal_holds,
)
from service.storage.tables.history import case_keys, cases, contents, parts, transitions
from service.storage.tables.offered import offer_endings, offer_statements, offers
from service.storage.tables.rules import (
    dated_region_settings,
    region_settings,
    workflow_edges,
    workflow_plans,
    workflows,
)
from service.storage.tables.telling import deliveries, feed, outbox, subscriptions

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
