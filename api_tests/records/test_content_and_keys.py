"""Content is what decrypts: with its own key, in its own place, and with this installation's master key alone."""

import base64
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap
from sqlalchemy import Connection, Engine, delete, select, update

from api_tests.support.case_file import CaseFile
from api_tests.support.forgery import KnownCases, columns_of, engine_for, entries_of_case
from api_tests.support.people import People
from api_tests.support.postgres import Cluster
from api_tests.support.sabotages import broken_by
from api_tests.support.servers import RunningService
from api_tests.support.tampering import remove_protections
from api_tests.support.transactions import transaction_on
from service.cases.store.contents import Contents
from service.cases.store.rows import entry_to_row, row_to_transition
from service.cases.store.tables import contents
from service.database.engine import keys_file
from service.database.keyring import Keyring, MasterKeyRefused, load_master_key
from service.database.tables import case_keys
from service.integrity.store.case_history import verify_history
from service.vocabulary.refusals import Unavailable

WORDS = "Jip uit Zilverdorp wil weer naar de judo"


def _master(service: RunningService) -> bytes:
    return load_master_key(None, service.settings.master_key_file)


@pytest.fixture
def bare(service: RunningService, known: KnownCases) -> Iterator[Connection]:
    """A connection without protections and constraints; its transaction is rolled back."""
    assert known.advised  # made before the database is locked
    engine = engine_for(service.settings.database_url, undermined=True)
    with engine.connect() as connection:
        remove_protections(connection)
        yield connection
        connection.rollback()
    engine.dispose()


def _read_content(
    connection: Connection, service: RunningService, case_id: str, *, master: bytes | None = None
) -> object:
    """The content of a case, as a service that has just started reads it."""
    keyring = Keyring(master or _master(service))
    return Contents(transaction_on(connection, keyring)).open(UUID(case_id))


@broken_by(
    "The database stores the words of people encrypted",
    "service/cases/store/contents.py",
    "ciphertext = AESGCM(key).encrypt(nonce, to_canonical_json(content.body).encode(), associated_data)",
    "ciphertext = to_canonical_json(content.body).encode() or AESGCM(key).encrypt(nonce, b'', associated_data)",
    case="postgresql",
)
def test_what_people_write_stands_nowhere_in_the_database_in_plain_words(
    service: RunningService, people: People, request: pytest.FixtureRequest
) -> None:
    case = CaseFile.submitted(people, question=WORDS, grounds=WORDS)
    case.fire("add_note", grounds=WORDS)
    people.anna.post("/drafts", {"form": {"question": WORDS}})

    stored = _everything_stored(service, request)

    assert case.id.encode() in stored
    assert WORDS.encode() not in stored
    assert WORDS.encode().hex().encode() not in stored


def _everything_stored(service: RunningService, request: pytest.FixtureRequest) -> bytes:
    if service.engine == "sqlite":
        data_file = Path(service.built.database.engine.url.database or "")
        bases = (data_file, keys_file(data_file))
        files = [file for base in bases for file in data_file.parent.glob(f"{base.name}*")]
        return b"".join(file.read_bytes() for file in files)
    cluster: Cluster = request.getfixturevalue("cluster")
    name = str(service.built.database.engine.url.database)
    return cluster.run("pg_dump", "-h", "127.0.0.1", "-p", str(cluster.port), "-U", "app", name).encode()


@broken_by(
    "Content that was moved to another place does not open",
    "service/cases/store/contents.py",
    'return f"{case_id}|{sequence}|{content_class}".encode()',
    'return f"{case_id}|{content_class}".encode()',
)
def test_content_that_was_moved_to_another_place_does_not_open(
    bare: Connection, service: RunningService, known: KnownCases
) -> None:
    content = bare.execute(select(contents).where(contents.c.case_id == known.advised, contents.c.sequence == 2)).one()
    for case_id, sequence in ((known.advised, 3), (known.submitted, 1)):
        moved = {**columns_of(content), "case_id": case_id, "sequence": sequence}
        with bare.begin_nested() as savepoint:
            bare.execute(
                update(contents).where(contents.c.case_id == case_id, contents.c.sequence == sequence).values(moved)
            )

            with pytest.raises(InvalidTag):
                _read_content(bare, service, case_id)
            savepoint.rollback()


def test_content_without_its_key_is_unreadable_and_the_history_still_verifies(
    bare: Connection, service: RunningService, known: KnownCases
) -> None:
    assert _read_content(bare, service, known.advised)

    bare.execute(delete(case_keys).where(case_keys.c.owner_id == known.advised))

    with pytest.raises(Unavailable):
        _read_content(bare, service, known.advised)
    assert _read_content(bare, service, known.submitted)
    assert verify_history(bare, UUID(known.advised)).sound


def test_another_master_key_reads_nothing(bare: Connection, service: RunningService, known: KnownCases) -> None:
    with pytest.raises(InvalidUnwrap):
        _read_content(bare, service, known.advised, master=os.urandom(32))


def test_every_case_and_class_of_content_has_a_key_of_its_own(
    database: Engine, service: RunningService, known: KnownCases
) -> None:
    keyring = Keyring(_master(service))
    with database.connect() as connection:
        rows = connection.execute(
            select(case_keys).where(case_keys.c.owner_id.in_((known.advised, known.submitted)))
        ).all()
        keys = {keyring.content_key(connection, UUID(row.owner_id), row.content_class) for row in rows}

    assert len(keys) == len(rows) == 12
    assert not {row.wrapped for row in rows} & keys


@broken_by(
    "Only the owner can read the master key file",
    "service/database/private_files.py",
    'descriptor, temporary = mkstemp(prefix=f"{file.name}.", dir=file.parent)',
    'descriptor = os.open(temporary := f"{file}.new", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)',
)
def test_the_master_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "new" / "master.key"

    key = load_master_key(None, file)

    assert len(key) == 32
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert load_master_key(None, file) == key
    assert load_master_key(base64.b64encode(key).decode() + "\n", tmp_path / "not read") == key
    assert not (tmp_path / "not read").exists()


@pytest.mark.parametrize(
    "malformed", ["", "geheim", base64.b64encode(b"x" * 31).decode(), base64.b64encode(b"x" * 33).decode()]
)
def test_a_master_key_that_is_none_is_refused(tmp_path: Path, malformed: str) -> None:
    file = tmp_path / "master.key"
    file.write_text(malformed)

    for setting in (malformed, None):
        with pytest.raises(MasterKeyRefused, match="32 bytes"):
            load_master_key(setting, file)


def test_a_file_that_is_no_text_is_refused_as_a_master_key(tmp_path: Path) -> None:
    """The file holds 32 raw bytes instead of their base64."""
    file = tmp_path / "master.key"
    file.write_bytes(b"\xff" * 32)

    with pytest.raises(MasterKeyRefused, match="32 bytes"):
        load_master_key(None, file)


@broken_by(
    "Every digest has a random salt", "service/cases/store/rows.py", "    salt = os.urandom(16)", "    salt = bytes(16)"
)
def test_equal_facts_and_equal_content_have_different_digests(
    database: Engine, service: RunningService, known: KnownCases
) -> None:
    """Every digest has a salt, so that a guess of the content cannot be checked against it."""
    with database.connect() as connection:
        entry = row_to_transition(entries_of_case(connection, known.advised)[1])
        store = Contents(transaction_on(connection, Keyring(_master(service))))
        content = store.open(UUID(known.advised))[2]
        sealed = [store.seal(entry, content) for _ in range(2)]
    rows = [entry_to_row(entry, None, None) for _ in range(2)]

    assert rows[0]["facts_digest"] != rows[1]["facts_digest"]
    assert rows[0]["facts_salt"] != rows[1]["facts_salt"]
    assert len({item.digest for item in sealed}) == len({item.row["ciphertext"] for item in sealed}) == 2
