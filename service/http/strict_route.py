"""The route class of all routes: it checks a request more strictly than FastAPI does.

The caller is identified before the body is read (401). The Accept header names a media type of the route (406). A body
is JSON (415) with one possible reading. A query has no unknown key and no key twice. All faults of path, query, headers
and body come in one 400.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Iterator
from functools import cached_property
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.dependencies.utils import get_dependant
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict
from starlette.datastructures import Headers, QueryParams
from starlette.requests import ClientDisconnect
from typing_extensions import TypeAliasType, override

from service.http.negotiation import JSON, best_media_type
from service.identity.caller import Caller
from service.identity.tokens import TokenIdentity
from service.vocabulary.accepted_text import show_unreadable
from service.vocabulary.input_faults import input_fault, json_pointer, limit_faults, simple_fault
from service.vocabulary.messages import MESSAGES, render_message
from service.vocabulary.refusals import InputFault, Invalid, NotAcceptable, RequestRefusal
from service.vocabulary.strict_json import ParsedJson, UnreadableJson, read_json

# A larger body is parsed in a thread, so that it does not block the event loop for other requests.
_THREAD_FROM_BYTES = 50_000
_UNKNOWN_QUERY_KEY = "unknown_query_key"
# (header, error type of pydantic) -> fault code of the API
_HEADER_FAULT_CODES = {
    ("Idempotency-Key", "missing"): "key_missing",
    ("Idempotency-Key", "string_pattern_mismatch"): "key_malformed",
    ("If-Match", "string_pattern_mismatch"): "not_a_version",
}
# In an address a plus sign means a space, so that a moment with +01:00 arrives without its sign.
_MOMENT_FAULTS = frozenset({"datetime_parsing", "timezone_aware"})


class UnsupportedMediaType(Exception):
    """The body of the request is not application/json."""


class StrictRequest(Request):
    """A request with its caller, the media type of its answer and its parsed body.

    `parsed_body` is None for a request without a readable body; `body_fault` then says why.
    """

    caller: Caller
    media_type: str
    parsed_body: ParsedJson | None = None
    body_fault: UnreadableJson | None = None

    @property
    @override
    def headers(self) -> Headers:
        if not hasattr(self, "_headers"):
            self._headers = _CombinedHeaders(scope=self.scope)
        return self._headers

    @property
    @override
    def query_params(self) -> QueryParams:
        if not hasattr(self, "_query_params"):
            self._query_params = _UniqueQueryKeys(self.scope["query_string"])
        return self._query_params

    @override
    async def json(self) -> Any:
        """Returns the value of the body, or an empty text for an unreadable one: no type of body accepts a text."""
        return self.parsed_body.value if self.parsed_body else ""

    async def read_body(self) -> None:
        """Read the body as JSON, once, into `parsed_body`; for an unreadable body set `body_fault`."""
        body = await self.body()
        in_thread = len(body) > _THREAD_FROM_BYTES
        try:
            self.parsed_body = await asyncio.to_thread(read_json, body) if in_thread else read_json(body)
        except UnreadableJson as error:
            self.body_fault = error


class _CombinedHeaders(Headers):
    """Headers that combine the values of a repeated name (RFC 9110, 5.3), so that no value is overlooked."""

    @override
    def __getitem__(self, key: str) -> str:
        values = self.getlist(key)
        if not values:
            raise KeyError(key)
        return ", ".join(values)


class _UniqueQueryKeys(QueryParams):
    """Query parameters that give a list for a repeated key: no parameter accepts a list, so the key is refused."""

    @override
    def get(self, key: Any, default: Any = None) -> Any:
        values = self.getlist(key)
        return default if not values else values[0] if len(values) == 1 else values


class _NoKeys(BaseModel):
    model_config = ConfigDict(extra="forbid")


async def _no_query(_: Annotated[_NoKeys, Query()]) -> None:
    """Query model of a route without query keys: it refuses every key."""


def _query_keys_of(alias: str, annotation: Any) -> Iterable[str]:
    """Returns the keys of one parameter: those of its fields where it is a model."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [field.alias or name for name, field in annotation.model_fields.items()]
    return [alias]


async def require_caller(request: StrictRequest) -> Caller:
    """Dependency of every route that is not public. A route without it is public."""
    return request.caller


class StrictRoute(APIRoute):
    """A route that reads strictly. `media_types`: the media types of its answer, the default one first."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **settings: Any) -> None:
        super().__init__(path, endpoint, **settings)
        if not any(dependant.query_params for dependant in _dependants(self.dependant)):
            self.dependant.dependencies.append(get_dependant(path=self.path_format, call=_no_query))

    @cached_property
    def is_public(self) -> bool:
        """True when the route needs no access token."""
        return all(dependant.call is not require_caller for dependant in _dependants(self.dependant))

    @cached_property
    def media_types(self) -> tuple[str, ...]:
        first = getattr(self.response_class, "media_type", None) or JSON
        return (first, *self.responses.get(200, {}).get("content", ()))

    @override
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_strictly(plain_request: Request) -> Response:
            request = StrictRequest(plain_request.scope, plain_request.receive)
            media_type = best_media_type(self.media_types, request.headers.get("accept", "*/*"))
            if media_type is None:
                raise NotAcceptable(self.media_types)
            request.media_type = media_type
            if not self.is_public:
                request.caller = _identify(request)
            if self.body_field and _content_type(request) != JSON:
                raise UnsupportedMediaType
            try:
                if self.body_field or request.method == "POST":
                    await request.read_body()
                return await handle(request)
            except RequestValidationError as error:
                faults_of_rules = () if request.body_fault else await self.faults_of_rules(request)
                faults = (*self._faults_of_types(request, error.errors()), *faults_of_rules)
                raise Invalid(limit_faults(faults)) from None
            except ClientDisconnect:
                return Response(status_code=400)  # the client has gone

        return handle_strictly

    async def faults_of_rules(self, _: StrictRequest) -> tuple[InputFault, ...]:
        """The faults by rules in a request that already has faults of type, for one complete answer. Default: none."""
        return ()

    def _faults_of_types(self, request: StrictRequest, errors: Iterable[Any]) -> Iterator[InputFault]:
        for error in errors:
            if error["loc"][0] != "body":
                yield self._parameter_fault(error)
            elif request.body_fault is None:
                yield input_fault("body", "", self._locate_in_body(error))
        if fault := request.body_fault:
            words = render_message("input", fault.sentence, fault.params)
            yield InputFault("body", json_pointer("", fault.location), fault.code, words)

    @cached_property
    def query_keys(self) -> tuple[str, ...]:
        """The query keys that this route accepts."""
        return tuple(
            key
            for dependant in _dependants(self.dependant)
            for parameter in dependant.query_params
            for key in _query_keys_of(parameter.alias, parameter.field_info.annotation)
        )

    def _parameter_fault(self, error: Any) -> InputFault:
        place, name = error["loc"][0], show_unreadable(str(error["loc"][1])[:100]) if len(error["loc"]) > 1 else ""
        if place == "query" and isinstance(error["input"], list):
            return InputFault("query", name, _UNKNOWN_QUERY_KEY, MESSAGES["input"]["query_key_twice"])
        if place == "query" and error["type"] == "extra_forbidden":
            message = _UNKNOWN_QUERY_KEY if self.query_keys else "no_query_keys"
            words = render_message("input", message, {"known": ", ".join(self.query_keys)})
            return InputFault("query", name, _UNKNOWN_QUERY_KEY, words)
        if code := _HEADER_FAULT_CODES.get((name, error["type"])):
            return simple_fault(place, name, code)
        if place == "query" and error["type"] in _MOMENT_FAULTS:
            return InputFault(place, name, error["type"], MESSAGES["input"]["moment_in_address"])
        fault = input_fault(place, "", error)
        return InputFault(place, name, fault.code, fault.words)

    def _locate_in_body(self, error: Any) -> Any:
        """Returns the error with its location in the JSON. The location in a tagged union begins with the tag."""
        _, *location = error["loc"]
        is_union = self.body_field and isinstance(self.body_field.field_info.annotation, TypeAliasType)
        error_type = "model_type" if error["type"] == "model_attributes_type" else error["type"]
        if error_type in ("union_tag_invalid", "union_tag_not_found"):
            return {**error, "loc": [error["ctx"]["discriminator"].strip("'")]}
        return {**error, "type": error_type, "loc": location[1:] if is_union else location}


class StrictRouter(APIRouter):
    """The routes of one subject, under its tag in the OpenAPI document."""

    def __init__(self, tag: str, route_class: type[StrictRoute] = StrictRoute) -> None:
        super().__init__(
            tags=[tag],
            route_class=route_class,
            redirect_slashes=False,
            generate_unique_id_function=lambda route: route.name,
        )


def _dependants(dependant: Dependant) -> Iterator[Dependant]:
    """The dependant of a route and all its dependencies, at any depth."""
    yield dependant
    for dependency in dependant.dependencies:
        yield from _dependants(dependency)


def _identify(request: Request) -> Caller:
    """Returns the caller that the edge read from the token. Raises NotKnown, IssuerUnreachable."""
    identity: TokenIdentity | RequestRefusal = request.scope["identity"]
    if isinstance(identity, RequestRefusal):
        raise identity
    return Caller(identity.issuer, identity.subject, request.scope["trace_id"], identity.is_machine)


def _content_type(request: Request) -> str:
    return request.headers.get("content-type", "").split(";")[0].strip().lower()
