"""Unexpected input withholds the whole set, because a released set cannot be called back."""

from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest

from api_tests.support.roads import NOW, TO_ADVICE, TO_CONSULT, TO_TRIAGE, K, history, references, released
from service.learning.rules.case_routes import ReleaseRefused, build_routes
from service.learning.rules.export import as_csv, as_json
from service.learning.rules.release_ladder import release


def test_fewer_cases_than_k_release_nothing_at_all() -> None:
    result = released([history(TO_CONSULT) for _ in range(K - 1)])

    assert (result.cases, as_json(result)["histories"]) == ((), [])
    assert as_csv(result).count("\r\n") == 1


@pytest.mark.parametrize("k", [4, 1, 0, -1])
def test_nobody_gets_below_five_whatever_they_ask(k: int) -> None:
    with pytest.raises(ReleaseRefused):
        released([history(TO_CONSULT) for _ in range(50)], k=k)


def test_a_case_told_several_times_does_not_pass_for_a_crowd() -> None:
    with pytest.raises(ReleaseRefused):
        released([history(TO_CONSULT)] * K)


def test_a_part_of_a_history_does_not_pass_for_a_whole_case() -> None:
    whole = history(TO_ADVICE)
    mixed = [*whole[:2], *history(TO_ADVICE)[2:]]
    renumbered = [replace(entry, sequence=number) for number, entry in enumerate(whole[1:], 1)]

    for partial in ([], whole[1:], [*whole[:2], *whole[3:]], whole[::-1], mixed, renumbered):
        with pytest.raises(ReleaseRefused):
            build_routes([partial], as_of=NOW)


def test_one_history_that_cannot_be_read_withholds_the_whole_set() -> None:
    broken = history(TO_CONSULT)
    broken[1] = replace(broken[1], trigger="Bel Jan de Vries terug")

    with pytest.raises(ReleaseRefused) as refusal:
        released([*(history(TO_CONSULT) for _ in range(50)), broken])

    assert "Jan" not in str(refusal.value)


def test_a_step_after_the_moment_of_looking_withholds_the_set() -> None:
    with pytest.raises(ReleaseRefused):
        build_routes([history(TO_TRIAGE)], as_of=NOW - timedelta(days=300))


@pytest.mark.parametrize("reference", ["the-same-every-time", "={}-HYPERLINK-1234", "1234567890123456{}", "short-{}"])
def test_references_that_repeat_or_mean_something_to_a_spreadsheet_withhold_the_set(reference: str) -> None:
    case_routes = build_routes([history(TO_CONSULT) for _ in range(K)], as_of=NOW)
    number = count()

    with pytest.raises(ReleaseRefused):
        release(case_routes, k=K, reference=lambda: reference.format(next(number)))
    assert len(release(case_routes, k=K, reference=references()).cases) == K
