"""What a test decides about an issuer, which is a process of its own: its keys, its manners, its being there."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, Key, KeyParameters, RSAKey

PROCESS = Path(__file__).with_name("issuer_process.py")


def key(kid: str, kind: str = "RSA") -> Key:
    """A key pair under this name."""
    parameters: KeyParameters = {"kid": kid, "use": "sig"}
    return RSAKey.generate_key(2048, parameters) if kind == "RSA" else ECKey.generate_key("P-256", parameters)


def public(*keys: Key) -> list[dict[str, Any]]:
    return [dict(it.as_dict(private=False)) for it in keys]


@dataclass
class Issuer:
    """At loopback, so that it may speak plain HTTP."""

    folder: Path
    port: int
    keys: list[Key] = field(default_factory=list)
    _process: subprocess.Popen[str] | None = None

    @property
    def name(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def publish(self, *keys: Key, **how: Any) -> None:
        """Serve these keys from now on; the first signs what the issuer gives out itself."""
        self.keys = list(keys)
        self._tell("signing", dict(keys[0].as_dict(private=True)) if keys else None)
        self.serve({"keys": public(*keys)}, **how)

    def serve(self, keys: object, **how: Any) -> None:
        """Serve this as the set of keys. `how`: status, headers, text, discovery; `held` until told otherwise."""
        self._tell("how", how)
        self._tell("keys", keys)

    def know(self, client: str, its_key: Key) -> None:
        """A client that may ask for tokens."""
        self._tell(f"client-{client}", public(its_key)[0])

    def asked(self, path: str = "/keys") -> int:
        log = self.folder / "asked"
        return log.read_text().splitlines().count(path) if log.exists() else 0

    def _tell(self, name: str, value: object) -> None:
        written = self.folder / f"{name}.new"
        written.write_text(json.dumps(value))
        written.replace(self.folder / f"{name}.json")

    def start(self) -> None:
        command = [sys.executable, str(PROCESS), str(self.folder), str(self.port)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def token(self, signing: Key | None = None, *, alg: str = "RS256", typ: str = "at+jwt", **claims: Any) -> str:
        """A token as the issuer gives it to a person who signed in at a web application; `...` leaves a claim out."""
        signing, now = signing or self.keys[0], int(time.time())
        good = {"iss": self.name, "sub": "ada", "aud": "casusroute", "client_id": "web", "iat": now, "exp": now + 900}
        told = {name: it for name, it in {**good, **claims}.items() if it is not ...}
        return jwt.encode({"alg": alg, "typ": typ, "kid": signing.kid}, told, signing, algorithms=[alg])


def until(holds: Callable[[], bool]) -> None:
    """Waits for something that another process does by itself."""
    for _ in range(400):
        if holds():
            return
        time.sleep(0.025)
    raise AssertionError("it never came")


@contextmanager
def issuing(folder: Path) -> Iterator[Issuer]:
    """An issuer that is not there yet; gone at the end."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        issuer = Issuer(folder, free.getsockname()[1])
    try:
        yield issuer
    finally:
        issuer.stop()
