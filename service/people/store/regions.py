"""Youth regions and municipalities. A release ships them as CSV files; an administrator changes them from a day on."""

import csv
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from sqlalchemy import Row, Table, func, select

from service.database.covered_rows import CoveredRows
from service.database.transaction import Transaction
from service.people.store.tables import municipalities, municipality_changes, regions
from service.vocabulary.calendar import day_in_amsterdam

_changes = municipality_changes.c
_IN_ORDER = (_changes.municipality, _changes.valid_from, _changes.number)


@dataclass(frozen=True, slots=True)
class Region:
    """A youth region (CBS, 2025). `expertise_network` is inferred from publications of 2020 and editable."""

    code: str
    name: str
    expertise_network: str


@dataclass(frozen=True, slots=True)
class Municipality:
    """A municipality with its region on one day. The first regions are derived from areas (division of 2023-2025)."""

    code: str
    name: str
    region: str


class RegionRegister:
    """Regions and municipalities in the database, as they are today."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._connection = transaction.connection
        self._today = day_in_amsterdam(transaction.now).isoformat()

    def load_shipped_files(self, folder: Traversable | None = None) -> None:
        """Insert what the database lacks of the files of this release: regions, municipalities and their changes."""
        folder = folder or files(__package__)
        for table, file in ((regions, "youth-regions.csv"), (municipalities, "municipalities.csv")):
            known_codes = set(self._connection.execute(select(table.c.code)).scalars())
            rows = [{**row, "region": row.get("youth_region")} for row in _rows_of(folder, file)]
            self._insert(table, [row for row in rows if row["code"] not in known_codes])
        stored = {(row.municipality, row.valid_from, row.region, row.successor) for row in self._all_changes()}
        for row in _rows_of(folder, "municipality-changes.csv"):
            change = (row["code"], row["valid_from"], row["region"] or None, row["successor"] or None)
            if change not in stored:
                code, first, region, successor = change
                self.add_change(code, date.fromisoformat(first), region=region, successor=successor)

    def regions(self) -> tuple[Region, ...]:
        return tuple(Region(*row) for row in self._connection.execute(select(regions).order_by(regions.c.code)))

    def municipalities(self, *, region: str | None = None) -> tuple[Municipality, ...]:
        """Returns the municipalities of today, by name. A dissolved one is absent."""
        changes = {row.municipality: row for row in self._all_changes() if row.valid_from <= self._today}
        rows = self._connection.execute(select(municipalities).order_by(municipalities.c.name))
        living = (_with_change(row, changes.get(row.code)) for row in rows)
        return tuple(place for place in living if place and region in (None, place.region))

    def known_codes(self, codes: Collection[str]) -> frozenset[str]:
        """Returns the codes that are or were municipalities, of these."""
        if not codes:
            return frozenset()
        query = select(municipalities.c.code).where(municipalities.c.code.in_(sorted(codes)))
        return frozenset(self._connection.execute(query).scalars())

    def find_municipality(self, code: str) -> Municipality | None:
        """Returns the municipality with this code, or the one into which it was dissolved. None for an unknown code."""
        row = self._connection.execute(select(municipalities).where(municipalities.c.code == code)).first()
        if row is None:
            return None
        in_force = [change for change in self._changes_of(code) if change.valid_from <= self._today][-1:]
        if in_force and in_force[0].successor:
            return self.find_municipality(in_force[0].successor)
        return _with_change(row, in_force[0] if in_force else None)

    def add_municipality(self, municipality: Municipality) -> None:
        row = {"code": municipality.code, "name": municipality.name, "region": municipality.region}
        CoveredRows(self._transaction, municipalities).insert(row)

    def lock_changes(self) -> None:
        """Let no other transaction change places until this one ends."""
        self._connection.execute(select(regions.c.code).order_by(regions.c.code).with_for_update()).all()

    def is_dissolved_after(self, code: str, first: date) -> bool:
        """Tells whether this municipality is dissolved on the day `first` or on a later day."""
        by_day = {change.valid_from: change for change in self._changes_of(code)}
        days = sorted(by_day)
        before = [day for day in days if day <= first.isoformat()][-1:]
        return any(by_day[day].successor for day in days if day >= min(before, default=first.isoformat()))

    def add_change(self, code: str, first: date, *, region: str | None, successor: str | None) -> None:
        """Give a municipality another region, or a successor, from a day on. A later change of that day replaces it."""
        number = select(func.coalesce(func.max(_changes.number), 0)).where(_changes.municipality == code)
        row: dict[str, Any] = {
            "municipality": code,
            "number": self._connection.execute(number).scalar_one() + 1,
            "valid_from": first.isoformat(),
            "region": region,
            "successor": successor,
        }
        CoveredRows(self._transaction, municipality_changes).insert(row)

    def _insert(self, table: Table, rows: list[dict[str, Any]]) -> None:
        columns = [column.name for column in table.columns]
        CoveredRows(self._transaction, table).insert(*({name: row[name] for name in columns} for row in rows))

    def _changes_of(self, code: str) -> list[Row[Any]]:
        query = select(municipality_changes).where(_changes.municipality == code).order_by(*_IN_ORDER)
        return list(self._connection.execute(query))

    def _all_changes(self) -> list[Row[Any]]:
        return list(self._connection.execute(select(municipality_changes).order_by(*_IN_ORDER)))


def _rows_of(folder: Traversable, file: str) -> Iterator[Mapping[str, str]]:
    return csv.DictReader(folder.joinpath(file).read_text(encoding="utf-8").splitlines())


def _with_change(row: Row[Any], change: Row[Any] | None) -> Municipality | None:
    """Returns the municipality with its region after the change. None for one that the change dissolved."""
    if change is None:
        return Municipality(row.code, row.name, row.region)
    return None if change.successor else Municipality(row.code, row.name, change.region)
