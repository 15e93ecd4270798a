"""Forms for every part: a note, a reassignment and an amendment."""

import json
import re
from collections.abc import Iterator
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import BeforeValidator, Field, JsonValue
from typing_extensions import override

from service.cases.rules.forms.base import Form, FormContext, rule
from service.vocabulary.accepted_text import with_line_breaks
from service.vocabulary.fields import Nullable
from service.vocabulary.form_parts import ContentClass, Fault
from service.vocabulary.language import FreeText

MAX_CHANGES_BYTES = 200_000  # bytes of UTF-8 JSON

_CAMEL_CASE = re.compile(r"[a-z][a-zA-Z0-9]*", re.ASCII)


class _NotesForm(Form):
    content_class: ClassVar[ContentClass] = "notes"


class Note(_NotesForm):
    form_name: ClassVar[str] = "note@1"

    text: FreeText


class Reassignment(_NotesForm):
    form_name: ClassVar[str] = "reassignment@1"

    assignee_id: Nullable[UUID] = None

    @override
    def next_assignee(self, current: UUID | None) -> UUID | None:
        return self.assignee_id


class Amendment(_NotesForm):
    """A correction of the form of entry `amends`, as a merge patch (RFC 7396). It never changes the path of states."""

    form_name: ClassVar[str] = "amendment@1"
    amends_file: ClassVar[bool] = False  # True: the entries of the whole file, of every organisation

    amends: int = Field(strict=True, ge=1)
    changes: Annotated[dict[str, JsonValue], BeforeValidator(with_line_breaks)] = Field(min_length=1, max_length=100)
    reason: FreeText

    def amended_place(self, part_id: UUID, case_id: UUID) -> tuple[UUID, int]:  # noqa: ARG002 - most amend their own part
        """Returns (part id, part sequence) of the amended entry. `part_id`: the part of the amendment itself."""
        return part_id, self.amends

    @rule
    def _changes_are_plain(self, _context: FormContext) -> Iterator[Fault]:
        if not _is_plain_json(self.changes):
            yield Fault("changes_not_readable", ("changes",), {"most": MAX_CHANGES_BYTES})

    @rule
    def _changes_are_camel_case(self, _context: FormContext) -> Iterator[Fault]:
        for name in sorted(_member_names(self.changes)):
            if not _CAMEL_CASE.fullmatch(name):
                yield Fault("changes_not_camel_case", ("changes",))
                return


def _is_plain_json(changes: dict[str, JsonValue]) -> bool:
    try:
        encoded = json.dumps(changes, ensure_ascii=False, allow_nan=False).encode()
    except ValueError:
        return False
    return len(encoded) <= MAX_CHANGES_BYTES


def _member_names(value: object) -> Iterator[str]:
    """Yields the member names of a JSON value at every depth."""
    if isinstance(value, dict):
        yield from value
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for child in children:
        yield from _member_names(child)
