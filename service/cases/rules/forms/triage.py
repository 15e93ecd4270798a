"""Forms of triage: information requests, consults, triage decisions, declines and transfers (T3-T7)."""

from collections.abc import Iterator
from datetime import date
from typing import ClassVar
from uuid import UUID

from typing_extensions import override

from service.cases.rules.forms.base import Form, FormContext, rule
from service.vocabulary.coded_answers import (
    DeclineReason,
    PersonRole,
    ReopenReason,
    TableRole,
    TransferReason,
    Urgency,
    WithdrawalReason,
)
from service.vocabulary.fields import (
    AtLeastOne,
    Nullable,
    PlannedDay,
    RegionCode,
    TakenOver,
    YesNo,
    check_not_in_future,
)
from service.vocabulary.form_parts import ContentClass, Fault, FormPart
from service.vocabulary.language import FreeText, ShortText


class _ReferralForm(Form):
    content_class: ClassVar[ContentClass] = "referral"


class TriageStart(_ReferralForm):
    form_name: ClassVar[str] = "triage_start@1"
    assignee_field: ClassVar[str] = "screenerId"

    screener_id: Nullable[UUID] = None

    @override
    def next_assignee(self, current: UUID | None) -> UUID | None:
        return self.screener_id or current


class InformationRequest(_ReferralForm):
    form_name: ClassVar[str] = "information_request@1"

    question: FreeText
    asked_of: ShortText
    needed_by_on: PlannedDay

    @override
    def next_due_day(self) -> date:
        return self.needed_by_on


class Information(_ReferralForm):
    form_name: ClassVar[str] = "information@1"

    answer: FreeText
    supplied_by: Nullable[ShortText] = None


class Proceeding(_ReferralForm):
    """Information that was fetched by telephone, so that triage goes on without waiting."""

    form_name: ClassVar[str] = "proceeding@1"

    called: ShortText
    heard: FreeText


class Consult(_ReferralForm):
    form_name: ClassVar[str] = "consult@1"

    advice: FreeText
    next_step: FreeText
    done_by: ShortText


class ConsultOutcome(_ReferralForm):
    form_name: ClassVar[str] = "consult_outcome@1"

    confirmed_by: PersonRole
    outcome: Nullable[FreeText] = None


class TableRequest(_ReferralForm):
    """A request for the table after a consult, open to submitter and family at any time (T5)."""

    form_name: ClassVar[str] = "table_request@1"

    asked_by: PersonRole
    reason: FreeText


class Criterion(FormPart):
    met: YesNo
    reason: FreeText


class WantedMember(FormPart):
    role: TableRole
    expertise: Nullable[FreeText] = None


class Triage(_ReferralForm):
    """The triage decision on three criteria. Funding, contract and age have no field: they may not count (I2, R72)."""

    form_name: ClassVar[str] = "triage@1"

    regular_routes_tried: Criterion
    question_clear: Criterion
    urgency_sufficient: Criterion
    urgency: Urgency
    table_on: PlannedDay
    wanted_members: AtLeastOne[WantedMember]

    @override
    def next_due_day(self) -> date:
        return self.table_on


class Rescheduling(_ReferralForm):
    form_name: ClassVar[str] = "rescheduling@1"

    table_on: PlannedDay
    reason: FreeText

    @override
    def next_due_day(self) -> date:
        return self.table_on


class DeclineProposal(_ReferralForm):
    form_name: ClassVar[str] = "decline_proposal@1"

    reason: DeclineReason
    other_route: FreeText


class Decline(_ReferralForm):
    """A decline. It names the person elsewhere who took over the case (I10)."""

    form_name: ClassVar[str] = "decline@1"

    reason: DeclineReason
    other_route: FreeText
    taken_over_by: TakenOver
    message_to_family: FreeText

    @rule
    def _was_accepted(self, context: FormContext) -> Iterator[Fault]:
        return check_not_in_future(self.taken_over_by.accepted_on, context.day, "takenOverBy", "acceptedOn")


class TransferProposal(_ReferralForm):
    form_name: ClassVar[str] = "transfer_proposal@1"

    to_region: RegionCode
    reason: TransferReason
    explanation: Nullable[FreeText] = None


class Transfer(_ReferralForm):
    """A transfer to another responsible region, with the person there who accepted the case (I10)."""

    form_name: ClassVar[str] = "transfer@1"

    to_region: RegionCode
    reason: TransferReason
    accepted_by: TakenOver
    message_to_family: FreeText

    @rule
    def _was_accepted(self, context: FormContext) -> Iterator[Fault]:
        return check_not_in_future(self.accepted_by.accepted_on, context.day, "acceptedBy", "acceptedOn")

    @rule
    def _goes_elsewhere(self, context: FormContext) -> Iterator[Fault]:
        if self.to_region == context.region:
            yield Fault("transfer_to_own_region", ("toRegion",))


class Withdrawal(_ReferralForm):
    form_name: ClassVar[str] = "withdrawal@1"

    reason: WithdrawalReason
    wished_by: PersonRole
    explanation: Nullable[FreeText] = None


class Reopening(_ReferralForm):
    form_name: ClassVar[str] = "reopening@1"

    reason: ReopenReason
    what_happened: FreeText
