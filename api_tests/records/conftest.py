"""A database made by the migrations with real cases in it, made through the running service; and who attacks it."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from api_tests.support.case_file import CaseFile
from api_tests.support.databases import new_database
from api_tests.support.destroyed_case import Story, told
from api_tests.support.engines import ENGINES
from api_tests.support.forgery import Forger, Known, engine_for
from api_tests.support.people import People
from api_tests.support.servers import Running


@pytest.fixture(scope="session")
def known(people: People) -> Known:
    told = CaseFile.submitted(people).go_to("arranging_placement")
    told.fire("add_note", part=told.parts("commitment")[0])
    told.fire("seek_placement")
    told.fire("request_escalation")
    read = people.esra.get(f"{told.path}/file")
    assert read.status_code == 200, read.text
    ended = CaseFile.submitted(people)
    ended.fire("withdraw")
    decided = people.roos.post("/regions/JZ43/settings", {"settings": {}})
    assert decided.status_code == 201, decided.text
    return Known(told=told.id, other=CaseFile.submitted(people).id, ended=ended.id)


@pytest.fixture(scope="session", params=["as the owner", "undermined"])
def forger(request: pytest.FixtureRequest, service: Running, known: Known) -> Iterator[Forger]:
    """Somebody who writes to the database behind the back of the service."""
    undermined = request.param == "undermined"
    engine = engine_for(service.settings.database_url, undermined=undermined)
    yield Forger(engine, known, undermined)
    engine.dispose()


@pytest.fixture(scope="session")
def database(service: Running) -> Iterator[Engine]:
    """Connections of our own to the database of the service."""
    engine = engine_for(service.settings.database_url, undermined=False)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session", params=ENGINES)
def story(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """A case that was destroyed, in a database of its own, and the same database as it was before."""
    folder = tmp_path_factory.mktemp(f"destroyed_{request.param}")
    url = new_database(request, folder, request.param)
    with told(folder, url, request.getfixturevalue("cluster") if request.param == "postgresql" else None) as found:
        yield found
