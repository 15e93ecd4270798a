"""Gap figures of destroyed cases: sums that identify no case."""

from collections.abc import Iterable, Mapping

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from service.database.transaction import Transaction
from service.offers.store.tables import kept_figures

MissingFunction = tuple[int, str, str]
_figures = kept_figures.c


class DestroyedCaseFigures:
    """Gap figures of destroyed cases. They only grow."""

    def __init__(self, transaction: Transaction) -> None:
        self._connection = transaction.connection

    def read_gaps(self, region: str, year: int) -> Mapping[tuple[str, str], int]:
        """Returns the number of destroyed cases of a region in a year by (domain, function)."""
        rows = self._connection.execute(select(kept_figures).where(_figures.region == region, _figures.year == year))
        return {(row.domain, row.function): row.cases for row in rows}

    def add_case(self, region: str, functions: Iterable[MissingFunction]) -> None:
        """Add one case to each (year, domain, function)."""
        insert = sqlite.insert if self._connection.dialect.name == "sqlite" else postgresql.insert
        for year, domain, function in sorted(set(functions)):
            row = {"region": region, "year": year, "domain": domain, "function": function, "cases": 1}
            self._connection.execute(
                insert(kept_figures)
                .values(row)
                .on_conflict_do_update(
                    index_elements=["region", "year", "domain", "function"], set_={"cases": _figures.cases + 1}
                )
            )
