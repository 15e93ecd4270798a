"""The comparison of two stories ignores ids, times and digests, which are new each time, and nothing else."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from api_tests.support.checkout import ROOT
from api_tests.support.played_story import PlayedStory, command_of
from api_tests.support.story_comparison import differences

Tables = dict[str, list[dict[str, Any]]]


def _played(began: int) -> PlayedStory:
    """A story with two people, two cases and their keys, whose rows have no order of their own."""
    anna, esra, case, other = (str(uuid4()) for _ in range(4))
    tables: Tables = {
        "keys.case_keys": [
            {"owner_id": owner, "content_class": "notes", "wrapped": uuid4().bytes} for owner in sorted((case, other))
        ],
        "people": [{"id": anna, "name": "Anna Visser"}, {"id": esra, "name": "Esra Yilmaz"}],
        "transitions": [
            {"case_id": case, "sequence": 1, "actor_id": anna, "at": began, "digest": uuid4().hex * 2, "workflow": "w"},
            {"case_id": case, "sequence": 2, "actor_id": esra, "at": began + 7, "digest": uuid4().hex * 2}
            | {"workflow": "w"},
            {"case_id": other, "sequence": 1, "actor_id": anna, "at": began + 9, "digest": uuid4().hex * 2}
            | {"workflow": "w"},
        ],
    }
    number = f"{UUID(case).int % 9000 + 1000}-{UUID(other).int % 9000 + 1000}"
    return PlayedStory(f"The case is {number}.\nAnna Visser waits.\n", tables)


def _another_actor(tables: Tables) -> None:
    tables["transitions"][1]["actor_id"] = tables["transitions"][0]["actor_id"]


def _another_workflow(tables: Tables) -> None:
    tables["transitions"][2]["workflow"] = "v"


def _shorter_keys(tables: Tables) -> None:
    for row in tables["keys.case_keys"]:
        row["wrapped"] = b"short"


def _at_the_same_time(tables: Tables) -> None:
    tables["transitions"][1]["at"] = tables["transitions"][0]["at"]


def _row_gone(tables: Tables) -> None:
    del tables["people"][1]


def _column_gone(tables: Tables) -> None:
    for row in tables["people"]:
        del row["name"]


def _table_gone(tables: Tables) -> None:
    del tables["people"]


@pytest.mark.parametrize("seed", range(8))
def test_what_is_new_each_time_makes_no_difference(seed: int) -> None:
    assert list(differences(_played(10**15 + seed), _played(2 * 10**15))) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (_another_actor, "transitions row 2, actor_id: <id 2> -> <id 1>"),
        (_another_workflow, "transitions row 3, workflow: w -> v"),
        (_shorter_keys, "keys.case_keys row 1, wrapped: <16 bytes> -> <5 bytes>"),
        (_at_the_same_time, "transitions row 2, at: <time 2> -> <time 1>"),
        (_row_gone, "people row 2 is only before: id=<id 2>, name=Esra Yilmaz"),
        (_column_gone, "people row 1, name: Anna Visser -> (no column)"),
        (_table_gone, "people: a table that is only before"),
    ],
)
def test_a_difference_is_named_with_its_table_row_and_column(change: Callable[[Tables], None], expected: str) -> None:
    after = _played(10**15)
    change(after.tables)

    assert expected in list(differences(_played(10**15), after))


def test_another_line_of_the_story_is_a_difference() -> None:
    before = _played(10**15)

    shown = list(differences(before, PlayedStory(before.account.replace("waits", "leaves"), before.tables)))

    assert shown[-2:] == ["-Anna Visser waits.", "+Anna Visser leaves."]


def test_a_tree_is_driven_by_the_commands_of_its_makefile() -> None:
    run, story = command_of(ROOT, "run"), command_of(ROOT, "story")

    assert (run[1], run[-1], story[1]) == ("-m", "run", "-m")
