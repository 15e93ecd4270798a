"""The list of destructions: an append-only file outside the database, replayed on a restored database.

Each line is one certificate, of a case or of the content of one entry. It is on disk before the destruction commits:
what cannot be listed here is not destroyed. A line without its newline was cut off by a crash before that commit and is
ignored.
"""

import fcntl
import json
import os
from pathlib import Path

from service.cases.rules.certificate import ListedCertificate, certificate_from_facts
from service.database.private_files import make_private_folder
from service.vocabulary.canonical_json import to_canonical_json
from service.vocabulary.refusals import Unavailable


class DestructionListRefused(ValueError):
    """The list of destructions holds a line that is no certificate, so nobody can tell what is missing from it."""


class DestructionList:
    """The file with the certificates of all destructions. Several processes may write to it."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def add(self, certificate: ListedCertificate) -> None:
        """Append a certificate and wait until it is on disk. Raises Unavailable when it cannot be written."""
        line = to_canonical_json({**certificate.to_facts(), "certificate": certificate.digest}) + "\n"
        try:
            self._write(line.encode())
        except OSError as error:
            raise Unavailable from error

    def merge(self, other: "DestructionList") -> None:
        """Add the certificates of another list that this one lacks. Raises DestructionListRefused, Unavailable."""
        known = {certificate.digest for certificate in self.certificates()}
        for certificate in other.certificates():
            if certificate.digest not in known:
                self.add(certificate)

    def certificates(self) -> tuple[ListedCertificate, ...]:
        """Every certificate, oldest first. Raises DestructionListRefused."""
        try:
            content = self.file.read_bytes()
        except FileNotFoundError:
            return ()
        whole_lines = content[: content.rfind(b"\n") + 1]
        return tuple(self._read(number, line) for number, line in enumerate(whole_lines.splitlines(), 1))

    def _read(self, number: int, line: bytes) -> ListedCertificate:
        try:
            facts = json.loads(line)
            certificate = certificate_from_facts(facts)
            if certificate.digest == facts["certificate"]:
                return certificate
        except (ValueError, KeyError, TypeError, AttributeError):
            pass
        raise DestructionListRefused(f"line {number} of {self.file} is not a certificate, or was changed")

    def _write(self, line: bytes) -> None:
        make_private_folder(self.file.parent)
        descriptor = os.open(self.file, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            end = os.lseek(descriptor, 0, os.SEEK_END)
            # The rest of a line that a crash cut off would spoil the next line, so it is removed.
            os.ftruncate(descriptor, self._size_of_whole_lines(descriptor, end))
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

    def _size_of_whole_lines(self, descriptor: int, end: int) -> int:
        """Returns the number of bytes up to and including the last newline."""
        return os.pread(descriptor, end, 0).rfind(b"\n") + 1
