"""Forms of file requests: access, a copy, correction or destruction, and the decision (AVG 15-17; T22)."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import ClassVar, Literal

from pydantic import Field
from typing_extensions import override

from service.cases.rules.forms.base import Form, FormContext, rule
from service.vocabulary.coded_answers import FileRequestExtent, FileRequestKind, FileRequestRefusalReason, PersonRole
from service.vocabulary.fields import Day, Nullable, check_not_in_future
from service.vocabulary.form_parts import ContentClass, Fault
from service.vocabulary.language import FreeText

# Two months on top of the first month, counted from the day on which the postponement was told (AVG 12.3).
LONGEST_POSTPONEMENT = timedelta(days=62)


class _AboutTheFile(Form):
    content_class: ClassVar[ContentClass] = "notes"


class FileRequest(_AboutTheFile):
    """A request to exercise a right on the file, without a reason. `asked_on` is the day on which it was received."""

    form_name: ClassVar[str] = "file_request@1"

    kind: FileRequestKind
    asked_by: PersonRole
    asked_on: Day
    about: Nullable[FreeText] = Field(default=None, description="The part of the file; the whole file when left out.")

    @rule
    def _was_asked(self, context: FormContext) -> Iterator[Fault]:
        return check_not_in_future(self.asked_on, context.day, "askedOn")


class FileRequestGranting(_AboutTheFile):
    """The granting of a file request. A partial grant states what is not granted, and why."""

    form_name: ClassVar[str] = "file_request_grant@1"

    extent: FileRequestExtent
    not_granted: Nullable[FreeText] = None
    identity_checked: FreeText = Field(description="The way in which the requester was identified (AVG 12.6).")

    @rule
    def _what_is_not_granted_is_told(self, _context: FormContext) -> Iterator[Fault]:
        if self.extent.code == "partial" and not self.not_granted:
            yield Fault("partial_says_what_not", ("notGranted",))


class FileRequestRefusal(_AboutTheFile):
    """The refusal of a file request. The requester is told why, and where to complain (AVG 12.4)."""

    form_name: ClassVar[str] = "file_request_refusal@1"

    reason: FileRequestRefusalReason
    told_on: Day
    told_where_to_complain: Literal[True]

    @rule
    def _was_told(self, context: FormContext) -> Iterator[Fault]:
        return check_not_in_future(self.told_on, context.day, "toldOn")


class FileRequestPostponement(_AboutTheFile):
    form_name: ClassVar[str] = "file_request_postponement@1"

    due_on: Day
    told_on: Day

    @override
    def next_due_day(self) -> date:
        return self.due_on

    @rule
    def _was_told(self, context: FormContext) -> Iterator[Fault]:
        return check_not_in_future(self.told_on, context.day, "toldOn")

    @rule
    def _postponement_is_short(self, _context: FormContext) -> Iterator[Fault]:
        if not self.told_on <= self.due_on <= self.told_on + LONGEST_POSTPONEMENT:
            yield Fault("postponed_too_long", ("dueOn",), {"days": LONGEST_POSTPONEMENT.days})


class FileRequestOutcome(_AboutTheFile):
    form_name: ClassVar[str] = "file_request_outcome@1"

    carried_out_on: Day
    what_was_done: FreeText

    @rule
    def _was_carried_out(self, context: FormContext) -> Iterator[Fault]:
        return check_not_in_future(self.carried_out_on, context.day, "carriedOutOn")
