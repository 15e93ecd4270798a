"""The application of all routes: its refusals, its document, and what every request is checked for."""

import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse
from pydantic import TypeAdapter
from starlette.exceptions import HTTPException

from service.http.context import NotAcceptable, UnsupportedMediaType, check_request
from service.http.documentation import page
from service.http.edge import TooLarge, TooSlow
from service.http.negotiation import language_of
from service.http.openapi import document
from service.http.problems import bare, problem
from service.http.request_faults import CheckedRoute, with_all_found
from service.vocabulary.language import Language
from service.vocabulary.refusals import Refusal

_ALWAYS = {NotAcceptable: 406, UnsupportedMediaType: 415, TooLarge: 413, TooSlow: 408, Exception: 500}


def create_application(
    routers: Iterable[APIRouter],
    bodies: Mapping[str, TypeAdapter[Any]],
    unions: Mapping[str, TypeAdapter[Any]],
    public_url: str,
) -> FastAPI:
    """The routes, their refusals and their document; `state.house` is set by the composition root.

    `bodies` and `unions` are the JSON that routes read, by the name in their document; `unions`: by kind of part.
    """

    @asynccontextmanager
    async def lifespan(api: FastAPI) -> AsyncIterator[None]:
        async with api.state.house.tokens.at_work(), api.state.background():
            yield
        api.state.house.database.close()

    api = FastAPI(
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        dependencies=[Depends(check_request)],
        generate_unique_id_function=lambda route: route.name,
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    api.router.route_class = CheckedRoute
    for router in routers:
        api.include_router(router)
    described = document(api, {**bodies, **unions}, public_url)
    api.state.unions = unions
    api.state.query_keys = _query_keys(described)
    api.openapi = lambda: described  # type: ignore[method-assign]  # as FastAPI documents it
    _refuse(api, described)
    _publish(api, described)
    return api


def _query_keys(described: dict[str, Any]) -> dict[tuple[str, str], set[str]]:
    """What may stand in a query, by route and method: as published, no more."""
    found = {}
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            keys = {it["name"] for it in operation.get("parameters", ()) if it["in"] == "query"}
            found[(_as_routed(path), method.upper())] = keys
    return found


def _as_routed(path: str) -> str:
    return re.sub(r"\{(\w+)\}", lambda match: "{" + re.sub(r"([A-Z])", r"_\1", match[1]).lower() + "}", path)


def _refuse(api: FastAPI, described: dict[str, Any]) -> None:
    """Every way of saying no, as a problem in the language of the caller."""
    served = {**described["paths"], "/openapi.json": ("get",), "/docs": ("get",)}
    shapes = [
        (re.compile(re.sub(r"\{\w+\}", "[^/]+", path)), sorted(method.upper() for method in operations))
        for path, operations in served.items()
    ]

    def allow(path: str) -> str:
        methods = {method for shape, some in shapes if shape.fullmatch(path) for method in some}
        return ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set())))

    def language(request: Request) -> Language:
        return language_of(dict(request.scope["headers"]))

    @api.exception_handler(Refusal)
    async def refused(request: Request, refusal: Refusal) -> Response:
        return problem(refusal, language(request), request.app.state.house.rules.step_label)

    @api.exception_handler(RequestValidationError)
    async def invalid(request: Request, wrong: RequestValidationError) -> Response:
        return problem(with_all_found(wrong), language(request))

    @api.exception_handler(HTTPException)
    async def routed(request: Request, wrong: HTTPException) -> Response:
        wrong_method = wrong.status_code == 405  # noqa: PLR2004 - the status itself
        headers = {"Allow": allow(request.scope["path"].removeprefix("/v1"))} if wrong_method else None
        return bare(wrong.status_code, language(request), headers)

    def always(status: int) -> Callable[[Request, Exception], Awaitable[Response]]:
        async def answered(request: Request, _: Exception) -> Response:
            return bare(status, language(request))

        return answered

    for kind, status in _ALWAYS.items():
        api.add_exception_handler(kind, always(status))


def _publish(api: FastAPI, described: dict[str, Any]) -> None:
    """The document itself, for everybody and from everywhere, and as a page to read."""
    text = json.dumps(described, ensure_ascii=False).encode()
    from_everywhere = {"Access-Control-Allow-Origin": "*"}

    @api.get("/openapi.json", include_in_schema=False)
    async def openapi() -> Response:
        return Response(text, headers=from_everywhere, media_type="application/json")

    drawn = page(described)

    @api.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return HTMLResponse(drawn)

    docs.offers = ("text/html", "application/json")  # type: ignore[attr-defined]  # read by check_request
