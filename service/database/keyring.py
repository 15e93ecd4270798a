"""The keyring: a master key outside the database wraps a key per case and class of content (AES key wrap, RFC 3394)."""

import base64
import hashlib
import hmac
import os
from collections import OrderedDict
from pathlib import Path
from threading import Lock
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap
from sqlalchemy import Connection, bindparam, column, select, table
from sqlalchemy.dialects import postgresql, sqlite

from service.database.private_files import restrict_to_owner_if_ours, write_key_file_once
from service.database.tables import administration_seals, case_keys
from service.vocabulary.utf8 import read_text_file

CONTENT_CLASSES = ("referral", "review", "advice", "help", "escalation", "notes")
DRAFT_CLASS = "draft"
SEALED_SUMS = "administration sums"  # purpose of the key that encrypts the sums in the seals of the administration
_KEY_BYTES = 32
# The mode stands before the key in its file, so that no key of a demonstration is used for real cases.
_MODES = ("demonstration", "production")
_MAX_CACHED_KEYS = 4096
_SELECT_WRAPPED = select(case_keys.c.wrapped).where(
    case_keys.c.owner_id == bindparam("owner_id"), case_keys.c.content_class == bindparam("content_class")
)

# The tables of certificates and webhooks belong to subjects above this one: they are not imported but named here.
_ANY_KEY = select(case_keys.c.wrapped).limit(1)
_LAST_SUMS = select(administration_seals.c.sums).order_by(administration_seals.c.number.desc()).limit(1)
_ANY_SECRET = select(table("subscriptions", column("secret")).c.secret).limit(1)
_destructions = table("destructions", column("case_id"))
_SELECT_DESTROYED = select(_destructions.c.case_id).where(_destructions.c.case_id == bindparam("owner_id"))


class MasterKeyRefused(ValueError):
    """The master key is malformed, is not the key of this database, or belongs to the other mode."""


def load_master_key(setting: str | None, file: Path, *, mode: str = "production") -> bytes:
    """Returns the master key (32 bytes) from the setting (base64), else from the file. Creates a missing file.

    A created file names its mode. Raises MasterKeyRefused when the key is not 32 bytes.
    """
    if setting is None:
        if file.exists():
            restrict_to_owner_if_ours(file)
        else:
            write_key_file_once(file, f"{mode} ".encode() + base64.b64encode(os.urandom(_KEY_BYTES)))
    try:
        text = read_text_file(file) if setting is None else setting
        key = base64.b64decode(_split_mode(text)[1], validate=True)
    except ValueError:
        key = b""
    if len(key) != _KEY_BYTES:
        raise MasterKeyRefused("the master key must be 32 bytes in base64")
    return key


def mode_of_key_file(file: Path) -> str:
    """Returns the mode that a key file names; an empty text when it names none, as in files of older releases."""
    return _split_mode(read_text_file(file))[0]


def require_key_of_mode(file: Path, *, demonstration: bool, allow_unmarked: bool) -> None:
    """Raises MasterKeyRefused when the key in this file belongs, or may belong, to the other mode.

    `demonstration`: the database is a demonstration. `allow_unmarked`: accept a file that names no mode, because it was
    used with this database before or the settings name it.
    """
    file_mode, expected_mode = mode_of_key_file(file), "demonstration" if demonstration else "production"
    if file_mode == expected_mode or (not file_mode and allow_unmarked):
        return
    fault = "existed before this database, and may belong to the other mode"
    if file_mode:
        fault = f"was made for {file_mode}"
    hint = "" if demonstration or file_mode else "; if it is a key of production, name this file in that setting"
    raise MasterKeyRefused(
        f"{file} {fault}; a demonstration and production never share a key. "
        f"Name another file for this database in CASUSROUTE_MASTER_KEY_FILE; a missing file is made{hint}"
    )


def _split_mode(text: str) -> tuple[str, str]:
    """Returns (mode or empty text, key in base64) of the text of a key file."""
    mode, _, key = text.strip().rpartition(" ")
    return (mode, key) if mode in _MODES else ("", text.strip())


class Keyring:
    """Wraps and unwraps keys, and caches at most 4096 unwrapped keys. Removed keys leave the cache of `shared` too."""

    def __init__(self, master: bytes, shared: "Keyring | None" = None) -> None:
        self._master = master
        self._shared = shared
        self._unwrapped: OrderedDict[tuple[str, str], bytes] = OrderedDict()
        self._lock = Lock()

    def tag(self, purpose: str, *values: str) -> bytes:
        """Returns a keyed digest (HMAC-SHA256): without the master key nobody can guess the values."""
        return hmac.new(self._master, "\x00".join((purpose, *values)).encode(), hashlib.sha256).digest()

    def derive_id(self, purpose: str, *values: str) -> UUID:
        """Returns an identifier (UUID version 4) that is the same for the same values and looks random."""
        return UUID(bytes=self.tag(purpose, *values)[:16], version=4)

    def seal_text(self, purpose: str, text: str) -> bytes:
        """Returns the text, encrypted and authenticated (AES-SIV, RFC 5297). The same text gives the same bytes."""
        return AESSIV(self.tag("seal", purpose)).encrypt(text.encode(), None)

    def open_text(self, purpose: str, sealed: bytes) -> str:
        """Returns the sealed text. Raises ValueError for bytes that were not sealed here for this purpose."""
        try:
            return AESSIV(self.tag("seal", purpose)).decrypt(sealed, None).decode()
        except InvalidTag as error:
            raise ValueError("not sealed with this key") from error

    def wrap(self, secret: bytes) -> bytes:
        """Returns a secret of 32 bytes, encrypted for storage."""
        return aes_key_wrap(self._master, secret)

    def unwrap(self, stored: bytes) -> bytes:
        return aes_key_unwrap(self._master, stored)

    def for_new_keys(self) -> "Keyring":
        """Returns a keyring for one unit of work that creates keys. What it reads stays out of the cache of this one.

        The unit may be rolled back, and its request sent again to another process, which then creates other keys.
        """
        return Keyring(self._master, self)

    def require_matching_master_key(self, connection: Connection) -> None:
        """Raises MasterKeyRefused when another master key was used with this database.

        It shows in the keys and secrets; in a database without any, in the last seal of the administration.
        """
        wrapped: list[bytes] = []
        for query in (_ANY_KEY, _ANY_SECRET):
            wrapped += connection.execute(query).scalars()
        sealed = None if wrapped else connection.execute(_LAST_SUMS).scalar()
        try:
            for value in wrapped:
                aes_key_unwrap(self._master, value)
            if sealed is not None:
                self.open_text(SEALED_SUMS, sealed)
        except (InvalidUnwrap, ValueError):
            raise MasterKeyRefused("the master key is not the key of this database") from None

    def create_keys(self, connection: Connection, owner_id: UUID, classes: tuple[str, ...]) -> None:
        """Create the keys of a case or draft, for `Database.write_with_keys` (decision 0008).

        A destroyed case gets no keys when its submission is sent again. Keys in the cache may be those of a failed
        request, rolled back or removed since as unused ones: they are read again.
        """
        self.forget(owner_id)
        if connection.execute(_SELECT_DESTROYED, {"owner_id": str(owner_id)}).first():
            return
        rows = [
            {
                "owner_id": str(owner_id),
                "content_class": name,
                "wrapped": aes_key_wrap(self._master, os.urandom(_KEY_BYTES)),
            }
            for name in classes
        ]
        insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
        connection.execute(insert(case_keys).on_conflict_do_nothing(), rows)

    def content_key(self, connection: Connection, owner_id: UUID, content_class: str) -> bytes:
        """Raises LookupError when the key was destroyed."""
        name = (str(owner_id), content_class)
        with self._lock:
            if name in self._unwrapped:
                self._unwrapped.move_to_end(name)
                return self._unwrapped[name]
        wrapped = connection.execute(_SELECT_WRAPPED, {"owner_id": name[0], "content_class": content_class}).scalar()
        if wrapped is None:
            raise LookupError("no key")
        key = aes_key_unwrap(self._master, wrapped)
        with self._lock:
            self._unwrapped[name] = key
            while len(self._unwrapped) > _MAX_CACHED_KEYS:
                self._unwrapped.popitem(last=False)
        return key

    def remove_keys(self, connection: Connection, owner_id: UUID) -> None:
        """Remove the keys of a case or draft: its content becomes unreadable for ever."""
        connection.execute(case_keys.delete().where(case_keys.c.owner_id == str(owner_id)))
        self.forget(owner_id)

    def forget(self, owner_id: UUID) -> None:
        """Remove the keys of a case or draft from the cache."""
        with self._lock:
            for name in [name for name in self._unwrapped if name[0] == str(owner_id)]:
                del self._unwrapped[name]
        if self._shared:
            self._shared.forget(owner_id)
