"""The kind of part in which two people decide to destroy the content of one entry, and its form (Jeugdwet 7.3.9)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field
from typing_extensions import override

from service.cases.rules.amendments import EntryPlace
from service.cases.rules.certificate import ContentDestructionGround
from service.cases.rules.forms import COMMON_FORMS
from service.cases.rules.forms.base import Form, FormContext, rule
from service.cases.rules.kinds import Kind
from service.cases.rules.model import Transition
from service.vocabulary.fields import Nullable
from service.vocabulary.form_parts import Codes, ContentClass, Fault
from service.vocabulary.language import FreeText
from service.vocabulary.roles import Role

KIND: Literal["entry_destruction"] = "entry_destruction"
DESTROY_TRIGGER = "destroy_content"
# Keys in the codes of a proposal: the entry that it names, and the granted request.
DESTROYED_ENTRY, DESTROYED_PART, GRANTED_REQUEST = "destroys", "destroys_part", "granted_request"


class EntryDestruction(Form):
    """A proposal to destroy the content of one entry, on a granted request or for somebody's safety.

    It stays when the content is gone, and records what remains.
    """

    form_name: ClassVar[str] = "entry_destruction@1"
    content_class: ClassVar[ContentClass] = "notes"

    request_id: Nullable[UUID] = Field(
        default=None,
        description=(
            "The part (file request) that asked for destruction and was granted, in full or in part. When left out, "
            "somebody's safety requires it."
        ),
    )
    part_id: UUID = Field(description="The part of the entry; for the case itself, the id of the case.")
    number: int = Field(strict=True, ge=1, description="The `partSequence` of the entry.")
    what_remains: FreeText = Field(description="What the entry was about, without what has to go.")

    @override
    def codes(self) -> Codes:
        request = {GRANTED_REQUEST: (str(self.request_id),)} if self.request_id else {}
        place = {DESTROYED_ENTRY: (str(self.number),), DESTROYED_PART: (str(self.part_id),)}
        return {**super().codes(), **place, **request}

    @rule
    def _is_amended_in_its_words_alone(self, context: FormContext) -> Iterator[Fault]:
        before = context.unamended
        if not isinstance(before, EntryDestruction):
            return
        for field in ("requestId", "partId", "number"):
            if before.to_content().get(field) != self.to_content().get(field):
                yield Fault("proposal_of_another_entry", (field,))


ENTRY_DESTRUCTION = Kind(
    name=KIND,
    begins="by_itself",
    belongs_to_file=False,
    addressee_roles=frozenset({Role.DATA_PROTECTION_OFFICER}),
    parties=frozenset({Role.DATA_PROTECTION_OFFICER}),
    decided_by=Role.DATA_PROTECTION_OFFICER,
    facts_rule=None,
    forms=(EntryDestruction, *COMMON_FORMS),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentProposal:
    """A proposal to destroy the content of the entry at `place`, as recorded in the history."""

    part_id: UUID
    place: EntryPlace
    ground: ContentDestructionGround
    request_id: UUID | None

    @classmethod
    def from_entry(cls, entry: Transition) -> "ContentProposal":
        """Read the first entry of a part of this kind."""
        (part_id,), (number,) = entry.codes[DESTROYED_PART], entry.codes[DESTROYED_ENTRY]
        request = entry.codes.get(GRANTED_REQUEST)
        return cls(
            part_id=entry.part_id,
            place=(UUID(part_id), int(number)),
            ground="request" if request else "safety",
            request_id=UUID(request[0]) if request else None,
        )


def open_proposals(history: Sequence[Transition]) -> tuple[ContentProposal, ...]:
    """The proposals of a case on which nobody decided yet."""
    entries = [entry for entry in history if entry.part_kind == KIND]
    phases = {entry.part_id: entry.phase for entry in entries}
    first = (entry for entry in entries if entry.part_sequence == 1)
    return tuple(ContentProposal.from_entry(entry) for entry in first if phases[entry.part_id] != "ended")
