"""Files and folders for their owner alone: what holds a case, a key or a certificate, whatever the umask is."""

import os
from contextlib import suppress
from pathlib import Path
from tempfile import mkstemp

_FILE, _FOLDER = 0o600, 0o700


class OpenToOthers(RuntimeError):
    """Other users of this machine may read or write a file, and only its owner can change that."""


def own_folder(folder: Path) -> None:
    """Make a folder that is not there, and those above it. One that is there is somebody's choice, and stays."""
    if folder.is_dir():
        return
    own_folder(folder.parent)
    try:
        folder.mkdir(_FOLDER)
    except FileExistsError:  # made at the same time by another process, or no folder
        if not folder.is_dir():
            raise


def own_file(file: Path) -> None:
    """Make an empty file that is not there, or take it from others. Raises OpenToOthers."""
    try:
        file.touch(_FILE, exist_ok=False)
    except FileExistsError:
        take_from_others(file)


def make_once(file: Path, content: bytes) -> None:
    """A file of one key, on disk before anything is done with it.

    It gets its name when it is whole: of two processes that start at once, both take the key of the first.
    """
    own_folder(file.parent)
    descriptor, nameless = mkstemp(prefix=f"{file.name}.", dir=file.parent)
    with os.fdopen(descriptor, "wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    with suppress(FileExistsError):
        file.hardlink_to(nameless)
    Path(nameless).unlink()
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def take_from_others(file: Path) -> None:
    """Narrow what others may do with a file, where it is there. Raises OpenToOthers where it is another user's."""
    try:
        if _is_open(file):
            file.chmod(_FILE)
    except FileNotFoundError:
        return
    except PermissionError:
        raise OpenToOthers(
            f"other users of this machine can get at {file}, which belongs to another user than this service; "
            f"let its owner run: chmod 600 {file}"
        ) from None


def take_from_others_if_ours(file: Path) -> None:
    """The same for a file that may have been put there for us, as the secrets of containers are: those stay."""
    with suppress(OSError):
        if _is_open(file) and file.stat().st_uid == os.geteuid():
            file.chmod(_FILE)


def _is_open(file: Path) -> bool:
    return bool(file.stat().st_mode & 0o077)
