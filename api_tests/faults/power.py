"""The power is cut: what a disk may hold then of what the service wrote, and whether every promise is on it.

A disk keeps what was synced, and of what was written since anything: nothing, all, what came first, or some of it, a
write perhaps in part. What is not synced is found by no kill of a process, whose writes outlive it.
"""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from api_tests.faults.tracing import Happened, happened
from api_tests.support.history_checker import contents, histories, master_key
from api_tests.support.ledger import Ledger
from api_tests.support.raw_tables import read_sqlite
from service.database.engine import open_engine
from service.integrity.store.case_history import verify

SECTOR = 512
_TOLD = re.compile(
    rb"^HTTP/1\.1 201 .*?\r\nlocation: /v1/cases/([^/\s]+)(?:/[a-z-]+/([^/\s]+))?/transitions/(\d+)",
    re.DOTALL | re.IGNORECASE,
)


@dataclass
class Disk:
    """The files as they surely are, and what may or may not have reached them, in order."""

    durable: dict[str, bytearray]
    pending: list[tuple[int, Happened]] = field(default_factory=list)
    begun: dict[int, int] = field(default_factory=dict)
    seen: int = 0

    def meet(self, it: Happened) -> None:
        self.seen += 1
        if it.what in ("write", "truncate"):
            self.pending.append((self.seen, it))
        elif it.what == "begin":
            self.begun[it.number] = self.seen
        elif it.what == "sync":
            before = self.begun.pop(it.number)
            for number, one in self.pending:
                if one.path == it.path and number < before:
                    _apply(self.durable, one)
            self.pending = [kept for kept in self.pending if kept[1].path != it.path or kept[0] >= before]

    def after_the_cut(self, chance: Random) -> dict[str, bytearray]:
        """One of all that may be found."""
        written = [it for _, it in self.pending]
        how = chance.choice(("none", "all", "first", "some"))
        if how == "none":
            written = []
        elif how == "first":
            written = written[: chance.randint(0, len(written))]
        elif how == "some":
            written = [it for it in written if chance.random() < 0.5]
        torn = chance.randrange(len(written)) if written and chance.random() < 0.5 else None
        found = {path: bytearray(held) for path, held in self.durable.items()}
        for number, it in enumerate(written):
            _apply(found, it, chance.randrange(0, len(it.data) + 1, SECTOR) if number == torn else None)
        return found


def _apply(files: dict[str, bytearray], it: Happened, only: int | None = None) -> None:
    held = files.setdefault(it.path, bytearray())
    if it.what == "truncate":
        held[it.number :] = bytes(max(0, it.number - len(held)))
        return
    data = it.data[:only]
    held.extend(bytes(max(0, it.number - len(held))))
    held[it.number : it.number + len(data)] = data


def cut(recorded: Path, base: Path, database: Path, *, images: int) -> tuple[dict[str, int], list[str]]:
    """Cut at so many moments: what was met, and everything that was not as promised."""
    ours = tuple(str(database) + ending for ending in ("", "-wal", ".keys", ".keys-wal"))
    events = [it for it in happened(recorded) if it.what == "sent" or it.path in ours or it.what.startswith("unlink")]
    strange = {f"{event.what} {event.path}" for event in events if event.what not in _UNDERSTOOD and event.path in ours}
    answers = [number for number, it in enumerate(events) if it.what == "sent" and _TOLD.match(it.data)]
    if not answers:
        return {}, [*strange, "no acknowledgement was recorded"]
    chance = Random(images)
    moments = sorted(chance.sample(range(answers[0], len(events)), min(images, len(events) - answers[0])))
    disk = Disk(
        {path: bytearray((base / Path(path).name).read_bytes()) for path in ours if (base / Path(path).name).exists()}
    )
    told: set[tuple[str, int]] = set()
    found, most = [*strange], 0
    place = base / "image"
    for number, it in enumerate(events):
        if moments and number == moments[0]:
            moments.pop(0)
            most = max(most, len(disk.pending))
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir()
            for path, held in disk.after_the_cut(chance).items():
                (place / Path(path).name).write_bytes(held)
            found += [f"cut at {number}: {it}" for it in _lost(place / database.name, told, base)]
        disk.meet(it)
        if it.what == "sent" and (match := _TOLD.match(it.data)):
            case, part, sequence = match.groups()
            told.add(((part or case).decode(), int(sequence)))
    return {"recorded": len(events), "images": images, "most pending": most}, found


_UNDERSTOOD = {"write", "truncate", "begin", "sync"}


def _lost(database: Path, told: set[tuple[str, int]], base: Path) -> Iterator[str]:
    tables = read_sqlite(database)
    yield from tables.complaints
    yield from histories(tables)
    yield from contents(tables, master_key(base.parent), Ledger())
    if lost := told - {(transition["part_id"], transition["part_sequence"]) for transition in tables["transitions"]}:
        yield f"{len(lost)} of {len(told)} acknowledged entries are lost"
    engine = open_engine(f"sqlite:///{database}")
    with engine.connect() as connection:
        for it in tables["cases"]:
            found = verify(connection, it["id"])
            if not found.sound:
                yield f"{it['id']} does not verify: {found.reason}"
    engine.dispose()
