"""`make test`: which tests run in this commit, and which of two workers runs them.

All tests run on SQLite. On PostgreSQL a share of them takes its turn with each commit, and so do the pages whose
commands are typed (`takes_turns`); `--whole` runs all. Tests of what a database itself does always run on both.

Each worker takes a database, so each service starts once. Tests that mostly make their own databases are distributed
separately, so that no worker waits at the end.
"""

import re
from collections.abc import Collection

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from api_tests.support.engines import ENGINES
from api_tests.support.turns import in_share, share_of_commit

OF_DATABASES = ("records", "faults")
APART = (*OF_DATABASES, "walk")


class ByDatabase(LoadScopeScheduling):  # type: ignore[misc]  # xdist carries no types
    """Hands out all tests on a database together, those of some folders separately; other tests by file."""

    def _split_scope(self, nodeid: str) -> str:
        engine, apart = _engine_of(nodeid), _is_in(APART, nodeid)
        if "[docs/" in nodeid:
            return nodeid  # a page takes long, and a checkout of its own
        return f"{engine} {apart}" if engine else nodeid.partition("::")[0]


def _engine_of(nodeid: str) -> str | None:
    words = re.split(r"::|\[|\]|-", nodeid)
    return next((name for name in ENGINES if name in words), None)


def _is_in(folders: Collection[str], nodeid: str) -> bool:
    return any(f"/{folder}/" in nodeid.partition("::")[0] for folder in folders)


def takes_turns(nodeid: str, *, marked: bool) -> bool:
    """True when the test runs in the commits of its share alone."""
    return marked or (_engine_of(nodeid) == ENGINES[1] and not _is_in(OF_DATABASES, nodeid))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--whole", action="store_true", help="run every test, also those that take turns")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--whole"):
        return
    share = share_of_commit()
    waiting = {
        item
        for item in items
        if takes_turns(item.nodeid, marked=item.get_closest_marker("takes_turns") is not None)
        and not in_share(item.nodeid, share)
    }
    config.hook.pytest_deselected(items=list(waiting))
    items[:] = [item for item in items if item not in waiting]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByDatabase:
    return ByDatabase(config, log)
