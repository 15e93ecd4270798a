"""The application of all routes: its refusals, its document, and the page that shows it."""

import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from service.http.documentation import page
from service.http.edge import TooLarge, TooSlow
from service.http.negotiation import language_of
from service.http.openapi import document
from service.http.problems import bare, problem
from service.http.strict_route import StrictRouter, UnsupportedMediaType
from service.vocabulary.language import Language
from service.vocabulary.refusals import Refusal

_ALWAYS = {UnsupportedMediaType: 415, TooLarge: 413, TooSlow: 408, Exception: 500}


def create_application(routers: Iterable[APIRouter], public_url: str, examples: dict[str, Any]) -> FastAPI:
    """The routes, their refusals and their document; `state.house` is set by the composition root.

    `examples`: see `document`.
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
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    # One flat list: a router within a router is walked anew for every request.
    for router in routers:
        api.router.routes.extend(router.routes)
    described = document(api, public_url, examples)
    api.openapi = lambda: described  # type: ignore[method-assign]  # as FastAPI documents it
    api.router.routes.extend(_published(described).routes)
    _refuse(api)
    return api


def _refuse(api: FastAPI) -> None:
    """Every way of saying no, as a problem in the language of the caller."""
    routes = [it for it in api.router.routes if isinstance(it, APIRoute)]
    shapes = [(re.compile(re.sub(r"\{\w+\}", "[^/]+", it.path)), it.methods or ()) for it in routes]

    def allow(path: str) -> str:
        methods = {method for shape, some in shapes if shape.fullmatch(path) for method in some}
        return ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set())))

    def language(request: Request) -> Language:
        return language_of(dict(request.scope["headers"]))

    @api.exception_handler(Refusal)
    async def refused(request: Request, refusal: Refusal) -> Response:
        return problem(refusal, language(request), request.app.state.house.rules.step_label)

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


def _published(described: dict[str, Any]) -> StrictRouter:
    """The document itself, for everybody and from everywhere, and as a page to read."""
    router = StrictRouter("service")
    text = json.dumps(described, ensure_ascii=False).encode()
    from_everywhere = {"Access-Control-Allow-Origin": "*"}

    @router.get("/openapi.json", include_in_schema=False)
    async def openapi() -> Response:
        return Response(text, headers=from_everywhere, media_type="application/json")

    drawn = page(described)

    @router.get("/docs", include_in_schema=False, response_class=HTMLResponse)
    async def docs() -> HTMLResponse:
        return HTMLResponse(drawn)

    return router
