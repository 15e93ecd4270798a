"""What is measured: the work of a day on many cases, lists, telling the outside, and moving to other workflows."""

from collections.abc import Iterator
from urllib.parse import urlsplit
from uuid import UUID

import httpx

from api_tests.support.changed_rules import copied
from api_tests.support.people import everybody
from api_tests.support.receivers import receiving
from api_tests.support.upgrades import PAUSE, planned
from api_tests.support.workflows import RULES
from benchmarks.ground import Ground
from benchmarks.load import Plan
from benchmarks.pairs import Extent, bearing, up
from benchmarks.report import Figure
from benchmarks.seeding import Story
from benchmarks.servers import ask, serving

NOTE = (
    "Met moeder gebeld. De ochtenden gaan beter sinds er iemand is die blijft; de avonden zijn nog zwaar. "
    "Hij is deze week drie keer een halve dag naar school geweest en vertelde daar zelf over. "
    "Moeder vraagt of dezelfde begeleider ook in de vakantie kan komen. Dat vraag ik na bij de aanbieder. "
) * 4


def measure_cases(ground: Ground, story: Story, extent: Extent) -> Iterator[Figure]:
    """Steps, readings and lists of many cases that have been through it all, and what is done to all of them."""
    ids = ground.plant_files("cases", story, extent.files)
    version = sum(entry.part_kind == "case" for entry in story.entries)
    with serving(ground.folder, ground.url("cases"), relay="off") as service:
        # One step and one reading leave the rows that the floor repeats.
        headers = bearing(service)
        ask(_notes([f"/v1/cases/{ids[-1]}/transitions"], headers, version, port=service.port))
        ask(Plan(service.port, 0, 1, [f"/v1/cases/{ids[-1]}/file"], headers))
    ground.copy_bare("cases", "cases_bare")
    half = len(ids) // 2
    yield from _measure_work(ground, extent, ids[:half], version)
    yield from _measure_telling(ground, extent, ids[half:-1], version)
    yield _measure_moving(ground, extent)


def _measure_work(ground: Ground, extent: Extent, ids: list[UUID], version: int) -> Iterator[Figure]:
    with up(ground, "cases", "cases_bare", extent, relay="off") as pair:
        yield from pair.measure("A transition", *_steps(ids, pair.headers, version))
        for name, path, bare in (
            ("Reading one case", "/v1/cases/{}", "/case/{}"),
            ("Reading one case file", "/v1/cases/{}/file", "/file/{}"),
        ):
            of_service = Plan(0, 0, 1, [path.format(it) for it in ids], pair.headers)
            yield from pair.measure(name, of_service, Plan(0, 0, 1, [bare.format(it) for it in ids]))
        work = Plan(0, 0, 1, ["/v1/work-items?whose=team"], pair.headers)
        yield from pair.measure(f"Work list of 50 from {extent.files:,} cases", work, Plan(0, 0, 1, ["/page"]))


def _measure_telling(ground: Ground, extent: Extent, ids: list[UUID], version: int) -> Iterator[Figure]:
    """With the relay at work in the same process, and one webhook that is told of everything."""
    for name in ("cases", "cases_bare"):
        ground.publish_all(name)
    with receiving() as receiver:
        ground.subscribe("cases", receiver.url)
        told = 0

        def wait_until_told(more: int) -> None:
            nonlocal told
            told += more
            receiver.wait_until(lambda it: len(it.requests) >= told)

        with up(ground, "cases", "cases_bare", extent, relay_seconds=0.1, webhook_targets="any") as pair:
            steps = _steps(ids, pair.headers, version)
            yield from pair.measure("A transition, a webhook told of each", *steps, wait_until_told)

            def by_service(count: int) -> None:
                before = len(receiver.requests)
                ground.make_news("cases", count)
                receiver.wait_until(lambda it: len(it.requests) >= before + count)

            def by_floor(count: int) -> None:
                ground.make_news("cases_bare", count)
                _get(pair.floor.port, f"/tell/{urlsplit(receiver.url).port}")

            yield pair.measure_batch("Telling a webhook of an event", by_service, by_floor)


def _measure_moving(ground: Ground, extent: Extent) -> Figure:
    """Open cases are taken to another version of their workflow, each in a transaction of its own."""
    rules = copied(ground.folder, case=PAUSE)
    with up(ground, "cases", "cases_bare", extent, relay="off", workflows=rules) as pair:
        people = everybody(f"http://127.0.0.1:{pair.service.port}")
        plan = planned(people, RULES.current("case").hash)

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


def measure_long_list(ground: Ground, extent: Extent) -> Iterator[Figure]:
    """The first page of the team's work, however much work there is."""
    ground.plant_lists("list", extent.listed)
    with up(ground, "list", "list", extent, relay="off") as pair:
        work = Plan(0, 0, 1, ["/v1/work-items?whose=team"], pair.headers)
        yield from pair.measure(f"Work list of 50 from {extent.listed:,} cases", work, Plan(0, 0, 1, ["/page"]))


def _steps(ids: list[UUID], headers: dict[str, str], version: int) -> tuple[Plan, Plan]:
    """A note in each case: by the service, and by the floor."""
    of_service = _notes([f"/v1/cases/{it}/transitions" for it in ids], headers, version)
    return of_service, _notes([f"/write/{it}" for it in ids], {}, version)


def _notes(paths: list[str], headers: dict[str, str], version: int, *, port: int = 0) -> Plan:
    body = f'{{"trigger":"add_note","form":{{"text":"{NOTE.strip()}"}}}}'
    headers = {**headers, "content-type": "application/json"}
    return Plan(port, 0, 1, paths, headers, body, [version] * len(paths), 201)


def _get(port: int, path: str) -> None:
    httpx.get(f"http://127.0.0.1:{port}{path}", timeout=60, trust_env=False).raise_for_status()
