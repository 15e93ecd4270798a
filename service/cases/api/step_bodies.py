"""Request bodies of steps: for each kind of part a union of all its triggers, discriminated by `trigger`."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, Union

from pydantic import Field, WrapValidator, create_model
from pydantic.alias_generators import to_pascal
from typing_extensions import TypeAliasType

from service.cases.rules.forms.base import Form
from service.cases.rules.steps import Step
from service.http.json_models import Body
from service.kinds import KINDS
from service.vocabulary.fields import Moment
from service.vocabulary.language import FreeText
from service.workflows.rules.definition import Definition, Trigger
from service.workflows.rules.kinds import START, PartKind

CaseNumber = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{4}$", examples=["4821-7730"])]


class StepBody(Body):
    """A step: its trigger, the time at which it happened (default: now), the grounds, and the form of the trigger."""

    trigger: str
    occurred_at: Moment | None = Field(default=None, description="With an offset from UTC; now when left out.")
    grounds: FreeText | None = Field(default=None, description="Grounds (onderbouwing).")

    def to_step(self, now: datetime) -> Step:
        """The step for the use case. `now` (UTC) is its time when the body names none."""
        value: Form | dict[str, Any] | None = getattr(self, "form", None)
        form, unread = (None, value) if isinstance(value, dict) else (value, None)
        return Step(
            trigger=self.trigger,
            occurred_at=self.occurred_at or now,
            has_date=self.occurred_at is not None,
            grounds=self.grounds,
            form=form,
            raw_form=unread,
        )


def step_type(kind: PartKind, definitions: Iterable[Definition]) -> Any:
    """The body type of a step with a part of this kind: a union, discriminated by `trigger`.

    `definitions` are all that parts of this kind may run on, newest first. Where they ask different forms for one
    trigger, this type accepts any object; the definition of the part decides later.
    """
    versions_by_name: dict[str, list[Trigger]] = {}
    for definition in definitions:
        for trigger in definition.triggers.values():
            if any(source != START for source, _ in trigger.edges):
                versions_by_name.setdefault(trigger.name, []).append(trigger)
    models = tuple(_model(kind, versions) for versions in versions_by_name.values())
    union: Any = Annotated[Union[models], Field(discriminator="trigger")]  # noqa: UP007 - a union made of a list
    return TypeAliasType(f"{to_pascal(kind)}Step", union)


def _model(kind: str, versions: Sequence[Trigger]) -> type[StepBody]:
    newest = versions[0]
    forms = list(dict.fromkeys(trigger.form for trigger in versions))
    fields: dict[str, Any] = {"trigger": (Literal[newest.name], ...)}
    if len(forms) > 1:
        fields["form"] = (_any_form(forms) | None, Field(default=None, description=_description(forms)))
    elif newest.form:
        form = KINDS.forms[newest.form]
        description = f"Form {newest.form}."
        optional = Field(default_factory=form, description=f"{description} The empty form when left out.")
        fields["form"] = (form, optional if form.is_optional() else Field(description=description))
    if all(trigger.grounds == "required" for trigger in versions):
        fields["grounds"] = (FreeText, Field(description="Grounds (onderbouwing), required for this trigger."))
    name = f"{to_pascal(kind)}{to_pascal(newest.name)}"
    label = f"{newest.label.nl} / {newest.label.en}"
    return create_model(name, __base__=StepBody, __doc__=label, **fields)


def _any_form(forms: Iterable[str | None]) -> Any:
    """Any object, documented as one of these forms. The workflow of the part decides which one it must be."""
    models = tuple(KINDS.forms[name] for name in forms if name)
    union: Any = Union[models]  # noqa: UP007 - a union made of a list
    return Annotated[dict[str, Any], WrapValidator(lambda value, validate_object: validate_object(value), union)]


def _description(forms: Iterable[str | None]) -> str:
    names = ", ".join(f"form {name}" if name else "no form" for name in forms)
    return f"As the workflow asks that the part runs on: {names}."
