"""A real region, from an empty installation to its first case in one sitting."""

import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from api_tests.support.checkout import ROOT
from api_tests.support.databases import environment_of, new_database
from api_tests.support.engines import ENGINES
from api_tests.support.people import Person
from api_tests.support.refusals import faults
from api_tests.support.sabotages import broken_by
from api_tests.support.servers import running, settings_for
from service import __main__ as command_line
from service.database.engine import open_engine
from service.identity.tokens import DemonstrationSigner, TokenValidator

pytestmark = pytest.mark.server

# The sitting, as the README shows it.
SITTING = """
python -m service migrate
python -m service administrator --issuer https://login.example --subject joost.beheer --name "Joost de Beheerder"
python -m service set-up examples/region.toml --as https://login.example joost.beheer
"""
ISSUER = "https://login.example"
JOOST = ("--as", ISSUER, "joost.beheer")
REGION = (ROOT / "examples" / "region.toml").read_text(encoding="utf-8")
IN_OSS: dict[str, Any] = {"residence": {"municipality": "GM0828", "sinceOn": "2020-01-01", "inStay": False}}


@dataclass(frozen=True)
class Installation:
    """A folder and the address of an empty database."""

    folder: Path
    database_url: str

    @property
    def environment(self) -> dict[str, str]:
        return {
            **environment_of(self.database_url),
            "CASUSROUTE_MASTER_KEY_FILE": str(self.folder / "master.key"),
        }

    @contextmanager
    def production_service(self) -> Iterator[Callable[[str], Person]]:
        """A production service that trusts an issuer of this test. Yields a function from a subject to a person."""
        signer = DemonstrationSigner(ISSUER)
        issuers = [{"name": "http://127.0.0.1:9"}]  # replaced below by the issuer of this test
        with running(settings_for(self.folder, self.database_url, mode="production", issuers=issuers)) as service:
            context = service.built.api.state.context
            service.built.api.state.context = replace(context, tokens=TokenValidator((signer.issuer,)))
            clients = list[httpx.Client]()

            def acting_as(subject: str) -> Person:
                headers = {"Authorization": f"Bearer {signer.sign_token(subject)}"}
                clients.append(httpx.Client(base_url=f"{service.url}/v1", headers=headers, timeout=30))
                return Person(subject, clients[-1])

            yield acting_as
            for client in clients:
                client.close()


@pytest.fixture(scope="module", params=ENGINES)
def installation(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """An installation that is empty until the sitting."""
    folder = tmp_path_factory.mktemp(f"sitting-{request.param}")
    return Installation(folder, new_database(request, folder, request.param))


@pytest.fixture(scope="module")
def outputs(installation: Installation) -> list[str]:
    """The outputs of the commands of the sitting, each run in a process of its own."""
    environment = {**os.environ, **installation.environment}
    commands = [shlex.split(line)[1:] for line in SITTING.strip().splitlines()]
    return [
        subprocess.run(
            [sys.executable, *command],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout
        for command in commands
    ]


@pytest.fixture
def command(
    installation: Installation, outputs: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    """Runs a later command and returns its output, whether it succeeds or not."""
    assert outputs
    for name, value in installation.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(ROOT)

    def run(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["service", *arguments])
        try:
            command_line.main()
        except SystemExit as stop:
            return str(stop.code)
        return capsys.readouterr().out

    return run


@pytest.fixture
def file(installation: Installation) -> Callable[..., str]:
    """Returns a function that writes the region file with some pieces of text replaced, and returns its path."""

    def write(*changes: tuple[str, str], appended: str = "") -> str:
        text = REGION
        for old, new in changes:
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        path = installation.folder / "changed.toml"
        path.write_text(text + appended, encoding="utf-8")
        return str(path)

    return write


def test_a_region_is_set_up_in_one_sitting_and_takes_its_first_case(
    installation: Installation, outputs: list[str], command: Callable[..., str]
) -> None:
    """Everybody has the memberships of the file, the region's own settings hold, and a second run changes nothing."""
    first_output, second_output = (
        outputs[2].splitlines(),
        command("set-up", "examples/region.toml", *JOOST).splitlines(),
    )

    with installation.production_service() as acting_as:
        aisha, cato, joost = acting_as("aisha.el-amrani"), acting_as("cato.smulders"), acting_as("joost.beheer")
        incomplete = aisha.submit(**IN_OSS, explanatory_analysis=None)
        submission = aisha.submit(**IN_OSS)
        case = submission.json()["caseId"]
        view = cato.get(f"/cases/{case}").json()
        statuses = [
            acting_as(subject).get(f"/cases/{case}").status_code
            for subject in ("joost.beheer", "bas.verhoeven", "mieke.arts")
        ]
        mieke = acting_as("mieke.arts").get("/me").json()["memberships"]
        log = joost.get("/administrative-changes", params={"limit": 200}).json()["items"]

    assert (first_output[-1], second_output) == (f"{len(first_output) - 1} changes", ["0 changes"])
    assert faults(incomplete) == {("explanatory_analysis_required", "/form/explanatoryAnalysis")}
    assert submission.status_code == 201
    assert (view["region"], view["team"]["name"]) == ("JZ33", "Expertteam Noordoost Brabant (voorbeeld)")
    assert statuses == [404, 404, 404]
    assert {(membership["role"], *membership["regions"]) for membership in mieke} == {
        ("cce_liaison", "JZ33", "JZ39"),
        ("expertise_network", "JZ33", "JZ39"),
    }
    assert [(change["action"], change["actor"]) for change in log if change["actor"] is None] == [
        ("first_administrator_made", None)
    ]
    assert {change["actor"]["name"] for change in log if change["actor"]} == {"Joost de Beheerder"}
    assert len(log) == len(first_output)


def test_the_first_administrator_is_made_once(command: Callable[..., str]) -> None:
    output = command("administrator", "--issuer", ISSUER, "--subject", "els.hermans", "--name", "Els Hermans")

    assert output.startswith("not done: this installation already has an administrator")


def test_only_an_administrator_sets_up(command: Callable[..., str]) -> None:
    outputs = [
        command("set-up", "examples/region.toml", "--as", ISSUER, subject) for subject in ("els.hermans", "niemand")
    ]

    assert outputs == ["not done: --as does not name an administrator of this installation"] * 2


def test_a_changed_file_changes_only_the_difference_and_ends_nothing_that_it_leaves_out(
    command: Callable[..., str], file: Callable[..., str]
) -> None:
    """I29: an end is reported with its day, and a future beginning with its own. A role left out is not ended."""
    changed_file = file(
        ("Jeugdhulp Maashoeve (voorbeeld)", "Jeugdhulp De Maashoeve (voorbeeld)"),
        ('"Kim Nguyen"', '"Kim de Wit-Nguyen"'),
        ('roles = ["screener", "process_director"]', 'roles = ["screener"]'),
        ('roles = ["municipality"]', 'roles = ["municipality"]\nvalid_until = 2099-12-31'),
        ('roles = ["facilitator"]', 'roles = ["facilitator", "expert"]\nvalid_from = 2098-01-01'),
        ("working_days = 3", "working_days = 4"),
    )

    first_output, second_output = command("set-up", changed_file, *JOOST), command("set-up", changed_file, *JOOST)

    *changes, _ = first_output.splitlines()
    assert sorted(change.split()[0] for change in changes) == [
        *("membership_begun", "membership_ended", "organisation_renamed", "person_renamed", "settings_decided")
    ]
    assert "role=municipality until=2099-12-31" in first_output
    assert "role=expert from=2098-01-01" in first_output
    assert second_output == "0 changes\n"


# Mistakes in a file, each with the place and the code of its fault.
MISTAKES = {
    ('kind = "cce"', 'kind = "provider"'): "/organisations/cce: [kind_stays]",
    ('organisation = "team"\nroles = ["chair"]', 'organisation = "wijkteam"\nroles = ["chair"]'): (
        "/memberships/6/role: [role_of_another_kind]"
    ),
    ('roles = ["expert"]', 'roles = ["expert"]\nvalid_until = 2019-01-01'): "/memberships/8/validUntil: [day_in_past]",
    ('person = "jos"', 'person = "jso"'): "/memberships/12/person: [unknown_key]",
    ('organisation = "netwerk"\nregions', 'organisation = "maashoeve"\nregions'): (
        "/coverages/1/organisationId: [covers_no_region]"
    ),
    ("triage = {", "tirage = {"): "/settings/0/settings/terms/tirage: [no_such_term]",
}
SECOND_TEAM = """
[organisations.tweede]
kind = "expert_team"
name = "Tweede team (voorbeeld)"

[people.joost]
subject = "joost.beheer"
name = "Joost de Beheerder"

[[memberships]]
person = "joost"
organisation = "tweede"
roles = ["chair"]

[[coverages]]
organisation = "tweede"
regions = ["JZ33"]
"""
FAULTS_OF_SECOND_TEAM = {"/memberships/17: [own_membership]", "/coverages/3: [region_is_covered]"}


@broken_by(
    "A region file with faults changes nothing, and all its faults are reported at once",
    "service/people/use_cases/region_file.py",
    "    if run.faults:",
    "    if False:",
)
def test_all_faults_of_a_file_are_told_at_once_with_their_places_and_nothing_is_changed(
    installation: Installation, command: Callable[..., str], file: Callable[..., str]
) -> None:
    counts_before = count_records(installation)
    renamed = ("Wijkteam Oss (voorbeeld)", "Wijkteam Oss-Noord (voorbeeld)")

    output = command("set-up", file(*MISTAKES, renamed, appended=SECOND_TEAM), *JOOST)
    unreadable = command("set-up", file(('kind = "medical"', 'kind = "doctor"'), ("issuer =", "issuers =")), *JOOST)

    lines = output.removeprefix("not done:\n").splitlines()
    assert {line.split("] ")[0] + "]" for line in lines} == {*MISTAKES.values(), *FAULTS_OF_SECOND_TEAM}
    assert "/organisations/huisartsen/kind: [" in unreadable
    assert "/issuers: [extra_forbidden]" in unreadable
    assert count_records(installation) == counts_before


def test_what_an_installation_was_set_up_with_is_sealed(command: Callable[..., str], file: Callable[..., str]) -> None:
    """The first administrator, the region and its later change; the loading of places at each start as well."""
    changed = command("set-up", file(('"Kim Nguyen"', '"Kim Nguyen-Smit"')), *JOOST)

    report = command("verify")

    assert "person_renamed" in changed
    assert "findings 0; unsealed 0\n" in report
    assert "administrationSeals" not in report


def count_records(installation: Installation) -> tuple[int, int]:
    """Returns (number of changes, number of organisations with a name that a faulty file would give)."""
    engine = open_engine(installation.database_url)
    with engine.connect() as connection:
        changes = connection.exec_driver_sql("SELECT count(*) FROM administrative_changes").scalar_one()
        query = "SELECT count(*) FROM organisations WHERE name LIKE 'Tweede%%' OR name LIKE '%%Oss-Noord%%'"
        counts = changes, connection.exec_driver_sql(query).scalar_one()
    engine.dispose()
    return counts
