"""The list of destructions: a file outside the database, for a database that comes back from a backup.

A line a certificate, only ever added to, and on disk before the destruction is committed: what cannot be written here
is not destroyed. A line without its end was cut off by a crash before that commit, and counts for nothing.
"""

import fcntl
import json
import os
from pathlib import Path

from service.cases.rules.certificate import Certificate
from service.database.own_files import own_folder
from service.vocabulary.canonical_json import canonical
from service.vocabulary.refusals import Unavailable


class ListRefused(ValueError):
    """The list of destructions holds something else than certificates: nobody can tell what is missing in it."""


class DestructionList:
    """Several processes may share it."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def add(self, certificate: Certificate) -> None:
        """Returns once it is on disk. Raises Unavailable when it cannot be written."""
        line = canonical({**certificate.facts(), "certificate": certificate.digest}) + "\n"
        try:
            self._write(line.encode())
        except OSError as error:
            raise Unavailable from error

    def take_over(self, other: "DestructionList") -> None:
        """Add what stands on another list and not on this one. Raises ListRefused, Unavailable."""
        known = {it.digest for it in self.certificates()}
        for certificate in other.certificates():
            if certificate.digest not in known:
                self.add(certificate)

    def certificates(self) -> tuple[Certificate, ...]:
        """Every certificate, the oldest first. Raises ListRefused."""
        try:
            written = self.file.read_bytes()
        except FileNotFoundError:
            return ()
        whole = written[: written.rfind(b"\n") + 1]
        return tuple(self._read(number, line) for number, line in enumerate(whole.splitlines(), 1))

    def _read(self, number: int, line: bytes) -> Certificate:
        try:
            facts = json.loads(line)
            found = Certificate.read(facts)
            if found.digest == facts["certificate"]:
                return found
        except (ValueError, KeyError, TypeError, AttributeError):
            pass
        raise ListRefused(f"line {number} of {self.file} is not a certificate as it was written")

    def _write(self, line: bytes) -> None:
        own_folder(self.file.parent)
        descriptor = os.open(self.file, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            end = os.lseek(descriptor, 0, os.SEEK_END)
            # What a crash cut off is overwritten: it would spoil the line after it.
            os.ftruncate(descriptor, self._whole(descriptor, end))
            os.lseek(descriptor, 0, os.SEEK_END)
            while line:
                line = line[os.write(descriptor, line) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        folder = os.open(self.file.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _whole(self, descriptor: int, end: int) -> int:
        """How far the whole lines reach."""
        written = os.pread(descriptor, end, 0)
        return written.rfind(b"\n") + 1
