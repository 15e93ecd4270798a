"""A real region, from an empty installation to its first case in one sitting (issue 3, point 7)."""

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
from service.identity.tokens import Signer, Tokens

pytestmark = pytest.mark.server

# The sitting as the README tells it.
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
    """Nothing but a folder and the address of an empty database."""

    folder: Path
    database_url: str

    @property
    def environment(self) -> dict[str, str]:
        return {
            **environment_of(self.database_url),
            "CASUSROUTE_MASTER_KEY_FILE": str(self.folder / "master.key"),
        }

    @contextmanager
    def served(self) -> Iterator[Callable[[str], Person]]:
        """The service in earnest, which trusts an issuer of ours; and whoever it vouches for."""
        signer = Signer(ISSUER)
        nobody = [{"name": "http://127.0.0.1:9"}]  # in whose place ours comes
        with running(settings_for(self.folder, self.database_url, mode="production", issuers=nobody)) as service:
            house = service.built.api.state.house
            service.built.api.state.house = replace(house, tokens=Tokens((signer.issuer,)))
            opened = list[httpx.Client]()

            def acting(subject: str) -> Person:
                headers = {"Authorization": f"Bearer {signer.token(subject)}"}
                opened.append(httpx.Client(base_url=f"{service.url}/v1", headers=headers, timeout=30))
                return Person(subject, opened[-1])

            yield acting
            for client in opened:
                client.close()


@pytest.fixture(scope="module", params=ENGINES)
def installation(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """An installation with nothing in it, until the sitting."""
    folder = tmp_path_factory.mktemp(f"sitting-{request.param}")
    return Installation(folder, new_database(request, folder, request.param))


@pytest.fixture(scope="module")
def told(installation: Installation) -> list[str]:
    """What the commands of the sitting say, each in a process of its own."""
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
    installation: Installation, told: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    """What a later command says, whether it succeeds or not."""
    assert told
    for name, value in installation.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(ROOT)

    def run(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["service", *arguments])
        try:
            command_line.main()
        except SystemExit as ended:
            return str(ended.code)
        return capsys.readouterr().out

    return run


@pytest.fixture
def file(installation: Installation) -> Callable[..., str]:
    """The file of the region with places of it changed."""

    def written(*changes: tuple[str, str], appended: str = "") -> str:
        text = REGION
        for old, new in changes:
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        path = installation.folder / "changed.toml"
        path.write_text(text + appended, encoding="utf-8")
        return str(path)

    return written


def test_a_region_is_set_up_in_one_sitting_and_takes_its_first_case(
    installation: Installation, told: list[str], command: Callable[..., str]
) -> None:
    """Everybody stands where the file says; the region's own settings hold; the second time nothing is changed."""
    first, second = told[2].splitlines(), command("set-up", "examples/region.toml", *JOOST).splitlines()

    with installation.served() as acting:
        aisha, cato, joost = acting("aisha.el-amrani"), acting("cato.smulders"), acting("joost.beheer")
        incomplete = aisha.submit(**IN_OSS, explanatory_analysis=None)
        submitted = aisha.submit(**IN_OSS)
        case = submitted.json()["caseId"]
        seen = cato.get(f"/cases/{case}").json()
        unseen = [
            acting(it).get(f"/cases/{case}").status_code for it in ("joost.beheer", "bas.verhoeven", "mieke.arts")
        ]
        mieke = acting("mieke.arts").get("/me").json()["memberships"]
        log = joost.get("/administrative-changes", params={"limit": 200}).json()["items"]

    assert (first[-1], second) == (f"{len(first) - 1} changes", ["0 changes"])
    assert faults(incomplete) == {("explanatory_analysis_required", "/form/explanatoryAnalysis")}
    assert submitted.status_code == 201
    assert (seen["region"], seen["team"]["name"]) == ("JZ33", "Expertteam Noordoost Brabant (voorbeeld)")
    assert unseen == [404, 404, 404]
    assert {(it["role"], *it["regions"]) for it in mieke} == {
        ("cce_liaison", "JZ33", "JZ39"),
        ("expertise_network", "JZ33", "JZ39"),
    }
    assert [(it["action"], it["actor"]) for it in log if it["actor"] is None] == [("first_administrator_made", None)]
    assert {it["actor"]["name"] for it in log if it["actor"]} == {"Joost de Beheerder"}
    assert len(log) == len(first)


def test_the_first_administrator_is_made_once(command: Callable[..., str]) -> None:
    said = command("administrator", "--issuer", ISSUER, "--subject", "els.hermans", "--name", "Els Hermans")

    assert said.startswith("not done: somebody administers this installation already")


def test_only_an_administrator_sets_up(command: Callable[..., str]) -> None:
    said = [command("set-up", "examples/region.toml", "--as", ISSUER, who) for who in ("els.hermans", "niemand")]

    assert said == ["not done: --as names nobody who administers this installation"] * 2


def test_a_changed_file_changes_only_the_difference_and_what_it_leaves_out_stays(
    command: Callable[..., str], file: Callable[..., str]
) -> None:
    """I29: an end is said with its day, and what is to come with its own; of roles left out nothing is ended."""
    changed = file(
        ("Jeugdhulp Maashoeve (voorbeeld)", "Jeugdhulp De Maashoeve (voorbeeld)"),
        ('"Kim Nguyen"', '"Kim de Wit-Nguyen"'),
        ('roles = ["screener", "process_director"]', 'roles = ["screener"]'),
        ('roles = ["municipality"]', 'roles = ["municipality"]\nvalid_until = 2099-12-31'),
        ('roles = ["facilitator"]', 'roles = ["facilitator", "expert"]\nvalid_from = 2098-01-01'),
        ("working_days = 3", "working_days = 4"),
    )

    first, second = command("set-up", changed, *JOOST), command("set-up", changed, *JOOST)

    *changes, _ = first.splitlines()
    assert sorted(change.split()[0] for change in changes) == [
        *("membership_begun", "membership_ended", "organisation_renamed", "person_renamed", "settings_decided")
    ]
    assert "role=municipality until=2099-12-31" in first
    assert "role=expert from=2098-01-01" in first
    assert second == "0 changes\n"


# What somebody may get wrong, each with the place and the code of the complaint.
WRONG = {
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
OF_THE_SECOND_TEAM = {"/memberships/17: [own_membership]", "/coverages/3: [region_is_covered]"}


@broken_by(
    "issue 3.7: all faults of a file at once, and nothing of it carried out",
    "service/people/use_cases/region_file.py",
    "    if run.faults:",
    "    if False:",
)
def test_everything_wrong_with_a_file_is_said_at_once_with_its_place_and_nothing_is_changed(
    installation: Installation, command: Callable[..., str], file: Callable[..., str]
) -> None:
    before = recorded(installation)
    renamed = ("Wijkteam Oss (voorbeeld)", "Wijkteam Oss-Noord (voorbeeld)")

    said = command("set-up", file(*WRONG, renamed, appended=SECOND_TEAM), *JOOST)
    unreadable = command("set-up", file(('kind = "medical"', 'kind = "doctor"'), ("issuer =", "issuers =")), *JOOST)

    lines = said.removeprefix("not done:\n").splitlines()
    assert {line.split("] ")[0] + "]" for line in lines} == {*WRONG.values(), *OF_THE_SECOND_TEAM}
    assert "/organisations/huisartsen/kind: [" in unreadable
    assert "/issuers: [extra_forbidden]" in unreadable
    assert recorded(installation) == before


def recorded(installation: Installation) -> tuple[int, int]:
    """How many changes there are, and how many organisations of the name that none of the files may give."""
    engine = open_engine(installation.database_url)
    with engine.connect() as connection:
        changes = connection.exec_driver_sql("SELECT count(*) FROM administrative_changes").scalar_one()
        named = "SELECT count(*) FROM organisations WHERE name LIKE 'Tweede%%' OR name LIKE '%%Oss-Noord%%'"
        found = changes, connection.exec_driver_sql(named).scalar_one()
    engine.dispose()
    return found
