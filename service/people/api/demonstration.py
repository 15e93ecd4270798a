"""/v1/demonstration: people to act as, in demonstration mode."""

from typing import Literal

from fastapi import APIRouter, Request, Response
from pydantic import Field, TypeAdapter

from service.http.context import TheHouse, read_body
from service.http.json_models import Body, View
from service.http.openapi import PUBLIC, may_refuse, takes
from service.http.request_faults import CheckedRoute
from service.http.responses import answer
from service.people.use_cases.demonstration import PEOPLE
from service.vocabulary.refusals import NotFound

router = APIRouter(tags=["service"], route_class=CheckedRoute)


class TokenBody(Body):
    """As whom you want to act."""

    person: str = Field(max_length=40, examples=["carla"])


TOKEN = TypeAdapter(TokenBody)


class DemonstrationPerson(View):
    """Somebody to act as."""

    key: str
    name: str
    role: str
    organisation: str


class DemonstrationPeople(View):
    """Everybody of the demonstration region."""

    items: list[DemonstrationPerson]


class TokenView(View):
    """An access token for an hour, to be sent as `Authorization: Bearer …`."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - the kind of token, not one
    expires_in: int


@router.get(
    "/demonstration/people", response_model=DemonstrationPeople, responses=may_refuse(400, 404), openapi_extra=PUBLIC
)
async def list_demonstration_people(house: TheHouse) -> Response:
    """The fictional people of the demonstration region; 404 outside demonstration mode."""
    if house.signer is None:
        raise NotFound
    items = [
        DemonstrationPerson(key=it.key, name=it.name, role=", ".join(it.roles), organisation=it.organisation)
        for it in PEOPLE
    ]
    return answer(DemonstrationPeople(items=items))


@router.post(
    "/demonstration/tokens",
    response_model=TokenView,
    responses=may_refuse(400, 404, 413, 415),
    openapi_extra={**PUBLIC, **takes("token")},
)
async def create_demonstration_token(request: Request, house: TheHouse) -> Response:
    """A token to act as one of the demonstration people; 404 outside demonstration mode."""
    body = await read_body(request, TOKEN)
    if house.signer is None or body.person not in {it.key for it in PEOPLE}:
        raise NotFound
    return answer(TokenView(access_token=house.signer.token(body.person), expires_in=3600))
