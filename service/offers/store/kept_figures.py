"""What destroyed cases still count for: sums, from which nobody can tell which case they were of."""

from collections.abc import Iterable, Mapping

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from service.database.transaction import Transaction
from service.offers.store.tables import kept_figures

Missing = tuple[int, str, str]
_k = kept_figures.c


class KeptFigures:
    """Only ever added to."""

    def __init__(self, transaction: Transaction) -> None:
        self._connection = transaction.connection

    def missing(self, region: str, year: int) -> Mapping[tuple[str, str], int]:
        """By domain and function, how many destroyed cases of a region wanted it in a year."""
        rows = self._connection.execute(select(kept_figures).where(_k.region == region, _k.year == year))
        return {(row.domain, row.function): row.cases for row in rows}

    def keep(self, region: str, wanted: Iterable[Missing]) -> None:
        """Count one case more for each (year, domain, function)."""
        adding = sqlite.insert if self._connection.dialect.name == "sqlite" else postgresql.insert
        for year, domain, function in sorted(set(wanted)):
            row = {"region": region, "year": year, "domain": domain, "function": function, "cases": 1}
            self._connection.execute(
                adding(kept_figures)
                .values(row)
                .on_conflict_do_update(
                    index_elements=["region", "year", "domain", "function"], set_={"cases": _k.cases + 1}
                )
            )
