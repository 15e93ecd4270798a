"""Youth regions and municipalities, loaded from CSV files of this folder."""

import csv
from collections.abc import Collection
from dataclasses import dataclass
from importlib.resources import files

from sqlalchemy import insert, select

from service.database.transaction import Transaction
from service.people.store.tables import municipalities, regions


@dataclass(frozen=True, slots=True)
class Region:
    """A youth region (CBS, 2025). `expertise_network` is inferred from publications of 2020 and editable."""

    code: str
    name: str
    expertise_network: str


@dataclass(frozen=True, slots=True)
class Municipality:
    """A municipality (division of 2023-2025). Its region is derived from its area."""

    code: str
    name: str
    region: str


class RegionRegister:
    """Regions and municipalities in the database."""

    def __init__(self, transaction: Transaction) -> None:
        self._connection = transaction.connection

    def load_shipped_files(self) -> None:
        """Insert regions and municipalities of the shipped files that the database lacks."""
        known_codes = set(self._connection.execute(select(regions.c.code)).scalars())
        known_codes |= set(self._connection.execute(select(municipalities.c.code)).scalars())
        for table, file in ((regions, "youth-regions.csv"), (municipalities, "municipalities.csv")):
            text = files(__package__).joinpath(file).read_text(encoding="utf-8")
            new_rows = [row for row in csv.DictReader(text.splitlines()) if row["code"] not in known_codes]
            if new_rows:
                columns = [column.name for column in table.columns]
                table_rows = [{**row, "region": row.get("youth_region")} for row in new_rows]
                self._connection.execute(insert(table), [{name: row[name] for name in columns} for row in table_rows])

    def regions(self) -> tuple[Region, ...]:
        return tuple(Region(*row) for row in self._connection.execute(select(regions).order_by(regions.c.code)))

    def municipalities(self, *, region: str | None = None) -> tuple[Municipality, ...]:
        query = select(municipalities).order_by(municipalities.c.name)
        if region is not None:
            query = query.where(municipalities.c.region == region)
        return tuple(Municipality(*row) for row in self._connection.execute(query))

    def known_codes(self, codes: Collection[str]) -> frozenset[str]:
        """Returns the codes that are municipalities, of these."""
        if not codes:
            return frozenset()
        query = select(municipalities.c.code).where(municipalities.c.code.in_(sorted(codes)))
        return frozenset(self._connection.execute(query).scalars())

    def find_municipality(self, code: str) -> Municipality | None:
        row = self._connection.execute(select(municipalities).where(municipalities.c.code == code)).first()
        return Municipality(*row) if row else None
