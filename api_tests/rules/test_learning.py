"""The release ladder: every released case looks the same as at least k - 1 others."""

import csv
import io
import json
import random
from collections import Counter
from collections.abc import Callable
from itertools import groupby

from hypothesis import given, settings
from hypothesis import strategies as st

from api_tests.support.roads import (
    ENDS,
    HELPED,
    MILD_ROADS,
    ROADS,
    TO_CONSULT,
    TO_DECLINE,
    TO_PLACEMENT,
    K,
    Move,
    Plan,
    histories_of,
    history,
    plans,
    released,
)
from service.learning.rules.export import as_csv, as_json
from service.learning.rules.release_ladder import Release


def csv_classes(release: Release) -> Counter[tuple[tuple[str, ...], ...]]:
    """Returns the number of cases per content in the CSV, without the reference."""
    rows = list(csv.reader(io.StringIO(as_csv(release), newline="")))[1:]
    return Counter(tuple(tuple(row[1:]) for row in case) for _, case in groupby(rows, key=lambda row: row[0]))


def json_classes(release: Release) -> Counter[str]:
    """Returns the number of cases per content in the JSON, without the reference."""
    histories = json.loads(json.dumps(as_json(release)))["histories"]
    return Counter(json.dumps({**case_history, "reference": ""}, sort_keys=True) for case_history in histories)


def levels(release: Release) -> Counter[int]:
    return Counter(int(case.route.level) for case in release.cases)


@settings(max_examples=150, deadline=None)
@given(plans(), st.integers(K, 9))
def test_i24_an_attacker_who_counts_finds_nobody_with_fewer_than_k_alike(planned: list[Plan], k: int) -> None:
    release = released(histories_of(planned), k=k)

    assert all(size >= k for size in csv_classes(release).values())
    assert all(size >= k for size in json_classes(release).values())
    assert sorted(csv_classes(release).values()) == sorted(json_classes(release).values())


@settings(max_examples=60, deadline=None)
@given(plans(), st.integers(0, 120))
def test_one_case_more_or_less_never_makes_a_small_class_appear(planned: list[Plan], at: int) -> None:
    histories = histories_of(planned)

    for release in (released(histories), released(histories[:at] + histories[at + 1 :])):
        assert all(size >= K for size in csv_classes(release).values())


@settings(max_examples=80, deadline=None)
@given(plans())
def test_released_and_dropped_together_are_all_cases_that_were_asked_for(planned: list[Plan]) -> None:
    release = released(histories_of(planned))

    assert release.dropped.at_least <= len(planned) - len(release.cases) < release.dropped.below
    assert release.dropped.below - release.dropped.at_least == K


PlannedCase = tuple[tuple[Move, ...], int, str]
View = Callable[[PlannedCase], object]


def band(days: int) -> int:
    return sum(days >= 7 * weeks for weeks in (4, 13, 26, 52))


def total_band(case: PlannedCase) -> int:
    road, wait, _ = case
    return band(wait * (len(road) - (road[-1] is HELPED)))


@settings(max_examples=80, deadline=None)
@given(plans(len(MILD_ROADS)))
def test_each_case_is_shown_at_the_finest_level_at_which_k_look_the_same(planned: list[Plan]) -> None:
    views: list[View] = [
        lambda case: case,
        lambda case: case[:2],
        lambda case: (case[0], total_band(case)),
        lambda case: case[0],
    ]
    remaining = [(ROADS[road][:steps], wait, age) for road, steps, wait, age in planned]
    expected: list[int] = []
    for view in views:
        sizes = Counter(view(case) for case in remaining)
        expected.append(sum(sizes[view(case)] >= K for case in remaining))
        remaining = [case for case in remaining if sizes[view(case)] < K]

    counts = levels(released(histories_of(planned)))

    assert [counts[level] for level in (1, 2, 3, 4)] == expected


@settings(max_examples=60, deadline=None)
@given(plans(), st.randoms(use_true_random=False), st.integers())
def test_the_order_of_the_input_leaves_no_trace_in_a_release(
    planned: list[Plan], chance: random.Random, seed: int
) -> None:
    histories = histories_of(planned)
    shuffled = chance.sample(histories, len(histories))

    assert released(shuffled, seed=seed) == released(histories, seed=seed)


def test_two_requests_share_no_reference_and_no_order() -> None:
    histories = [history(road) for road in MILD_ROADS for _ in range(20)]

    first, second = released(histories), released(histories)

    names = [[case.reference for case in release.cases] for release in (first, second)]
    assert set(names[0]).isdisjoint(names[1])
    assert all(listed == sorted(listed) for listed in names)
    assert csv_classes(first) == csv_classes(second)
    assert [case.route for case in first.cases] != [case.route for case in second.cases]


def test_the_lowest_band_of_dropped_cases_does_not_tell_whether_there_are_any() -> None:
    crowd = [history(TO_CONSULT) for _ in range(K)]

    nobody, somebody = released(crowd), released([*crowd, history(TO_PLACEMENT)])

    assert (len(nobody.cases), len(somebody.cases)) == (K, K)
    assert nobody.dropped == somebody.dropped


# --- sensitive ends ---


def test_who_knows_the_road_to_a_decline_does_not_learn_that_it_was_declined() -> None:
    assert released([history(TO_DECLINE) for _ in range(20)]).cases == ()


def test_declined_cases_are_shown_where_others_came_the_same_way_and_ended_otherwise() -> None:
    crowds = [history(road) for road in (TO_DECLINE, TO_CONSULT) for _ in range(20)]

    release = released(crowds)

    shown = Counter((int(case.route.level), case.route.end_state) for case in release.cases)
    assert shown == {(1, "closed"): 20, (5, "declined"): 20}


def test_an_open_case_on_the_same_road_keeps_a_decline_from_being_the_only_end() -> None:
    crowds = [history(road, wait=10) for road in (TO_DECLINE, TO_DECLINE[:-1]) for _ in range(K)]

    shown = Counter((int(case.route.level), case.route.end_state) for case in released(crowds).cases)

    assert shown == {(1, "open"): K, (1, "declined"): K}


@settings(max_examples=100, deadline=None)
@given(plans())
def test_no_order_that_is_shown_leads_to_a_sensitive_end_only(planned: list[Plan]) -> None:
    ends: dict[tuple[str, ...], set[str]] = {}
    for look in (case.route for case in released(histories_of(planned)).cases if case.route.steps):
        road = tuple(step.trigger for step in look.steps if step.target not in ENDS)
        ends.setdefault(road, set()).add(look.end_state)

    assert not [road for road, states in ends.items() if states in ({"declined"}, {"withdrawn"})]
