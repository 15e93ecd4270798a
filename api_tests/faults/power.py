"""Power cuts: the possible contents of a disk after the writes of the service, and the promises on each of them.

A disk holds all that was synced, and any part of later writes: none, all, the first ones, or some, perhaps one torn.
Killing a process does not reveal a missing sync, because its writes survive it.
"""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from api_tests.faults.tracing import SystemEvent, read_events
from api_tests.support.history_checker import content_faults, history_faults, master_key
from api_tests.support.ledger import Ledger
from api_tests.support.raw_tables import read_sqlite
from service.database.engine import open_engine
from service.integrity.store.case_history import verify_history

SECTOR = 512
_ACKNOWLEDGEMENT = re.compile(
    rb"^HTTP/1\.1 201 .*?\r\nlocation: /v1/cases/([^/\s]+)(?:/[a-z-]+/([^/\s]+))?/transitions/(\d+)",
    re.DOTALL | re.IGNORECASE,
)


@dataclass
class Disk:
    """The files as they are certain to be, and the writes that may or may not have reached them, in order."""

    durable: dict[str, bytearray]
    pending: list[tuple[int, SystemEvent]] = field(default_factory=list)
    sync_starts: dict[int, int] = field(default_factory=dict)
    event_count: int = 0

    def apply_event(self, event: SystemEvent) -> None:
        self.event_count += 1
        if event.kind in ("write", "truncate"):
            self.pending.append((self.event_count, event))
        elif event.kind == "begin":
            self.sync_starts[event.number] = self.event_count
        elif event.kind == "sync":
            start = self.sync_starts.pop(event.number)
            for number, write in self.pending:
                if write.path == event.path and number < start:
                    _apply(self.durable, write)
            self.pending = [write for write in self.pending if write[1].path != event.path or write[0] >= start]

    def after_the_cut(self, chance: Random) -> dict[str, bytearray]:
        """One of the possible contents after a power cut."""
        writes = [write for _, write in self.pending]
        extent = chance.choice(("none", "all", "first", "some"))
        if extent == "none":
            writes = []
        elif extent == "first":
            writes = writes[: chance.randint(0, len(writes))]
        elif extent == "some":
            writes = [write for write in writes if chance.random() < 0.5]
        torn = chance.randrange(len(writes)) if writes and chance.random() < 0.5 else None
        files = {path: bytearray(data) for path, data in self.durable.items()}
        for number, write in enumerate(writes):
            _apply(files, write, chance.randrange(0, len(write.data) + 1, SECTOR) if number == torn else None)
        return files


def _apply(files: dict[str, bytearray], event: SystemEvent, length: int | None = None) -> None:
    content = files.setdefault(event.path, bytearray())
    if event.kind == "truncate":
        content[event.number :] = bytes(max(0, event.number - len(content)))
        return
    data = event.data[:length]
    content.extend(bytes(max(0, event.number - len(content))))
    content[event.number : event.number + len(data)] = data


def cut(recorded: Path, base: Path, database: Path, *, images: int) -> tuple[dict[str, int], list[str]]:
    """Cut the power at so many moments. Returns (counts, violations)."""
    paths = tuple(str(database) + ending for ending in ("", "-wal", ".keys", ".keys-wal"))
    events = [
        event
        for event in read_events(recorded)
        if event.kind == "sent" or event.path in paths or event.kind.startswith("unlink")
    ]
    unknown_events = {
        f"{event.kind} {event.path}" for event in events if event.kind not in _KNOWN_EVENTS and event.path in paths
    }
    answers = [
        number for number, event in enumerate(events) if event.kind == "sent" and _ACKNOWLEDGEMENT.match(event.data)
    ]
    if not answers:
        return {}, [*unknown_events, "no acknowledgement was recorded"]
    chance = Random(images)
    moments = sorted(chance.sample(range(answers[0], len(events)), min(images, len(events) - answers[0])))
    disk = Disk(
        {path: bytearray((base / Path(path).name).read_bytes()) for path in paths if (base / Path(path).name).exists()}
    )
    acknowledged: set[tuple[str, int]] = set()
    faults, most_pending = [*unknown_events], 0
    image = base / "image"
    for number, event in enumerate(events):
        if moments and number == moments[0]:
            moments.pop(0)
            most_pending = max(most_pending, len(disk.pending))
            shutil.rmtree(image, ignore_errors=True)
            image.mkdir()
            for path, data in disk.after_the_cut(chance).items():
                (image / Path(path).name).write_bytes(data)
            faults += [f"cut at {number}: {fault}" for fault in _violations(image / database.name, acknowledged, base)]
        disk.apply_event(event)
        if event.kind == "sent" and (match := _ACKNOWLEDGEMENT.match(event.data)):
            case, part, sequence = match.groups()
            acknowledged.add(((part or case).decode(), int(sequence)))
    return {"recorded": len(events), "images": images, "most pending": most_pending}, faults


_KNOWN_EVENTS = {"write", "truncate", "begin", "sync"}


def _violations(database: Path, acknowledged: set[tuple[str, int]], base: Path) -> Iterator[str]:
    tables = read_sqlite(database)
    yield from tables.complaints
    yield from history_faults(tables)
    yield from content_faults(tables, master_key(base.parent), Ledger())
    if lost := acknowledged - {
        (transition["part_id"], transition["part_sequence"]) for transition in tables["transitions"]
    }:
        yield f"{len(lost)} of {len(acknowledged)} acknowledged entries are lost"
    engine = open_engine(f"sqlite:///{database}")
    with engine.connect() as connection:
        for case in tables["cases"]:
            verification = verify_history(connection, case["id"])
            if not verification.sound:
                yield f"{case['id']} does not verify: {verification.reason}"
    engine.dispose()
