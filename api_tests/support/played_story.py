"""The story as one tree of the code plays it: the account that it prints, and each row that the service writes.

The tree is driven from outside, as a person does it: by the commands of its Makefile, with settings in the environment.
The database is read without code of the tree, whose modules may have other names.
"""

import base64
import os
import re
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psycopg
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap
from psycopg import sql
from sqlalchemy import make_url

from api_tests.support.databases import as_role, environment_of
from api_tests.support.postgres import SUPERUSER

PATIENCE_IN_SECONDS = 60.0
Row = dict[str, Any]
Tables = dict[str, list[Row]]
# Tables of the migrations and of SQLite itself.
NOT_WRITTEN_BY_THE_SERVICE = ("alembic_version", "sqlite_sequence")
COUNT_UNPUBLISHED = "SELECT count(*) FROM outbox WHERE published_at IS NULL"


@dataclass(frozen=True)
class PlayedStory:
    """The printed account, without the address of the service, and the rows per table."""

    account: str
    tables: Tables


def play(tree: Path, folder: Path, database_url: str, master_key: bytes) -> PlayedStory:
    """Play the story on an empty database.

    Events are published after the story, by a separate process: a relay during the story would publish batches of sizes
    that depend on timing.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CASUSROUTE_")}
    environment |= environment_of(database_url) | {
        "PYTHONPATH": str(tree),
        "CASUSROUTE_HOST": "127.0.0.1",
        "CASUSROUTE_PORT": str(port),
        "CASUSROUTE_PUBLIC_URL": url,
        "CASUSROUTE_MODE": "demonstration",
        "CASUSROUTE_MASTER_KEY": base64.b64encode(master_key).decode(),
        "CASUSROUTE_DESTRUCTION_LIST": str(folder / "destructions.jsonl"),
        "CASUSROUTE_DATABASE_MAY_LOSE_DATA": "true",
        "CASUSROUTE_RELAY": "off",
    }
    run, story = command_of(tree, "run"), command_of(tree, "story")
    with _process(run, tree, environment, folder / "service.log", until=lambda: _answers(url)):
        completed = subprocess.run(
            [*story, "--base-url", url], cwd=tree, env=environment, capture_output=True, text=True, check=False
        )
    if completed.returncode != 0:
        raise RuntimeError(f"the story stops in {tree.name}: {completed.stderr.strip()}")
    relay = [*run[:-1], "relay"]
    with _process(relay, tree, environment, folder / "relay.log", until=lambda: _published(database_url)):
        pass
    return PlayedStory(completed.stdout.replace(url, "ADDRESS"), _decrypted(_rows(database_url), master_key))


def command_of(tree: Path, target: str) -> list[str]:
    """The command that starts Python in a target of the tree's Makefile: modules have other names in other trees."""
    makefile = (tree / "Makefile").read_text(encoding="utf-8")
    recipe = re.search(rf"^{target}:.*\n\t\$\(BIN\)/python ([\w .-]*\w)", makefile, re.MULTILINE)
    if recipe is None:
        raise RuntimeError(f"the Makefile of {tree.name} does not say how to {target}")
    return [sys.executable, *recipe[1].split()]


@contextmanager
def _process(
    command: list[str], tree: Path, environment: dict[str, str], log: Path, *, until: Callable[[], bool]
) -> Iterator[None]:
    with log.open("wb") as out:
        process = subprocess.Popen(command, cwd=tree, env=environment, stdout=out, stderr=out)
        try:
            deadline = time.monotonic() + PATIENCE_IN_SECONDS
            while not until():
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"{' '.join(command[1:])} does not get there:\n{log.read_text('utf-8')[-2000:]}")
                time.sleep(0.1)
            yield
        finally:
            process.terminate()
            process.wait()


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/v1/health", timeout=5).is_success
    except httpx.TransportError:
        return False


def _published(database_url: str) -> bool:
    if database_url.startswith("sqlite"):
        with closing(_sqlite(database_url)) as connection:
            return bool(connection.execute(COUNT_UNPUBLISHED).fetchone() == (0,))
    with _postgresql(database_url) as connection:
        return connection.execute(COUNT_UNPUBLISHED).fetchone() == (0,)


def _sqlite(database_url: str) -> sqlite3.Connection:
    file = str(make_url(database_url).database)
    connection = sqlite3.connect(file, timeout=PATIENCE_IN_SECONDS)
    connection.execute("ATTACH DATABASE ? AS keys", (f"{file}.keys",))
    return connection


def _postgresql(database_url: str) -> "psycopg.Connection[tuple[Any, ...]]":
    """A connection as a superuser, whom row-level security does not limit."""
    url = make_url(as_role(database_url, SUPERUSER)).set(drivername="postgresql")
    return psycopg.connect(url.render_as_string(hide_password=False))


def _rows(database_url: str) -> Tables:
    """Returns the rows per table, of all tables."""
    tables: Tables = {}
    if database_url.startswith("sqlite"):
        with closing(_sqlite(database_url)) as lite:
            for schema, name, kind, *_ in lite.execute("PRAGMA table_list").fetchall():
                if kind == "table" and not name.startswith("sqlite_schema") and schema != "temp":
                    rows = lite.execute(f'SELECT * FROM "{schema}"."{name}"')
                    columns = [column[0] for column in rows.description]
                    tables[_qualified(schema, name)] = [dict(zip(columns, row, strict=True)) for row in rows]
    else:
        with _postgresql(database_url) as connection:
            names = connection.execute(
                "SELECT table_schema, table_name FROM information_schema.tables WHERE table_type = 'BASE TABLE' "
                "AND table_schema NOT IN ('pg_catalog', 'information_schema')"
            ).fetchall()
            for schema, name in names:
                cursor = connection.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(schema, name)))
                columns = [column.name for column in cursor.description or ()]
                tables[_qualified(schema, name)] = [dict(zip(columns, row, strict=True)) for row in cursor]
    return {name: rows for name, rows in tables.items() if name not in NOT_WRITTEN_BY_THE_SERVICE}


def _qualified(schema: str, table: str) -> str:
    return table if schema in ("main", "public") else f"{schema}.{table}"


def _decrypted(tables: Tables, master_key: bytes) -> Tables:
    """The same rows with the plain text in place of ciphertext. Raises InvalidTag where a row does not decrypt."""
    keys = {(row["owner_id"], row["content_class"]): row["wrapped"] for row in tables["keys.case_keys"]}
    for row in tables["contents"]:
        if row["ciphertext"] is not None:
            key = aes_key_unwrap(master_key, keys[row["case_id"], row["content_class"]])
            bound_to = f"{row['case_id']}|{row['sequence']}|{row['content_class']}".encode()
            row["ciphertext"] = AESGCM(key).decrypt(row["nonce"], row["ciphertext"], bound_to).decode()
    for row in tables["drafts"]:
        key = aes_key_unwrap(master_key, keys[row["id"], "draft"])
        row["ciphertext"] = AESGCM(key).decrypt(row["nonce"], row["ciphertext"], UUID(row["id"]).bytes).decode()
    return tables
