"""Verification of a destroyed case by what is left of it: numbers, digests and the certificate."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Row, Table

from service.cases.store.tables import contents, parts, transitions

EntryFault = tuple[int, str]  # (sequence of the entry, fault code)
_COLUMNS_OF_CHAIN = {"prev_sequence", "prev_part_sequence", "prev_digest", "content_digest"}


def _columns_to_empty(table: Table) -> tuple[str, ...]:
    return tuple(column.name for column in table.columns if column.nullable and column.name not in _COLUMNS_OF_CHAIN)


# A destruction empties every nullable column outside the chain, so a column added later is covered.
_OF_ENTRY, OF_CONTENT, _OF_PART = (_columns_to_empty(table) for table in (transitions, contents, parts))


class DestroyedCaseCheck:
    """Checks that a destroyed case is empty and agrees with its certificate.

    A certificate that was replayed on a restored database may name more entries than that database has.
    """

    def __init__(self, certificate: Row[Any]) -> None:
        self._certificate = certificate

    def faults_of(self, row: Row[Any], content: Row[Any] | None, _: Row[Any] | None) -> Iterator[EntryFault]:
        neutral = (row.part_kind, content.content_class if content else "destroyed") == ("case", "destroyed")
        if not (neutral and is_empty(row, _OF_ENTRY) and (content is None or is_empty(content, OF_CONTENT))):
            yield row.sequence, "not_emptied"
        if (content is None) != (row.content_digest is None):
            yield row.sequence, "content_missing"

    def faults_of_heads(
        self, case: Row[Any], stored: Mapping[str, Row[Any]], last: Mapping[str, Row[Any]], rows: Sequence[Row[Any]]
    ) -> Iterator[EntryFault]:
        expected, head = self._certificate, (case.sequence, case.digest)
        is_shorter_replay = expected.replayed_at is not None and case.sequence < expected.entries
        if head != (expected.entries, expected.head) and not is_shorter_replay:
            yield len(rows), "certificate"
        if (*head, case.recorded_at, case.submitted_at) != (len(rows), rows[-1].digest, 0, 0):
            yield len(rows), "case_head"
        fixed = {(part.kind, part.team_id, part.submitter_id) for part in stored.values()}
        workflows = {part.workflow for part in stored.values()}
        if fixed != {("case", case.team_id, case.submitter_id)} or len(workflows) > 1:
            yield len(rows), "parts"
        for part_id, entry in last.items():
            if part_id in stored and not is_empty(stored[part_id], _OF_PART):
                yield entry.sequence, "not_emptied"


def is_empty(row: Row[Any], names: tuple[str, ...]) -> bool:
    values = row._mapping  # noqa: SLF001 - its API; attribute access on a row is twenty times as slow
    return all(values[name] is None for name in names)
