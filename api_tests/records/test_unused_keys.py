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

from api_tests.promises.test_versions import TOGETHER, at_once
from api_tests.support.case_file import CaseFile
from api_tests.support.changed_rules import service_with_people
from api_tests.support.databases import new_database
from api_tests.support.engines import ENGINES
from api_tests.support.people import People, Person
from api_tests.support.sabotages import broken_by
from api_tests.support.servers import RunningService
from api_tests.support.shared_case import in_days, newcomer
from api_tests.support.transactions import transaction_on
from api_tests.support.workflows import RULES, form_for
from service.__main__ import main
from service.cases.store.contents import Contents, SealedContent
from service.database.keyring import CONTENT_CLASSES, DRAFT_CLASS, Keyring, load_master_key
from service.database.tables import case_keys
from service.database.transaction import Transaction
from service.integrity.store.unused_keys import UnusedKeys
from service.vocabulary.refusals import Unavailable
from service.vocabulary.roles import Role

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


def _unused_keys(service: RunningService) -> int:
    with service.tables.connect() as connection:
        return UnusedKeys(transaction_on(connection)).count()


def _rivals_for_one_draft(by: Person) -> list[httpx.Response]:
    draft = by.post("/drafts", {"form": form_for("case", "submit")}).json()["id"]
    return at_once(lambda _: _submit_draft(by, draft))


def _rivals_for_the_last_room(by: Person) -> list[httpx.Response]:
    for _ in range(RULES.settings.default.drafts_per_person - 1):
        by.post("/drafts", {"form": {}}).raise_for_status()
    return at_once(lambda _: by.post("/drafts", {"form": {}}))


def _submission_and_draft_with_one_key(by: Person) -> list[httpx.Response]:
    key, draft = str(uuid4()), {"form": {"question": "Hoe verder?"}}
    return at_once(lambda number: _submit(by, key=key) if number % 2 else by.post("/drafts", draft, key=key))


# What twelve requests at the same moment compete for, with the status of each that loses, and how many lose.
LOST_RACES: dict[str, tuple[Callable[[Person], list[httpx.Response]], int, int]] = {
    "one draft": (_rivals_for_one_draft, 404, TOGETHER - 1),
    "the last room for a draft": (_rivals_for_the_last_room, 409, TOGETHER - 1),
    "one key": (_submission_and_draft_with_one_key, 409, TOGETHER // 2),
}


@broken_by(
    "A submission or draft that loses a race leaves no keys: on SQLite, nothing runs between its keys and its data",
    "service/cases/api/submissions.py",
    "await context.database.write_with_keys(create_keys, record))",
    "(await context.database.write(create_keys), await context.database.write(record))[1])",
    case="sqlite-one draft",
)
@broken_by(
    "A draft that loses a race for the last room leaves no key",
    "service/cases/api/drafts.py",
    "await context.database.write_with_keys(create_key, work)",
    "(await context.database.write(create_key), await context.database.write(work))[1]",
    case="sqlite-the last room for a draft",
)
@broken_by(
    "A submission or draft that loses a race leaves no keys: on PostgreSQL, its keys and its data are one transaction",
    "service/database/worker_threads.py",
    'if self.engine.dialect.name == "postgresql":\n            return self.write_sync(create_keys_and_work',
    "if not self.engine:\n            return self.write_sync(create_keys_and_work",
    case="postgresql-one draft",
)
@pytest.mark.parametrize("name", LOST_RACES)
def test_a_request_that_loses_a_race_leaves_no_keys(service: RunningService, name: str) -> None:
    compete, status, losers = LOST_RACES[name]
    with newcomer(service, ("team-haarlem", Role.LOCAL_TEAM, in_days(-9), None)) as person:
        before = _unused_keys(service)

        answers = compete(person)

    assert sorted(answer.status_code for answer in answers) == [201] * (TOGETHER - losers) + [status] * losers
    assert _unused_keys(service) == before


@broken_by(
    "Keys of a request that was rolled back are not used from memory",
    "service/database/worker_threads.py",
    "keyring = self.keyring.for_new_keys()",
    "keyring = self.keyring",
)
def test_what_a_request_that_failed_read_does_not_outlive_it(
    installation: tuple[RunningService, People], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sent again to another process, it creates other keys, which this process must then read."""
    service, people = installation
    owners: list[UUID] = []

    def fail(_: Contents, sealed: SealedContent) -> None:
        owners.append(UUID(sealed.row["case_id"]))
        raise Unavailable

    with monkeypatch.context() as patch:
        patch.setattr(Contents, "store", fail)
        assert _submit(people.anna).status_code == 503
    _command(service, "remove-unused-keys")
    owner, of_another_process = owners[0], Keyring(load_master_key(None, service.settings.master_key_file))
    with service.tables.begin() as connection:
        of_another_process.create_keys(connection, owner, CONTENT_CLASSES)
        key = of_another_process.content_key(connection, owner, "referral")

    assert service.built.database.read_sync(partial(_read_key, owner=owner)) == key


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
    return transaction.keyring.content_key(transaction.connection, owner, "referral")


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
    "        self.forget(owner_id)\n        if connection",
    "        if connection",
)
def test_a_submission_that_is_sent_again_uses_the_new_keys(service: RunningService) -> None:
    owner, database = uuid4(), service.built.database
    _crash_between_keys_and_data(service, owner)
    first = database.read_sync(partial(_read_key, owner=owner))
    _command(service, "remove-unused-keys")

    _crash_between_keys_and_data(service, owner)

    assert database.read_sync(partial(_read_key, owner=owner)) != first
