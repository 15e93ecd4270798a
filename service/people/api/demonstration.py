"""/v1/demonstration: the fictional people of demonstration mode, and access tokens for them."""

from typing import Literal

from pydantic import Field

from service.http.app_context import AppContextDependency
from service.http.json_models import Body, View
from service.http.openapi import refusal_responses
from service.http.strict_route import StrictRouter
from service.people.use_cases.demonstration import PEOPLE
from service.vocabulary.refusals import NotFound

router = StrictRouter("service")


class TokenBody(Body):
    """The key of the demonstration person to act as."""

    person: str = Field(max_length=40, examples=["carla"])


class DemonstrationPerson(View):
    """A fictional person to act as."""

    key: str
    name: str
    role: str
    organisation: str


class DemonstrationPeople(View):
    """All people of the demonstration region."""

    items: list[DemonstrationPerson]


class TokenView(View):
    """An access token that is valid for one hour, to be sent as `Authorization: Bearer …`."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - the kind of token, not one
    expires_in: int


@router.get("/demonstration/people", responses=refusal_responses(404))
async def list_demonstration_people(context: AppContextDependency) -> DemonstrationPeople:
    """List the fictional people of the demonstration region. 404 outside demonstration mode."""
    if context.signer is None:
        raise NotFound
    return view_demonstration_people()


def view_demonstration_people() -> DemonstrationPeople:
    """All people of the demonstration."""
    items = [
        DemonstrationPerson(
            key=person.key, name=person.name, role=", ".join(person.roles), organisation=person.organisation
        )
        for person in PEOPLE
    ]
    return DemonstrationPeople(items=items)


@router.post("/demonstration/tokens", responses=refusal_responses(404))
async def create_demonstration_token(body: TokenBody, context: AppContextDependency) -> TokenView:
    """Create a token to act as a demonstration person. 404 outside demonstration mode."""
    if context.signer is None or body.person not in {person.key for person in PEOPLE}:
        raise NotFound
    return TokenView(access_token=context.signer.sign_token(body.person), expires_in=3600)
