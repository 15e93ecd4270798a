"""An issuer of access tokens as a process of its own: it serves the files in its folder, correct or not.

Run as `python issuer_process.py FOLDER PORT`. It publishes a discovery document and keys, and gives tokens to clients
that authenticate with a key (client credentials, private_key_jwt).
"""

import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from joserfc import jwt
from joserfc.jwk import RSAKey

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class _Handler(BaseHTTPRequestHandler):
    folder: Path
    name: str

    def do_GET(self) -> None:
        self._log_request()
        settings = self._read("how")
        if self.path == "/.well-known/openid-configuration":
            document = {"issuer": self.name, "jwks_uri": f"{self.name}/keys", **settings.get("discovery", {})}
            self._answer(200, json.dumps(document).encode())
        elif self.path == "/keys":
            while self._read("how").get("held"):
                time.sleep(0.01)
            body = settings["text"].encode() if "text" in settings else json.dumps(self._read("keys")).encode()
            self._answer(settings.get("status", 200), body, settings.get("headers", {}))
        else:
            self._answer(404, b"")

    def do_POST(self) -> None:
        self._log_request()
        form = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
        client, now = form["client_id"], int(time.time())
        assert (form["grant_type"], form["client_assertion_type"]) == ("client_credentials", ASSERTION)
        key = RSAKey.import_key(self._read(f"client-{client}"))
        proof = jwt.decode(form["client_assertion"], key).claims
        assert (proof["iss"], proof["sub"], proof["aud"]) == (client, client, f"{self.name}/token")
        claims = {"iss": self.name, "sub": client, "client_id": client, "aud": "casusroute", "iat": now}
        signing = RSAKey.import_key(self._read("signing"))
        header = {"alg": "RS256", "typ": "at+jwt", "kid": signing.kid}
        token = jwt.encode(header, {**claims, "exp": now + 6 * 3600}, signing)
        self._answer(200, json.dumps({"access_token": token, "token_type": "Bearer"}).encode())

    def _read(self, name: str) -> Any:
        return json.loads((self.folder / f"{name}.json").read_text())

    def _log_request(self) -> None:
        with (self.folder / "asked").open("a") as log:
            log.write(f"{self.path}\n")

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Write no log."""


def _serve(folder: Path, port: int) -> None:
    _Handler.folder, _Handler.name = folder, f"http://127.0.0.1:{port}"
    server = ThreadingHTTPServer(("127.0.0.1", port), _Handler)
    print("ready", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    _serve(Path(sys.argv[1]), int(sys.argv[2]))
