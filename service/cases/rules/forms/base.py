"""What every form shares: its versioned name, the facts it lets us count, and its own checks."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache, partial
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeVar
from uuid import UUID

from service.cases.rules.facts import CaseFacts
from service.vocabulary.code_lists import coded_values
from service.vocabulary.form_parts import Codes, ContentClass, Fault, FormPart
from service.vocabulary.partly_read import PartlyRead, Unread, as_far_as_read
from service.workflows.rules.region_settings import RegionSettings

Sought = Literal["liaison", "network", "payer", "asker"]
RULE = "is_a_rule"
R = TypeVar("R", bound=Callable[..., Iterable[Fault]])


@dataclass(frozen=True, slots=True)
class FormContext(PartlyRead):
    """What a form may be held against: the facts before the step, the region's settings, the day in Amsterdam.

    `region` is the one that owns the case, `part_id` the part that the step is taken with. `birth_month` is told to
    forms that weigh age; None when nobody said it yet.
    """

    facts: CaseFacts
    settings: RegionSettings
    on: date
    region: str = ""
    part_id: UUID | None = None
    birth_month: str | None = None


@dataclass(frozen=True, slots=True)
class Opening:
    """A part that a form begins.

    It is addressed to an organisation that the form names, or to the one that is `sought` in this role: the liaison or
    network of the region, the payer by the residence principle, or whoever asks. Nobody known yet is None. `due_on` and
    `codes` go with the first entry.
    """

    addressee_id: UUID | None = None
    line: str | None = None
    sought: Sought | None = None
    due_on: date | None = None
    codes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Named:
    """An organisation that a form names, and what it must be to be named there."""

    id: UUID
    kinds: tuple[str, ...]
    location: tuple[str | int, ...]


def rule(check: R) -> R:
    """Mark a method `(self, context) -> faults` as a rule of its form.

    A rule asks one thing and reads no field that it does not need: in a form that is partly read, it says nothing as
    soon as it asks for a field that could not be read. A rule of the same name in a class above it is replaced.
    """
    setattr(check, RULE, True)
    return check


@cache
def _rules(form: type["Form"]) -> tuple[str, ...]:
    """The names of the rules of a form, those of the classes that it builds on first."""
    named = (name for part in reversed(form.__mro__) for name, it in vars(part).items() if hasattr(it, RULE))
    return tuple(dict.fromkeys(named))


class Form(FormPart):
    """What a trigger must bring. Stored content keeps its `form_name`; a class once released is never changed.

    A form that is partly read (`reading.read_form`) lacks the fields that could not be read: asking for one of them
    raises Unread.
    """

    form_name: ClassVar[str]
    content_class: ClassVar[ContentClass]
    assigned_in: ClassVar[str] = "assigneeId"
    weighs_age: ClassVar[bool] = False

    @classmethod
    def may_be_left_out(cls) -> bool:
        """True where every field is optional: no form at all means the empty one."""
        return not any(it.is_required() for it in cls.model_fields.values())

    def codes(self) -> Codes:
        """The coded answers, by code list: the only part of a form that becomes a fact."""
        found: dict[str, set[str]] = {}
        for coded in coded_values(self):
            found.setdefault(coded.code_list.name, set()).add(coded.code)
        return {name: tuple(sorted(codes)) for name, codes in sorted(found.items())}

    def weighed(self, birth_month: str) -> Codes:  # noqa: ARG002 - asked only of forms that weigh age
        """The facts that follow from what is said and the child's age together."""
        return {}

    def faults(self, context: FormContext) -> Iterator[Fault]:
        """What is wrong beyond types and limits, given the case and the region's settings: what each rule says."""
        for name in _rules(type(self)):
            yield from as_far_as_read(partial(getattr(self, name), context))

    if not TYPE_CHECKING:  # every other name is checked as ever

        def __getattr__(self, name: str) -> Any:
            if name in type(self).model_fields:
                raise Unread(name)
            return super().__getattr__(name)

    def openings(self, kind: str, context: FormContext) -> tuple[Opening, ...]:  # noqa: ARG002 - most forms open nothing
        """The parts of this kind that the form begins."""
        return ()

    def names_organisations(self) -> Iterable[Named]:
        """The organisations that the form addresses; each must exist here and be of a fitting kind."""
        return ()

    def assigned(self, current: UUID | None) -> UUID | None:
        """The person who must act next, where the form names one (in the field `assigned_in`)."""
        return current

    def age_band(self, on: date) -> str | None:  # noqa: ARG002 - only a referral knows an age
        """The band of the child's age on that day: the only thing about age that becomes a fact."""
        return None

    def next_on(self) -> date | None:
        """The day by which the next action is due, where the form itself sets one."""
        return None

    def stored(self) -> dict[str, Any]:
        """The form as content: JSON values with camelCase names."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)
