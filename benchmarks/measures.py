"""The measurements: daily work on many cases, work lists, webhooks, and moves to another workflow."""

from collections.abc import Iterator
from urllib.parse import urlsplit
from uuid import UUID

import httpx

from api_tests.support.changed_rules import copy_workflows
from api_tests.support.people import everybody
from api_tests.support.receivers import run_receiver
from api_tests.support.upgrades import PAUSE, new_plan
from api_tests.support.workflows import RULES
from benchmarks.databases import BenchmarkDatabases
from benchmarks.load import LoadPlan
from benchmarks.pairs import Extent, authorization_header, running_pair
from benchmarks.report import Figure
from benchmarks.servers import run_clients, run_service
from benchmarks.stories import Story

NOTE = (
    "Met moeder gebeld. De ochtenden gaan beter sinds er iemand is die blijft; de avonden zijn nog zwaar. "
    "Hij is deze week drie keer een halve dag naar school geweest en vertelde daar zelf over. "
    "Moeder vraagt of dezelfde begeleider ook in de vakantie kan komen. Dat vraag ik na bij de aanbieder. "
) * 4


def measure_cases(databases: BenchmarkDatabases, story: Story, extent: Extent) -> Iterator[Figure]:
    """Measure steps, reads, work lists, webhooks and adoptions on many cases with a long history."""
    ids = databases.store_case_files("cases", story, extent.files)
    version = sum(entry.part_kind == "case" for entry in story.entries)
    with run_service(databases.folder, databases.url("cases"), relay="off") as service:
        # The floor repeats the rows of this step and this read.
        headers = authorization_header(service)
        run_clients(_notes([f"/v1/cases/{ids[-1]}/transitions"], headers, version, port=service.port))
        run_clients(LoadPlan(service.port, 0, 1, [f"/v1/cases/{ids[-1]}/file"], headers))
    databases.copy_bare("cases", "cases_bare")
    half = len(ids) // 2
    yield from _measure_requests(databases, extent, ids[:half], version)
    yield from _measure_webhook(databases, extent, ids[half:-1], version)
    yield _measure_adoption(databases, extent)


def _measure_requests(databases: BenchmarkDatabases, extent: Extent, ids: list[UUID], version: int) -> Iterator[Figure]:
    with running_pair(databases, "cases", "cases_bare", extent, relay="off") as pair:
        yield from pair.measure("A transition", *_steps(ids, pair.headers, version))
        for name, path, bare in (
            ("Reading one case", "/v1/cases/{}", "/case/{}"),
            ("Reading one case file", "/v1/cases/{}/file", "/file/{}"),
        ):
            service_plan = LoadPlan(0, 0, 1, [path.format(case_id) for case_id in ids], pair.headers)
            yield from pair.measure(name, service_plan, LoadPlan(0, 0, 1, [bare.format(case_id) for case_id in ids]))
        work = LoadPlan(0, 0, 1, ["/v1/work-items?whose=team"], pair.headers)
        yield from pair.measure(f"Work list of 50 from {extent.files:,} cases", work, LoadPlan(0, 0, 1, ["/page"]))


def _measure_webhook(databases: BenchmarkDatabases, extent: Extent, ids: list[UUID], version: int) -> Iterator[Figure]:
    """Measure with the relay running in the same process, and one webhook that receives every event."""
    for name in ("cases", "cases_bare"):
        databases.publish_all(name)
    with run_receiver() as receiver:
        databases.subscribe("cases", receiver.url)
        expected = 0

        def wait_for_events(count: int) -> None:
            nonlocal expected
            expected += count
            receiver.wait_until(lambda receiver: len(receiver.requests) >= expected)

        with running_pair(databases, "cases", "cases_bare", extent, relay_seconds=0.1, webhook_targets="any") as pair:
            steps = _steps(ids, pair.headers, version)
            yield from pair.measure("A transition, a webhook told of each", *steps, wait_for_events)

            def by_service(count: int) -> None:
                before = len(receiver.requests)
                databases.queue_events("cases", count)
                receiver.wait_until(lambda receiver: len(receiver.requests) >= before + count)

            def by_floor(count: int) -> None:
                databases.queue_events("cases_bare", count)
                _get(pair.floor.port, f"/tell/{urlsplit(receiver.url).port}")

            yield pair.measure_batch("Telling a webhook of an event", by_service, by_floor)


def _measure_adoption(databases: BenchmarkDatabases, extent: Extent) -> Figure:
    """Measure the move of open cases to another version of their workflow, one transaction per case."""
    rules = copy_workflows(databases.folder, case=PAUSE)
    with running_pair(databases, "cases", "cases_bare", extent, relay="off", workflows=rules) as pair:
        people = everybody(f"http://127.0.0.1:{pair.service.port}")
        plan = new_plan(people, RULES.current("case").hash)

        def by_service(count: int) -> None:
            body = {"limit": count, "grounds": "Per 1 januari werkt de regio zo."}
            answer = people.roos.post(f"/workflow-plans/{plan['hash']}/adoptions", body)
            assert answer.raise_for_status().json()["adopted"] % count == 0

        figure = pair.measure_batch(
            "Moving a case to another workflow", by_service, lambda count: _get(pair.floor.port, f"/move/{count}")
        )
        for person in people.values():
            person.client.close()
        return figure


def measure_long_list(databases: BenchmarkDatabases, extent: Extent) -> Iterator[Figure]:
    """Measure the first page of a team's work list with many cases."""
    databases.store_submitted_cases("list", extent.listed)
    with running_pair(databases, "list", "list", extent, relay="off") as pair:
        work = LoadPlan(0, 0, 1, ["/v1/work-items?whose=team"], pair.headers)
        yield from pair.measure(f"Work list of 50 from {extent.listed:,} cases", work, LoadPlan(0, 0, 1, ["/page"]))


def _steps(ids: list[UUID], headers: dict[str, str], version: int) -> tuple[LoadPlan, LoadPlan]:
    """Returns the plans (service, floor) that add a note to each case in turn."""
    service_plan = _notes([f"/v1/cases/{case_id}/transitions" for case_id in ids], headers, version)
    return service_plan, _notes([f"/write/{case_id}" for case_id in ids], {}, version)


def _notes(paths: list[str], headers: dict[str, str], version: int, *, port: int = 0) -> LoadPlan:
    body = f'{{"trigger":"add_note","form":{{"text":"{NOTE.strip()}"}}}}'
    headers = {**headers, "content-type": "application/json"}
    return LoadPlan(port, 0, 1, paths, headers, body, [version] * len(paths), 201)


def _get(port: int, path: str) -> None:
    httpx.get(f"http://127.0.0.1:{port}{path}", timeout=60, trust_env=False).raise_for_status()
