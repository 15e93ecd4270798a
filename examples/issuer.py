"""An OpenID Connect issuer for trying out production mode: `python -m examples.issuer`. Never for real people.

It issues tokens for any name without authentication. It therefore listens on loopback only, and its keys are lost when
it stops. `POST /token` with `person=NAME` or `machine=NAME` gives an access token for an hour (RFC 9068).
"""

import argparse
import json
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from joserfc import jwt
from joserfc.jwk import RSAKey

HOST = "127.0.0.1"
SECONDS = 3600
_MAX_BYTES = 1000
_USAGE = "Ask with person=NAME or machine=NAME, once and as a form: curl -s {name}/token -d person=joost.beheer"


class Issuer(ThreadingHTTPServer):
    """The server, on loopback; its issuer identifier is its address. Raises OSError where the port is in use."""

    def __init__(self, port: int) -> None:
        super().__init__((HOST, port), _Handler)
        self.name = f"http://{HOST}:{self.server_port}"
        key = RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"})
        # A unique kid per key: a service that has cached an older key set fetches the new one.
        self._key = RSAKey.import_key(key.as_dict(private=True) | {"kid": key.thumbprint()})

    def discovery(self) -> dict[str, Any]:
        return {
            "issuer": self.name,
            "jwks_uri": f"{self.name}/keys",
            "token_endpoint": f"{self.name}/token",
            "response_types_supported": ["none"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }

    def keys(self) -> dict[str, Any]:
        return {"keys": [self._key.as_dict(private=False)]}

    def token(self, subject: str, client: str) -> dict[str, Any]:
        """Returns a token response (RFC 6749). A client that is its own subject is a machine."""
        now = int(time.time())
        claims = {"iss": self.name, "sub": subject, "client_id": client, "aud": "casusroute"}
        header = {"alg": "RS256", "typ": "at+jwt", "kid": self._key.kid}
        access_token = jwt.encode(header, {**claims, "iat": now, "exp": now + SECONDS}, self._key)
        return {"access_token": access_token, "token_type": "Bearer", "expires_in": SECONDS}


class _Handler(BaseHTTPRequestHandler):
    server: Issuer
    timeout = 10

    def do_GET(self) -> None:
        documents = {"/.well-known/openid-configuration": self.server.discovery, "/keys": self.server.keys}
        if self._check_host():
            document = documents.get(self.path)
            self._answer(200, document()) if document else self._answer(404, {"error": "not_found"})

    def do_POST(self) -> None:
        if not self._check_host():
            return
        token_request = self._read_token_request() if self.path == "/token" else None
        if token_request is None:
            usage = _USAGE.format(name=self.server.name)
            self._answer(400, {"error": "invalid_request", "error_description": usage})
            return
        kind, subject = token_request
        self._answer(200, self.server.token(subject, subject if kind == "machine" else "trying-out"))

    def _check_host(self) -> bool:
        """Answers 421 to another Host: a page of another site may send a browser here (DNS rebinding)."""
        ours = self.headers.get("Host") == self.server.name.removeprefix("http://")
        if not ours:
            self._answer(421, {"error": "invalid_request", "error_description": f"ask {self.server.name}"})
        return ours

    def _read_token_request(self) -> tuple[str, str] | None:
        """Returns (person or machine, subject), or None for a malformed request."""
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > _MAX_BYTES:
            return None
        try:
            form = parse_qs(self.rfile.read(int(length)).decode("ascii"), errors="strict")
        except ValueError:
            return None
        if len(form) != 1 or not form.keys() <= {"person", "machine"}:
            return None
        ((kind, subjects),) = form.items()
        return (kind, subjects[0]) if len(subjects) == 1 and subjects[0].isprintable() else None

    def _answer(self, status: int, content: dict[str, Any]) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Logs nothing, so that names of people stand in no log."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m examples.issuer", description=__doc__)
    parser.add_argument("--port", type=int, default=9000, help="9000 when left out; 0 takes a free one")
    port = parser.parse_args().port
    try:
        issuer = Issuer(port)
    except (OSError, OverflowError) as error:
        raise SystemExit(
            f"not started: {HOST}:{port} cannot be listened on ({error}); choose another with --port"
        ) from None
    print(f"An issuer for trying out, never for production, at {issuer.name}", flush=True)
    try:
        issuer.serve_forever()
    except KeyboardInterrupt:
        issuer.server_close()


if __name__ == "__main__":
    main()
