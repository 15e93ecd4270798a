"""Work lists: everything once, the first due on top, narrowed down by what somebody asks, flat however long."""

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
from api_tests.support.servers import Running

MANY, FEW = 60, 10  # on a page


@pytest.fixture(scope="module")
def filled(people: People) -> list[CaseFile]:
    """Enough cases for a few pages: some in triage, one closed, one at a provider."""
    cases = [CaseFile.submitted(people) for _ in range(MANY + 1)]
    for case in cases[:12]:
        case.fire("start_triage", by="carla")
    cases[12].go_to("consulted")
    cases[13].go_to("arranging_placement")
    cases[14].go_to("closed")
    return cases


def walked(people: People, by: str, path: str, **asked: Any) -> list[dict[str, Any]]:
    """Every item of the list, page by page."""
    items: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = people[by].get(path, params={**asked, **cursor})
        assert page.status_code == 200, page.text
        items += page.json()["items"]
        if page.json()["nextCursor"] is None:
            return items
        assert len(page.json()["items"]) == asked["limit"]
        cursor = {"cursor": page.json()["nextCursor"]}


def place(item: dict[str, Any]) -> tuple[str, str]:
    """Where it belongs in the order; what is never due comes last."""
    return (item["part"]["dueOn"] or "9999-12-31", item["part"]["id"])


@broken_by(
    "lists are in order of (due, id)",
    "service/caseload/store.py",
    ".order_by(parts.c.due_on, parts.c.id)",
    ".order_by(parts.c.id, parts.c.due_on)",
)
@pytest.mark.parametrize(
    ("by", "path", "asked"),
    [
        ("esra", "/cases", {"limit": 7}),
        ("esra", "/cases", {"limit": 7, "includeEnded": True}),
        ("carla", "/work-items", {"limit": 9, "whose": "team"}),
        ("carla", "/work-items", {"limit": 200, "whose": "all", "includeEnded": True}),
        ("anna", "/cases", {"limit": 1}),
    ],
)
def test_a_walk_along_the_pages_meets_everything_once_and_in_order(
    people: People, filled: list[CaseFile], by: str, path: str, asked: dict[str, Any]
) -> None:
    items = walked(people, by, path, **asked)

    places = [place(item) for item in items]
    assert places == sorted(set(places))
    wanted = {it.id for n, it in enumerate(filled) if n != 14 or "includeEnded" in asked}
    assert wanted <= {item["caseId"] for item in items if item["part"]["kind"] == "case"}


def test_a_page_is_as_long_as_asked_and_tells_whether_there_is_more(people: People, filled: list[CaseFile]) -> None:
    pages = {limit: people.esra.get("/cases", params={"limit": limit}).json() for limit in (1, 2, 59)}
    usual = people.esra.get("/cases").json()

    assert {limit: len(page["items"]) for limit, page in pages.items()} == {1: 1, 2: 2, 59: 59}
    assert len(usual["items"]) == 50
    assert usual["items"][:2] == pages[2]["items"]
    assert all(it["nextCursor"] for it in (*pages.values(), usual))
    alone = people.esra.get("/cases", params={"number": filled[0].number, "limit": 1}).json()
    assert (len(alone["items"]), alone["nextCursor"]) == (1, None)


@pytest.mark.parametrize("limit", ["0", "-1", "201", "1.5", "ten", "", "99999999999999999999", "1e2"])
def test_a_page_has_its_bounds(people: People, limit: str) -> None:
    for path in ("/cases", "/work-items"):
        assert {place for _, place, _ in faults_in(people.esra.get(path, params={"limit": limit}))} == {"limit"}


@broken_by(
    "a cursor of somebody's own making is refused",
    "service/database/paging.py",
    "if not hmac.compare_digest(raw[:_TAG_BYTES], self._tag(place)):",
    "if not raw:",
)
def test_a_cursor_of_somebodys_own_making_is_refused(people: People, filled: list[CaseFile]) -> None:
    given = people.esra.get("/cases", params={"limit": 1}).json()["nextCursor"]
    raw = base64.urlsafe_b64decode(given + "=" * (-len(given) % 4))
    moved = raw[:-1] + bytes([raw[-1] ^ 1])
    forged = [
        *("x", "", "é", given[:-4], given + given, "A" * 200, "A" * 201, filled[0].id),
        base64.urlsafe_b64encode(moved).decode().rstrip("="),
        base64.urlsafe_b64encode(raw[8:]).decode().rstrip("="),
        base64.urlsafe_b64encode(b"\xff" * 40).decode(),
    ]

    for cursor in forged:
        answer = people.esra.get("/cases", params={"cursor": cursor})
        assert {(where, place) for where, place, _ in faults_in(answer)} == {("query", "cursor")}, cursor


@pytest.mark.parametrize(
    ("by", "path", "asked", "wanted"),
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
def test_a_list_is_narrowed_down_by_what_is_asked(
    people: People, filled: list[CaseFile], by: str, path: str, asked: dict[str, Any], wanted: set[int]
) -> None:
    items = walked(people, by, path, limit=200, **asked)

    found = {item["caseId"] for item in items}
    assert {n for n, it in enumerate(filled) if it.id in found} == wanted


def test_a_list_is_narrowed_down_by_day_and_by_number(people: People, filled: list[CaseFile]) -> None:
    due = date.fromisoformat(filled[20].seen()["main"]["dueOn"])

    before, until = (
        {it["caseId"] for it in walked(people, "esra", "/cases", limit=200, dueBefore=day)}
        for day in (due, due + timedelta(days=1))
    )
    assert filled[20].id not in before
    assert filled[20].id in until
    numbered = walked(people, "esra", "/cases", limit=200, number=filled[20].number)
    assert [it["caseId"] for it in numbered] == [filled[20].id]


@contextmanager
def statements(service: Running) -> Iterator[list[str]]:
    """What the service asks its database meanwhile."""
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    event.listen(service.built.database.engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(service.built.database.engine, "before_cursor_execute", note)


@pytest.mark.parametrize("whose", [None, "mine", "team", "all"])
def test_a_long_list_costs_as_many_statements_as_a_short_one(
    service: Running, people: People, filled: list[CaseFile], whose: str | None
) -> None:
    path: str = "/work-items" if whose else "/cases"
    asks = {"whose": whose} if whose else {}
    counted, shown = {}, {}
    for limit in (FEW, MANY):
        with statements(service) as asked:
            page = people.carla.client.get(path, params={"limit": limit, **asks})
        counted[limit], shown[limit] = len(asked), len(page.json()["items"])

    assert shown[FEW] == FEW < len(filled) // 2 < shown[MANY]
    assert counted[MANY] == counted[FEW] <= 4


def test_reading_one_case_costs_as_many_statements_however_long_its_history(
    service: Running, people: People, case: CaseFile
) -> None:
    counted = []
    for _ in range(2):
        for path in ("", "/transitions", "/file", "/possible-transitions"):
            with statements(service) as asked:
                people.carla.get(f"{case.path}{path}")
            counted.append(len([it for it in asked if not it.startswith(("BEGIN", "PRAGMA"))]))
        for n in range(5):
            case.fire("add_note", by="anna", text=f"Nummer {n}.")

    assert counted[:4] == counted[4:]
    assert max(counted) <= 8
