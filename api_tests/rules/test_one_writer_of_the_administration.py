"""Rows of the administration are written in one place, which notes each change for its seal."""

import ast
import re
from collections.abc import Iterator

from api_tests.support.checkout import ROOT
from api_tests.support.sabotages import broken_by
from service.database.covered_rows import COVERED
from service.tables import metadata

WRITER = "service/database/covered_rows.py"
# Tables that no seal of the administration covers: what covers each of them stands in
# docs/explanation/history-and-chain.md. Written by hand, so that a new table is decided about.
OTHERS = {
    "cases", "parts", "transitions", "contents", "outbox", "feed", "case_keys", "access_log", "access_log_seals",
    "administration_seals", "workflows", "workflow_edges", "workflow_plans", "region_settings", "requests", "drafts",
    "deliveries", "legal_holds", "legal_hold_endings", "destruction_proposals", "destruction_signatures",
    "destruction_withdrawals", "destructions", "content_destructions", "offers", "offer_statements", "offer_endings",
}  # fmt: skip
_STATEMENTS = {"insert", "update", "delete"}
_SQL = re.compile(rf"\b(?:INSERT INTO|UPDATE|DELETE FROM|TRUNCATE)\s+(?:{'|'.join(COVERED)})\b", re.IGNORECASE)


def writes(text: str) -> Iterator[int]:
    """Yields the line of each statement that may write a table of the administration."""
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Call(func=ast.Name(id=name), args=[table, *_]) if name in _STATEMENTS:
                if not (isinstance(table, ast.Name) and table.id in OTHERS):
                    yield node.lineno
            case ast.Call(func=ast.Attribute(value=ast.Name(id="sqlite" | "postgresql"), attr="insert"), args=[table]):
                if not (isinstance(table, ast.Name) and table.id in OTHERS):
                    yield node.lineno
            case ast.Call(func=ast.Attribute(value=ast.Name(id=table), attr=name)) if name in _STATEMENTS:
                if table in COVERED:
                    yield node.lineno
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if name not in _STATEMENTS:
                if any(isinstance(part, ast.Attribute) and part.attr == "insert" for part in ast.walk(value)):
                    yield node.lineno
            case ast.Constant(value=str(sql)) if _SQL.search(sql):
                yield node.lineno
            case _:
                pass


def test_every_table_is_covered_by_the_administration_or_named_among_the_others() -> None:
    names = {table.name for table in metadata.sorted_tables}

    assert len(set(COVERED)) == len(COVERED)
    assert names == set(COVERED) | OTHERS
    assert set(COVERED) & OTHERS == set()


@broken_by(
    "No other code writes a table of the administration",
    "service/retention/store/family_names.py",
    "            self._people.update(\n"
    "                people.c.id == person_id, name=ANONYMOUS_NAME, issuer=ANONYMISED_ISSUER, subject=person_id\n"
    "            )\n",
    "            self._connection.execute(people.update().values(name=ANONYMOUS_NAME))\n",
)
def test_no_other_code_writes_a_table_of_the_administration() -> None:
    elsewhere = [
        f"{file.relative_to(ROOT)}:{line}"
        for file in sorted((ROOT / "service").rglob("*.py"))
        if file != ROOT / WRITER
        for line in writes(file.read_text(encoding="utf-8"))
    ]

    assert elsewhere == []
    assert list(writes((ROOT / WRITER).read_text(encoding="utf-8")))


def test_each_way_to_write_is_noticed() -> None:
    ways = [
        "insert(people)", "update(self._table)", "delete(memberships)", "sqlite.insert(kept_figures)",
        "postgresql.insert(coverages)", "people.update()", "text('UPDATE people SET name = 1')",
        "text('delete from memberships')", "add = sqlite.insert if small else postgresql.insert",
    ]  # fmt: skip

    assert [way for way in ways if not list(writes(way))] == []
    assert list(writes("insert(transitions)\nrows.update(1)\nhashes.update(2)")) == []
