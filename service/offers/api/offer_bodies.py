"""Request bodies and query parameters of offers."""

from collections.abc import Mapping
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field, WithJsonSchema

from service.http.json_models import Body, RegionParameter
from service.http.parameters import QueryKeys
from service.offers.rules.offer import CodedChoice, Offer, OfferStatement
from service.vocabulary.code_lists import CODE_LISTS, unknown_code_error
from service.vocabulary.coded_answers import AdviceDomain, HelpFunction
from service.vocabulary.fields import Day, Nullable, RegionCode
from service.vocabulary.language import BilingualText, FreeText, ShortText

DOMAIN, FUNCTION = CODE_LISTS["advice_domain"], CODE_LISTS["help_function"]


class OfferBody(Body):
    """One function of one provider. Living and treatment are separate offers (R37). An offer has no price (R70)."""

    provider_id: UUID
    domain: AdviceDomain
    function: HelpFunction
    expertise: FreeText = Field(description="In the provider's own words; nothing about a child.")
    region: Nullable[RegionCode] = Field(
        default=None, description="The region that it serves; every region when omitted."
    )
    valid_from: Day

    def to_offer(self, offer_id: UUID) -> Offer:
        return Offer(
            id=offer_id,
            provider_id=self.provider_id,
            domain=CodedChoice(code=self.domain.code, text=self.domain.text),
            function=CodedChoice(code=self.function.code, text=self.function.text),
            expertise=self.expertise,
            region=self.region,
            valid_from=self.valid_from,
        )


class OfferStatementBody(Body):
    """Free places and waiting time on a day. An omitted value is not known."""

    stated_on: Day = Field(description="The day that the statement is about, not in the future.")
    places_free: Nullable[Annotated[int, Field(strict=True, ge=0, le=10_000)]] = None
    waiting_days: Nullable[Annotated[int, Field(strict=True, ge=0, le=3660)]] = None
    note: Nullable[ShortText] = Field(default=None, description="Nothing about a child.")

    def to_statement(self) -> OfferStatement:
        return OfferStatement(**dict(self))


class OfferEndingBody(Body):
    """The last day of an offer."""

    last_day: Day


def _check_code(code: str, codes: Mapping[str, BilingualText]) -> str:
    if code not in codes:
        raise unknown_code_error(codes)
    return code


DomainCode = Annotated[
    str,
    AfterValidator(lambda code: _check_code(code, DOMAIN.codes)),
    WithJsonSchema({"type": "string", "enum": list(DOMAIN.codes)}),
]


FunctionCode = Annotated[
    str,
    AfterValidator(lambda code: _check_code(code, FUNCTION.codes)),
    WithJsonSchema({"type": "string", "enum": list(FUNCTION.codes)}),
]


class OffersQuery(QueryKeys):
    """Filters of the overview. `region` also keeps offers that serve every region."""

    region: RegionParameter | None = None
    domain: DomainCode | None = None
    function: FunctionCode | None = None
    provider: UUID | None = None
