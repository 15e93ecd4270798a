"""A real nginx with the configuration of its how-to: it compresses, weakens the version, and every step still works."""

import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from api_tests.outside.others import Failed
from api_tests.support.checkout import ROOT
from api_tests.support.documents import free_port
from api_tests.support.servers import running, settings_for
from api_tests.support.workflows import form_for

PAGE = ROOT / "docs" / "how-to" / "behind-nginx.md"
NAME = "casusroute.example"
# Debian keeps programs of the system out of the path of other users.
_FOLDERS = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))
_MAIN = """daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    {temporary}
    {server}
}}
"""
_TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


def check(folder: Path) -> str:
    """Run the service behind nginx, and a conversation through it. Raises Failed."""
    program = shutil.which("nginx", path=_FOLDERS)
    if program is None:
        raise Failed("nginx is not on this machine: install the package nginx of Debian (apt-get install nginx-light)")
    folder.mkdir()
    settings = settings_for(
        folder,
        f"sqlite:///{folder / 'casusroute.db'}",
        allowed_hosts=NAME,
        trusted_proxies="127.0.0.1",
        log_level="ERROR",
    )
    with running(settings) as service:
        port = free_port()
        (folder / "nginx.conf").write_text(_configuration(folder, service.url, port), encoding="utf-8")
        with _running_nginx(program, folder, port):
            report = _conversation(folder, port)
    version = subprocess.run([program, "-v"], capture_output=True, text=True, check=False).stderr.strip()
    return f"{version.removeprefix('nginx version: ')} with the configuration of {PAGE.name}: {report}"


def _configuration(folder: Path, service_url: str, port: int) -> str:
    """The configuration of the page, with the ports and the certificate of this machine."""
    block = re.search(r"```nginx\n(.+?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    if block is None:
        raise Failed(f"{PAGE.name} has no configuration")
    server = block[1]
    _make_certificate(folder)
    for on_page, here in (
        ("listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;"),
        ("/etc/ssl/casusroute.pem", f"{folder}/casusroute.pem"),
        ("/etc/ssl/casusroute.key", f"{folder}/casusroute.key"),
        ("http://127.0.0.1:8000;", f"{service_url};"),
    ):
        if server.count(on_page) != 1:
            raise Failed(f"{PAGE.name} should say once: {on_page}")
        server = server.replace(on_page, here)
    temporary = " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in _TEMPORARY)
    return _MAIN.format(folder=folder, temporary=temporary, server=server)


def _make_certificate(folder: Path) -> None:
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "casusroute.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "casusroute.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


@contextmanager
def _running_nginx(program: str, folder: Path, port: int) -> Iterator[None]:
    command = [program, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        deadline = time.monotonic() + 10
        while not _listens(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise Failed(f"nginx did not start:\n{process.stderr.read() if process.stderr else ''}".strip())
            time.sleep(0.05)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=10)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _conversation(folder: Path, port: int) -> str:
    trusted = ssl.create_default_context(cafile=str(folder / "casusroute.pem"))
    # The name of the certificate is asked at the address of this machine.
    with httpx.Client(
        base_url=f"https://127.0.0.1:{port}/v1",
        verify=trusted,
        headers={"Host": NAME, "Accept-Encoding": "gzip"},
        timeout=20,
    ) as client:
        client.event_hooks["request"] = [_ask_for_name]
        stranger = client.get("/cases")
        _require(stranger.status_code == 401 and _is_problem(stranger), "401 as a problem, also when compressed")
        token = client.post("/demonstration/tokens", json={"person": "anna"}).json()["accessToken"]
        client.headers["Authorization"] = f"Bearer {token}"
        body = {"trigger": "submit", "form": form_for("case", "submit")}
        submission = client.post("/cases", json=body, headers={"Idempotency-Key": str(uuid4())})
        _require(submission.status_code == 201, "a case is submitted")
        case = f"/cases/{submission.json()['caseId']}"

        read = client.get(case)
        tag = read.headers["etag"]
        _require(read.headers.get("content-encoding") == "gzip", "nginx compresses the case")
        _require(tag == 'W/"1"', f"nginx weakens the version, and not {tag}")
        answers = [_add_note(client, case, tag, key) for key in ("one", "one", "two")]
        _require([answer.status_code for answer in answers] == [201, 201, 412], "taken, repeated, and stale")
        _require(answers[2].json()["version"] == 2, "the version in force is told")
        known = client.get(f"{case}?knownAt=2026-01-31T09:30:00%2B01:00")
        _require(known.status_code == 404, "%2B arrives as a plus sign")
        bare = client.get(f"{case}?knownAt=2026-01-31T09:30:00+01:00")
        _require("%2B" in bare.text, "a bare plus sign is explained")
        _require(
            urlsplit(submission.headers["location"]).path.startswith(f"/v1{case}"), "the address of the case is its own"
        )
    return f"compressed, read at {tag}, one step taken, one repeated, one refused as {answers[2].json()['code']}"


def _ask_for_name(request: httpx.Request) -> None:
    request.extensions["sni_hostname"] = NAME


def _add_note(client: httpx.Client, case: str, tag: str, key: str) -> httpx.Response:
    body = {"trigger": "add_note", "form": {"text": "Moeder belde: het gaat iets beter."}}
    return client.post(f"{case}/transitions", json=body, headers={"If-Match": tag, "Idempotency-Key": key})


def _is_problem(answer: httpx.Response) -> bool:
    return answer.headers["content-type"] == "application/problem+json" and answer.json()["code"] == "not_known"


def _require(holds: bool, expectation: str) -> None:
    if not holds:
        raise Failed(f"expected: {expectation}")
