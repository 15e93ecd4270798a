"""Databases as released versions wrote them, stored as text: how they are made, and how they are loaded again.

`python -m api_tests.support.releases 0.2.0` makes the file of a tag in a clone with tags; `--commit` gives the commit
of a missing tag. The code of the release writes the database through its own API, with fictional people. A file is not
made again without need: its release does not change. `--document` stores the document of the API instead.
"""

import argparse
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

from api_tests.support.checkout import ROOT, tree_of
from service.database.migrations import migrate
from service.tables import metadata

FOLDER = ROOT / "api_tests" / "records" / "releases"
RELEASES = ("0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.3.2", "0.4.0")
Row = dict[str, Any]
TableContent = tuple[list[str], list[list[object]]]
# A program for the released code, in its own tree, with the names of that release.
WRITER = """
import json, sys
from pathlib import Path
try:
    from api_tests.support.case_file import CaseFile
    from api_tests.support.people import everybody, offered
    from api_tests.support.servers import running, settings_for
    from api_tests.support.workflows import form_for
except ModuleNotFoundError:  # until 0.3.0
    from api_tests import people_and_cases
    from api_tests.people_and_cases import CaseFile, everybody, form_for
    from api_tests.running import running, settings_for
    offered = getattr(people_and_cases, "offered", None)
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
    if any(hasattr(CaseFile, name) for name in ("asked", "ask_consult")):
        offered(people)
        assert people.roos.post("/regions/JZ11/settings", {"settings": {}}).status_code == 201
        try:
            from service.events.store.feeds import Feeds
        except ModuleNotFoundError:  # until 0.3.0
            from service.storage.feeds import Feeds
        database = service.built.database
        write = database.write_now if hasattr(database, "write_now") else database.write_sync  # write_now until 0.3.2
        write(lambda transaction: Feeds(transaction).publish(1000))
        placing.fire("add_note")
    gone = None
    if hasattr(CaseFile, "ask_about_file"):
        import sqlite3
        try:
            from api_tests.support.destructions import new_proposal as proposed, post_signature as signed
            from api_tests.support.destructions import withdrawn_case as ended
        except ModuleNotFoundError:  # until 0.3.0
            from api_tests.destroying import ended, proposed, signed
        except ImportError:  # 0.3.1
            from api_tests.support.destructions import ended, proposed, signed
        def posted(by, path, body):
            answer = people[by].post(path, body)
            assert answer.is_success, answer.text
            return answer.json().get("id")
        because = {"reason": {"code": "other", "text": "Er loopt nog een vraag."}}
        monitored = made["monitored"]
        monitored.ask_about_file()
        monitored.read_in_an_emergency()
        assert people.petra.get(f"{monitored.path}/file").status_code == 200
        posted("quint", f"{monitored.path}/legal-holds", because)
        made["proposed"], gone = ended(people), ended(people)
        assert signed(people, proposed(made["proposed"]), "hanna", "team").status_code == 201
        hold = posted("quint", f"{gone.path}/legal-holds", because)
        posted("quint", f"{gone.path}/legal-holds/{hold}/lifting", {})
        posted("esra", f"/destruction-proposals/{proposed(gone)}/withdrawal", because)
        proposal = proposed(gone)
        assert signed(people, proposal, "hanna", "team").status_code == 201
        with sqlite3.connect(folder / "casusroute.db") as source, sqlite3.connect(folder / "before.db") as copy:
            source.backup(copy)
        assert signed(people, proposal, "quint", "data_protection").status_code == 201
    for person in people.values():
        person.client.close()
    cases = {name: [case.id, case.number] for name, case in made.items()}
    summary = {"cases": cases} | ({"destroyed": [gone.id, gone.number]} if gone else {})
    (folder / "cases.json").write_text(json.dumps(summary))
"""


@dataclass(frozen=True)
class Release:
    """The database of a release: its rows, its cases, and the master key of these fictional cases."""

    tag: str

    @cached_property
    def lines(self) -> list[Any]:
        with (FOLDER / f"{self.tag}.jsonl").open(encoding="utf-8") as lines:
            return [json.loads(line, object_hook=_from_json) for line in lines]

    @property
    def revision(self) -> str:
        return str(self.lines[0]["revision"])

    @property
    def cases(self) -> dict[str, tuple[str, str]]:
        """Returns (id, number) per case, by the state that it was brought to."""
        return {name: (id_, number) for name, (id_, number) in self.lines[0]["cases"].items()}

    @property
    def destroyed(self) -> tuple[str, str] | None:
        """Returns (id, number) of the destroyed case; None when the release could destroy none."""
        return tuple(self.lines[0]["destroyed"]) if "destroyed" in self.lines[0] else None

    @cached_property
    def tables(self) -> dict[str, list[Row]]:
        """Returns the rows per table."""
        return self._rows_of("table")

    @cached_property
    def emptied(self) -> dict[str, list[Row]]:
        """Returns the rows that a destruction emptied, as they were before it, per table."""
        return self._rows_of("before")

    def rows_written(self, table: str) -> list[Row]:
        """The rows as the release wrote them: a destroyed case with its history, which only the database may empty."""
        key = [column.name for column in metadata.tables[table].primary_key]
        before = {tuple(row[name] for name in key): row for row in self.emptied.get(table, [])}
        return [before.get(tuple(row[name] for name in key), row) for row in self.tables.get(table, [])]

    def _rows_of(self, key: str) -> dict[str, list[Row]]:
        tables: dict[str, list[Row]] = {}
        columns: list[str] = []
        rows: list[Row] = []
        for line in self.lines[1:]:
            if isinstance(line, dict):
                columns, rows = line["columns"], tables.setdefault(line[key], []) if key in line else []
            else:
                rows.append(dict(zip(columns, line, strict=True)))
        return tables

    def write_key(self, folder: Path) -> None:
        (folder / "master.key").write_text(self.lines[0]["masterKey"])

    def load(self, engine: Engine, folder: Path) -> None:
        """Bring an empty database to the state of the release, entry by entry, with all protections on."""
        self.write_key(folder)
        migrate(engine, self.revision)
        with engine.begin() as connection:
            for table in metadata.sorted_tables:
                if table.name == "cases":
                    self._insert_histories(connection)
                elif table.name not in ("parts", "transitions", "contents", "outbox", "destructions"):
                    _insert(connection, table.fullname, self.rows_written(table.fullname))
            _insert(connection, "destructions", self.rows_written("destructions"))  # empties its case, so it comes last

    def _insert_histories(self, connection: Connection) -> None:
        """Insert each history entry by entry: the database itself moves the heads."""
        parts = {row["id"]: row for row in self.rows_written("parts")}
        contents = {(row["case_id"], row["sequence"]): row for row in self.rows_written("contents")}
        columns = ("id", "case_id", "kind", "team_id", "submitter_id", "line", "addressee_id", "workflow")
        for case in self.rows_written("cases"):
            first_head = {"sequence": 0, "digest": "0" * 64, "recorded_at": case["submitted_at"]}
            _insert(connection, "cases", [case | first_head])
        for entry in sorted(self.rows_written("transitions"), key=_as_recorded):
            if entry["part_sequence"] == 1:
                _insert(connection, "parts", [{name: parts[entry["part_id"]][name] for name in columns}])
            _insert(connection, "transitions", [entry])
            if content := contents.get((entry["case_id"], entry["sequence"])):
                _insert(connection, "contents", [content])
        _insert(connection, "outbox", self.rows_written("outbox"))

    def rows_now(self, connection: Connection) -> dict[str, list[Row]]:
        """The rows and columns of the release as they are in a database now."""
        tables = {}
        for table, rows in self.tables.items():
            columns = ", ".join(rows[0])
            result = connection.execute(text(f"SELECT {columns} FROM {table}"))
            tables[table] = _in_order(dict(row._mapping) for row in result)  # noqa: SLF001 - its public name
        return tables

    @cached_property
    def as_released(self) -> dict[str, list[Row]]:
        return {table: _in_order(rows) for table, rows in self.tables.items()}


def _as_recorded(entry: Row) -> tuple[Any, ...]:
    return entry["recorded_at"], entry["case_id"], entry["sequence"]


def _in_order(rows: Any) -> list[Row]:
    return sorted(rows, key=lambda row: [str(value) for value in row.values()])


def _insert(connection: Connection, table: str, rows: list[Row]) -> None:
    """Insert rows. Rows that the database numbers itself have no gaps, and get the same numbers again."""
    numbered = table in ("outbox", "access_log")
    if rows:
        columns = [name for name in rows[0] if not (numbered and name == "id")]
        values = ", ".join(f":{name}" for name in columns)
        statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({values})"
        connection.execute(text(statement), sorted(rows, key=lambda row: row["id"]) if numbered else rows)


def _from_json(value: Mapping[str, Any]) -> Any:
    return base64.b64decode(value["base64"]) if value.keys() == {"base64"} else dict(value)


def _to_json(column: Column[Any], value: object) -> object:
    """The value as JSON can hold it: SQLite has no booleans, and JSON no bytes."""
    if isinstance(column.type, Boolean) and value is not None:
        return bool(value)
    return {"base64": base64.b64encode(value).decode()} if isinstance(value, bytes) else value


def _write_release(tag: str, commit: str) -> Iterator[str]:
    """The lines of a release: its summary, then per table a line of columns and its rows.

    After those come the rows that the destruction of a case emptied, as they were before it.
    """
    with tempfile.TemporaryDirectory() as name:
        tree, data = tree_of(commit, Path(name) / "tree"), Path(name) / "data"
        data.mkdir()
        environment = {**os.environ, "PYTHONPATH": str(tree)}
        command = [sys.executable, "-c", WRITER, str(data)]
        subprocess.run(command, cwd=tree, env=environment, stdout=subprocess.DEVNULL, check=True)
        key, summary = (data / "master.key").read_text(), json.loads((data / "cases.json").read_text())
        with closing(sqlite3.connect(data / "casusroute.db")) as connection:
            connection.execute("ATTACH DATABASE ? AS keys", (str(data / "casusroute.db.keys"),))
            (revision,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            yield json.dumps({"release": tag, "revision": revision, "masterKey": key, **summary})
            after = _contents(connection)
        yield from _lines("table", after)
        if (data / "before.db").exists():
            with closing(sqlite3.connect(data / "before.db")) as connection:
                before = _contents(connection)
            changed = {
                table: (columns, [row for row in rows if row not in after[table][1]])
                for table, (columns, rows) in before.items()
            }
            yield from _lines("before", changed)


def _document(commit: str) -> str:
    """The committed document on one line, which takes half the space."""
    result = subprocess.run(
        ["git", "show", f"{commit}:openapi/openapi.json"], cwd=ROOT, stdout=subprocess.PIPE, check=True
    )
    return json.dumps(json.loads(result.stdout), ensure_ascii=False, separators=(",", ":")) + "\n"


def _contents(connection: sqlite3.Connection) -> dict[str, TableContent]:
    """Returns (columns, rows) per existing table."""
    names = {row[1] for row in connection.execute("PRAGMA table_list")}
    tables: dict[str, TableContent] = {}
    for table in metadata.sorted_tables:
        if table.name in names:
            rows = connection.execute(f"SELECT * FROM {table.fullname}")
            columns = [table.c[column[0]] for column in rows.description]
            tables[table.fullname] = (
                [column.name for column in columns],
                [list(map(_to_json, columns, row)) for row in rows],
            )
    return tables


def _lines(key: str, tables: dict[str, TableContent]) -> Iterator[str]:
    for table, (columns, rows) in tables.items():
        if rows:
            yield json.dumps({key: table, "columns": columns})
        for row in rows:
            yield json.dumps(row, ensure_ascii=False)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m api_tests.support.releases")
    parser.add_argument("tag", help="the release, as its tag is called")
    parser.add_argument("--commit", help="the commit with its code, where there is no such tag")
    parser.add_argument("--document", action="store_true", help="keep the document of its API, not a database")
    arguments = parser.parse_args()
    commit = arguments.commit or arguments.tag
    if arguments.document:
        (FOLDER / f"{arguments.tag}.openapi.json").write_text(_document(commit), encoding="utf-8")
    else:
        lines = "".join(f"{line}\n" for line in _write_release(arguments.tag, commit))
        (FOLDER / f"{arguments.tag}.jsonl").write_text(lines, encoding="utf-8")
