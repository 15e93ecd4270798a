"""Databases as released versions wrote them, kept as text: how they are made, and how they are loaded again.

`python -m api_tests.records.released 0.2.0` makes the file of a tag, where tags are: the code of the tag does it all,
through its own API, with fictional people. It is not made again without need: who wrote it is long released.
"""

import base64
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from sqlalchemy import Boolean, Column, Connection, Engine, text

from api_tests.running import ROOT
from service.storage.migrating import migrate
from service.storage.tables import metadata

FOLDER = Path(__file__).parent / "releases"
RELEASES = ("0.1.0", "0.2.0")
Row = dict[str, Any]
# Run by the released code, in its own tree: what it knows of it is found there.
MAKING = """
import json, sys
from pathlib import Path
from api_tests.people_and_cases import CaseFile, everybody, form_for
from api_tests.running import running, settings_for
folder = Path(sys.argv[1])
with running(settings_for(folder, f"sqlite:///{folder / 'casusroute.db'}")) as service:
    people = everybody(service.url)
    states = ("in_triage", "arranging_placement", "monitored")
    made = {state: CaseFile.submitted(people).go_to(state) for state in states}
    made["submitted"] = CaseFile.submitted(people)
    made["ended"] = CaseFile.submitted(people)
    made["ended"].fire("withdraw")
    placing = made["arranging_placement"]
    placing.fire("add_note", part=placing.parts("commitment")[0])
    placing.fire("seek_placement")
    placing.fire("request_escalation")
    assert people.esra.get(f"{placing.path}/file").status_code == 200
    assert people.anna.post("/drafts", {"form": form_for("case", "submit")}).status_code == 201
    if hasattr(CaseFile, "asked"):
        from api_tests.people_and_cases import offered
        offered(people)
        assert people.roos.post("/regions/JZ11/settings", {"settings": {}}).status_code == 201
        service.built.database.write_now(lambda unit: unit.feeds.publish(1000))
        placing.fire("add_note")
    for person in people.values():
        person.client.close()
    (folder / "cases.json").write_text(json.dumps({name: [it.id, it.number] for name, it in made.items()}))
"""


@dataclass(frozen=True)
class Release:
    """The database of a release: its rows, its cases, and the master key of these fictional cases."""

    tag: str

    @cached_property
    def lines(self) -> list[Any]:
        with (FOLDER / f"{self.tag}.jsonl").open(encoding="utf-8") as lines:
            return [json.loads(line, object_hook=_read) for line in lines]

    @property
    def revision(self) -> str:
        return str(self.lines[0]["revision"])

    @property
    def cases(self) -> dict[str, tuple[str, str]]:
        """Id and number of each, by what it was brought to."""
        return {name: (id_, number) for name, (id_, number) in self.lines[0]["cases"].items()}

    @cached_property
    def tables(self) -> dict[str, list[Row]]:
        """Every row, by table."""
        found: dict[str, list[Row]] = {}
        columns: list[str] = []
        rows: list[Row] = []
        for line in self.lines[1:]:
            if isinstance(line, dict):
                columns, rows = line["columns"], found.setdefault(line["table"], [])
            else:
                rows.append(dict(zip(columns, line, strict=True)))
        return found

    def write_key(self, folder: Path) -> None:
        (folder / "master.key").write_text(self.lines[0]["masterKey"])

    def load(self, engine: Engine, folder: Path) -> None:
        """Bring an empty database to where the release left it, with all its protections on, as it was recorded."""
        self.write_key(folder)
        migrate(engine, self.revision)
        with engine.begin() as connection:
            for table in metadata.sorted_tables:
                if table.name == "cases":
                    self._tell(connection)
                elif table.name not in ("parts", "transitions", "contents", "outbox"):
                    _insert(connection, table.fullname, self.tables.get(table.fullname, []))

    def _tell(self, connection: Connection) -> None:
        """Each history entry by entry: the database itself moves the heads."""
        parts = {row["id"]: row for row in self.tables["parts"]}
        contents = {(row["case_id"], row["sequence"]): row for row in self.tables["contents"]}
        kept = ("id", "case_id", "kind", "team_id", "submitter_id", "line", "addressee_id", "workflow")
        for case in self.tables["cases"]:
            begun = {"sequence": 0, "digest": "0" * 64, "recorded_at": case["submitted_at"]}
            _insert(connection, "cases", [case | begun])
        for entry in sorted(self.tables["transitions"], key=_as_recorded):
            if entry["part_sequence"] == 1:
                _insert(connection, "parts", [{name: parts[entry["part_id"]][name] for name in kept}])
            _insert(connection, "transitions", [entry])
            if content := contents.get((entry["case_id"], entry["sequence"])):
                _insert(connection, "contents", [content])
        _insert(connection, "outbox", self.tables["outbox"])

    def found_in(self, connection: Connection) -> dict[str, list[Row]]:
        """The same rows and columns as they stand in a database now."""
        found = {}
        for table, rows in self.tables.items():
            columns = ", ".join(rows[0])
            of = connection.execute(text(f"SELECT {columns} FROM {table}"))
            found[table] = _in_order(dict(row._mapping) for row in of)  # noqa: SLF001 - its public name
        return found

    @cached_property
    def as_released(self) -> dict[str, list[Row]]:
        return {table: _in_order(rows) for table, rows in self.tables.items()}


def _as_recorded(entry: Row) -> tuple[Any, ...]:
    return entry["recorded_at"], entry["case_id"], entry["sequence"]


def _in_order(rows: Any) -> list[Row]:
    return sorted(rows, key=lambda row: [str(it) for it in row.values()])


def _insert(connection: Connection, table: str, rows: list[Row]) -> None:
    """Rows that the database numbers itself have no gaps, and get the same numbers again."""
    numbered = table in ("outbox", "access_log")
    if rows:
        columns = [name for name in rows[0] if not (numbered and name == "id")]
        values = ", ".join(f":{name}" for name in columns)
        named = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({values})"
        connection.execute(text(named), sorted(rows, key=lambda it: it["id"]) if numbered else rows)


def _read(value: Mapping[str, Any]) -> Any:
    return base64.b64decode(value["base64"]) if value.keys() == {"base64"} else dict(value)


def _written(column: Column[Any], value: object) -> object:
    """SQLite knows no booleans, and JSON no bytes."""
    if isinstance(column.type, Boolean) and value is not None:
        return bool(value)
    return {"base64": base64.b64encode(value).decode()} if isinstance(value, bytes) else value


def _made(tag: str) -> Iterator[str]:
    """The lines of a release: what it is, and then a line of columns and its rows for each table."""
    with tempfile.TemporaryDirectory() as name:
        tree, data = Path(name) / "tree", Path(name) / "data"
        tree.mkdir()
        data.mkdir()
        archive = subprocess.run(["git", "archive", tag], cwd=ROOT, stdout=subprocess.PIPE, check=True)
        subprocess.run(["tar", "-x", "-C", str(tree)], input=archive.stdout, check=True)
        environment = {**os.environ, "PYTHONPATH": str(tree)}
        making = [sys.executable, "-c", MAKING, str(data)]
        subprocess.run(making, cwd=tree, env=environment, stdout=subprocess.DEVNULL, check=True)
        key, cases = (data / "master.key").read_text(), json.loads((data / "cases.json").read_text())
        with closing(sqlite3.connect(data / "casusroute.db")) as connection:
            connection.execute("ATTACH DATABASE ? AS keys", (str(data / "casusroute.db.keys"),))
            (revision,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            yield json.dumps({"release": tag, "revision": revision, "masterKey": key, "cases": cases})
            there = {row[1] for row in connection.execute("PRAGMA table_list")}
            for table in metadata.sorted_tables:
                if table.name not in there:
                    continue
                rows = connection.execute(f"SELECT * FROM {table.fullname}")
                columns = [table.c[it[0]] for it in rows.description]
                if told := rows.fetchall():
                    yield json.dumps({"table": table.fullname, "columns": [it.name for it in columns]})
                for row in told:
                    yield json.dumps(list(map(_written, columns, row)), ensure_ascii=False)


if __name__ == "__main__":
    lines = "".join(f"{line}\n" for line in _made(sys.argv[1]))
    (FOLDER / f"{sys.argv[1]}.jsonl").write_text(lines, encoding="utf-8")
