"""Keys: one master key outside the database wraps a key per case and class of content (AES key wrap, RFC 3394)."""

import base64
import hashlib
import hmac
import os
from collections import OrderedDict
from pathlib import Path
from threading import Lock
from uuid import UUID

from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap
from sqlalchemy import Connection, bindparam, column, select, table
from sqlalchemy.dialects import postgresql, sqlite

from service.database.own_files import make_once, take_from_others_if_ours
from service.database.tables import case_keys

CONTENT_CLASSES = ("referral", "review", "advice", "help", "escalation", "notes")
DRAFT_CLASS = "draft"
_KEY_BYTES = 32
# Stands before the key in a file, so that a key of a demonstration is never taken for one of real cases.
_MODES = ("demonstration", "production")
_REMEMBERED = 4096
_WRAPPED = select(case_keys.c.wrapped).where(
    case_keys.c.owner_id == bindparam("owner_id"), case_keys.c.content_class == bindparam("content_class")
)

# The tables of certificates and of webhooks are those of rooms above this one: here they are names and columns.
_ANY_KEY = select(case_keys.c.wrapped).limit(1)
_ANY_SECRET = select(table("subscriptions", column("secret")).c.secret).limit(1)
_destructions = table("destructions", column("case_id"))
_DESTROYED = select(_destructions.c.case_id).where(_destructions.c.case_id == bindparam("owner_id"))


class MasterKeyRefused(ValueError):
    """The master key is not a key, or not the one that this database was written with."""


def load_master_key(given: str | None, file: Path, *, mode: str = "production") -> bytes:
    """The master key from the setting (base64), else from the file, which is made when there is none yet.

    A file that is made says for which mode. Raises MasterKeyRefused when the key is not 32 bytes.
    """
    if given is None:
        if file.exists():
            take_from_others_if_ours(file)
        else:
            make_once(file, f"{mode} ".encode() + base64.b64encode(os.urandom(_KEY_BYTES)))
    try:
        text = file.read_text(encoding="utf-8") if given is None else given
        key = base64.b64decode(_parts(text)[1], validate=True)
    except ValueError:
        key = b""
    if len(key) != _KEY_BYTES:
        raise MasterKeyRefused("the master key must be 32 bytes in base64")
    return key


def mode_of(file: Path) -> str:
    """The mode that a key file was made for; empty where an older release or a person made it, and it does not say."""
    return _parts(file.read_text(encoding="utf-8"))[0]


def insist_on_key_of_mode(file: Path, *, demonstration: bool, known: bool) -> None:
    """Raises MasterKeyRefused where the key in this file is, or may be, that of the other mode.

    `demonstration`: the database is one. `known`: a file that does not say its mode goes with this database, since it
    was used with it before, or was named for it.
    """
    made_for, wanted = mode_of(file), "demonstration" if demonstration else "production"
    if made_for == wanted or (not made_for and known):
        return
    told = f"was made for {made_for}" if made_for else "was there before this database, and may be that of another mode"
    ours = "" if demonstration or made_for else "; where it is a key of production, name this file there"
    raise MasterKeyRefused(
        f"{file} {told}; a demonstration and production never share a key. "
        f"Name another file for this database in CASUSROUTE_MASTER_KEY_FILE, which is made when it is not there{ours}"
    )


def _parts(text: str) -> tuple[str, str]:
    """The mode, if it stands there, and the key."""
    mode, _, key = text.strip().rpartition(" ")
    return (mode, key) if mode in _MODES else ("", text.strip())


class Keyring:
    """Wraps and unwraps keys; remembers a bounded number of unwrapped ones."""

    def __init__(self, master: bytes) -> None:
        self._master = master
        self._unwrapped: OrderedDict[tuple[str, str], bytes] = OrderedDict()
        self._lock = Lock()

    def tag(self, purpose: str, *values: str) -> bytes:
        """A keyed digest (HMAC-SHA256): nobody without the master key can guess what was tagged."""
        return hmac.new(self._master, "\x00".join((purpose, *values)).encode(), hashlib.sha256).digest()

    def id_for(self, purpose: str, *values: str) -> UUID:
        """An identifier that is random to everybody else and the same for the same request (version 4)."""
        return UUID(bytes=self.tag(purpose, *values)[:16], version=4)

    def wrapped(self, secret: bytes) -> bytes:
        """A secret of 32 bytes as it may be stored."""
        return aes_key_wrap(self._master, secret)

    def unwrapped(self, stored: bytes) -> bytes:
        return aes_key_unwrap(self._master, stored)

    def insist(self, connection: Connection) -> None:
        """Raises MasterKeyRefused when the keys or secrets in this database were wrapped with another master key."""
        for query in (_ANY_KEY, _ANY_SECRET):
            wrapped = connection.execute(query).scalar()
            try:
                if wrapped is not None:
                    aes_key_unwrap(self._master, wrapped)
            except InvalidUnwrap:
                raise MasterKeyRefused("the master key is not the one that this database was written with") from None

    def create(self, connection: Connection, owner_id: UUID, classes: tuple[str, ...]) -> None:
        """Make the keys of a case or draft. Must be committed before the data that needs them (decision 16).

        None for a case that was destroyed, when the request that submitted it is sent again.
        """
        if connection.execute(_DESTROYED, {"owner_id": str(owner_id)}).first():
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

    def key(self, connection: Connection, owner_id: UUID, content_class: str) -> bytes:
        """Raises LookupError when the key is gone."""
        name = (str(owner_id), content_class)
        with self._lock:
            if name in self._unwrapped:
                self._unwrapped.move_to_end(name)
                return self._unwrapped[name]
        wrapped = connection.execute(_WRAPPED, {"owner_id": name[0], "content_class": content_class}).scalar()
        if wrapped is None:
            raise LookupError("no key")
        key = aes_key_unwrap(self._master, wrapped)
        with self._lock:
            self._unwrapped[name] = key
            while len(self._unwrapped) > _REMEMBERED:
                self._unwrapped.popitem(last=False)
        return key

    def forget(self, connection: Connection, owner_id: UUID) -> None:
        """Remove the keys of a draft: what they encrypted cannot be read any more."""
        connection.execute(case_keys.delete().where(case_keys.c.owner_id == str(owner_id)))
        with self._lock:
            for name in [name for name in self._unwrapped if name[0] == str(owner_id)]:
                del self._unwrapped[name]
