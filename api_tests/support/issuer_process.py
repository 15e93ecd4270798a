"""An issuer of access tokens that runs by itself: it serves what stands in its folder, well or badly.

Run as `python issuer_process.py FOLDER PORT`. It publishes a discovery document and keys, and gives tokens to clients
that prove who they are with a key (client credentials, private_key_jwt).
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


class _Answers(BaseHTTPRequestHandler):
    folder: Path
    name: str

    def do_GET(self) -> None:
        self._note()
        how = self._told("how")
        if self.path == "/.well-known/openid-configuration":
            told = {"issuer": self.name, "jwks_uri": f"{self.name}/keys", **how.get("discovery", {})}
            self._answer(200, json.dumps(told).encode())
        elif self.path == "/keys":
            while self._told("how").get("held"):
                time.sleep(0.01)
            body = how["text"].encode() if "text" in how else json.dumps(self._told("keys")).encode()
            self._answer(how.get("status", 200), body, how.get("headers", {}))
        else:
            self._answer(404, b"")

    def do_POST(self) -> None:
        self._note()
        form = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
        client, now = form["client_id"], int(time.time())
        assert (form["grant_type"], form["client_assertion_type"]) == ("client_credentials", ASSERTION)
        known = RSAKey.import_key(self._told(f"client-{client}"))
        proof = jwt.decode(form["client_assertion"], known).claims
        assert (proof["iss"], proof["sub"], proof["aud"]) == (client, client, f"{self.name}/token")
        claims = {"iss": self.name, "sub": client, "client_id": client, "aud": "casusroute", "iat": now}
        signing = RSAKey.import_key(self._told("signing"))
        header = {"alg": "RS256", "typ": "at+jwt", "kid": signing.kid}
        given = jwt.encode(header, {**claims, "exp": now + 6 * 3600}, signing)
        self._answer(200, json.dumps({"access_token": given, "token_type": "Bearer"}).encode())

    def _told(self, name: str) -> Any:
        return json.loads((self.folder / f"{name}.json").read_text())

    def _note(self) -> None:
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
        """Says nothing: the tests do."""


def _serve(folder: Path, port: int) -> None:
    _Answers.folder, _Answers.name = folder, f"http://127.0.0.1:{port}"
    server = ThreadingHTTPServer(("127.0.0.1", port), _Answers)
    print("ready", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    _serve(Path(sys.argv[1]), int(sys.argv[2]))
