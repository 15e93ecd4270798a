"""Files and folders that only their owner can read: data, keys and certificates, whatever the umask is."""

import os
from contextlib import suppress
from pathlib import Path
from tempfile import mkstemp

_FILE_MODE, _FOLDER_MODE = 0o600, 0o700


class FileNotPrivate(RuntimeError):
    """Other users of this machine may read or write a file, and only its owner can change that."""


def make_private_folder(folder: Path) -> None:
    """Create a missing folder and its missing parents. An existing folder keeps its mode: an operator chose it."""
    if folder.is_dir():
        return
    make_private_folder(folder.parent)
    try:
        folder.mkdir(_FOLDER_MODE)
    except FileExistsError:  # another process created it in the meantime, or it is a file
        if not folder.is_dir():
            raise


def make_private_file(file: Path) -> None:
    """Create a missing file, or make an existing one private. Raises FileNotPrivate."""
    try:
        file.touch(_FILE_MODE, exist_ok=False)
    except FileExistsError:
        restrict_to_owner(file)


def write_key_file_once(file: Path, content: bytes) -> None:
    """Write a key file and sync it to disk, unless it exists.

    The file gets its name when it is complete: of two processes that start at once, both use the key of the first.
    """
    make_private_folder(file.parent)
    descriptor, temporary = mkstemp(prefix=f"{file.name}.", dir=file.parent)
    with os.fdopen(descriptor, "wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    with suppress(FileExistsError):
        file.hardlink_to(temporary)
    Path(temporary).unlink()
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def restrict_to_owner(file: Path) -> None:
    """Make a file private if it exists. Raises FileNotPrivate when it is open to others and belongs to another user."""
    try:
        if _is_open_to_others(file):
            file.chmod(_FILE_MODE)
    except FileNotFoundError:
        return
    except PermissionError:
        raise FileNotPrivate(
            f"other users of this machine can open {file}, and it belongs to another user than this service; "
            f"let its owner run: chmod 600 {file}"
        ) from None


def restrict_to_owner_if_ours(file: Path) -> None:
    """Make a file private if it belongs to this user. Files of other users stay: container secrets are such files."""
    with suppress(OSError):
        if _is_open_to_others(file) and file.stat().st_uid == os.geteuid():
            file.chmod(_FILE_MODE)


def _is_open_to_others(file: Path) -> bool:
    return bool(file.stat().st_mode & 0o077)
