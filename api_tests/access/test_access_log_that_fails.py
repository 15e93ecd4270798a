"""Content is not read when the access log cannot be written; everything else goes on (I18, decision 0019)."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from api_tests.support.databases import new_database
from api_tests.support.engines import ENGINES
from api_tests.support.people import everybody
from api_tests.support.sabotages import Refusal, broken_by
from api_tests.support.servers import RunningService, running, settings_for
from api_tests.support.shared_case import SharedCase, help_arranged

pytestmark = pytest.mark.server


@pytest.fixture(params=ENGINES)
def unlogged(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[RunningService, SharedCase]]:
    """A service of its own, with a case, whose access log is made to fail."""
    folder: Path = tmp_path_factory.mktemp("unlogged")
    with running(settings_for(folder, new_database(request, folder, request.param))) as service:
        people = everybody(service.url)
        scene = help_arranged(people)
        scene.case.fire("accept", part=scene.parts["commitment A"])
        yield service, scene
        for person in people.values():
            person.client.close()


_RENAMED_LOG = ["ALTER TABLE access_log RENAME TO access_log_away"]
_REFUSING_LOG = {
    "sqlite": [
        "CREATE TRIGGER no_room BEFORE INSERT ON access_log BEGIN SELECT RAISE(ABORT, 'no room for Esra Yilmaz'); END"
    ],
    "postgresql": [
        "CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no room for Esra'; END $$",
        "CREATE TRIGGER no_room BEFORE INSERT ON access_log FOR EACH ROW EXECUTE FUNCTION no_room()",
    ],
}
_ROOM_IN_LOG = {"sqlite": "DROP TRIGGER no_room", "postgresql": "DROP TRIGGER no_room ON access_log"}


def run_on(service: RunningService, *statements: str) -> None:
    with service.tables.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


@broken_by(
    "I18: the service refuses a reading that it cannot log", Refusal("service/audit/store/access_log.py", "Unavailable")
)
def test_i18_what_cannot_be_logged_is_not_read_while_lists_still_work(
    unlogged: tuple[RunningService, SharedCase],
) -> None:
    service, scene = unlogged
    people, case = scene.case.people, scene.case
    content = [
        ("esra", f"{case.path}/file"),
        ("esra", f"{case.path}/transitions/1"),
        ("ivo", f"{scene.path('commitment A')}/transitions/2"),
        ("esra", f"{case.path}/advices/1"),
        ("joke", f"{case.path}/advices/1"),
        ("noor", "/learning/histories"),
    ]
    other_paths = ["/cases", "/work-items?whose=all", case.path, f"{case.path}/transitions", f"{case.path}/advices"]

    def read_content() -> list[httpx.Response]:
        return [people[key].get(path) for key, path in content]

    amendment = {"amends": 1, "changes": {"question": "Anders."}, "reason": "Zo."}
    statuses_before = [answer.status_code for answer in read_content()]
    for breakage, repair in (
        (_RENAMED_LOG, "ALTER TABLE access_log_away RENAME TO access_log"),
        (_REFUSING_LOG[service.engine], _ROOM_IN_LOG[service.engine]),
    ):
        run_on(service, *breakage)

        refusals, lists = read_content(), [people.esra.get(path).status_code for path in other_paths]
        amend_answer = case.attempt("amend", by="anna", form=amendment)
        note_answer = case.attempt("add_note")

        run_on(service, repair)
        assert [(answer.status_code, answer.headers["content-type"]) for answer in [*refusals, amend_answer]] == [
            (503, "application/problem+json")
        ] * (len(content) + 1)
        assert len(refusals) == len(content)
        assert all(set(answer.json()) == {"type", "title", "status", "detail", "code"} for answer in refusals)
        assert "Esra" not in "".join(answer.text for answer in refusals)
        assert lists == [200] * len(other_paths)
        assert note_answer.status_code == 201
    assert statuses_before == [200] * len(content)
    assert [answer.status_code for answer in read_content()] == statuses_before
