"""Production and a demonstration never share a key file; a file of an earlier release stays with its database."""

import base64
import os
import subprocess
import sys
from pathlib import Path

import pytest

from api_tests.support.checkout import ROOT
from api_tests.support.databases import migrated_engine
from api_tests.support.sabotages import broken_by
from api_tests.support.servers import settings_for
from service.app import build_service
from service.database.keyring import MasterKeyRefused, load_master_key
from service.identity.trusted_issuer import TrustedIssuer
from service.settings import Settings

pytestmark = pytest.mark.server

NOBODY = (TrustedIssuer(name="http://127.0.0.1:9"),)


def settings(folder: Path, database: str, mode: str, key: str = "master.key") -> Settings:
    issuers = NOBODY if mode == "production" else ()
    url = f"sqlite:///{folder / database}.db"
    return settings_for(folder, url, mode=mode, issuers=issuers, master_key_file=folder / key)


def start(configuration: Settings) -> None:
    """Start the service and stop it. Raises what `build` raises."""
    migrated_engine(configuration).dispose()
    build_service(configuration).database.close()


def rewrite_as_earlier_release(file: Path) -> bytes:
    """Rewrite the key file as an earlier release did, without its mode. Returns the key."""
    key = load_master_key(None, file)
    file.write_bytes(base64.b64encode(key))
    return key


@broken_by(
    "A key file that one mode made is refused by the other mode",
    "service/app.py",
    "        require_key_of_mode(settings.master_key_file, demonstration=now, allow_unmarked=known)\n",
    "",
    case="demonstration-production",
)
@pytest.mark.parametrize(("first", "second"), [("demonstration", "production"), ("production", "demonstration")])
def test_a_key_file_that_one_mode_made_is_refused_by_the_other_with_what_to_do(
    tmp_path: Path, first: str, second: str
) -> None:
    start(settings(tmp_path, "one", first))

    with pytest.raises(MasterKeyRefused) as refusal:
        start(settings(tmp_path, "two", second))
    start(settings(tmp_path, "two", second, key="another.key"))
    start(settings(tmp_path, "three", first))

    message = str(refusal.value)
    assert (
        f"{tmp_path / 'master.key'} was made for {first}; a demonstration and production never share a key" in message
    )
    assert "Name another file for this database in CASUSROUTE_MASTER_KEY_FILE" in message


@pytest.mark.parametrize("mode", ["demonstration", "production"])
def test_a_key_file_of_an_earlier_release_goes_on_with_the_database_of_its_mode(tmp_path: Path, mode: str) -> None:
    configuration = settings(tmp_path, "one", mode)
    start(configuration)
    key = rewrite_as_earlier_release(configuration.master_key_file)

    start(configuration)

    assert base64.b64decode(configuration.master_key_file.read_bytes()) == key


@broken_by(
    "A new demonstration refuses a key file that may belong to real cases",
    "service/app.py",
    "known = was_demonstration if now else named",
    "known = now or named",
)
def test_a_new_demonstration_does_not_begin_with_a_key_file_that_does_not_say_whose_it_is(tmp_path: Path) -> None:
    start(settings(tmp_path, "real", "production"))
    rewrite_as_earlier_release(tmp_path / "master.key")

    with pytest.raises(MasterKeyRefused, match="existed before this database"):
        start(settings(tmp_path, "tried", "demonstration"))


def test_production_takes_a_key_that_a_person_made_where_a_setting_names_it(tmp_path: Path) -> None:
    """The person makes it with `openssl rand -base64 32 > secrets/master_key` (compose.yaml)."""
    (tmp_path / "master.key").write_text(base64.b64encode(os.urandom(32)).decode() + "\n")

    start(settings(tmp_path, "real", "production"))


@broken_by(
    "A new production database refuses a key file that an earlier demonstration may have left",
    "service/app.py",
    "else named or not was_new",
    "else True",
)
def test_a_new_database_of_production_does_not_begin_with_a_key_file_that_an_earlier_release_left_in_its_place(
    tmp_path: Path,
) -> None:
    """No setting names that file: it may belong to a demonstration that ran there before."""
    place = tmp_path / "data"
    rewrite_as_earlier_release(place / "master.key")
    environment = os.environ | {
        "CASUSROUTE_DATABASE_URL": f"sqlite:///{tmp_path / 'region.db'}",
        "CASUSROUTE_WORKFLOWS": str(ROOT / "workflows"),
        "PYTHONPATH": str(ROOT),
    }

    def run(*words: str, **more: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "service", *words]
        return subprocess.run(
            command, cwd=tmp_path, env=environment | more, capture_output=True, text=True, check=False, timeout=60
        )

    administrator = ("administrator", "--issuer", "https://login.example", "--subject", "a", "--name", "A")
    migration = run("migrate")
    refused = run(*administrator)
    named = run(*administrator, CASUSROUTE_MASTER_KEY_FILE="data/master.key")

    assert migration.returncode == 0, migration.stderr
    assert refused.returncode != 0
    assert refused.stderr.startswith("not started: data/master.key existed before this database")
    assert "if it is a key of production, name this file in that setting" in refused.stderr
    assert named.returncode == 0, named.stderr
