"""Settings of an installation: secrets can stand in files, and a wrong value is never repeated."""

import base64
import os
import subprocess
import sys
from pathlib import Path

import pytest

from api_tests.support.checkout import ROOT
from api_tests.support.sabotages import broken_by
from service.settings import Settings, settings_table

SECRET = "postgresql+psycopg://application:very-secret@database/casusroute"


def test_a_setting_can_stand_in_a_file_and_the_environment_takes_precedence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = base64.b64encode(os.urandom(32)).decode()
    for name, text in (("url", SECRET), ("issuers", '[{"name": "https://login.example"}]'), ("key", key)):
        (tmp_path / name).write_text(f"{text}\n", encoding="utf-8")
    monkeypatch.setenv("CASUSROUTE_DATABASE_URL_FILE", str(tmp_path / "url"))
    monkeypatch.setenv("CASUSROUTE_ISSUERS_FILE", str(tmp_path / "issuers"))
    monkeypatch.setenv("CASUSROUTE_MASTER_KEY_FILE", str(tmp_path / "key"))

    stored = Settings()
    monkeypatch.setenv("CASUSROUTE_DATABASE_URL", "sqlite:///here.db")
    from_environment = Settings()

    assert stored.database_url == SECRET
    assert [issuer.name for issuer in stored.issuers] == ["https://login.example"]
    assert (stored.master_key, stored.master_key_file) == (None, tmp_path / "key")  # made when absent
    assert from_environment.database_url == "sqlite:///here.db"


@pytest.mark.server
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ISSUERS", '[{"name": "very-secret", "keys": 7}]'),
        ("PORT", "very-secret"),
    ],
)
def test_a_wrong_setting_is_named_and_its_value_is_not_repeated(name: str, value: str) -> None:
    process = subprocess.run(
        [sys.executable, "-m", "service", "serve"], cwd=ROOT, env={**os.environ, f"CASUSROUTE_{name}": value},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip

    output = process.stdout + process.stderr
    assert process.returncode != 0
    assert "Traceback" not in output
    assert name.lower() in output.lower()
    assert "very-secret" not in output


@pytest.mark.server
@broken_by(
    "A setting that names no usable database or folder is refused in one sentence",
    "service/__main__.py",
    "FileNotPrivate, DatabaseUrlRefused, NoWorkflows,",
    "FileNotPrivate,",
)
@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("DATABASE_URL", "mysql://very-secret", "sqlite:///FILE"),
        ("DATABASE_URL", "sqlite://", "sqlite:///FILE"),
        ("DATABASE_URL", "very-secret", "sqlite:///FILE"),
        ("DATABASE_URL", "postgresql+psycopg://u:very-secret@host:port/name", "sqlite:///FILE"),
        ("DATABASE_URL", "sqlite:///notes.md", "notes.md is no SQLite database"),
        ("WORKFLOWS", "empty", "empty is no folder of workflow files"),
    ],
)
def test_a_setting_that_names_no_usable_place_is_refused_in_one_sentence_and_changes_nothing(
    tmp_path: Path, name: str, value: str, reason: str
) -> None:
    (tmp_path / "empty").mkdir()
    notes = tmp_path / "notes.md"
    notes.write_text("Geen database.", encoding="utf-8")
    mode = notes.stat().st_mode
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "CASUSROUTE_WORKFLOWS": str(ROOT / "workflows")}
    environment |= {"CASUSROUTE_PORT": "0", f"CASUSROUTE_{name}": value}

    process = subprocess.run(
        [sys.executable, "-m", "service", "run"], cwd=tmp_path, env=environment,
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip

    assert process.returncode != 0
    assert process.stderr.startswith("not started: ")
    assert process.stderr.count("\n") == 1
    assert reason in process.stderr
    assert "very-secret" not in process.stderr
    assert (notes.stat().st_mode, notes.read_text(encoding="utf-8")) == (mode, "Geen database.")


def test_every_setting_is_documented_once() -> None:
    table_rows = [line.split("|") for line in settings_table().splitlines() if line.startswith("| `CASUSROUTE_")]

    names = [cells[1].strip(" `") for cells in table_rows]
    assert sorted(names) == sorted(f"CASUSROUTE_{name.upper()}" for name in Settings.model_fields)
    assert [cells[1] for cells in table_rows if len(cells[3].strip()) < 15] == []


@pytest.mark.parametrize(
    ("host", "address"), [("127.0.0.1", "http://127.0.0.1:8000"), ("::1", "http://[::1]:8000")], ids=["IPv4", "IPv6"]
)
def test_the_address_of_the_service_can_be_opened(host: str, address: str) -> None:
    assert Settings(host=host, port=8000).listen_url == address
