"""Every form by its versioned name. A form once released keeps its name and its class for ever."""

from collections.abc import Mapping
from types import MappingProxyType

from service.domain.forms import advice, escalation, follow_up, help, notes, placement, referral, review, triage  # noqa: A004
from service.domain.forms.base import Form

_ALL: tuple[type[Form], ...] = (
    referral.Referral,
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
    triage.Transfer,
    triage.Withdrawal,
    triage.Reopening,
    review.Table,
    review.Analysis,
    review.Comment,
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
    placement.Search,
    placement.PlaceAgreement,
    placement.PlacementStart,
    placement.Stability,
    placement.PlacementEnd,
    escalation.NetworkRequest,
    escalation.EscalationRequest,
    escalation.Escalation,
    escalation.Reminder,
    escalation.EscalationAnswer,
    escalation.EscalationReturn,
    escalation.EscalationWithdrawal,
    follow_up.Monitoring,
    follow_up.GoalCheck,
    follow_up.Closure,
    notes.Note,
    notes.Reassignment,
    notes.Amendment,
)

FORMS: Mapping[str, type[Form]] = MappingProxyType({form.form_name: form for form in _ALL})
