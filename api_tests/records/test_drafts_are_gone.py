"""A draft is encrypted, visible to its owner alone, and removed with its key once discarded, sent or expired."""

from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import Engine, func, select

from api_tests.support.people import People, Person
from api_tests.support.sabotages import broken_by
from api_tests.support.servers import RunningService
from api_tests.support.workflows import form_for
from service.cases.store.tables import drafts
from service.database.tables import case_keys


def _begin_draft(by: Person, form: object, *, key: str | None = None) -> str:
    answer = by.post("/drafts", {"form": form}, key=key)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def _rows_and_keys(database: Engine, draft_id: str) -> tuple[int, int]:
    """Returns (number of rows, number of keys) of this draft."""
    with database.connect() as connection:
        rows = select(func.count()).select_from(drafts).where(drafts.c.id == draft_id)
        keys = select(func.count()).select_from(case_keys).where(case_keys.c.owner_id == draft_id)
        return connection.execute(rows).scalar_one(), connection.execute(keys).scalar_one()


@pytest.fixture
def later(service: RunningService) -> Iterator[RunningService]:
    """The service with a clock that the test may put forward; it is put back afterwards."""
    passed = service.clock.passed
    yield service
    service.clock.passed = passed


@broken_by(
    "A discarded draft loses its key",
    "service/cases/store/drafts.py",
    "        self._keyring.remove_keys(self._connection, draft_id)\n        self._connection.execute(delete(drafts)",
    "        self._connection.execute(delete(drafts)",
)
def test_a_discarded_draft_is_gone_with_its_key(people: People, database: Engine) -> None:
    draft = _begin_draft(people.anna, {"question": "nog niet af"})
    assert _rows_and_keys(database, draft) == (1, 1)

    discarded = people.anna.client.delete(f"/drafts/{draft}", headers={"If-Match": '"1"'})

    assert discarded.status_code == 204
    assert _rows_and_keys(database, draft) == (0, 0)


def test_a_draft_that_was_sent_is_gone_with_its_key(people: People, database: Engine) -> None:
    draft = _begin_draft(people.anna, form_for("case", "submit"))

    sent = people.anna.post("/cases", {"trigger": "submit", "draftId": draft})

    assert sent.status_code == 201, sent.text
    assert _rows_and_keys(database, draft) == (0, 0)


def test_a_draft_is_there_until_its_announced_day_and_not_after(people: People, later: RunningService) -> None:
    draft = _begin_draft(people.anna, {"question": "nog niet af"})

    later.clock.let_pass(days=29)
    before = people.anna.get(f"/drafts/{draft}").status_code
    later.clock.let_pass(days=2)
    after = people.anna.get(f"/drafts/{draft}").status_code

    assert (before, after) == (200, 404)
    assert draft not in {item["id"] for item in people.anna.get("/drafts").json()["items"]}


@broken_by(
    "An expired draft is removed before the next draft begins",
    "service/cases/use_cases/drafts.py",
    "        FormDrafts(transaction).remove_expired()",
    "        _ = transaction",
)
def test_an_expired_draft_is_removed_with_its_key_before_the_next_is_begun(
    people: People, database: Engine, later: RunningService
) -> None:
    draft = _begin_draft(people.anna, {"question": "nog niet af"})

    later.clock.let_pass(days=31)
    next_draft = _begin_draft(people.bram, {})

    assert _rows_and_keys(database, draft) == (0, 0)
    assert _rows_and_keys(database, next_draft) == (1, 1)


def test_somebody_elses_draft_does_not_exist(people: People, database: Engine) -> None:
    draft = _begin_draft(people.anna, {"question": "van Anna alleen"})
    by_bram = people.bram.client
    version = {"If-Match": '"1"'}

    answers: list[httpx.Response] = [
        by_bram.get(f"/drafts/{draft}"),
        by_bram.put(f"/drafts/{draft}", json={"form": {}}, headers=version),
        by_bram.delete(f"/drafts/{draft}", headers=version),
        people.bram.post("/cases", {"trigger": "submit", "draftId": draft}),
    ]
    nowhere = by_bram.get(f"/drafts/{uuid4()}")

    assert {answer.status_code for answer in answers} == {404}
    assert answers[0].json() == nowhere.json()
    assert _rows_and_keys(database, draft) == (1, 1)
