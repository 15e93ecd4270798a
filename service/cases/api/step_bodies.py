"""The JSON of a step: per kind of part one union of all its triggers, told apart by `trigger`."""

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
    """A step: what is done, when it happened in life (now, when left out), why, and the form it takes."""

    trigger: str
    occurred_at: Moment | None = Field(default=None, description="With an offset from UTC; now when left out.")
    grounds: FreeText | None = Field(default=None, description="Why (onderbouwing).")

    def to_step(self, now: datetime) -> Step:
        given: Form | dict[str, Any] | None = getattr(self, "form", None)
        form, unread = (None, given) if isinstance(given, dict) else (given, None)
        when, dated = self.occurred_at or now, self.occurred_at is not None
        return Step(trigger=self.trigger, occurred_at=when, dated=dated, grounds=self.grounds, form=form, unread=unread)


def step_of(kind: PartKind, definitions: Iterable[Definition]) -> Any:
    """The type of a step that a person takes with a part of this kind: a union, told apart by `trigger`.

    `definitions` are all that parts may run on, the newest first. Where they ask different things of one trigger, the
    definition that the part is pinned to decides, once it is known: what each of them takes comes through here.
    """
    asked: dict[str, list[Trigger]] = {}
    for definition in definitions:
        for trigger in definition.triggers.values():
            if any(source != START for source, _ in trigger.edges):
                asked.setdefault(trigger.name, []).append(trigger)
    models = tuple(_model(kind, versions) for versions in asked.values())
    union: Any = Annotated[Union[models], Field(discriminator="trigger")]  # noqa: UP007 - a union made of a list
    return TypeAliasType(f"{to_pascal(kind)}Step", union)


def _model(kind: str, versions: Sequence[Trigger]) -> type[StepBody]:
    newest = versions[0]
    forms = list(dict.fromkeys(it.form for it in versions))
    fields: dict[str, Any] = {"trigger": (Literal[newest.name], ...)}
    if len(forms) > 1:
        fields["form"] = (_one_of(forms) | None, Field(default=None, description=_which(forms)))
    elif newest.form:
        form = KINDS.forms[newest.form]
        told = f"Form {newest.form}."
        left_out = Field(default_factory=form, description=f"{told} The empty form when left out.")
        fields["form"] = (form, left_out if form.may_be_left_out() else Field(description=told))
    if all(it.grounds == "required" for it in versions):
        fields["grounds"] = (FreeText, Field(description="Why (onderbouwing): obligatory for this trigger."))
    name = f"{to_pascal(kind)}{to_pascal(newest.name)}"
    label = f"{newest.label.nl} / {newest.label.en}"
    return create_model(name, __base__=StepBody, __doc__=label, **fields)


def _one_of(forms: Iterable[str | None]) -> Any:
    """Any object, documented as one of these forms: which of them it must be is known with the part."""
    known = tuple(KINDS.forms[name] for name in forms if name)
    union: Any = Union[known]  # noqa: UP007 - a union made of a list
    return Annotated[dict[str, Any], WrapValidator(lambda given, as_object: as_object(given), union)]


def _which(forms: Iterable[str | None]) -> str:
    told = ", ".join(f"form {name}" if name else "no form" for name in forms)
    return f"As the workflow asks that the part runs on: {told}."
