"""The service behind PgBouncer in transaction mode, under the load of the fault campaign.

The pooler has fewer sessions than the service has connections, so each transaction may get another session. Prepared
statements and timeouts must hold all the same.
"""

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import httpx
from sqlalchemy import make_url

from api_tests.outside.others import Failed
from api_tests.support.case_file import CaseFile
from api_tests.support.databases import ROLES, new_postgresql
from api_tests.support.demonstration import PERSON_IDS
from api_tests.support.history_checker import violations
from api_tests.support.ledger import Ledger
from api_tests.support.load_clients import Client, LoadState
from api_tests.support.people import everybody
from api_tests.support.postgres import Cluster
from api_tests.support.raw_tables import read_postgresql
from api_tests.support.servers import RunningService, running, settings_for

OLDEST = (1, 22)  # the first that handles DEALLOCATE ALL beside max_prepared_statements
CLIENTS = 6
SESSIONS = 3
ACKNOWLEDGED = 150
PATIENCE_SECONDS = 120.0
# As docs/how-to/postgresql.md gives them.
SETTINGS = {
    "pool_mode": "transaction",
    "max_prepared_statements": "200",
    "ignore_startup_parameters": "options",
}


def check(folder: Path) -> str:
    program = os.environ.get("PGBOUNCER") or shutil.which("pgbouncer")
    if program is None:
        raise Failed("pgbouncer is missing: install the package pgbouncer, or name the program in PGBOUNCER")
    version = _version(program)
    if version < OLDEST:
        raise Failed(
            f"pgbouncer {version[0]}.{version[1]} is too old, {OLDEST[0]}.{OLDEST[1]} is the oldest that works"
        )
    folder.mkdir()
    with Cluster(durable=True) as cluster, _pooler(program, cluster, folder / "pooler") as port:
        acknowledged = _serve_behind(port, cluster, folder)
    return f"pgbouncer {version[0]}.{version[1]}: {acknowledged} requests acknowledged, all stored"


def _version(program: str) -> tuple[int, int]:
    output = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    if (version := re.search(r"PgBouncer (\d+)\.(\d+)", output)) is None:
        raise Failed(f"{program} does not tell its version: {output}")
    return int(version[1]), int(version[2])


@contextmanager
def _pooler(program: str, cluster: Cluster, folder: Path) -> Iterator[int]:
    """Run PgBouncer in front of PostgreSQL, and yield its port. Root runs it as `nobody`, since it refuses root."""
    folder.mkdir()
    port = _free_port()
    settings = {
        **SETTINGS,
        "listen_addr": "127.0.0.1",
        "listen_port": port,
        "unix_socket_dir": "",
        "default_pool_size": SESSIONS,
        "auth_type": "trust",
        "auth_file": folder / "roles",
    }
    (folder / "roles").write_text(f'"{ROLES.application}" ""\n', encoding="utf-8")
    lines = ["[databases]", f"* = host=127.0.0.1 port={cluster.port}", "[pgbouncer]"]
    lines += [f"{name} = {value}" for name, value in settings.items()]
    (folder / "pgbouncer.ini").write_text("\n".join(lines), encoding="utf-8")
    for part in (folder.parent.parent, folder.parent, folder):
        part.chmod(0o755)
    is_root = os.geteuid() == 0
    command = [program, str(folder / "pgbouncer.ini")]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=log, user="nobody" if is_root else None, extra_groups=[] if is_root else None
        )
    try:
        _wait_until_it_listens(port, process, folder / "log")
        yield port
    finally:
        process.terminate()
        process.wait()


def _wait_until_it_listens(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise Failed(f"pgbouncer does not start:\n{log.read_text(errors='replace')}")


def _serve_behind(port: int, cluster: Cluster, folder: Path) -> int:
    """Serve through the pooler at this port. Returns how many requests were acknowledged."""
    settings = settings_for(folder, new_postgresql(cluster, "pooled"))
    pooled = make_url(settings.database_url).set(port=port).render_as_string(hide_password=False)
    ledger = Ledger()
    with running(settings.model_copy(update={"database_url": pooled})) as service:
        _load(int(service.url.rpartition(":")[2]), ledger)
        ready = httpx.get(f"{service.url}/v1/ready")
        if ready.status_code != 200:
            raise Failed(f"not ready behind the pooler: {ready.text}")
        if faults := violations(read_postgresql(cluster.url("pooled")), ledger, PERSON_IDS, folder):
            raise Failed("\n".join(faults))
        _wait_for_a_locked_case(service)
    return len(ledger.acknowledged)


def _load(port: int, ledger: Ledger) -> None:
    """Send requests until enough were acknowledged, and repeat each of them."""
    state = LoadState([port], ledger)
    clients = [Client(state, number) for number in range(CLIENTS)]
    threads = [Thread(target=client.work, daemon=True) for client in clients]
    for thread in threads:
        thread.start()
    enough = ledger.wait(lambda: len(ledger.acknowledged) >= ACKNOWLEDGED, PATIENCE_SECONDS)
    state.stopped.set()
    for thread in threads:
        thread.join()
    if not enough:
        raise Failed(f"too few requests were acknowledged: {len(ledger.acknowledged)}; {[*ledger.faults][:5]}")
    clients[0].settle()
    for client in clients:
        client.close()


def _wait_for_a_locked_case(service: RunningService) -> None:
    """Take a step in a case that another session keeps locked: lock_timeout must end the wait."""
    people = everybody(service.url)
    case = CaseFile.submitted(people)
    with service.tables.begin() as connection:
        connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
        connection.exec_driver_sql(f"SELECT 1 FROM cases WHERE id = '{case.id}' FOR UPDATE")
        answer = case.attempt("add_note", by="anna", version=1)
    for person in people.values():
        person.client.close()
    if answer.status_code != 503:
        raise Failed(f"a locked case was answered with {answer.status_code}: {answer.text}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
