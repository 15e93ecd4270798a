"""`make story`: two whole cases over the published API; it ends well only when all goes as told."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from api_tests.conftest import ENGINES, new_database
from api_tests.people_and_cases import People
from api_tests.rules.changed_rules import copied
from api_tests.running import ROOT, Running, running, settings_for
from examples.answers import NotAsTold
from examples.story import STORIES, play
from service.domain.definition import load
from service.domain.rulebook import RulesRefused, read_rules

Edge = tuple[str, str, str]

# What nobody should have to look for in the account: steps in both languages, refusals with their reasons, looks.
ESSENTIAL = (
    "Anna Visser, local team,",
    "Submitted / Aangemeld -> In triage",
    "Refused, 400 invalid.",
    "extra_forbidden at /form/bsn",
    "unknown_code at /form/urgency",
    "Refused, 403 role_not_allowed.",
    "Refused, 409 transition_not_allowed.",
    "Refused, 409 guards_not_met.",
    "help_runs: No help is running yet",
    "Refused, 412 stale.",
    "first came: add_note by the process director",
    "Petra Kok, chair in Twente, asks for this case: 404.",
    "alternative_unanswered at /form/alternativesToRemoval",
    "network_not_asked_first at /form/networkSkippedBecause",
    "Requested / Gevraagd -> Refused / Geweigerd",
    "funding D: Disputed / In geschil",
    "commitment D: Running / Hulp loopt",
    "Expertise network asked / Expertisenetwerk gevraagd -> Answered / Beantwoord",
    "National escalation requested / Landelijke opschaling gevraagd -> Escalated nationally / Landelijk opgeschaald",
    "Answered / Beantwoord -> Brought back / Terug in de regio",
    "Monitored / Wordt gevolgd -> Closed / Afgesloten",
    "days since the family first asked, without pauses",
    "Verified: 30 entries, an unbroken chain",
    "Verified: 48 entries, an unbroken chain",
    "Noor Hendriks, learning-table facilitator, cannot open the case (404).",
    "Both stories went as told.",
)


def told(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """The command itself, as `make story` calls it."""
    command = [sys.executable, "-m", "examples.story", *arguments]
    environment = os.environ | settings
    return subprocess.run(command, cwd=ROOT, env=environment, text=True, capture_output=True, check=False, timeout=120)


def undated(account: str) -> str:
    """The account without its days, which move on with the years."""
    return as_lines_run(re.sub(r"[A-Z][a-z]{2} \d\d [A-Z][a-z]{2} \d{4}", "", account))


def shown_in_the_readme() -> list[str]:
    """The scenes that the README shows a newcomer, which must be scenes of the story."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    block = readme.split("<!-- story -->")[1].split("```text\n")[1].split("\n```")[0]
    return block.split("\n\n")


def as_lines_run(account: str) -> str:
    """The account without its line breaks, so that a sentence is found wherever it was broken."""
    return re.sub(r"\s+", " ", account)


def test_the_story_is_told_to_its_end_and_leaves_two_closed_cases_behind(service: Running, people: People) -> None:
    ended = told("--base-url", service.url)

    assert (ended.returncode, ended.stderr) == (0, "")
    account = as_lines_run(ended.stdout)
    assert [moment for moment in ESSENTIAL if moment not in account] == []
    assert [scene for scene in shown_in_the_readme() if undated(scene) not in undated(ended.stdout)] == []
    numbers = re.findall(r"Case (\d{4}-\d{4}) is closed", account)
    found = [people.esra.get("/cases", params={"number": it, "includeEnded": "true"}).json()["items"] for it in numbers]
    assert [[it["caseState"]["code"] for it in items] for items in found] == [["closed"], ["closed"]]


def test_the_story_brings_a_service_of_its_own_when_it_is_given_none() -> None:
    ended = told()

    assert (ended.returncode, ended.stderr) == (0, "")
    assert "Both stories went as told." in ended.stdout


def test_the_story_stops_with_a_sentence_where_nothing_listens() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"

        ended = told("--base-url", url)

    assert ended.returncode == 1
    assert f"The story stops here. No service answers at {url}" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_story_stops_with_a_sentence_when_the_service_does_not_start(tmp_path: Path) -> None:
    rules = copied(tmp_path)
    leave_out(rules, ("case", "start_triage", "submitted"))

    ended = told(CASUSROUTE_WORKFLOWS=str(rules))

    assert ended.returncode == 1
    assert "The story stops here. The service did not start: not started: case.toml" in ended.stderr
    assert "next_not_possible" in ended.stderr


@pytest.mark.parametrize("engine", ENGINES)
def test_the_story_stops_where_an_edge_is_gone_and_names_the_step(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, engine: str
) -> None:
    folder = tmp_path_factory.mktemp(f"without-{engine}")
    rules = copied(folder)
    leave_out(rules, ("escalation", "remind", "escalated"))

    with running(settings_for(folder, new_database(request, folder, engine), workflows=rules)) as service:
        ended = told("--base-url", service.url)

    assert ended.returncode == 1
    sentence = "25-mila-asks-after-it: remind by mila should be made, but was answered with 409 transition_not_allowed"
    assert f"The story stops here. {sentence}" in ended.stderr
    assert "Both stories went as told." not in ended.stdout


def test_whichever_edge_of_the_story_is_taken_out_the_service_does_not_start_or_the_story_stops(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with running(settings_for(tmp_path, f"sqlite:///{tmp_path / 'whole.db'}")) as service:
        used = {folder: edges_in(account_of(service, folder, capsys)) for folder in STORIES}
    assert all(len(edges) > 15 for edges in used.values())
    startable = {edge: folder for folder, edges in used.items() for edge in edges if starts(without(edge))}
    assert startable

    went_well = [edge for edge, folder in startable.items() if goes_well(tmp_path / "-".join(edge), edge, folder)]

    assert went_well == []


def account_of(service: Running, folder: str, capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    play(service.url, folder)
    return capsys.readouterr().out


def edges_in(account: str) -> list[Edge]:
    """Every edge in the histories at the end of the account: kind of part, trigger, source."""
    lines = re.findall(r"^ +\d+  \d{4}-\d\d-\d\d  (\w+)(?: [A-Z])? +(\w+) +(\w+) +\w+ ", account, re.MULTILINE)
    return sorted(set(lines))


def without(edge: Edge) -> Mapping[str, str]:
    """The workflow files as they would be without this edge."""
    kind, trigger, source = edge
    files = {file.name: file.read_text("utf-8") for file in (ROOT / "workflows").glob("*.toml")}
    definition = load(files[f"{kind}.toml"], f"{kind}.toml").definition
    assert definition
    found = re.search(rf"^\[triggers\.{trigger}\]\nfrom = (\[.*\])$", files[f"{kind}.toml"], re.MULTILINE)
    assert found
    left = [move.source for move in definition.triggers[trigger].edges if move.source != source]
    text = files[f"{kind}.toml"]
    if left:
        written = ", ".join(f'"{state}"' for state in left)
        files[f"{kind}.toml"] = text[: found.start(1)] + f"[{written}]" + text[found.end(1) :]
    else:
        end = re.compile(r"^(\[|# ---)", re.MULTILINE).search(text, found.end())
        files[f"{kind}.toml"] = text[: found.start()] + (text[end.start() :] if end else "")
    return files


def leave_out(rules: Path, edge: Edge) -> None:
    for name, text in without(edge).items():
        (rules / name).write_text(text, encoding="utf-8")


def starts(files: Mapping[str, str]) -> bool:
    try:
        read_rules(files)
    except RulesRefused:
        return False
    return True


def goes_well(folder: Path, edge: Edge, story: str) -> bool:
    """Whether the story would not notice that this edge is gone."""
    folder.mkdir()
    rules = copied(folder)
    leave_out(rules, edge)
    with running(settings_for(folder, f"sqlite:///{folder / 'casusroute.db'}", workflows=rules)) as service:
        try:
            play(service.url, story)
        except NotAsTold:
            return False
    return True
