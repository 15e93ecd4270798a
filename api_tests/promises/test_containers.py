"""The image and the composition of containers, compared with the settings, the commands and the promised behaviour.

No container runs here: the files are read, and their health checks run beside a service. `make image-check` builds
and starts the image.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from api_tests.support.checkout import ROOT
from api_tests.support.processes import Process, process
from api_tests.support.sabotages import broken_by
from service.__main__ import COMMANDS
from service.settings import Settings

COMPOSE_TEXT = (ROOT / "compose.yaml").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load(COMPOSE_TEXT)
SERVICES: dict[str, Any] = COMPOSE["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
OWN_IMAGES = [name for name, service in SERVICES.items() if service.get("build")]


def test_there_are_two_replicas_alike_on_one_postgresql_and_a_relay() -> None:
    first, second = (
        {name: value for name, value in SERVICES[f"replica-{number}"].items() if name != "ports"} for number in (1, 2)
    )

    assert first == second
    assert first["environment"]["CASUSROUTE_RELAY"] == "off"
    assert SERVICES["replica-1"]["ports"] != SERVICES["replica-2"]["ports"]
    assert SERVICES["relay"]["command"][-1] == "relay"
    assert SERVICES["database"]["image"] == "${DATABASE_BASE:-postgres:17}"
    assert all(port.startswith("127.0.0.1:") for service in SERVICES.values() for port in service.get("ports", ()))


def test_every_change_waits_for_a_standby_that_the_service_knows_as_well() -> None:
    first_start, standby = COMPOSE["configs"]["roles"]["content"], SERVICES["standby"]
    addresses = re.findall(r"host=(\w+):5432", COMPOSE_TEXT)

    assert "ALTER SYSTEM SET synchronous_standby_names = 'standby'" in first_start
    assert "application_name=standby" in standby["command"][0]
    assert standby["image"] == SERVICES["database"]["image"]
    assert standby["volumes"] != SERVICES["database"]["volumes"]
    assert SERVICES["migrate"]["depends_on"]["standby"] == {"condition": "service_healthy"}
    assert {*addresses} == {"database", "standby"}
    assert "target_session_attrs=read-write" in COMPOSE_TEXT


@pytest.mark.parametrize("name", SERVICES)
def test_a_container_may_do_no_more_than_it_must(name: str) -> None:
    service = SERVICES[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    assert "healthcheck" in service or service["restart"] == "no"


def test_only_the_migration_knows_the_owner_of_the_tables() -> None:
    services = {name for name, service in SERVICES.items() if "owner_url" in service["secrets"]}

    assert services == {"migrate"}
    assert SERVICES["replica-1"]["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}


def test_no_secret_stands_in_a_file_that_is_kept() -> None:
    declared = COMPOSE["secrets"]
    used = {secret for service in SERVICES.values() for secret in service["secrets"]}
    passwords = [
        value for service in SERVICES.values() for name, value in service["environment"].items() if "PASSWORD" in name
    ]

    assert used == declared.keys()
    assert all(secret["file"] == f"secrets/{name}" for name, secret in declared.items())
    assert passwords == ["/run/secrets/superuser"]
    assert "/secrets/" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()[1] == "*"


def test_every_setting_and_command_that_is_named_exists() -> None:
    variables = {name for service in OWN_IMAGES for name in SERVICES[service]["environment"]}
    variables |= set(re.findall(r"CASUSROUTE_[A-Z_]+(?==)", DOCKERFILE))

    fields = {name.removeprefix("CASUSROUTE_").lower() for name in variables}
    allowed = Settings.model_fields.keys() | {f"{name}_file" for name in Settings.model_fields}
    commands = re.findall(r"-m service (\S+)", DOCKERFILE.replace('"', " "))
    commands += [
        word
        for service in OWN_IMAGES
        for word in re.findall(r"-m service (\S+)", " ".join(SERVICES[service]["command"]))
    ]
    assert fields - allowed == set()
    assert {"migrate", "serve", "relay", "roles"} <= {*commands} <= COMMANDS.keys()


def test_the_image_runs_without_privileges_and_writes_in_one_place() -> None:
    stages = DOCKERFILE.split("\nFROM ${BASE}")

    assert len(stages) == 3  # the text before the first stage, and two stages
    assert "\nFROM" not in "".join(stages)
    assert "--require-hashes" in stages[1]
    assert re.search(r"^USER casusroute$", stages[2], re.MULTILINE)
    assert {
        path for path in re.findall(r"CASUSROUTE_\w+=(?:sqlite:///)?(/\S+)", stages[2]) if not path.startswith("/data/")
    } == set()
    assert "HEALTHCHECK" in stages[2]
    assert "VOLUME /data" in stages[2]


def test_the_base_of_the_image_is_chosen_by_who_builds_it() -> None:
    """A builder with a registry gives a digest; all others take the same base."""
    base = re.search(r"^ARG BASE=(\S+)$", DOCKERFILE, re.MULTILINE)

    assert base is not None
    assert {SERVICES[name]["build"]["args"]["BASE"] for name in OWN_IMAGES} == {f"${{BASE:-{base[1]}}}"}


CHECK_OF_THE_IMAGE = re.search(r"^HEALTHCHECK .* CMD (\[.*\])$", DOCKERFILE.replace("\\\n", ""), re.MULTILINE)
HEALTH_CHECKS: dict[str, list[str]] = {
    name: service["healthcheck"]["test"][1:]
    for name, service in SERVICES.items()
    if name in OWN_IMAGES and "healthcheck" in service
} | {"image": json.loads(CHECK_OF_THE_IMAGE[1]) if CHECK_OF_THE_IMAGE else []}


@pytest.fixture(scope="module")
def listening(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    folder = tmp_path_factory.mktemp("containers")
    with process(folder, f"sqlite:///{folder / 'casusroute.db'}") as running_process:
        yield running_process


@pytest.mark.server
@broken_by(
    "The health check of a container follows CASUSROUTE_PORT",
    "Dockerfile",
    "int(os.environ['CASUSROUTE_PORT'])",
    "8000",
)
@pytest.mark.parametrize("name", HEALTH_CHECKS)
def test_a_health_check_follows_the_port_of_the_service(listening: Process, tmp_path: Path, name: str) -> None:
    """No proxy of the machine comes in between."""
    ports = (urlsplit(listening.url).port, urlsplit(listening.metrics_url).port)

    assert health(name, *ports, folder=tmp_path) == 0
    assert health(name, 1, 1, folder=tmp_path) != 0


def health(name: str, port: int | None, metrics_port: int | None, folder: Path) -> int:
    """Returns the exit code of a health check on a machine where the service has these ports."""
    program, *arguments = HEALTH_CHECKS[name]
    assert program == "python"
    proxy = "http://127.0.0.1:1"
    settings = {"CASUSROUTE_PORT": str(port), "CASUSROUTE_METRICS_PORT": str(metrics_port), "http_proxy": proxy}
    command = [sys.executable, *arguments]
    result = subprocess.run(command, cwd=folder, env=os.environ | settings, capture_output=True, check=False)
    return result.returncode


@pytest.mark.server
@broken_by(
    "The check of the image fails where no builder is, and names what is missing",
    "api_tests/outside/image.py",
    '            raise SystemExit(f"FAILED: {fault}") from None\n',
    "            return\n",
)
def test_the_check_of_the_image_names_the_missing_builder(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "api_tests.outside.image"]
    environment = os.environ | {"PATH": str(tmp_path)}

    result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    assert result.returncode == 1
    assert "FAILED: missing: buildah, runc, mmdebstrap" in result.stderr
