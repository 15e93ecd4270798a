"""How two workers share the tests (`make test`): one takes a database, so that each service is started once."""

import re

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from api_tests.conftest import ENGINES


class ByDatabase(LoadScopeScheduling):  # type: ignore[misc]  # xdist carries no types
    """Hands out all tests on a database together; of the others, those of a file."""

    def _split_scope(self, nodeid: str) -> str:
        file, *words = re.split(r"::|\[|\]|-", nodeid)
        return next((engine for engine in ENGINES if engine in words), file)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByDatabase:
    return ByDatabase(config, log)
