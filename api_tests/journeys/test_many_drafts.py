"""Many drafts: at most so many per person, listed page by page, the last saved first."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from api_tests.support.changed_rules import copy_workflows, replace_in_workflow, service_with_people
from api_tests.support.databases import new_database
from api_tests.support.engines import ENGINES
from api_tests.support.people import People, Person
from api_tests.support.problems import faults_in
from api_tests.support.refusals import refusal
from api_tests.support.sabotages import broken_by
from api_tests.support.servers import RunningService
from api_tests.support.shared_case import in_days, newcomer
from api_tests.support.workflows import RULES, form_for
from service.database.tables import case_keys
from service.vocabulary.roles import Role

pytestmark = pytest.mark.server
MOST = 3


@pytest.fixture(scope="module", params=ENGINES)
def frugal(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[RunningService, People]]:
    """A service of its own, where a person may have three drafts."""
    folder = tmp_path_factory.mktemp(f"frugal-{request.param}")
    rules = copy_workflows(folder)
    replace_in_workflow(rules, "settings", "drafts_per_person = 50", f"drafts_per_person = {MOST}")
    with service_with_people(folder, new_database(request, folder, request.param), rules) as service_and_people:
        yield service_and_people


@contextmanager
def drafter(service: RunningService) -> Iterator[Person]:
    """A person of the local team without drafts."""
    with newcomer(service, ("team-haarlem", Role.LOCAL_TEAM, in_days(-9), None)) as person:
        yield person


def begin_draft(by: Person, question: str = "Hoe verder?") -> dict[str, Any]:
    answer = by.post("/drafts", {"form": {"question": question}})
    assert answer.status_code == 201, answer.text
    draft: dict[str, Any] = answer.json()
    return draft


def keys_of(service: RunningService) -> int:
    """Returns the number of keys."""
    with service.tables.connect() as connection:
        return connection.execute(select(func.count()).select_from(case_keys)).scalar_one()


def test_the_settings_say_how_many_drafts_a_person_may_have() -> None:
    assert RULES.settings.default.drafts_per_person == 50


@broken_by(
    "A person cannot keep more drafts than the settings allow",
    "service/cases/use_cases/drafts.py",
    "        raise TooManyDrafts(default.drafts_per_person, default.draft_days)",
    "        pass",
)
def test_a_person_with_all_the_drafts_allowed_is_told_how_to_get_room(frugal: tuple[RunningService, People]) -> None:
    with drafter(frugal[0]) as person:
        drafts = [begin_draft(person) for _ in range(MOST)]
        keys = keys_of(frugal[0])

        for language, sentence in (("nl", f"U hebt {MOST} concepten"), ("en", f"You have {MOST} drafts")):
            answer = person.post("/drafts", {"form": {}}, headers={"Accept-Language": language})
            assert refusal(answer) == (409, "too_many_drafts")
            assert (answer.json()["most"], answer.json()["draftDays"]) == (MOST, 30)
            assert answer.json()["detail"].startswith(sentence)
            assert "/v1/drafts" in answer.json()["detail"]
        assert keys_of(frugal[0]) == keys, "a refused draft gets no key"

        save = person.client.put(f"/drafts/{drafts[0]['id']}", json={"form": {}}, headers={"If-Match": '"1"'})
        assert save.status_code == 200, "an existing draft can still be saved"
        person.client.delete(f"/drafts/{drafts[1]['id']}", headers={"If-Match": '"1"'}).raise_for_status()
        begin_draft(person)
        assert refusal(person.post("/drafts", {"form": {}})) == (409, "too_many_drafts")


def test_a_draft_that_is_submitted_makes_room_and_so_does_one_that_expires(
    frugal: tuple[RunningService, People],
) -> None:
    service, _ = frugal
    with drafter(service) as person:
        drafts = [person.post("/drafts", {"form": form_for("case", "submit")}).json() for _ in range(MOST)]
        assert person.post("/cases", {"trigger": "submit", "draftId": drafts[0]["id"]}).status_code == 201
        begin_draft(person)
        offset = service.clock.passed
        try:
            service.clock.let_pass(days=31)
            for _ in range(MOST):
                begin_draft(person)
        finally:
            service.clock.passed = offset


def test_a_draft_begun_twice_with_one_key_is_answered_again_without_room_for_another(
    frugal: tuple[RunningService, People],
) -> None:
    with drafter(frugal[0]) as person:
        key = str(uuid4())
        first = person.post("/drafts", {"form": {}}, key=key)
        for _ in range(MOST - 1):
            begin_draft(person)

        replay = person.post("/drafts", {"form": {}}, key=key)

        assert (replay.status_code, replay.json()["id"]) == (201, first.json()["id"])
        assert refusal(person.post("/drafts", {"form": {}})) == (409, "too_many_drafts")


def test_twelve_drafts_at_once_do_not_exceed_the_limit(frugal: tuple[RunningService, People]) -> None:
    with drafter(frugal[0]) as person:
        begin_draft(person)
        with ThreadPoolExecutor(12) as pool:
            answers = list(pool.map(lambda _: person.post("/drafts", {"form": {}}).status_code, range(12)))

        assert sorted(answers) == [201] * (MOST - 1) + [409] * (13 - MOST)
        assert len(person.get("/drafts").json()["items"]) == MOST


@broken_by(
    "Only a person who may submit can make a draft",
    "service/cases/use_cases/drafts.py",
    "    require_submitter(actor, rules, SUBMIT)\n    default =",
    "    default =",
)
@pytest.mark.parametrize("who", ["esra", "ivo", "mila", "roos"])
def test_only_a_person_who_may_submit_makes_drafts(people: People, who: str) -> None:
    assert refusal(people[who].post("/drafts", {"form": {}})) == (403, "not_allowed")
    assert people[who].get("/drafts").json() == {"items": [], "nextCursor": None}


def drafts_of(by: Person, limit: int, first: str | None = None) -> Iterator[dict[str, Any]]:
    """Yields the drafts of a person, page by page."""
    cursor = {} if first is None else {"cursor": first}
    while True:
        page = by.get("/drafts", params={"limit": limit, **cursor})
        assert page.status_code == 200, page.text
        yield from page.json()["items"]
        if page.json()["nextCursor"] is None:
            return
        assert len(page.json()["items"]) == limit
        cursor = {"cursor": page.json()["nextCursor"]}


@broken_by(
    "The list of drafts shows the draft that was saved last first",
    "service/cases/store/drafts.py",
    "        columns = (drafts.c.saved_at, drafts.c.id)\n",
    "        columns = (drafts.c.id, drafts.c.saved_at)\n",
)
@pytest.mark.parametrize("limit", [1, 2, 4, 5, 200])
def test_a_walk_along_the_pages_meets_every_draft_once_the_last_saved_first(
    service: RunningService, limit: int
) -> None:
    with drafter(service) as person:
        drafts = [begin_draft(person, f"Nummer {n}") for n in range(5)]
        person.client.put(f"/drafts/{drafts[1]['id']}", json={"form": {}}, headers={"If-Match": '"1"'})

        draft_ids = [draft["id"] for draft in drafts_of(person, limit)]

        assert draft_ids == [drafts[n]["id"] for n in (1, 4, 3, 2, 0)]


def test_drafts_that_are_saved_during_a_walk_move_no_other(service: RunningService) -> None:
    with drafter(service) as person:
        draft_ids = [begin_draft(person, f"Nummer {n}")["id"] for n in range(6)]
        page = person.get("/drafts", params={"limit": 2}).json()
        assert [item["id"] for item in page["items"]] == [draft_ids[5], draft_ids[4]]

        for draft in (draft_ids[5], draft_ids[1]):
            save = person.client.put(f"/drafts/{draft}", json={"form": {}}, headers={"If-Match": '"1"'})
            assert save.status_code == 200
        begin_draft(person)

        remaining_ids = [item["id"] for item in drafts_of(person, 2, page["nextCursor"])]
        assert remaining_ids == [draft_ids[3], draft_ids[2], draft_ids[0]], (
            "a draft saved meanwhile stands on top, and none comes twice"
        )


@broken_by(
    "A walk along drafts by id skips none",
    "service/cases/store/drafts.py",
    "(drafts.c.id,) if by_id else",
    "(drafts.c.saved_at.desc(),) if by_id else",
)
def test_a_walk_by_id_skips_no_draft_that_is_saved_meanwhile(service: RunningService) -> None:
    with drafter(service) as person:
        draft_ids = sorted(begin_draft(person, f"Nummer {n}")["id"] for n in range(6))
        page = person.get("/drafts", params={"limit": 2, "order": "id"}).json()
        other = person.get("/drafts", params={"limit": 2, "cursor": page["nextCursor"]})
        save = person.client.put(f"/drafts/{draft_ids[5]}", json={"form": {}}, headers={"If-Match": '"1"'})
        rest = person.get("/drafts", params={"limit": 200, "order": "id", "cursor": page["nextCursor"]}).json()

        assert save.status_code == 200
        assert [item["id"] for item in (*page["items"], *rest["items"])] == draft_ids
        assert faults_in(other) == {("query", "cursor", "cursor_not_ours")}


def test_a_page_of_drafts_has_bounds_and_an_invented_cursor_is_refused(people: People) -> None:
    for limit in ("0", "201", "ten"):
        assert {place for _, place, _ in faults_in(people.anna.get("/drafts", params={"limit": limit}))} == {"limit"}
    for _ in range(2):
        begin_draft(people.anna)
    sound_cursor = people.anna.get("/drafts", params={"limit": 1}).json()["nextCursor"]
    foreign_cursor = people.esra.get("/cases", params={"limit": 1}).json()["nextCursor"] or "x"
    for cursor in ("x", sound_cursor[:-4], sound_cursor + sound_cursor, foreign_cursor):
        answer = people.anna.get("/drafts", params={"cursor": cursor})
        assert {(where, place) for where, place, _ in faults_in(answer)} == {("query", "cursor")}, cursor
