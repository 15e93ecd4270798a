"""The route class of this API: what FastAPI leaves open about a request is decided here, once for all routes.

The caller is known before the body is read (401). The answer is to be had in a form that the caller takes (406). A body
is JSON (415) that can be read in one way only. A query holds no unknown key, and none twice. All faults of path, query,
headers and body come in one 400.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Iterator
from functools import cached_property
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.dependencies.utils import get_dependant, get_flat_params
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict
from starlette.datastructures import Headers, QueryParams
from starlette.requests import ClientDisconnect
from typing_extensions import TypeAliasType, override

from service.http.house import house_of
from service.http.negotiation import JSON, best_of
from service.identity.caller import Caller
from service.vocabulary.input_faults import at_most, bare_fault, input_fault
from service.vocabulary.messages import MESSAGES, say
from service.vocabulary.refusals import InputFault, Invalid, NotAcceptable, TooMany
from service.vocabulary.strict_json import Json, Unreadable, read_json

# A larger body is read in a thread, so that one long file does not hold up everybody else's requests. In bytes.
_LARGE = 50_000
_UNKNOWN = "unknown_query_key"
# A fault of a header by the code that clients know.
_OF_HEADERS = {
    ("Idempotency-Key", "missing"): "key_missing",
    ("Idempotency-Key", "string_pattern_mismatch"): "key_malformed",
    ("If-Match", "string_pattern_mismatch"): "not_a_version",
}


class UnsupportedMediaType(Exception):
    """The request is in a form that is not read here."""


class StrictRequest(Request):
    """A request with what its route learned before FastAPI takes it apart."""

    caller: Caller
    media_type: str
    document: Json | None = None
    unreadable: str | None = None

    @property
    @override
    def headers(self) -> Headers:
        if not hasattr(self, "_headers"):
            self._headers = _Combined(scope=self.scope)
        return self._headers

    @property
    @override
    def query_params(self) -> QueryParams:
        if not hasattr(self, "_query_params"):
            self._query_params = _KeysOnce(self.scope["query_string"])
        return self._query_params

    @override
    async def json(self) -> Any:
        """The value of the body. Text stands for what cannot be read: no type of body takes it."""
        return self.document.value if self.document else ""

    async def read(self) -> None:
        """Read the body as JSON, once; `document` is what it holds, or `unreadable` the code of what is wrong."""
        body = await self.body()
        try:
            self.document = await asyncio.to_thread(read_json, body) if len(body) > _LARGE else read_json(body)
        except Unreadable as wrong:
            self.unreadable = wrong.code


class _Combined(Headers):
    """Headers in which a name that stands twice has its values combined (RFC 9110, 5.3): none of them is overlooked."""

    @override
    def __getitem__(self, key: str) -> str:
        values = self.getlist(key)
        if not values:
            raise KeyError(key)
        return ", ".join(values)


class _KeysOnce(QueryParams):
    """A query in which a key that stands twice has a list for a value, which no parameter takes."""

    @override
    def get(self, key: Any, default: Any = None) -> Any:
        values = self.getlist(key)
        return default if not values else values[0] if len(values) == 1 else values


class _NoKeys(BaseModel):
    model_config = ConfigDict(extra="forbid")


async def _no_query(_: Annotated[_NoKeys, Query()]) -> None:
    """Stands in for the query model of a route that has none."""


async def the_caller(request: StrictRequest) -> Caller:
    """Asked for by every route that is not public: its presence makes a route ask who calls."""
    return request.caller


class StrictRoute(APIRoute):
    """A route that reads strictly. `media_types`: the forms of its answer, the first one when all are welcome."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **settings: Any) -> None:
        super().__init__(path, endpoint, **settings)
        if not any(it.query_params for it in _all(self.dependant)):
            self.dependant.dependencies.append(get_dependant(path=self.path_format, call=_no_query))

    @cached_property
    def is_public(self) -> bool:
        """Whether it answers anybody."""
        return all(it.call is not the_caller for it in _all(self.dependant))

    @cached_property
    def media_types(self) -> tuple[str, ...]:
        first = getattr(self.response_class, "media_type", None) or JSON
        return (first, *self.responses.get(200, {}).get("content", ()))

    @override
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def strict(plain: Request) -> Response:
            request = StrictRequest(plain.scope, plain.receive)
            media_type = best_of(self.media_types, request.headers.get("accept", "*/*"))
            if media_type is None:
                raise NotAcceptable(self.media_types)
            request.media_type = media_type
            if not self.is_public:
                request.caller = await _identified(request)
            if self.body_field and _type_of(request) != JSON:
                raise UnsupportedMediaType
            try:
                if self.body_field or request.method == "POST":
                    await request.read()
                return await handle(request)
            except RequestValidationError as wrong:
                of_rules = () if request.unreadable else await self.faults_of_rules(request)
                faults = (*self._faults(request, wrong.errors()), *of_rules)
                raise Invalid(at_most(faults)) from None
            except ClientDisconnect:
                return Response(status_code=400)  # nobody hears it

        return strict

    async def faults_of_rules(self, _: StrictRequest) -> tuple[InputFault, ...]:
        """What rules say of a request whose types are wrong, so that all is told in one answer; nothing, for most."""
        return ()

    def _faults(self, request: StrictRequest, errors: Iterable[Any]) -> Iterator[InputFault]:
        for error in errors:
            if error["loc"][0] != "body":
                yield self._of_parameter(error)
            elif request.unreadable is None:
                yield input_fault("body", "", self._as_sent(error))
        if request.unreadable:
            yield bare_fault("body", "", request.unreadable)

    @cached_property
    def query_keys(self) -> tuple[str, ...]:
        """The keys that a query may hold here."""
        return tuple(it.alias for it in get_flat_params(self.dependant) if getattr(it.field_info, "in_", "") == "query")

    def _of_parameter(self, error: Any) -> InputFault:
        where, name = error["loc"][0], str(error["loc"][1])[:100] if len(error["loc"]) > 1 else ""
        if where == "query" and isinstance(error["input"], list):
            return InputFault("query", name, _UNKNOWN, MESSAGES["input"]["query_key_twice"])
        if where == "query" and error["type"] == "extra_forbidden":
            sentence = _UNKNOWN if self.query_keys else "no_query_keys"
            return InputFault("query", name, _UNKNOWN, say("input", sentence, {"known": ", ".join(self.query_keys)}))
        if code := _OF_HEADERS.get((name, error["type"])):
            return bare_fault(where, name, code)
        fault = input_fault(where, "", error)
        return InputFault(where, name, fault.code, fault.words)

    def _as_sent(self, error: Any) -> Any:
        """The error at its place in the JSON: a union, which is a named alias, puts its tag in front of it."""
        _, *place = error["loc"]
        union = self.body_field and isinstance(self.body_field.field_info.annotation, TypeAliasType)
        kind = "model_type" if error["type"] == "model_attributes_type" else error["type"]
        if kind in ("union_tag_invalid", "union_tag_not_found"):
            return {**error, "loc": [error["ctx"]["discriminator"].strip("'")]}
        return {**error, "type": kind, "loc": place[1:] if union else place}


class StrictRouter(APIRouter):
    """The routes of one subject, under its name in the document."""

    def __init__(self, tag: str, route_class: type[StrictRoute] = StrictRoute) -> None:
        super().__init__(
            tags=[tag], route_class=route_class, redirect_slashes=False, generate_unique_id_function=lambda it: it.name
        )


def _all(dependant: Dependant) -> Iterator[Dependant]:
    yield dependant
    for inner in dependant.dependencies:
        yield from _all(inner)


async def _identified(request: Request) -> Caller:
    """Raises NotKnown, IssuerUnreachable, TooMany."""
    house = house_of(request)
    identity = await house.tokens.identity(request.headers.getlist("authorization"))
    if seconds := house.asked.take((identity.issuer, identity.subject)):
        raise TooMany(seconds)
    return Caller(identity.issuer, identity.subject, request.scope["trace_id"], identity.machine)


def _type_of(request: Request) -> str:
    return request.headers.get("content-type", "").split(";")[0].strip().lower()
