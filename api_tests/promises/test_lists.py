"""Work lists: every item once, first due on top, narrowed by filters, at the same cost however long."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import event

from api_tests.support.case_file import CaseFile
from api_tests.support.people import People
from api_tests.support.problems import faults_in
from api_tests.support.sabotages import broken_by
from api_tests.support.servers import RunningService

MANY, FEW = 60, 10  # items on a page


@pytest.fixture(scope="module")
def many_cases(people: People) -> list[CaseFile]:
    """Enough cases for a few pages: some in triage, one closed, one at a provider."""
    cases = [CaseFile.submitted(people) for _ in range(MANY + 1)]
    for case in cases[:12]:
        case.fire("start_triage", by="carla")
    cases[12].go_to("consulted")
    cases[13].go_to("arranging_placement")
    cases[14].go_to("closed")
    return cases


def walk(people: People, by: str, path: str, **query: Any) -> list[dict[str, Any]]:
    """Returns every item of the list, read page by page."""
    items: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = people[by].get(path, params={**query, **cursor})
        assert page.status_code == 200, page.text
        items += page.json()["items"]
        if page.json()["nextCursor"] is None:
            return items
        assert len(page.json()["items"]) == query["limit"]
        cursor = {"cursor": page.json()["nextCursor"]}


def place(item: dict[str, Any]) -> tuple[str, str]:
    """The place of an item in the order: (day due, id). An item that is never due comes last."""
    return (item["part"]["dueOn"] or "9999-12-31", item["part"]["id"])


@broken_by(
    "A list is sorted by due date, then by id",
    "service/caseload/store.py",
    "else (parts.c.due_on, parts.c.id)",
    "else (parts.c.id, parts.c.due_on)",
)
@pytest.mark.parametrize(
    ("by", "path", "query"),
    [
        ("esra", "/cases", {"limit": 7}),
        ("esra", "/cases", {"limit": 7, "includeEnded": True}),
        ("carla", "/work-items", {"limit": 9, "whose": "team"}),
        ("carla", "/work-items", {"limit": 200, "whose": "all", "includeEnded": True}),
        ("anna", "/cases", {"limit": 1}),
    ],
)
def test_a_walk_along_the_pages_meets_everything_once_and_in_order(
    people: People, many_cases: list[CaseFile], by: str, path: str, query: dict[str, Any]
) -> None:
    items = walk(people, by, path, **query)

    places = [place(item) for item in items]
    assert places == sorted(set(places))
    expected = {case.id for number, case in enumerate(many_cases) if number != 14 or "includeEnded" in query}
    assert expected <= {item["caseId"] for item in items if item["part"]["kind"] == "case"}


@pytest.mark.usefixtures("many_cases")
@broken_by(
    "An order by id skips nobody",
    "service/caseload/store.py",
    'return (parts.c.id,) if order == "id" else',
    "return",
)
@pytest.mark.parametrize(
    ("by", "path", "query"),
    [("carla", "/cases", {}), ("carla", "/work-items", {"whose": "team"}), ("carla", "/work-items", {"whose": "all"})],
)
def test_a_walk_by_id_skips_nobody_and_repeats_nobody_while_items_move(
    people: People, by: str, path: str, query: dict[str, Any]
) -> None:
    """Each step moves the day due of a case that the walk has not met yet."""
    movable = {case.id: case for case in (CaseFile.submitted(people) for _ in range(4))}
    present = {item["part"]["id"] for item in walk(people, by, path, limit=200, **query)}
    met: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = people[by].get(path, params={**query, "limit": 20, "order": "id", **cursor}).json()
        met += [item["part"]["id"] for item in page["items"]]
        unmet = [case for id_, case in movable.items() if id_ not in met]
        if unmet:
            movable.pop(unmet[0].id).fire("start_triage", by="carla")
        if page["nextCursor"] is None:
            break
        cursor = {"cursor": page["nextCursor"]}

    assert met == sorted(set(met))
    assert present <= set(met)


@pytest.mark.usefixtures("many_cases")
def test_a_cursor_keeps_to_its_order(people: People) -> None:
    for order, other in (("due", "id"), ("id", "due")):
        page = people.esra.get("/cases", params={"limit": 1, "order": order}).json()
        answer = people.esra.get("/cases", params={"limit": 1, "order": other, "cursor": page["nextCursor"]})

        assert faults_in(answer) == {("query", "cursor", "cursor_not_ours")}


def test_a_page_is_as_long_as_asked_and_tells_whether_there_is_more(people: People, many_cases: list[CaseFile]) -> None:
    pages = {limit: people.esra.get("/cases", params={"limit": limit}).json() for limit in (1, 2, 59)}
    usual = people.esra.get("/cases").json()

    assert {limit: len(page["items"]) for limit, page in pages.items()} == {1: 1, 2: 2, 59: 59}
    assert len(usual["items"]) == 50
    assert usual["items"][:2] == pages[2]["items"]
    assert all(page["nextCursor"] for page in (*pages.values(), usual))
    single = people.esra.get("/cases", params={"number": many_cases[0].number, "limit": 1}).json()
    assert (len(single["items"]), single["nextCursor"]) == (1, None)


@pytest.mark.parametrize("limit", ["0", "-1", "201", "1.5", "ten", "", "99999999999999999999", "1e2"])
def test_a_page_has_its_bounds(people: People, limit: str) -> None:
    for path in ("/cases", "/work-items"):
        assert {place for _, place, _ in faults_in(people.esra.get(path, params={"limit": limit}))} == {"limit"}


@broken_by(
    "The service refuses a cursor that it did not make",
    "service/database/paging.py",
    "        except (binascii.Error, ValueError):\n",
    "        except (binascii.Error, ValueError):\n            return ''\n",
)
def test_an_invented_cursor_is_refused(people: People, many_cases: list[CaseFile]) -> None:
    sound_cursor = people.esra.get("/cases", params={"limit": 1}).json()["nextCursor"]
    raw = base64.urlsafe_b64decode(sound_cursor + "=" * (-len(sound_cursor) % 4))
    altered = raw[:-1] + bytes([raw[-1] ^ 1])
    forged = [
        *("x", "", "é", sound_cursor[:-4], sound_cursor + sound_cursor, "A" * 200, "A" * 201, many_cases[0].id),
        base64.urlsafe_b64encode(altered).decode().rstrip("="),
        base64.urlsafe_b64encode(raw[8:]).decode().rstrip("="),
        base64.urlsafe_b64encode(b"\xff" * 40).decode(),
    ]

    for cursor in forged:
        answer = people.esra.get("/cases", params={"cursor": cursor})
        assert {(where, place) for where, place, _ in faults_in(answer)} == {("query", "cursor")}, cursor


@pytest.mark.parametrize(
    ("by", "path", "query", "expected"),
    [
        ("esra", "/cases", {"state": "in_triage"}, set(range(12))),
        ("esra", "/cases", {"state": "consulted"}, {12}),
        ("esra", "/cases", {"state": "closed"}, set()),
        ("esra", "/cases", {"state": "closed", "includeEnded": True}, {14}),
        ("esra", "/cases", {"state": "scheduled"}, set()),
        ("esra", "/cases", {"party": "process_director"}, {13}),
        ("ivo", "/work-items", {"whose": "organisation"}, {13}),
        ("ivo", "/work-items", {"whose": "organisation", "kind": "funding"}, set()),
        ("karim", "/work-items", {"whose": "organisation", "kind": "funding"}, {13}),
        ("ivo", "/cases", {}, set()),
        ("otto", "/cases", {}, set()),
        ("otto", "/work-items", {"whose": "all"}, set()),
        ("petra", "/work-items", {"whose": "team"}, set()),
        ("hanna", "/work-items", {"whose": "mine", "kind": "case"}, {13}),
    ],
)
def test_a_list_is_narrowed_down_by_its_filters(
    people: People, many_cases: list[CaseFile], by: str, path: str, query: dict[str, Any], expected: set[int]
) -> None:
    items = walk(people, by, path, limit=200, **query)

    case_ids = {item["caseId"] for item in items}
    assert {number for number, case in enumerate(many_cases) if case.id in case_ids} == expected


def test_a_list_is_narrowed_down_by_day_and_by_number(people: People, many_cases: list[CaseFile]) -> None:
    due = date.fromisoformat(many_cases[20].view()["main"]["dueOn"])

    due_before, due_until = (
        {item["caseId"] for item in walk(people, "esra", "/cases", limit=200, dueBefore=day)}
        for day in (due, due + timedelta(days=1))
    )
    assert many_cases[20].id not in due_before
    assert many_cases[20].id in due_until
    numbered = walk(people, "esra", "/cases", limit=200, number=many_cases[20].number)
    assert [item["caseId"] for item in numbered] == [many_cases[20].id]


@contextmanager
def statements(service: RunningService) -> Iterator[list[str]]:
    """Collects the statements that the service sends to its database meanwhile."""
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    event.listen(service.built.database.engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(service.built.database.engine, "before_cursor_execute", note)


@pytest.mark.parametrize("whose", [None, "mine", "team", "all"])
def test_a_long_list_costs_as_many_statements_as_a_short_one(
    service: RunningService, people: People, many_cases: list[CaseFile], whose: str | None
) -> None:
    path: str = "/work-items" if whose else "/cases"
    query = {"whose": whose} if whose else {}
    statement_counts, item_counts = {}, {}
    for limit in (FEW, MANY):
        with statements(service) as executed:
            page = people.carla.client.get(path, params={"limit": limit, **query})
        statement_counts[limit], item_counts[limit] = len(executed), len(page.json()["items"])

    assert item_counts[FEW] == FEW < len(many_cases) // 2 < item_counts[MANY]
    assert statement_counts[MANY] == statement_counts[FEW] <= 4


def test_reading_one_case_costs_as_many_statements_however_long_its_history(
    service: RunningService, people: People, case: CaseFile
) -> None:
    people.carla.get(f"{case.path}/file")  # the process keeps the keys that it read
    counts = []
    for _ in range(2):
        for path in ("", "/transitions", "/file", "/possible-transitions"):
            with statements(service) as executed:
                people.carla.get(f"{case.path}{path}")
            counts.append(len([statement for statement in executed if not statement.startswith(("BEGIN", "PRAGMA"))]))
        for number in range(5):
            case.fire("add_note", by="anna", text=f"Nummer {number}.")

    assert counts[:4] == counts[4:]
    assert max(counts) <= 8
