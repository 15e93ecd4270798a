"""The FastAPI application: its routes, its error handlers, its OpenAPI document and the HTML page of the document."""

import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from functools import cache
from threading import Lock
from typing import Any, TypeVar

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from service.http.app_context import AppContext
from service.http.documentation_page import documentation_page
from service.http.edge import BodyTooLarge, BodyTooSlow
from service.http.negotiation import preferred_language
from service.http.openapi import build_openapi_document
from service.http.problems import problem_of_refusal, problem_of_status
from service.http.strict_route import StrictRouter, UnsupportedMediaType
from service.vocabulary.language import Language
from service.vocabulary.refusals import RequestRefusal

Built = TypeVar("Built")
_STATUS_OF_EXCEPTION = {UnsupportedMediaType: 415, BodyTooLarge: 413, BodyTooSlow: 408, Exception: 500}


def create_application(routers: Iterable[APIRouter], public_url: str, examples: dict[str, Any]) -> FastAPI:
    """Create the application of these routes. The composition root sets its `state` afterwards.

    `examples`: see `build_openapi_document`.
    """

    @asynccontextmanager
    async def lifespan(api: FastAPI) -> AsyncIterator[None]:
        async with api.state.context.tokens.refresh_keys_in_background(), api.state.background():
            yield
        api.state.context.database.close()

    api = FastAPI(
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    # One flat list of routes: Starlette walks a nested router again for every request.
    for router in routers:
        api.router.routes.extend(router.routes)
    # Building the document takes seconds, for which no start should wait.
    openapi_document = _once(lambda: build_openapi_document(api, public_url, examples))
    api.openapi = openapi_document  # type: ignore[method-assign]  # as FastAPI documents it
    api.router.routes.extend(_document_router(openapi_document).routes)
    _add_error_handlers(api)
    return api


def _add_error_handlers(api: FastAPI) -> None:
    """Answer every refusal and error as a problem in the language of the caller."""
    routes = [route for route in api.router.routes if isinstance(route, APIRoute)]
    paths = [(re.compile(re.sub(r"\{\w+\}", "[^/]+", route.path)), route.methods or ()) for route in routes]

    def allow(path: str) -> str:
        """Returns the value of the Allow header for this path."""
        methods = {method for pattern, allowed in paths if pattern.fullmatch(path) for method in allowed}
        return ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set())))

    def language(request: Request) -> Language:
        return preferred_language(dict(request.scope["headers"]))

    @api.exception_handler(RequestRefusal)
    async def handle_refusal(request: Request, refusal: RequestRefusal) -> Response:
        context: AppContext = request.app.state.context
        demonstration = context.signer is not None
        return problem_of_refusal(refusal, language(request), context.rules.step_label, in_demonstration=demonstration)

    @api.exception_handler(HTTPException)
    async def handle_routing_error(request: Request, error: HTTPException) -> Response:
        wrong_method = error.status_code == 405  # noqa: PLR2004 - the status itself
        headers = {"Allow": allow(request.scope["path"].removeprefix("/v1"))} if wrong_method else None
        return problem_of_status(error.status_code, language(request), headers)

    def handler_of_status(status: int) -> Callable[[Request, Exception], Awaitable[Response]]:
        async def handle(request: Request, _: Exception) -> Response:
            return problem_of_status(status, language(request))

        return handle

    for exception, status in _STATUS_OF_EXCEPTION.items():
        api.add_exception_handler(exception, handler_of_status(status))


def _once(build: Callable[[], Built]) -> Callable[[], Built]:
    """Returns a function that builds at its first call, also when threads call it at once."""
    lock, cached = Lock(), cache(build)

    def built() -> Built:
        with lock:
            return cached()

    return built


def _document_router(openapi_document: Callable[[], dict[str, Any]]) -> StrictRouter:
    """Create the routes of the OpenAPI document and its HTML page, both public. Any origin may read the document."""
    router = StrictRouter("service")
    text = _once(lambda: json.dumps(openapi_document(), ensure_ascii=False).encode())
    html = _once(lambda: documentation_page(openapi_document()))
    any_origin = {"Access-Control-Allow-Origin": "*"}

    @router.get("/openapi.json", include_in_schema=False)
    def openapi() -> Response:  # in a thread: the first call builds
        return Response(text(), headers=any_origin, media_type="application/json")

    @router.get("/docs", include_in_schema=False, response_class=HTMLResponse)
    def docs() -> HTMLResponse:  # in a thread: the first call builds
        return HTMLResponse(html())

    return router
