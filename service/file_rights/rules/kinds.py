"""Kinds of part that do not belong to the file: file requests and emergency access."""

from service.cases.rules.forms import COMMON_FORMS
from service.cases.rules.kinds import Kind
from service.file_rights.rules import emergency_forms, request_forms
from service.vocabulary.roles import Role

FILE_REQUEST = Kind(
    name="file_request",
    begins="by_itself",
    belongs_to_file=False,
    asked_personally=True,
    addressee_roles=frozenset({Role.DATA_PROTECTION_OFFICER}),
    facts_rule=None,
    forms=(
        request_forms.FileRequest,
        request_forms.FileRequestGranting,
        request_forms.FileRequestRefusal,
        request_forms.FileRequestPostponement,
        request_forms.Correction,
        request_forms.FileRequestOutcome,
        *COMMON_FORMS,
    ),
)
EMERGENCY_ACCESS = Kind(
    name="emergency_access",
    begins="by_itself",
    belongs_to_file=False,
    addressee_roles=frozenset({Role.DATA_PROTECTION_OFFICER}),
    parties=frozenset({Role.DATA_PROTECTION_OFFICER}),
    facts_rule=None,
    forms=(emergency_forms.EmergencyAccess, emergency_forms.EmergencyReview, *COMMON_FORMS),
)
