"""What is left of a destroyed case: numbers, digests and a certificate, which still prove each other."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Row, Table

from service.cases.store.tables import contents, parts, transitions

Fault = tuple[int, str]  # sequence of the entry, and code of what is wrong with it
_KEPT = {"prev_sequence", "prev_part_sequence", "prev_digest", "content_digest"}


def _emptied(table: Table) -> tuple[str, ...]:
    return tuple(column.name for column in table.columns if column.nullable and column.name not in _KEPT)


# Whatever may be empty is; a column that is added later too.
_OF_ENTRY, _OF_CONTENT, _OF_PART = (_emptied(table) for table in (transitions, contents, parts))


class Remains:
    """Proved by digests alone. A certificate that a restored database was made to follow may know of more entries."""

    def __init__(self, certificate: Row[Any]) -> None:
        self._certificate = certificate

    def faults_of(self, row: Row[Any], content: Row[Any] | None, _: Row[Any] | None) -> Iterator[Fault]:
        of_nothing = (row.part_kind, content.content_class if content else "destroyed") == ("case", "destroyed")
        if not (of_nothing and _is_empty(row, _OF_ENTRY) and (content is None or _is_empty(content, _OF_CONTENT))):
            yield row.sequence, "not_emptied"
        if (content is None) != (row.content_digest is None):
            yield row.sequence, "content_missing"

    def faults_of_heads(
        self, case: Row[Any], stored: Mapping[str, Row[Any]], last: Mapping[str, Row[Any]], rows: Sequence[Row[Any]]
    ) -> Iterator[Fault]:
        wanted, head = self._certificate, (case.sequence, case.digest)
        if head != (wanted.entries, wanted.head) and (wanted.replayed_at is None or case.sequence >= wanted.entries):
            yield len(rows), "certificate"
        if (*head, case.recorded_at, case.submitted_at) != (len(rows), rows[-1].digest, 0, 0):
            yield len(rows), "case_head"
        fixed = {(it.kind, it.team_id, it.submitter_id) for it in stored.values()}
        if fixed != {("case", case.team_id, case.submitter_id)} or len({it.workflow for it in stored.values()}) > 1:
            yield len(rows), "parts"
        for part_id, entry in last.items():
            if part_id in stored and not _is_empty(stored[part_id], _OF_PART):
                yield entry.sequence, "not_emptied"


def _is_empty(row: Row[Any], names: tuple[str, ...]) -> bool:
    at = row._mapping  # noqa: SLF001 - its API; a name asked of the row itself takes twenty times as long
    return all(at[name] is None for name in names)
