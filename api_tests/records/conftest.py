"""Fixtures of the database tests: cases of the running service, a forger who attacks them, a destroyed case."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from api_tests.support.case_file import CaseFile
from api_tests.support.databases import new_database
from api_tests.support.destroyed_case import DestructionStory, destruction_story
from api_tests.support.destroyed_content import DestroyedContentStory, destroyed_content_story
from api_tests.support.engines import ENGINES
from api_tests.support.forgery import Forger, KnownCases, engine_for
from api_tests.support.people import People
from api_tests.support.servers import RunningService


@pytest.fixture(scope="session")
def known(people: People) -> KnownCases:
    case = CaseFile.submitted(people).go_to("arranging_placement")
    case.fire("add_note", part=case.parts("commitment")[0])
    case.fire("seek_placement")
    case.fire("request_escalation")
    file = people.esra.get(f"{case.path}/file")
    assert file.status_code == 200, file.text
    ended = CaseFile.submitted(people)
    ended.fire("withdraw")
    answer = people.roos.post("/regions/JZ43/settings", {"settings": {}})
    assert answer.status_code == 201, answer.text
    return KnownCases(advised=case.id, submitted=CaseFile.submitted(people).id, withdrawn=ended.id)


@pytest.fixture(scope="session", params=["as the owner", "undermined"])
def forger(request: pytest.FixtureRequest, service: RunningService, known: KnownCases) -> Iterator[Forger]:
    """A forger writes to the database behind the back of the service."""
    undermined = request.param == "undermined"
    engine = engine_for(service.settings.database_url, undermined=undermined)
    yield Forger(engine, known, undermined)
    engine.dispose()


@pytest.fixture(scope="session")
def database(service: RunningService) -> Iterator[Engine]:
    """Connections of the tests to the database of the service, as the owner of its tables."""
    engine = engine_for(service.settings.database_url, undermined=False)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session", params=ENGINES)
def story(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DestructionStory]:
    """A case that was destroyed, in a database of its own, and the same database as it was before."""
    folder = tmp_path_factory.mktemp(f"destroyed_{request.param}")
    url = new_database(request, folder, request.param)
    with destruction_story(
        folder, url, request.getfixturevalue("cluster") if request.param == "postgresql" else None
    ) as destroyed_case:
        yield destroyed_case


@pytest.fixture(scope="session", params=ENGINES)
def emptied(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[DestroyedContentStory]:
    """An entry whose content was destroyed, in a database of its own, and the same database as it was before."""
    folder = tmp_path_factory.mktemp(f"emptied_{request.param}")
    url = new_database(request, folder, request.param)
    cluster = request.getfixturevalue("cluster") if request.param == "postgresql" else None
    with destroyed_content_story(folder, url, cluster) as story:
        yield story
