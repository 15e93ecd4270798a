"""The place of each guard in the code, by the name that workflows use."""

import inspect
from pathlib import Path

from api_tests.support.checkout import ROOT
from service.kinds import KINDS


def guard_places() -> dict[str, tuple[str, str]]:
    """Returns (file, qualified name of the function) per name of a guard."""
    functions = {name: inspect.unwrap(guard.holds) for name, guard in KINDS.guards.items()}
    return {
        name: (_file_of(function.__code__.co_filename), function.__qualname__) for name, function in functions.items()
    }


def _file_of(name: str) -> str:
    return str(Path(name).resolve().relative_to(ROOT.resolve()))
