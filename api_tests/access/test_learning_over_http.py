"""Histories for a facilitator: enough that look alike, and nothing that leads back to a child (I24, R96)."""

import csv
import io
import json
import re
from collections import Counter
from typing import Any

import httpx
import pytest

from api_tests.support.case_file import CaseFile
from api_tests.support.people import People
from api_tests.support.sabotages import broken_by
from api_tests.support.servers import RunningService
from api_tests.support.shared_case import referral_of, rows

K = 5  # the smallest number of cases that a figure may be about
CSV = {"Accept": "text/csv"}


@pytest.fixture(scope="module")
def crowd(people: People) -> list[CaseFile]:
    """Six cases of IJmond that look alike, and a unique one."""
    alike = [CaseFile.submitted(people, by="bram", **referral_of("JZ10")) for _ in range(6)]
    unique = CaseFile.submitted(people, by="bram", **referral_of("JZ10"))
    unique.fire("request_information")
    unique.fire("proceed_without")
    unique.fire("propose_transfer", by="daan")
    unique.fire("transfer", by="carla")
    return [*alike, unique]


def pull(people: People, **options: Any) -> httpx.Response:
    answer = people.noor.get("/learning/histories", **options)
    assert answer.status_code == 200, answer.text
    return answer


def without_reference(history: dict[str, Any]) -> str:
    return json.dumps({name: field for name, field in history.items() if name != "reference"}, sort_keys=True)


@pytest.mark.parametrize("region", [None, "JZ10"])
def test_i24_every_history_looks_like_enough_others(people: People, crowd: list[CaseFile], region: str | None) -> None:
    release = pull(people, params={"region": region} if region else {}).json()

    counts = Counter(without_reference(history) for history in release["histories"])

    assert len(crowd) > K
    assert sum(counts.values()) >= 6
    assert min(counts.values()) >= K == release["k"]
    assert release["dropped"]["below"] - release["dropped"]["atLeast"] == K


def test_i24_a_road_that_only_one_child_went_is_not_shown(people: People, crowd: list[CaseFile]) -> None:
    histories = pull(people, params={"region": "JZ10"}).json()["histories"]

    triggers = {step["trigger"] for history in histories for step in history["steps"]}

    assert crowd[-1].fired[-1] == "transfer"
    assert "submit" in triggers
    assert "transfer" not in triggers
    assert "transferred" not in {history["endState"] for history in histories}


def test_i24_nothing_in_a_release_names_a_case_a_person_an_organisation_a_region_or_a_day(
    service: RunningService, people: People, crowd: list[CaseFile]
) -> None:
    texts = [pull(people).text, pull(people, headers=CSV).text]

    identifiers = _identifying(service)
    leaks = {
        name for name in identifiers for text in texts if re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text)
    }

    assert {case.number for case in crowd} <= identifiers
    assert "Wijkteam Haarlem-Noord (demonstratie)" in identifiers
    assert leaks == set()
    assert [re.findall(r"\d{4}-\d\d-\d\dT?\b|JZ\d\d|GM\d{4}|\d\d:\d\d", text) for text in texts] == [[], []]


def _identifying(service: RunningService) -> set[str]:
    """Every id, number, digest and name that the service knows."""
    queries = (
        "SELECT id, number, digest FROM cases",
        "SELECT id, line FROM parts",
        "SELECT id, name, subject FROM people",
        "SELECT id, name FROM organisations",
        "SELECT code, name FROM regions",
        "SELECT hash FROM workflows",
        "SELECT hash FROM region_settings",
    )
    values = {str(value) for query in queries for row in rows(service, query) for value in row.values() if value}
    return {value for value in values if len(value) > 1}  # the key of a line is a letter


def test_i24_the_histories_of_two_releases_cannot_be_matched(people: People, crowd: list[CaseFile]) -> None:
    first, second = (pull(people, params={"region": "JZ10"}).json()["histories"] for _ in range(2))

    assert crowd
    assert Counter(map(without_reference, first)) == Counter(map(without_reference, second))
    assert {history["reference"] for history in first}.isdisjoint(history["reference"] for history in second)


@broken_by(
    "Different clocks of replicas do not block the release of histories",
    "service/learning/use_cases.py",
    "release(build_routes(histories, as_of=as_of)",
    "release(build_routes(histories, as_of=transaction.now)",
)
def test_a_step_recorded_ahead_by_another_clock_does_not_block_a_release(
    service: RunningService, people: People
) -> None:
    service.clock.let_pass(minutes=2)
    CaseFile.submitted(people, by="bram", **referral_of("JZ10"))
    service.clock.let_pass(minutes=-2)

    assert pull(people).json()["k"] == K


def test_histories_come_as_a_table_on_request(people: People, crowd: list[CaseFile]) -> None:
    answer = pull(people, params={"region": "JZ10"}, headers=CSV)

    table = list(csv.DictReader(io.StringIO(answer.text)))

    assert answer.headers["content-type"].startswith("text/csv")
    assert len({row["reference"] for row in table}) >= len(crowd) - 1
    assert {row["trigger"] for row in table} >= {"submit"}
    assert [cell for row in table for cell in row.values() if cell[:1] in ("=", "+", "-", "@", "\t", "\r")] == []


@broken_by(
    "A facilitator pulls histories only of their own regions",
    "service/learning/use_cases.py",
    "own_regions & {region}",
    "{region}",
)
def test_only_a_facilitator_pulls_histories_and_only_of_their_own_regions(
    people: People, crowd: list[CaseFile]
) -> None:
    statuses = {key: person.get("/learning/histories").status_code for key, person in people.items() if key != "noor"}
    regions = {
        region: people.noor.get("/learning/histories", params={"region": region}).status_code
        for region in ("JZ10", "JZ11", "JZ14", "JZ42")
    }

    assert crowd
    assert set(statuses.values()) == {403}
    assert regions == {"JZ10": 200, "JZ11": 200, "JZ14": 404, "JZ42": 404}


def test_cases_of_another_region_change_nothing_of_a_release(people: People, crowd: list[CaseFile]) -> None:
    def histories_by_look() -> Counter[str]:
        return Counter(
            without_reference(history) for history in pull(people, params={"region": "JZ10"}).json()["histories"]
        )

    histories_before = histories_by_look()
    for by, region in (("otto", "JZ14"), ("anna", "JZ11")):
        for _ in range(K):
            CaseFile.submitted(people, by=by, **referral_of(region))

    assert crowd
    assert histories_by_look() == histories_before
