"""Distribution of the tests over two workers (`make test`): each worker takes a database, so each service starts once.

Folders whose tests mostly make their own databases are distributed separately, so that no worker waits at the end.
"""

import re

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from api_tests.support.engines import ENGINES

APART = ("records", "walk", "faults")


class ByDatabase(LoadScopeScheduling):  # type: ignore[misc]  # xdist carries no types
    """Hands out all tests on a database together, those of some folders separately; other tests by file."""

    def _split_scope(self, nodeid: str) -> str:
        file, *words = re.split(r"::|\[|\]|-", nodeid)
        engine = next((name for name in ENGINES if name in words), None)
        apart = any(f"/{folder}/" in file for folder in APART)
        return f"{engine} {apart}" if engine else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByDatabase:
    return ByDatabase(config, log)
