"""The registry of kinds of part. A new kind is a folder with its rules, a workflow of its name, and a line here.

Sight, openings, feeds, retention, learning, routes and tests read this registry and keep no list of their own.
"""

from typing import TYPE_CHECKING, Literal

from service.advice.rules import kinds as advice
from service.cases.rules import forms, guards
from service.cases.rules.facts import apply_case_entry
from service.cases.rules.kinds import Kind, Kinds
from service.commitments.rules import kinds as commitments
from service.escalations.rules import kinds as escalations
from service.file_rights.rules import kinds as file_rights
from service.follow_up.rules import kinds as follow_up
from service.offers.rules.gap_form import Gap
from service.placements.rules import kinds as placements
from service.retention.rules.entry_destruction import ENTRY_DESTRUCTION

# The case is declared here and not with its rules, because its forms belong to subjects above it.
CASE = Kind(
    name="case",
    begins="with_the_case",
    facts_rule=apply_case_entry,
    guards=guards.CASE_GUARDS,
    forms=(
        *forms.CASE_FORMS,
        Gap,
        *advice.CASE_FORMS,
        *commitments.CASE_FORMS,
        *placements.CASE_FORMS,
        *escalations.CASE_FORMS,
        *follow_up.CASE_FORMS,
    ),
)
KINDS = Kinds(
    CASE,
    placements.PLACEMENT,
    commitments.COMMITMENT,
    commitments.FUNDING,
    escalations.ESCALATION,
    escalations.QUESTION,
    advice.RECONSIDERATION,
    follow_up.FOLLOW_UP,
    file_rights.FILE_REQUEST,
    file_rights.EMERGENCY_ACCESS,
    ENTRY_DESTRUCTION,
)
# The name of a kind in JSON, the case included. The API refuses any other name.
if TYPE_CHECKING:
    KindOfPart = str
else:
    KindOfPart = Literal[tuple(KINDS)]
