"""Forms of the case itself, and the forms that every kind of part shares."""

from service.cases.rules.forms import consent, consult, notes, referral, review, triage
from service.cases.rules.forms.base import Form

COMMON_FORMS: tuple[type[Form], ...] = (notes.Note, notes.Reassignment, notes.Amendment)
CASE_FORMS: tuple[type[Form], ...] = (
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
    *COMMON_FORMS,
)
