"""Every form by its versioned name. A form once released keeps its name and its class for ever.

The newest version of a form has the bare name; an earlier one, which stored content still carries, its number (V1).
"""

from collections.abc import Mapping
from types import MappingProxyType

from service.advice.rules import forms as advice
from service.advice.rules import reconsideration_forms as reconsideration
from service.cases.rules.forms import consent, consult, notes, referral, review, triage
from service.cases.rules.forms.base import Form
from service.commitments.rules import forms as help  # noqa: A004 - a word of the field
from service.escalations.rules import forms as escalation
from service.file_rights.rules import emergency_forms as emergency
from service.file_rights.rules import request_forms as file_request
from service.follow_up.rules import forms as follow_up
from service.offers.rules import gap_form as gap
from service.placements.rules import forms as placement

_ALL: tuple[type[Form], ...] = (
    referral.Referral,
    consult.ConsultRequest,
    consent.ConsentGiven,
    consent.ConsentWithdrawn,
    triage.TriageStart,
    triage.InformationRequest,
    triage.Information,
    triage.Proceeding,
    triage.Consult,
    triage.ConsultOutcome,
    triage.TableRequest,
    triage.Triage,
    triage.Rescheduling,
    triage.DeclineProposal,
    triage.Decline,
    triage.TransferProposal,
    triage.Transfer,
    triage.Withdrawal,
    triage.Reopening,
    review.Table,
    review.Analysis,
    review.Comment,
    gap.Gap,
    advice.Advice,
    advice.AdviceRevision,
    help.HelpReport,
    help.Setback,
    help.Acceptance,
    help.Refusal,
    help.NewRequest,
    help.Replacement,
    help.HelpStart,
    help.Progress,
    help.HelpEnd,
    help.FundingConfirmation,
    help.PaymentObstacle,
    help.FundingHandover,
    placement.SearchV1,
    placement.Search,
    placement.PlaceAgreement,
    placement.PlacementStartV1,
    placement.PlacementStart,
    placement.StabilityV1,
    placement.Stability,
    placement.PlacementEnd,
    escalation.NetworkRequest,
    escalation.EscalationRequest,
    escalation.EscalationSignal,
    escalation.EscalationV1,
    escalation.Escalation,
    escalation.Reminder,
    escalation.EscalationAnswer,
    escalation.EscalationConclusion,
    escalation.EscalationReturn,
    escalation.EscalationWithdrawal,
    follow_up.Monitoring,
    follow_up.CheckPlan,
    follow_up.GoalCheckV1,
    follow_up.GoalCheck,
    follow_up.Closure,
    reconsideration.ReconsiderationRequest,
    reconsideration.ReconsiderationStart,
    reconsideration.ReconsiderationOutcome,
    file_request.FileRequest,
    file_request.FileRequestGranting,
    file_request.FileRequestRefusal,
    file_request.FileRequestPostponement,
    file_request.FileRequestOutcome,
    emergency.EmergencyAccess,
    emergency.EmergencyReview,
    notes.Note,
    notes.Reassignment,
    notes.Amendment,
)

FORMS: Mapping[str, type[Form]] = MappingProxyType({form.form_name: form for form in _ALL})
