"""A full disk for the duration of a block.

SQLite: the kernel lets no file of the process grow (RLIMIT_FSIZE, set from outside on the running process), which needs
no right to mount and works on each Linux. PostgreSQL: the tables are in a tablespace on a small file system in memory,
which is filled, where mounting is allowed; elsewhere a trigger raises the error of PostgreSQL for a full disk (53100),
and the report says so.
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
    """Refuse writes beyond the first page of each file of the process."""
    limits = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)


@contextmanager
def small_disk(folder: Path) -> Iterator[Path | None]:
    """A file system of a few megabytes for PostgreSQL; None where mounting is not allowed."""
    mount_point = folder / "small"
    mount_point.mkdir()
    options = f"size={SMALL_MEGABYTES}m,mode=777"
    result = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "casusroute-faults", str(mount_point)], capture_output=True, check=False
    )
    if result.returncode:
        yield None
        return
    try:
        tables = mount_point / "tables"
        tables.mkdir()
        if os.geteuid() == 0:
            account = pwd.getpwnam("nobody")
            os.chown(tables, account.pw_uid, account.pw_gid)
        tables.chmod(0o700)
        yield tables
    finally:
        subprocess.run(["umount", str(mount_point)], capture_output=True, check=False)


@contextmanager
def filled(disk: Path) -> Iterator[None]:
    """Fill the disk to the last byte."""
    ballast = disk.parent / "ballast"
    size = _BLOCK
    with ballast.open("wb", buffering=0) as out:
        while size:
            try:
                count = out.write(bytes(size))
            except OSError:
                count = 0
            size = size if count == size else size // 2
    try:
        yield
    finally:
        ballast.unlink()


@contextmanager
def said_to_be_full(url: str) -> Iterator[None]:
    """Raise the error of a full disk on each new entry."""
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
