"""A key is written for who may store something; what a crash leaves is counted and removed (decision 0008)."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from functools import partial
from io import StringIO
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import Engine, func, select

from api_tests.support.case_file import CaseFile
from api_tests.support.changed_rules import service_with_people
from api_tests.support.databases import new_database
from api_tests.support.engines import ENGINES
from api_tests.support.people import People, Person
from api_tests.support.sabotages import broken_by
from api_tests.support.servers import RunningService
from api_tests.support.transactions import transaction_on
from api_tests.support.workflows import form_for
from service.__main__ import main
from service.database.keyring import CONTENT_CLASSES, DRAFT_CLASS
from service.database.tables import case_keys
from service.database.transaction import Transaction

pytestmark = pytest.mark.server


@pytest.fixture(scope="module", params=ENGINES)
def installation(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[RunningService, People]]:
    """A service of its own: in the common one the clock was moved, and verification tells of it."""
    folder = tmp_path_factory.mktemp(f"unused-keys-{request.param}")
    with service_with_people(folder, new_database(request, folder, request.param)) as both:
        yield both


def _submit(by: Person, *, key: str | None = None, **changes: object) -> httpx.Response:
    return by.post("/cases", {"trigger": "submit", "form": form_for("case", "submit", **changes)}, key=key)


def _submit_draft(by: Person, draft_id: str) -> httpx.Response:
    return by.post("/cases", {"trigger": "submit", "draftId": draft_id})


def _ask_region_without_team(by: Person) -> httpx.Response:
    consult = {**(form_for("case", "ask_consult") or {}), "municipality": None, "region": "JZ22"}
    return by.post("/cases", {"trigger": "ask_consult", "form": consult})


def _submit_with_used_key(by: Person) -> httpx.Response:
    key = str(uuid4())
    by.post("/drafts", {"form": {}}, key=key)
    return _submit(by, key=key)


REFUSED: dict[str, tuple[int, Callable[[People], httpx.Response]]] = {
    "somebody who may not submit": (403, lambda people: _submit(people.ivo)),
    "a form that a rule refuses": (400, lambda people: _submit(people.anna, consents=[])),
    "a region without a team": (409, lambda people: _ask_region_without_team(people.anna)),
    "a draft that is not there": (404, lambda people: _submit_draft(people.anna, str(uuid4()))),
    "an incomplete draft": (
        400,
        lambda people: _submit_draft(people.anna, people.anna.post("/drafts", {"form": {}}).json()["id"]),
    ),
    "a key of another request": (409, lambda people: _submit_with_used_key(people.anna)),
    "a draft of somebody who may not submit": (403, lambda people: people.ivo.post("/drafts", {"form": {}})),
}


def _keys_of_cases(database: Engine) -> int:
    with database.connect() as connection:
        count = select(func.count()).select_from(case_keys).where(case_keys.c.content_class != DRAFT_CLASS)
        return connection.execute(count).scalar_one()


@broken_by(
    "Decision 0008: nothing is written for who may not submit",
    "service/cases/use_cases/submit.py",
    "        _check(transaction, caller, actor, submission, case_id=case_id, rules=rules)\n"
    '        transaction.allow_all_rows("keys',
    '        transaction.allow_all_rows("keys',
)
@pytest.mark.parametrize("name", REFUSED)
def test_a_submission_that_is_refused_leaves_no_keys(people: People, database: Engine, name: str) -> None:
    before, (status, send) = _keys_of_cases(database), REFUSED[name]

    answer = send(people)

    assert answer.status_code == status, answer.text
    assert _keys_of_cases(database) == before


def _command(service: RunningService, *arguments: str) -> tuple[int | str | None, str]:
    """Run a command. Returns (exit code or message, output)."""
    output = StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(output):
        patch.setenv("CASUSROUTE_DATABASE_URL", service.settings.database_url)
        patch.setenv("CASUSROUTE_MASTER_KEY_FILE", str(service.settings.master_key_file))
        patch.setenv("CASUSROUTE_DESTRUCTION_LIST", str(service.settings.destruction_list))
        patch.setenv("CASUSROUTE_MODE", "demonstration")
        patch.setattr(sys, "argv", ["service", *arguments])
        try:
            main()
        except SystemExit as stop:
            return stop.code, output.getvalue()
    return 0, output.getvalue()


def _crash_between_keys_and_data(service: RunningService, owner: UUID) -> None:
    database = service.built.database
    database.write_sync(
        lambda transaction: transaction.keyring.create_keys(transaction.connection, owner, CONTENT_CLASSES)
    )


def _keys_of(database: Engine, owner: str) -> int:
    with database.connect() as connection:
        count = select(func.count()).select_from(case_keys).where(case_keys.c.owner_id == owner)
        return connection.execute(count).scalar_one()


def _read_key(transaction: Transaction, owner: UUID) -> bytes:
    transaction.allow_all_rows("a test")
    return transaction.keyring.content_key(transaction.connection, owner, "notes")


@broken_by(
    "Unused keys are removed, and no key that opens something",
    "service/integrity/store/unused_keys.py",
    "exists().where(drafts.c.id == case_keys.c.owner_id))",
    "exists().where(drafts.c.id != drafts.c.id))",
)
def test_what_a_crash_left_is_counted_by_verify_and_removed_by_a_command(
    installation: tuple[RunningService, People],
) -> None:
    service, people = installation
    database = service.tables
    case = CaseFile.submitted(people)
    draft = people.anna.post("/drafts", {"form": {"question": "Nog niet af."}}).json()["id"]
    _command(service, "remove-unused-keys")
    _crash_between_keys_and_data(service, uuid4())

    summary = json.loads(_command(service, "verify", "--json")[1].splitlines()[-1])
    advice = _command(service, "verify")[1].splitlines()[-1]
    removed = _command(service, "remove-unused-keys")
    summary_after = json.loads(_command(service, "verify", "--json")[1].splitlines()[-1])

    assert (summary["sound"], summary["unusedKeys"], summary_after.get("unusedKeys")) == (True, 6, None)
    assert advice.endswith("remove them: remove-unused-keys.")
    assert removed == (0, "6 unused keys removed\n")
    assert people.esra.get(f"{case.path}/file").status_code == 200
    assert (_keys_of(database, case.id), _keys_of(database, draft)) == (6, 1)


@broken_by(
    "Unused keys are removed only after the data of every transaction that has read a key was stored",
    "service/integrity/store/unused_keys.py",
    'if self._connection.dialect.name == "postgresql":',
    "if not self._connection:",
    case="postgresql",
)
def test_no_key_is_removed_while_a_transaction_stores_what_it_read_a_key_for(
    installation: tuple[RunningService, People],
) -> None:
    service, owner = installation[0], uuid4()
    _command(service, "remove-unused-keys")
    _crash_between_keys_and_data(service, owner)
    database = service.built.database
    with database.engine.begin() as connection:
        _read_key(transaction_on(connection, database.keyring), owner)

        waiting = _command(service, "remove-unused-keys")

    assert str(waiting[0]).endswith("the database does not answer, or another process has locked it")
    assert _command(service, "remove-unused-keys") == (0, "6 unused keys removed\n")


@broken_by(
    "A key that was removed as unused is not used from memory, when its submission is sent again",
    "service/database/keyring.py",
    "        self._forget(owner_id)\n        if connection",
    "        if connection",
)
def test_a_submission_that_is_sent_again_uses_the_new_keys(service: RunningService) -> None:
    owner, database = uuid4(), service.built.database
    _crash_between_keys_and_data(service, owner)
    first = database.read_sync(partial(_read_key, owner=owner))
    _command(service, "remove-unused-keys")

    _crash_between_keys_and_data(service, owner)

    assert database.read_sync(partial(_read_key, owner=owner)) != first
