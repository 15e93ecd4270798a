"""Every test has its turn: always, or in one commit of three."""

import pytest

from api_tests.support.turns import SHARES, in_share
from api_tests.workers import takes_turns


@pytest.mark.parametrize(
    ("nodeid", "marked", "waits"),
    [
        ("api_tests/access/test_sight.py::test_a_thing[sqlite-case]", False, False),
        ("api_tests/access/test_sight.py::test_a_thing[postgresql-case]", False, True),
        ("api_tests/records/test_backups.py::test_a_thing[postgresql]", False, False),
        ("api_tests/rules/test_terms.py::test_a_thing", False, False),
        ("api_tests/journeys/test_documented_commands.py::test_a_thing[README.md]", True, True),
    ],
)
def test_only_postgresql_outside_the_tests_of_databases_and_marked_tests_take_turns(
    nodeid: str, marked: bool, waits: bool
) -> None:
    assert takes_turns(nodeid, marked=marked) == waits


def test_each_name_is_in_one_share_and_the_shares_are_about_equal() -> None:
    names = [f"test_{number}" for number in range(3000)]

    shares = [[name for name in names if in_share(name, share)] for share in range(SHARES)]

    assert sorted(name for share in shares for name in share) == sorted(names)
    assert all(800 < len(share) < 1200 for share in shares)
