"""Where each guard stands in the code, by the name that workflows call it."""

import inspect
from pathlib import Path

from api_tests.support.checkout import ROOT
from service.kinds import KINDS


def guard_places() -> dict[str, tuple[str, str]]:
    """File and function of each guard."""
    functions = {name: inspect.unwrap(guard.holds) for name, guard in KINDS.guards.items()}
    return {name: (_file_of(it.__code__.co_filename), it.__qualname__) for name, it in functions.items()}


def _file_of(name: str) -> str:
    return str(Path(name).resolve().relative_to(ROOT.resolve()))
