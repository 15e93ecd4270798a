"""All faults of a request at once: gathered while it is taken apart, refused together before anything is done."""

from collections.abc import Callable, Iterable
from contextvars import ContextVar
from dataclasses import replace
from functools import wraps
from typing import Any

from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute

from service.http.problems import camel
from service.vocabulary.input_faults import input_fault
from service.vocabulary.messages import MESSAGES
from service.vocabulary.refusals import InputFault, Invalid

_found: ContextVar[tuple[InputFault, ...]] = ContextVar("faults of this request", default=())


class CheckedRoute(APIRoute):
    """Runs its endpoint once nothing was found wrong. An endpoint that reads a body refuses when it has read that."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **settings: Any) -> None:
        reads_body = "x-body" in (settings.get("openapi_extra") or {})
        super().__init__(path, endpoint if reads_body else _when_faultless(endpoint), **settings)


def begin() -> None:
    """Nothing is wrong yet. A connection may carry a request in the context of the one before it."""
    _found.set(())


def found(where: str, location: str, code: str) -> None:
    """Something is wrong with this request."""
    _found.set((*_found.get(), InputFault(where, location, code, MESSAGES["input"][code])))


def together_with(more: Iterable[InputFault]) -> Invalid:
    """The refusal of everything that was found, and of these."""
    return Invalid((*_found.get(), *more))


def insist() -> None:
    """Raises Invalid when anything was found."""
    if _found.get():
        raise together_with(())


def with_all_found(wrong: RequestValidationError) -> Invalid:
    """What the framework finds wrong in path and query, beside what was found before."""
    told = (it for it in wrong.errors() if it["type"] != "extra_forbidden")  # an unknown query key: found before
    return together_with(_parameter_fault(it) for it in told)


def _parameter_fault(error: Any) -> InputFault:
    where, *_, name = error["loc"]
    return replace(input_fault(where, "", error), location=camel(str(name)))


def _when_faultless(endpoint: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(endpoint)
    async def checked(*args: Any, **kwargs: Any) -> Any:
        insist()
        return await endpoint(*args, **kwargs)

    return checked
