"""Real tokens of a certified OpenID provider against the service in production mode, each a process of its own.

npm install --no-audit --no-fund --no-package-lock --prefix FOLDER oidc-provider@9.13.3
python -m api_tests.outside.oidc_provider FOLDER/node_modules
"""

import base64
import hashlib
import json
import os
import re
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from joserfc import jwt
from joserfc.jwk import Key

from api_tests.support.issuer import key, public_keys
from api_tests.support.issuer_process import ASSERTION
from api_tests.support.production import production_service
from api_tests.support.servers import WITHOUT_TLS

PROGRAM = Path(__file__).with_name("op.mjs")
REDIRECT = "https://web.example/callback"
CLIENT = ("web", "only-for-this-check")
MACHINE = key("crm")


@dataclass(frozen=True)
class Provider:
    """The provider while it runs."""

    name: str
    http: httpx.Client

    def sign_in(self, subject: str) -> dict[str, str]:
        """The tokens of a person: authorization code with PKCE, through the pages of the provider itself."""
        self.http.cookies.clear()
        verifier = secrets.token_urlsafe(48)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        query = {"client_id": "web", "response_type": "code", "scope": "openid api", "redirect_uri": REDIRECT}
        query |= {"code_challenge": challenge, "code_challenge_method": "S256", "state": "s", "nonce": "n"}
        answer = self._follow_redirects(self.http.get("/auth", params=query))
        while not answer.headers.get("location", "").startswith(REDIRECT):
            prompt = re.search(r'name="prompt" value="(\w+)"', answer.text)
            action = re.search(r'action="([^"]+)"', answer.text)
            assert prompt, answer.text
            assert action, answer.text
            form = {"prompt": prompt[1], "login": subject, "password": "any"}
            answer = self._follow_redirects(self.http.post(action[1], data=form))
        code = parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, "code_verifier": verifier}
        tokens: dict[str, str] = self.http.post("/token", data=form, auth=CLIENT).raise_for_status().json()
        return tokens

    def _follow_redirects(self, answer: httpx.Response) -> httpx.Response:
        """Follow redirects until one leads to the client."""
        while (location := answer.headers.get("location")) and not location.startswith(REDIRECT):
            answer = self.http.get(location)
        return answer

    def machine(self) -> str:
        """A machine's token, by a proof that is signed with its own key."""
        now = int(time.time())
        proof = {"iss": "crm", "sub": "crm", "aud": self.name, "iat": now, "exp": now + 60, "jti": secrets.token_hex()}
        form = {
            "grant_type": "client_credentials", "client_id": "crm", "resource": "urn:casusroute:api", "scope": "api",
            "client_assertion_type": ASSERTION,
            "client_assertion": jwt.encode({"alg": "PS256", "kid": "crm"}, proof, MACHINE, algorithms=["PS256"]),
        }  # fmt: skip
        return str(self.http.post("/token", data=form).raise_for_status().json()["access_token"])


@contextmanager
def run_provider(modules: Path, port: int, signing: Key) -> Iterator[Provider]:
    name = f"http://127.0.0.1:{port}"
    variables = {
        "MODULES": str(modules.resolve()),
        "PORT": str(port),
        "KEYS": json.dumps([signing.as_dict(private=True)]),
        "MACHINE": json.dumps(public_keys(MACHINE)[0]),
        "REDIRECT": REDIRECT,
    }
    with (
        subprocess.Popen(
            ["node", str(PROGRAM)], env={**os.environ, **variables}, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as process,
        httpx.Client(base_url=name, verify=WITHOUT_TLS, timeout=10) as http,
    ):
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            yield Provider(name, http)
        finally:
            process.kill()


def check(folder: Path, modules: Path, port: int) -> dict[str, bool]:
    """Returns per expectation whether it held."""
    with ExitStack() as running, ExitStack() as at_first:
        provider = at_first.enter_context(run_provider(modules, port, key("first")))
        trusted: list[dict[str, Any]] = [{"name": provider.name, "kinds": ["people", "machines"]}]
        service = running.enter_context(production_service(folder, trusted))
        ada, machine = provider.sign_in("ada"), provider.machine()
        person = ada["access_token"]
        administrator = service.me(person)
        status_before = service.status(machine)
        service.add_person(person, provider.name, "machine:crm")
        results = {
            "a person who signed in (code and PKCE) is known": administrator.json().get("name") == "Ada Beheer",
            "the ID token of the same sign-in is refused": service.status(ada["id_token"]) == 401,
            "a person whom nobody let in is refused": service.status(provider.sign_in("eve")["access_token"]) == 401,
            "a machine that nobody let in is refused": status_before == 401,
            "a machine (private_key_jwt) is known once it was let in": service.status(machine) == 200,
            "its token, altered, is refused": service.status(machine[:-8] + "AAAAAAAA") == 401,
        }
        at_first.close()
        results["while the provider is away, those who signed in go on"] = service.status(person) == 200
        provider = running.enter_context(run_provider(modules, port, key("second")))
        renewed = provider.sign_in("ada")["access_token"]
        results["tokens by a new key are taken at once"] = service.status(renewed) == 200
        results["tokens by the withdrawn key are refused"] = service.status(person) == 401
    return results


def main(modules: Path) -> int:
    """Print the results, and return 1 when an expectation did not hold."""
    version = json.loads((modules / "oidc-provider" / "package.json").read_text())["version"]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    started_at = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        results = check(Path(folder), modules, port)
    for name, held in results.items():
        print(f"{'ok  ' if held else 'FAIL'}  {name}")
    seconds = time.perf_counter() - started_at
    print(f"oidc-provider {version}: {sum(results.values())} of {len(results)} as they should be, in {seconds:.0f} s")
    return 0 if all(results.values()) else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
