"""An issuer of tokens as the test controls it: its keys, its answers, its start and stop. It runs as a process."""

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
    """A key pair with this key id."""
    parameters: KeyParameters = {"kid": kid, "use": "sig"}
    return RSAKey.generate_key(2048, parameters) if kind == "RSA" else ECKey.generate_key("P-256", parameters)


def public_keys(*keys: Key) -> list[dict[str, Any]]:
    return [dict(pair.as_dict(private=False)) for pair in keys]


@dataclass
class Issuer:
    """An issuer on the loopback address, where plain HTTP is allowed."""

    folder: Path
    port: int
    keys: list[Key] = field(default_factory=list)
    _process: subprocess.Popen[str] | None = None

    @property
    def name(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def publish(self, *keys: Key, **how: Any) -> None:
        """Publish these keys from now on. The first signs the tokens that the issuer gives to clients."""
        self.keys = list(keys)
        self._write("signing", dict(keys[0].as_dict(private=True)) if keys else None)
        self.serve({"keys": public_keys(*keys)}, **how)

    def serve(self, keys: object, **how: Any) -> None:
        """Serve this as the key set. `how`: status, headers, text, discovery; `held` holds answers back until reset."""
        self._write("how", how)
        self._write("keys", keys)

    def register_client(self, client: str, its_key: Key) -> None:
        """Register a client that may ask for tokens."""
        self._write(f"client-{client}", public_keys(its_key)[0])

    def request_count(self, path: str = "/keys") -> int:
        log = self.folder / "asked"
        return log.read_text().splitlines().count(path) if log.exists() else 0

    def _write(self, name: str, value: object) -> None:
        file = self.folder / f"{name}.new"
        file.write_text(json.dumps(value))
        file.replace(self.folder / f"{name}.json")

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
        """A token as the issuer gives it to a person who signs in to a web application; `...` leaves a claim out."""
        signing, now = signing or self.keys[0], int(time.time())
        defaults = {
            "iss": self.name,
            "sub": "ada",
            "aud": "casusroute",
            "client_id": "web",
            "iat": now,
            "exp": now + 900,
        }
        payload = {name: claim for name, claim in {**defaults, **claims}.items() if claim is not ...}
        return jwt.encode({"alg": alg, "typ": typ, "kid": signing.kid}, payload, signing, algorithms=[alg])


def wait_until(holds: Callable[[], bool]) -> None:
    """Wait until a condition holds that another process brings about."""
    for _ in range(400):
        if holds():
            return
        time.sleep(0.025)
    raise AssertionError("the condition did not hold in time")


@contextmanager
def new_issuer(folder: Path) -> Iterator[Issuer]:
    """An issuer that is not started yet; stopped at the end."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        issuer = Issuer(folder, free.getsockname()[1])
    try:
        yield issuer
    finally:
        issuer.stop()
