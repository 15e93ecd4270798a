"""How two workers share the tests (`make test`): one takes a database, so that each service is started once.

Rooms whose tests mostly make databases of their own are shared out apart, so that nobody waits at the end.
"""

import re

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from api_tests.support.engines import ENGINES

APART = ("records", "walk", "faults")


class ByDatabase(LoadScopeScheduling):  # type: ignore[misc]  # xdist carries no types
    """Hands out all tests on a database together, of some rooms by themselves; of the others, those of a file."""

    def _split_scope(self, nodeid: str) -> str:
        file, *words = re.split(r"::|\[|\]|-", nodeid)
        engine = next((it for it in ENGINES if it in words), None)
        apart = any(f"/{room}/" in file for room in APART)
        return f"{engine} {apart}" if engine else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByDatabase:
    return ByDatabase(config, log)
