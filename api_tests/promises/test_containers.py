"""The image and the composition of containers: held against the settings, the commands and the manner they promise.

No container runs here: these files are read, and what they start is proved elsewhere (test_stopping, test_readiness).
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
OURS = [name for name, it in SERVICES.items() if it.get("build")]


def test_there_are_two_replicas_alike_on_one_postgresql_and_a_relay_beside_them() -> None:
    one, other = ({name: it for name, it in SERVICES[f"replica-{n}"].items() if name != "ports"} for n in (1, 2))

    assert one == other
    assert one["environment"]["CASUSROUTE_RELAY"] == "off"
    assert SERVICES["replica-1"]["ports"] != SERVICES["replica-2"]["ports"]
    assert SERVICES["relay"]["command"][-1] == "relay"
    assert SERVICES["database"]["image"].startswith("postgres:")
    assert all(port.startswith("127.0.0.1:") for service in SERVICES.values() for port in service.get("ports", ()))


@pytest.mark.parametrize("name", SERVICES)
def test_a_container_may_do_no_more_than_it_must(name: str) -> None:
    it = SERVICES[name]

    assert it["read_only"] is True
    assert it["cap_drop"] == ["ALL"]
    assert it["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in it
    assert "healthcheck" in it or it["restart"] == "no"


def test_only_the_migration_knows_the_owner_of_the_tables() -> None:
    knows = {name for name, it in SERVICES.items() if "owner_url" in it["secrets"]}

    assert knows == {"migrate"}
    assert SERVICES["replica-1"]["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}


def test_no_secret_stands_in_a_file_that_is_kept() -> None:
    declared = COMPOSE["secrets"]
    used = {secret for service in SERVICES.values() for secret in service["secrets"]}
    told = [
        value for service in SERVICES.values() for name, value in service["environment"].items() if "PASSWORD" in name
    ]

    assert used == declared.keys()
    assert all(it["file"] == f"secrets/{name}" for name, it in declared.items())
    assert told == ["/run/secrets/superuser"]
    assert "/secrets/" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()[1] == "*"


def test_every_setting_and_command_that_is_named_exists() -> None:
    named = {name for our in OURS for name in SERVICES[our]["environment"]}
    named |= set(re.findall(r"CASUSROUTE_[A-Z_]+(?==)", DOCKERFILE))

    fields = {name.removeprefix("CASUSROUTE_").lower() for name in named}
    known = Settings.model_fields.keys() | {f"{name}_file" for name in Settings.model_fields}
    commands = re.findall(r"-m service (\S+)", DOCKERFILE.replace('"', " "))
    commands += [word for our in OURS for word in re.findall(r"-m service (\S+)", " ".join(SERVICES[our]["command"]))]
    assert fields - known == set()
    assert {"migrate", "serve", "relay", "roles"} <= {*commands} <= COMMANDS.keys()


def test_the_image_runs_as_nobody_in_particular_and_keeps_what_it_writes_in_one_place() -> None:
    stages = DOCKERFILE.split("\nFROM ")

    assert len(stages) == 3  # what stands before the first, and two
    assert "--require-hashes" in stages[1]
    assert re.search(r"^USER casusroute$", stages[2], re.MULTILINE)
    assert {
        it for it in re.findall(r"CASUSROUTE_\w+=(?:sqlite:///)?(/\S+)", stages[2]) if not it.startswith("/data/")
    } == set()
    assert "HEALTHCHECK" in stages[2]
    assert "VOLUME /data" in stages[2]
