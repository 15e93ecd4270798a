"""The JSON that makes or changes something, but for the steps of parts that exist: see `steps`."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints, TypeAdapter

from service.cases.api.step_bodies import Body, Moment, StepBody
from service.cases.rules.forms.consult import ConsultRequest
from service.cases.rules.forms.referral import Referral
from service.cases.rules.model import PartKind
from service.escalations.rules.forms import EscalationSignal
from service.events.rules import TYPE_PATTERN
from service.events.use_cases.subscriptions import Change, Reason
from service.file_rights.rules.emergency_forms import EmergencyAccess
from service.file_rights.rules.request_forms import FileRequest
from service.offers.rules.offer import Chosen, Offer, Said
from service.people.rules.decisions import (
    CoverageEnd,
    Identity,
    MembershipEnd,
    NewCoverage,
    NewMembership,
    NewName,
    NewOrganisation,
    NewPerson,
    NewSettings,
)
from service.retention.rules.destruction import Capacity, CodedReason
from service.vocabulary.code_lists import Coded
from service.vocabulary.coded_answers import AdviceDomain, DestructionWithdrawalReason, HelpFunction, LegalHoldReason
from service.vocabulary.fields import Day, OrNone, RegionCode
from service.vocabulary.language import FreeText, ShortText
from service.workflows.rules.definition import MAX_CHARACTERS

CaseNumber = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{4}$", examples=["4821-7730"])]


class SubmitBody(Body):
    """A submission: the referral itself, or the draft that holds it."""

    trigger: Literal["submit"]
    occurred_at: Moment | None = Field(default=None, description="With an offset from UTC; now when left out.")
    grounds: FreeText | None = None
    form: Referral | None = Field(default=None, description="The referral; or give draftId.")
    draft_id: UUID | None = Field(default=None, description="Your draft: it is submitted and used up.")


class SignalBody(StepBody):
    """A liaison's signal: the number of the case, as it was told her, and what she heard."""

    trigger: Literal["signal_escalation"]
    number: CaseNumber
    form: EscalationSignal


class FileRequestBody(StepBody):
    """A right that is used over the file."""

    trigger: Literal["ask_about_file"]
    form: FileRequest = Field(description="Form file_request@1.")


class EmergencyBody(StepBody):
    """The number of the case, as somebody told you, and why you must read it now; a date is not looked at."""

    trigger: Literal["take_emergency_access"]
    number: CaseNumber
    form: EmergencyAccess = Field(description="Form emergency_access@1.")


class ConsultBody(Body):
    """A question: asked in one's own words, without consent, since nothing in it tells who the child is."""

    trigger: Literal["ask_consult"]
    occurred_at: Moment | None = Field(default=None, description="With an offset from UTC; now when left out.")
    grounds: FreeText | None = None
    form: ConsultRequest = Field(description="Form consult_request@1.")


class DraftBody(Body):
    """A draft of a referral: whatever has been typed so far."""

    form: dict[str, Any] = Field(description="Any part of the form referral@1, in any state.")


class OfferBody(Body):
    """One function of one provider. Living and treatment are offers of their own (R37); there is no price (R70)."""

    provider_id: UUID
    domain: AdviceDomain
    function: HelpFunction
    expertise: FreeText = Field(description="In the provider's own words; nothing about a child.")
    region: OrNone[RegionCode] = Field(default=None, description="The region that it serves; every region, left out.")
    valid_from: Day

    def to_offer(self, offer_id: UUID) -> Offer:
        return Offer(
            id=offer_id,
            provider_id=self.provider_id,
            domain=Chosen(code=self.domain.code, text=self.domain.text),
            function=Chosen(code=self.function.code, text=self.function.text),
            expertise=self.expertise,
            region=self.region,
            valid_from=self.valid_from,
        )


class OfferStatementBody(Body):
    """What holds on a day; what is left out is not known."""

    stated_on: Day = Field(description="The day on which it was so, not in the future.")
    places_free: OrNone[Annotated[int, Field(strict=True, ge=0, le=10_000)]] = None
    waiting_days: OrNone[Annotated[int, Field(strict=True, ge=0, le=3660)]] = None
    note: OrNone[ShortText] = Field(default=None, description="Nothing about a child.")

    def to_said(self) -> Said:
        return Said(**dict(self))


class OfferEndingBody(Body):
    """The last day of an offer."""

    last_day: Day


class LegalHoldBody(Body):
    """Why a case may not be destroyed, and until when."""

    reason: LegalHoldReason
    until: OrNone[Day] = Field(default=None, description="The last day; until it is lifted, when left out.")

    def to_reason(self) -> CodedReason:
        return _reason(self.reason)


class LiftingBody(Body):
    """A hold is lifted as a whole: there is nothing to say."""


class DestructionProposalBody(Body):
    """The case, and the request that was granted."""

    case_id: UUID
    request_id: UUID = Field(description="The part (file request) that asked for destruction and was granted in full.")


class DestructionSignatureBody(Body):
    """As what you sign: for the team, or as its data-protection officer."""

    capacity: Capacity


class DestructionWithdrawalBody(Body):
    """Why the proposal is taken back."""

    reason: DestructionWithdrawalReason

    def to_reason(self) -> CodedReason:
        return _reason(self.reason)


def _reason(it: Coded) -> CodedReason:
    return CodedReason(code=it.code, text=it.text)


class SubscriptionBody(Body):
    """Who is to be told, where, of which types of event; of all when left out."""

    organisation_id: UUID
    url: str = Field(
        min_length=1,
        max_length=500,
        pattern=r"^https?://[\x21-\x7e]+$",
        description="HTTPS, a public address; no user name, no query: nothing secret belongs in an address.",
        examples=["https://ontvanger.example/events"],
    )
    types: tuple[Annotated[str, Field(pattern=TYPE_PATTERN, max_length=100)], ...] | None = Field(
        default=None, min_length=1, max_length=100, description="As in eventType of GET /workflows."
    )


class SubscriptionChangeBody(Body):
    """What is to change of a webhook, and why."""

    change: Change
    reason: Reason


StateName = Annotated[str, StringConstraints(max_length=60)]
Hash = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]
States = Annotated[
    dict[StateName, StateName],
    Field(max_length=200, description="State of the workflow that runs: state of the other that takes its place."),
]


class WorkflowTrialBody(Body):
    """What to hold against all running cases: a file as you would deploy it, a known workflow, or the one in force."""

    kind: PartKind
    mapping: States = Field(default_factory=dict)
    to: Hash | None = Field(default=None, description="A known workflow; the one in force when left out.")
    definition: Annotated[str, StringConstraints(max_length=MAX_CHARACTERS)] | None = Field(
        default=None, description="The text of a workflow file (TOML); then `to` is not looked at."
    )


class WorkflowPlanBody(Body):
    """From which workflow to which. A state of the same name needs no mapping."""

    kind: PartKind
    from_: Hash = Field(alias="from", description="The workflow that parts run on.")
    to: Hash | None = Field(default=None, description="A known workflow; the one in force when left out.")
    mapping: States = Field(default_factory=dict)


class WorkflowAdoptionBody(Body):
    """How many parts to move now, and why; the rest can be moved by further requests."""

    limit: int = Field(default=100, ge=1, le=1000)
    grounds: FreeText = Field(description="Why (onderbouwing): stands in the history of every case that is moved.")


class TokenBody(Body):
    """As whom you want to act."""

    person: str = Field(max_length=40, examples=["carla"])


SUBMISSION: TypeAdapter[SubmitBody | ConsultBody] = TypeAdapter(
    Annotated[SubmitBody | ConsultBody, Field(discriminator="trigger")]
)
DRAFT = TypeAdapter(DraftBody)
TOKEN = TypeAdapter(TokenBody)
OFFER = TypeAdapter(OfferBody)
OFFER_STATEMENT = TypeAdapter(OfferStatementBody)
OFFER_ENDING = TypeAdapter(OfferEndingBody)
LEGAL_HOLD = TypeAdapter(LegalHoldBody)
LIFTING = TypeAdapter(LiftingBody)
DESTRUCTION_PROPOSAL = TypeAdapter(DestructionProposalBody)
DESTRUCTION_SIGNATURE = TypeAdapter(DestructionSignatureBody)
DESTRUCTION_WITHDRAWAL = TypeAdapter(DestructionWithdrawalBody)
SIGNAL = TypeAdapter(SignalBody)
FILE_REQUEST = TypeAdapter(FileRequestBody)
EMERGENCY = TypeAdapter(EmergencyBody)
SUBSCRIPTION = TypeAdapter(SubscriptionBody)
SUBSCRIPTION_CHANGE = TypeAdapter(SubscriptionChangeBody)
WORKFLOW_TRIAL = TypeAdapter(WorkflowTrialBody)
WORKFLOW_PLAN = TypeAdapter(WorkflowPlanBody)
WORKFLOW_ADOPTION = TypeAdapter(WorkflowAdoptionBody)
# What an administrator decides, by the name of its body.
DECISIONS: Mapping[str, TypeAdapter[Any]] = {
    "organisation": TypeAdapter(NewOrganisation),
    "name": TypeAdapter(NewName),
    "person": TypeAdapter(NewPerson),
    "identity": TypeAdapter(Identity),
    "membership": TypeAdapter(NewMembership),
    "membership_end": TypeAdapter(MembershipEnd),
    "coverage": TypeAdapter(NewCoverage),
    "coverage_end": TypeAdapter(CoverageEnd),
    "region_settings": TypeAdapter(NewSettings),
}
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
