"""The issuer for trying out production mode: on this machine alone, and plain about how to ask it."""

import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest

from api_tests.support.checkout import ROOT
from api_tests.support.sabotages import broken_by

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with subprocess.Popen(
        [sys.executable, "-m", "examples.issuer", "--port", "0"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield process.stdout.readline().split()[-1]
        process.terminate()


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"person": ""},
        {"person": ["a", "b"]},
        {"person": "a", "machine": "b"},
        {"user": "a"},
        {"person": "a" * 1100},
    ],
    ids=["nobody", "empty", "two people", "both", "another word", "too long"],
)
def test_a_request_for_a_token_in_another_form_is_told_the_right_form(issuer: str, form: dict[str, str]) -> None:
    answer = httpx.post(f"{issuer}/token", data=form)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert f"curl -s {issuer}/token -d person=joost.beheer" in answer.json()["error_description"]


@broken_by(
    "The issuer for trying out refuses a request under another host name",
    "examples/issuer.py",
    '        ours = self.headers.get("Host") == self.server.name.removeprefix("http://")',
    "        ours = True",
)
def test_the_issuer_answers_under_its_own_name_alone_and_on_this_machine_alone(issuer: str) -> None:
    foreign_host = {"Host": "rebound.example:9000"}
    answers = [
        httpx.post(f"{issuer}/token", data={"person": "a"}, headers=foreign_host),
        httpx.get(f"{issuer}/keys", headers=foreign_host),
    ]
    other_address = issuer.replace("127.0.0.1", "127.0.0.2")  # every address of 127.0.0.0/8 is this machine's

    assert [answer.status_code for answer in answers] == [421, 421]
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{other_address}/keys")


def test_a_used_port_is_reported_with_a_remedy(issuer: str) -> None:
    port = issuer.rpartition(":")[2]
    process = subprocess.run(
        [sys.executable, "-m", "examples.issuer", "--port", port], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert process.returncode != 0
    assert "choose another with --port" in process.stderr
    assert "Traceback" not in process.stderr
