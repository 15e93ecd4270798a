"""Production mode on one's own machine: the commands of the README are run, from the issuer to the first answer."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from api_tests.support.checkout import ROOT
from api_tests.support.sabotages import broken_by

pytestmark = pytest.mark.server

README = (ROOT / "README.md").read_text(encoding="utf-8")


def commands_for(terminal: str) -> str:
    """Returns the commands that the README shows for one terminal."""
    _, rest = README.split(f"<!-- sitting:{terminal} -->\n")
    return "\n".join(line.removeprefix("    ") for line in re.split(r"\n(?=\S)", rest)[0].splitlines())


@contextmanager
def terminal(commands: str) -> Iterator["subprocess.Popen[str]"]:
    """A shell that stops at the first command that fails. It ends with the block, and so do its processes."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CASUSROUTE_")}
    with subprocess.Popen(
        ["bash", "-euo", "pipefail", "-c", commands], cwd=ROOT, env=environment | {"CASUSROUTE_LOG_LEVEL": "WARNING"},
        stdout=subprocess.PIPE, text=True, start_new_session=True,
    ) as shell:  # fmt: skip
        try:
            yield shell
        finally:
            with suppress(ProcessLookupError):  # all its processes have ended
                os.killpg(shell.pid, signal.SIGTERM)


def line_with(words: str, shell: "subprocess.Popen[str]") -> str:
    assert shell.stdout is not None
    return next((line for line in shell.stdout if words in line), "it ended without")


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@broken_by(
    "the issuer for trying out vouches for a machine as for a client that speaks for itself",
    "examples/issuer.py",
    'subject if kind == "machine" else "trying-out"',
    '"trying-out"',
)
@broken_by(
    "the issuer for trying out is found by discovery",
    "examples/issuer.py",
    '"jwks_uri": f"{self.name}/keys"',
    '"jwks_uri": f"{self.name}/key"',
)
@broken_by(
    "the README tells how to try production, from start to first answer",
    "README.md",
    'export CASUSROUTE_ISSUERS=\'[{"name": "http://127.0.0.1:9000", "kinds": ["people", "machines"]}]\'',
    "",
)
def test_the_commands_of_the_readme_lead_from_nothing_to_the_first_answer(tmp_path: Path) -> None:
    issuer, service = free_port(), free_port()

    def relocated(commands: str) -> str:
        """Returns the same commands with a folder and ports that nobody else uses."""
        python = re.sub(r"\.venv/bin/python|\bpython3\b", sys.executable, commands)
        return python.replace("data/", f"{tmp_path}/").replace(":9000", f":{issuer}").replace(":8000", f":{service}")

    with ExitStack() as stack:
        issuer_shell = stack.enter_context(terminal(relocated(commands_for("issuer")) + f" --port {issuer}"))
        notice = line_with("issuer", issuer_shell)
        service_shell = stack.enter_context(
            terminal(f"export CASUSROUTE_PORT={service}\n" + relocated(commands_for("service")))
        )
        listens = line_with("listens on", service_shell)
        caller_shell = stack.enter_context(terminal(relocated(commands_for("caller"))))
        output, _ = caller_shell.communicate(timeout=60)
    decoder, answers = json.JSONDecoder(), []
    while output.strip():
        answer, end = decoder.raw_decode(output.strip())
        answers.append(answer)
        output = output.strip()[end:]

    assert notice == f"An issuer for trying out, never for production, at http://127.0.0.1:{issuer}\n"
    assert listens.endswith(f" listens on http://127.0.0.1:{service}\n")
    assert caller_shell.returncode == 0
    assert [answers[0]["name"], answers[2]["name"]] == ["Joost de Beheerder", "Planner"]
    assert {membership["role"] for membership in answers[0]["memberships"]} == {"administrator"}
    assert len(answers) == 3


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
    "a page of another site gets no token by way of a browser on this machine",
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
