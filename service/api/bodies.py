"""The JSON that changes something: per kind of part one union of all its triggers, told apart by `trigger`."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Union
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, WrapValidator, create_model
from pydantic.alias_generators import to_camel, to_pascal
from pydantic_core import PydanticKnownError

from service.domain.administration import (
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
from service.domain.case import START
from service.domain.definition import Definition, Trigger
from service.domain.events import TYPE_PATTERN
from service.domain.forms import FORMS
from service.domain.forms.base import Form
from service.domain.forms.coded import AdviceDomain, HelpFunction
from service.domain.forms.consult import ConsultRequest
from service.domain.forms.escalation import EscalationSignal
from service.domain.forms.fields import Day, OrNone, RegionCode
from service.domain.forms.referral import Referral
from service.domain.moves import Step
from service.domain.offer import Chosen, Offer, Said
from service.domain.words import FreeText, ShortText
from service.use_cases.subscriptions import Change, Reason


class Body(BaseModel):
    """What may be sent: unknown members are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


_RFC_3339 = re.compile(
    r"(?:19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})?"
)


def _in_utc(given: object) -> datetime:
    """A moment as the Dutch rules write it: capitals T and Z, an offset that says something, no number of seconds."""
    match = _RFC_3339.fullmatch(given) if isinstance(given, str) else None
    if match is None or match[1] == "-00:00":
        raise PydanticKnownError("datetime_parsing", {"error": "not as in RFC 3339"})
    if match[1] is None:
        raise PydanticKnownError("timezone_aware")
    try:
        return datetime.fromisoformat(match[0]).astimezone(UTC)
    except ValueError:
        raise PydanticKnownError("datetime_parsing", {"error": "no such moment"}) from None


Moment = Annotated[datetime, BeforeValidator(_in_utc)]


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
    number: str = Field(pattern=r"^[0-9]{4}-[0-9]{4}$", examples=["4821-7730"])
    form: EscalationSignal


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
SIGNAL = TypeAdapter(SignalBody)
SUBSCRIPTION = TypeAdapter(SubscriptionBody)
SUBSCRIPTION_CHANGE = TypeAdapter(SubscriptionChangeBody)
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
    "subscription": SUBSCRIPTION,
    "subscription_change": SUBSCRIPTION_CHANGE,
    "offer": OFFER,
    "offer_statement": OFFER_STATEMENT,
    "offer_ending": OFFER_ENDING,
}


def union_for(definitions: Iterable[Definition]) -> TypeAdapter[Any]:
    """Every trigger that a person fires at a part that exists, of one kind of part.

    `definitions` are all that parts may run on, the newest first. Where they ask different things of one trigger, the
    definition that the part is pinned to decides, once it is known: what each of them takes comes through here.
    """
    asked: dict[str, list[Trigger]] = {}
    kind = ""
    for definition in definitions:
        kind = definition.name
        for trigger in definition.triggers.values():
            if any(source != START for source, _ in trigger.edges):
                asked.setdefault(trigger.name, []).append(trigger)
    models = [_model(kind, versions) for versions in asked.values()]
    union: Any = Annotated[Union[tuple(models)], Field(discriminator="trigger")]  # noqa: UP007 - a union made of a list
    return TypeAdapter(union)


def _model(kind: str, versions: Sequence[Trigger]) -> type[StepBody]:
    newest = versions[0]
    forms = list(dict.fromkeys(it.form for it in versions))
    fields: dict[str, Any] = {"trigger": (Literal[newest.name], ...)}
    if len(forms) > 1:
        fields["form"] = (_one_of(forms) | None, Field(default=None, description=_which(forms)))
    elif newest.form:
        fields["form"] = (FORMS[newest.form], Field(description=f"Form {newest.form}."))
    if all(it.grounds == "required" for it in versions):
        fields["grounds"] = (FreeText, Field(description="Why (onderbouwing): obligatory for this trigger."))
    name = f"{to_pascal(kind)}{to_pascal(newest.name)}"
    label = f"{newest.label.nl} / {newest.label.en}"
    return create_model(name, __base__=StepBody, __doc__=label, **fields)


def _one_of(forms: Iterable[str | None]) -> Any:
    """Any object, documented as one of these forms: which of them it must be is known with the part."""
    known = tuple(FORMS[name] for name in forms if name)
    union: Any = Union[known]  # noqa: UP007 - a union made of a list
    return Annotated[dict[str, Any], WrapValidator(lambda given, as_object: as_object(given), union)]


def _which(forms: Iterable[str | None]) -> str:
    told = ", ".join(f"form {name}" if name else "no form" for name in forms)
    return f"As the workflow asks that the part runs on: {told}."
