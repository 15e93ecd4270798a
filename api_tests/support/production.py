"""The service in production mode as a process of its own, which trusts the issuers of a test."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from api_tests.support.checkout import ROOT
from api_tests.support.servers import WITHOUT_TLS, settings_for
from service.app import prepare_database
from service.database.engine import open_engine
from service.database.migrations import migrate
from service.people.rules.decisions import NewPerson
from service.people.use_cases.administer import make_first_administrator


@dataclass(frozen=True)
class ProductionService:
    """A service with one administrator: `ada`, with the first issuer."""

    client: httpx.Client
    log: Path

    def me(self, token: str) -> httpx.Response:
        return self.client.get("/me", headers=_bearer(token))

    def status(self, token: str) -> int:
        return self.me(token).status_code

    def statuses(self, tokens: dict[str, str]) -> dict[str, int]:
        return {name: self.status(token) for name, token in tokens.items()}

    def post(self, token: str, path: str, **body: Any) -> httpx.Response:
        headers = {**_bearer(token), "Idempotency-Key": str(uuid4())}
        return self.client.post(path, json=body, headers=headers)

    def add_person(self, token: str, issuer: str, subject: str) -> str:
        """Add a person as the administrator with this token, and return the id."""
        answer = self.post(token, "/people", issuer=issuer, subject=subject, name="Nieuw Gezicht")
        assert answer.status_code == 201, answer.text
        return str(answer.json()["subject"])


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@contextmanager
def production_service(folder: Path, issuers: list[dict[str, Any]], **settings: object) -> Iterator[ProductionService]:
    """Run the service on a new SQLite database: sign-in does not depend on the engine."""
    database_url, log = f"sqlite:///{folder / 'casusroute.db'}", folder / "log"
    _make_administrator(folder, database_url, issuers[0]["name"])
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    variables = {
        "database_url": database_url,
        "master_key_file": folder / "master.key",
        "issuers": json.dumps(issuers),
        "port": port,
        "relay": "off",
        "log_level": "DEBUG",
        **dict.fromkeys(("failures_per_minute", "numbers_per_minute"), 0),  # these tests fail on purpose
        **settings,
    }
    environment = {**os.environ, **{f"CASUSROUTE_{name.upper()}": str(value) for name, value in variables.items()}}
    with (
        log.open("w") as output,
        httpx.Client(base_url=f"http://127.0.0.1:{port}/v1", timeout=30, verify=WITHOUT_TLS) as client,
        subprocess.Popen(
            [sys.executable, "-m", "service", "serve"], cwd=ROOT, env=environment, stdout=output, stderr=output
        ) as process,
    ):
        try:
            while not _answers(client):
                assert process.poll() is None, log.read_text()
            yield ProductionService(client, log)
        finally:
            process.terminate()
            process.wait(20)


def _make_administrator(folder: Path, database_url: str, issuer: str) -> None:
    engine = open_engine(database_url)
    migrate(engine)
    engine.dispose()
    database, _ = prepare_database(settings_for(folder, database_url, mode="production"))
    ada = NewPerson(issuer=issuer, subject="ada", name="Ada Beheer")
    database.write_sync(lambda transaction: make_first_administrator(transaction, ada))
    database.close()


def _answers(client: httpx.Client) -> bool:
    try:
        return client.get("/health").status_code == 200
    except httpx.TransportError:
        return False
