"""The base class of forms: versioned name, coded facts, and checks beyond types."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache, partial
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeVar
from uuid import UUID

from service.cases.rules.facts import CaseFacts
from service.vocabulary.calendar import Term, months_after
from service.vocabulary.code_lists import coded_values
from service.vocabulary.fields import MONTHS_TO_PLAN, check_planned_days
from service.vocabulary.form_parts import Codes, ContentClass, Fault, FormPart
from service.vocabulary.partial_values import FieldUnread, PartialValue, results_if_readable
from service.vocabulary.roles import Role
from service.workflows.rules.region_settings import RegionSettings

AddresseeRole = Literal["liaison", "network", "payer", "asker"]
RULE_MARK = "is_a_rule"
R = TypeVar("R", bound=Callable[..., Iterable[Fault]])


@dataclass(frozen=True, slots=True)
class FormContext(PartialValue):
    """The context of form checks: the facts before the step, the settings of the region, and the day in Amsterdam.

    `decided_on` is the day of the step; for an amended form, that of the amended entry. Plans count from it.
    `region` owns the case, `part_id` is the part that the step is taken on. `part_triggers` are those of the entries of
    this part; for an amended form, of its other entries. `part_codes` are those of its first entry. `birth_month`
    (YYYY-MM) is set for forms that weigh age; None when it is not known. `first_form` began the part, and is set for
    forms that count from it. `unamended` is the form before an amendment, for an amended form. `recorded_by` is the
    role of the person who takes the step. `due_on` is the due day of the part before the step.
    """

    facts: CaseFacts
    settings: RegionSettings
    day: date
    decided_on: date | None = None
    region: str = ""
    part_id: UUID | None = None
    part_triggers: tuple[str, ...] = ()
    part_codes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    birth_month: str | None = None
    first_form: "Form | None" = None
    unamended: "Form | None" = None
    recorded_by: Role | None = None
    due_on: date | None = None


@dataclass(frozen=True, slots=True)
class PartOpening:
    """A part that a form opens.

    The addressee is an organisation that the form names, or the one that the system looks up for `addressee_role`: the
    liaison or network of the region, the payer by the residence principle, or the organisation that takes the step.
    None when it is unknown. `due_on` and `codes` belong to the first entry.
    """

    addressee_id: UUID | None = None
    line: str | None = None
    addressee_role: AddresseeRole | None = None
    due_on: date | None = None
    codes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NamedOrganisation:
    """An organisation that a form names. `allowed_kinds` fit the field, `location` is the JSON path of the field."""

    id: UUID
    allowed_kinds: tuple[str, ...]
    location: tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class NamedMunicipality:
    """A municipality that a form names by its CBS code. `location` is the JSON path of the field."""

    code: str
    location: tuple[str, ...]


def rule(check: R) -> R:
    """Mark a method `(self, context) -> faults` as a rule of its form.

    A rule checks one thing and reads only the fields that it needs: in a partly read form, a rule that needs an
    unreadable field gives no faults. A rule replaces the rule of the same name in a base class.
    """
    setattr(check, RULE_MARK, True)
    return check


@cache
def _rules(form: type["Form"]) -> tuple[str, ...]:
    """Returns the names of the rules of a form, those of its base classes first."""
    names = (
        name for base in reversed(form.__mro__) for name, member in vars(base).items() if hasattr(member, RULE_MARK)
    )
    return tuple(dict.fromkeys(names))


class Form(FormPart):
    """The form that a trigger requires. Stored content keeps its `form_name`, and a released class never changes.

    A partly read form (`read_form`) lacks the fields that could not be read. Access to such a field raises FieldUnread.
    """

    form_name: ClassVar[str]
    content_class: ClassVar[ContentClass]
    assignee_field: ClassVar[str] = "assigneeId"
    weighs_age: ClassVar[bool] = False
    counts_from_first_form: ClassVar[bool] = False
    sets_due_day_when_amended: ClassVar[bool] = False

    @classmethod
    def is_optional(cls) -> bool:
        """True if every field is optional: then a step without a form counts as one with an empty form."""
        return not any(field.is_required() for field in cls.model_fields.values())

    def codes(self) -> Codes:
        """Returns the sorted codes by name of code list: the only part of a form that becomes a fact."""
        codes_by_list: dict[str, set[str]] = {}
        for coded in coded_values(self):
            codes_by_list.setdefault(coded.code_list.name, set()).add(coded.code)
        return {name: tuple(sorted(codes)) for name, codes in sorted(codes_by_list.items())}

    def age_codes(self, birth_month: str | None) -> Codes:  # noqa: ARG002 - for forms that weigh age only
        """Returns the codes, by name, that follow from the answers and the child's age together."""
        return {}

    @rule
    def _plans_in_the_window(self, context: FormContext) -> Iterator[Fault]:
        first = context.decided_on or context.day
        return check_planned_days(self, first, months_after(first, MONTHS_TO_PLAN))

    def faults(self, context: FormContext) -> Iterator[Fault]:
        """Yields the faults of every rule. Types and limits are checked before."""
        for name in _rules(type(self)):
            yield from results_if_readable(partial(getattr(self, name), context))

    if not TYPE_CHECKING:  # with a __getattr__, mypy would accept any attribute

        def __getattr__(self, name: str) -> Any:
            if name in type(self).model_fields:
                raise FieldUnread(name)
            return super().__getattr__(name)

    def openings(self, kind: str, context: FormContext) -> tuple[PartOpening, ...]:  # noqa: ARG002 - most forms open no part
        """Returns the parts of this kind that the form opens."""
        return ()

    def named_organisations(self) -> Iterable[NamedOrganisation]:
        """Returns the organisations that the form names. Each must exist here and be of an allowed kind."""
        return ()

    def named_municipalities(self) -> Iterable[NamedMunicipality]:
        """Returns the municipalities that the form names. Each code must be known (`faults.unknown_municipality`)."""
        return ()

    def next_assignee(self, current: UUID | None) -> UUID | None:
        """Returns the person who must act next: the one in the field `assignee_field`, or the current assignee."""
        return current

    def age_band(self, on: date) -> str | None:  # noqa: ARG002 - most forms hold no age
        """Returns the age band of the child on this day. No other datum about age becomes a fact."""
        return None

    def next_due_day(self) -> date | None:
        """Returns the day in Amsterdam by which the next action is due, if the form sets one."""
        return None

    def due_day(self, term: Term, context: FormContext) -> date | None:  # noqa: ARG002 - most forms set a day or none
        """Returns the day by which the next action is due; None where the term counts from the day of the step."""
        return self.next_due_day()

    def to_content(self) -> dict[str, Any]:
        """Returns the form as content: JSON values by camelCase name, without absent fields."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)
