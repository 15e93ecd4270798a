"""The real service on a real socket, on either database, with a clock that tests can move."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import Engine

from api_tests.support.checkout import ROOT
from api_tests.support.databases import address_settings, migrated_engine
from service.app import ServiceInstance, build_service
from service.commands.server import Server
from service.settings import Settings

LIMITS_PER_MINUTE = ("person_per_minute", "address_per_minute", "failures_per_minute", "numbers_per_minute")
# Trusts no authority. The default context of a client loads all authorities, which takes time.
WITHOUT_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@dataclass
class Clock:
    """The time of this machine, moved on by the time that a test has let pass."""

    passed: timedelta = field(default_factory=timedelta)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.passed

    def let_pass(self, **time: float) -> None:
        self.passed += timedelta(**time)


@dataclass(frozen=True)
class RunningService:
    """A service that answers at `url` (without /v1). `tables`: its database as the owner of the tables."""

    url: str
    settings: Settings
    built: ServiceInstance
    clock: Clock
    tables: Engine

    @property
    def address(self) -> tuple[str, int]:
        """Host and port, for a socket of a test's own."""
        parts = urlsplit(self.url)
        return str(parts.hostname), int(parts.port or 0)

    @property
    def engine(self) -> str:
        return self.built.database.engine.dialect.name


def settings_for(folder: Path, database_url: str, **changes: object) -> Settings:
    return Settings.model_validate(
        {
            **address_settings(database_url),
            "master_key_file": folder / "master.key",
            "destruction_list": folder / "destructions.jsonl",
            "workflows": ROOT / "workflows",
            "mode": "demonstration",
            "log_level": "WARNING",
            "relay": "off",  # tests count rows; those about events turn it on
            "outbox_seconds": 0,  # no time limit for events that wait
            # Tests send more requests than people do; tests about limits set them.
            **dict.fromkeys(LIMITS_PER_MINUTE, 0),
            **changes,
        }
    )


@contextmanager
def running(settings: Settings) -> Iterator[RunningService]:
    """Migrate the database, build the service, serve it on a free port."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        settings = settings.model_copy(update={"public_url": url})
        tables = migrated_engine(settings)
        clock = Clock()
        built = build_service(settings, clock)
        server = Server(built, settings)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        while not server.started:
            if not thread.is_alive():
                raise RuntimeError("the service did not start")
            thread.join(0.01)
        try:
            yield RunningService(url, settings, built, clock, tables)
        finally:
            server.should_exit = True
            thread.join(10)
            tables.dispose()
