"""Gap figures of destroyed cases: sums that identify no case."""

from collections.abc import Iterable, Mapping

from sqlalchemy import select

from service.database.covered_rows import CoveredRows
from service.database.transaction import Transaction
from service.offers.store.tables import kept_figures

MissingFunction = tuple[int, str, str]
_figures = kept_figures.c


class DestroyedCaseFigures:
    """Gap figures of destroyed cases. They only grow."""

    def __init__(self, transaction: Transaction) -> None:
        self._connection = transaction.connection
        self._rows = CoveredRows(transaction, kept_figures)

    def read_gaps(self, region: str, year: int) -> Mapping[tuple[str, str], int]:
        """Returns the number of destroyed cases of a region in a year by (domain, function)."""
        rows = self._connection.execute(select(kept_figures).where(_figures.region == region, _figures.year == year))
        return {(row.domain, row.function): row.cases for row in rows}

    def add_case(self, region: str, functions: Iterable[MissingFunction]) -> None:
        """Add one case to each (year, domain, function)."""
        for year, domain, function in sorted(set(functions)):
            key = {"region": region, "year": year, "domain": domain, "function": function}
            if not self._rows.insert_missing({**key, "cases": 1}):
                same = [_figures[name] == value for name, value in key.items()]
                counted = self._connection.execute(select(_figures.cases).where(*same).with_for_update()).scalar_one()
                self._rows.update(*same, cases=counted + 1)
