"""Forms of file requests: access, a copy, correction or destruction, and the decision (AVG 15-17; T22)."""

from collections.abc import Iterator
from datetime import date
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field
from typing_extensions import override

from service.cases.rules.forms.base import Form, FormContext, rule
from service.cases.rules.forms.notes import Amendment
from service.vocabulary.calendar import Term, last_day_of
from service.vocabulary.coded_answers import FileRequestExtent, FileRequestKind, FileRequestRefusalReason, PersonRole
from service.vocabulary.fields import Day, Nullable, check_not_in_future
from service.vocabulary.form_parts import ContentClass, Fault
from service.vocabulary.language import FreeText
from service.vocabulary.partial_values import FieldUnread

# All count from the day of the request, whatever the region set, and on whichever workflow the request runs.
LONGEST_DECISION = Term(months=1)  # AVG 12.3
LONGEST_POSTPONEMENT = Term(months=3)  # AVG 12.3: two months on top of the first
LONGEST_CARRYING_OUT = Term(months=3)  # Jeugdwet 7.3.9, and the longest term of AVG 12.3


class _AboutTheFile(Form):
    content_class: ClassVar[ContentClass] = "notes"


class FileRequest(_AboutTheFile):
    """A request to exercise a right on the file, without a reason. `asked_on` is the day on which it was received."""

    form_name: ClassVar[str] = "file_request@1"
    sets_due_day_when_amended: ClassVar[bool] = True

    kind: FileRequestKind
    asked_by: PersonRole
    asked_on: Day
    about: Nullable[FreeText] = Field(default=None, description="The part of the file; the whole file when left out.")

    @override
    def due_day(self, term: Term, context: FormContext) -> date | None:
        if "grant" in context.part_triggers:
            return last_day_of(self.asked_on, LONGEST_CARRYING_OUT)
        if "postpone" in context.part_triggers:
            longest = last_day_of(self.asked_on, LONGEST_POSTPONEMENT)
            return min(context.due_on, longest) if context.due_on else None
        return min(last_day_of(self.asked_on, term), last_day_of(self.asked_on, LONGEST_DECISION))

    @rule
    def _was_asked(self, context: FormContext) -> Iterator[Fault]:
        return check_not_in_future(self.asked_on, context.day, "askedOn")

    @rule
    def _asks_what_was_granted(self, context: FormContext) -> Iterator[Fault]:
        before = context.unamended
        opens_more = "grant" in context.part_triggers and self.kind.code in ("correction", "destruction")
        if opens_more and isinstance(before, FileRequest) and before.kind != self.kind:
            yield Fault("granted_as_asked", ("kind",))


class FileRequestGranting(_AboutTheFile):
    """The granting of a file request. A partial grant states what is not granted, and why."""

    form_name: ClassVar[str] = "file_request_grant@1"
    counts_from_first_form: ClassVar[bool] = True

    extent: FileRequestExtent
    not_granted: Nullable[FreeText] = None
    identity_checked: FreeText = Field(description="The way in which the requester was identified (AVG 12.6).")

    @override
    def due_day(self, term: Term, context: FormContext) -> date:
        return min(last_day_of(context.day, term), last_day_of(_asked_on(context), LONGEST_CARRYING_OUT))

    @rule
    def _what_is_not_granted_is_told(self, _context: FormContext) -> Iterator[Fault]:
        if self.extent.code == "partial" and not self.not_granted:
            yield Fault("partial_says_what_not", ("notGranted",))


class FileRequestRefusal(_AboutTheFile):
    """The refusal of a file request. The requester is told why, and where to complain (AVG 12.4)."""

    form_name: ClassVar[str] = "file_request_refusal@1"
    counts_from_first_form: ClassVar[bool] = True

    reason: FileRequestRefusalReason
    told_on: Day
    told_where_to_complain: Literal[True]

    @rule
    def _was_told(self, context: FormContext) -> Iterator[Fault]:
        return _faults_of_day(self.told_on, context, "toldOn")


class FileRequestPostponement(_AboutTheFile):
    form_name: ClassVar[str] = "file_request_postponement@1"
    counts_from_first_form: ClassVar[bool] = True
    sets_due_day_when_amended: ClassVar[bool] = True

    due_on: Day
    told_on: Day

    @override
    def due_day(self, term: Term, context: FormContext) -> date | None:
        return None if "grant" in context.part_triggers else self.due_on

    @rule
    def _was_told(self, context: FormContext) -> Iterator[Fault]:
        return _faults_of_day(self.told_on, context, "toldOn")

    @rule
    def _postponement_is_short(self, context: FormContext) -> Iterator[Fault]:
        last = last_day_of(_asked_on(context), LONGEST_POSTPONEMENT)
        if last < self.told_on:
            yield Fault("too_late_to_postpone", ("toldOn",), {"last": last})
        elif not self.told_on <= self.due_on <= last:
            yield Fault("postponed_too_long", ("dueOn",), {"last": last})

    @rule
    def _is_the_only_postponement(self, context: FormContext) -> Iterator[Fault]:
        if "postpone" in context.part_triggers:
            yield Fault("postponed_before", ("dueOn",))


class Correction(Amendment):
    """A correction that was granted, also of a case that has ended or was transferred (AVG 16).

    `part_id` is the part of entry `amends`; the case itself when it is left out.
    """

    form_name: ClassVar[str] = "correction@1"
    amends_file: ClassVar[bool] = True

    part_id: Nullable[UUID] = None

    @override
    def amended_place(self, part_id: UUID, case_id: UUID) -> tuple[UUID, int]:
        return self.part_id or case_id, self.amends

    @rule
    def _was_asked_for(self, context: FormContext) -> Iterator[Fault]:
        if "correction" not in context.part_codes.get("file_request_kind", ()):
            yield Fault("not_a_correction", ("amends",))


class FileRequestOutcome(_AboutTheFile):
    form_name: ClassVar[str] = "file_request_outcome@1"
    counts_from_first_form: ClassVar[bool] = True

    carried_out_on: Day
    what_was_done: FreeText

    @rule
    def _was_carried_out(self, context: FormContext) -> Iterator[Fault]:
        return _faults_of_day(self.carried_out_on, context, "carriedOutOn")


def _faults_of_day(day: date, context: FormContext, field: str) -> Iterator[Fault]:
    """Yields a fault when this day of an answer lies in the future or before the request."""
    yield from check_not_in_future(day, context.day, field)
    asked_on = _asked_on(context)
    if day < asked_on:
        yield Fault("before_the_request", (field,), {"asked": asked_on})


def _asked_on(context: FormContext) -> date:
    """Returns the day of the request. Raises FieldUnread where the form of the request was not read."""
    if not isinstance(context.first_form, FileRequest):
        raise FieldUnread("first_form")
    return context.first_form.asked_on
