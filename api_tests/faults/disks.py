"""A disk that is full, for as long as a block lasts.

SQLite: the kernel is told that no file of the process may grow (RLIMIT_FSIZE, set from outside on the running process),
which needs no right to mount and runs on every Linux. PostgreSQL: the tables stand in a tablespace of their own on a
small file system in memory, filled to the brim, where mounting is allowed; elsewhere a trigger says what PostgreSQL
says then (53100), which is told in the table.
"""

import os
import pwd
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg

SMALL_MEGABYTES = 40
_BLOCK = 1 << 16


@contextmanager
def no_file_may_grow(pid: int) -> Iterator[None]:
    """What is beyond the first page of any file is out of reach for writing."""
    kept = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (4096, kept[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, kept)


@contextmanager
def small_disk(folder: Path) -> Iterator[Path | None]:
    """A file system of a few megabytes for PostgreSQL; None where we may not mount one."""
    place = folder / "small"
    place.mkdir()
    options = f"size={SMALL_MEGABYTES}m,mode=777"
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "casusroute-faults", str(place)], capture_output=True, check=False
    )
    if mounted.returncode:
        yield None
        return
    try:
        inside = place / "tables"
        inside.mkdir()
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            os.chown(inside, nobody.pw_uid, nobody.pw_gid)
        inside.chmod(0o700)
        yield inside
    finally:
        subprocess.run(["umount", str(place)], capture_output=True, check=False)


@contextmanager
def filled(disk: Path) -> Iterator[None]:
    """Not a byte is left on it."""
    ballast = disk.parent / "ballast"
    size = _BLOCK
    with ballast.open("wb", buffering=0) as out:
        while size:
            try:
                written = out.write(bytes(size))
            except OSError:
                written = 0
            size = size if written == size else size // 2
    try:
        yield
    finally:
        ballast.unlink()


@contextmanager
def said_to_be_full(url: str) -> Iterator[None]:
    """Whatever adds an entry is told that the disk is full."""
    address = url.replace("postgresql+psycopg", "postgresql")
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(
            "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END $$"
        )
        connection.execute("CREATE TRIGGER full_disk BEFORE INSERT ON outbox EXECUTE FUNCTION full_disk()")
        try:
            yield
        finally:
            with suppress(psycopg.Error):
                connection.execute("DROP FUNCTION full_disk CASCADE")
