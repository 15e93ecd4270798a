"""The raw tables, read with the bare driver and without the service, also from files without a running process."""

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

Row = Mapping[str, Any]
TABLES = (
    "cases", "parts", "transitions", "contents", "outbox", "requests", "drafts", "workflows", "workflow_edges",
)  # fmt: skip


@dataclass(frozen=True)
class Tables:
    """The rows that are checked, and the complaints of the database itself."""

    rows: Mapping[str, Sequence[Row]]
    keys: Sequence[Row]
    complaints: list[str]

    def __getitem__(self, table: str) -> Sequence[Row]:
        return self.rows[table]


def read_sqlite(file: Path) -> Tables:
    with closing(sqlite3.connect(file)) as connection:
        connection.row_factory = sqlite3.Row
        connection.execute("ATTACH DATABASE ? AS keys", (f"{file}.keys",))
        complaints = []
        for schema in ("main", "keys"):
            rows = connection.execute(f"PRAGMA {schema}.integrity_check")
            complaints += [f"{schema}: {row[0]}" for row in rows if row[0] != "ok"]
            rows = connection.execute(f"PRAGMA {schema}.foreign_key_check")
            complaints += [f"{schema}: {tuple(row)}" for row in rows]

        def rows_of(table: str) -> list[Row]:
            return [dict(row) for row in connection.execute(f"SELECT * FROM {table}")]

        return Tables({name: rows_of(name) for name in TABLES}, rows_of("keys.case_keys"), complaints)


def read_postgresql(url: str) -> Tables:
    address = url.replace("postgresql+psycopg", "postgresql")
    with psycopg.connect(address, row_factory=dict_row) as connection:

        def rows_of(*table: str) -> list[dict[str, Any]]:
            return connection.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(*table))).fetchall()

        return Tables({name: rows_of(name) for name in TABLES}, rows_of("keys", "case_keys"), [])
