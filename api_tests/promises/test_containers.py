"""The image and the composition of containers, compared with the settings, the commands and the promised behaviour.

No container runs here: the files are read. Their behaviour is proved in test_stopping and test_readiness.
"""

import re
from typing import Any

import pytest
import yaml

from api_tests.support.checkout import ROOT
from service.__main__ import COMMANDS
from service.settings import Settings

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
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
    assert SERVICES["database"]["image"].startswith("postgres:")
    assert all(port.startswith("127.0.0.1:") for service in SERVICES.values() for port in service.get("ports", ()))


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
    stages = DOCKERFILE.split("\nFROM ")

    assert len(stages) == 3  # the text before the first stage, and two stages
    assert "--require-hashes" in stages[1]
    assert re.search(r"^USER casusroute$", stages[2], re.MULTILINE)
    assert {
        path for path in re.findall(r"CASUSROUTE_\w+=(?:sqlite:///)?(/\S+)", stages[2]) if not path.startswith("/data/")
    } == set()
    assert "HEALTHCHECK" in stages[2]
    assert "VOLUME /data" in stages[2]
