"""`make story`: ten chapters over the published API, which end well only when all goes as told."""

import io
import os
import re
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from contextlib import redirect_stdout
from pathlib import Path

import pytest

from api_tests.support.changed_rules import copy_workflows
from api_tests.support.checkout import ROOT
from api_tests.support.databases import new_database
from api_tests.support.engines import ENGINES
from api_tests.support.people import People
from api_tests.support.sabotages import Guard, Refusal, Rule, broken_by
from api_tests.support.servers import RunningService, running, settings_for
from examples.answers import StoryMismatch
from examples.chapters import CHAPTERS
from examples.story import play
from service.kinds import KINDS
from service.workflows.rules.rulebook import RulesRefused, read_rules
from service.workflows.rules.workflow_file import parse_workflow

pytestmark = pytest.mark.server

Edge = tuple[str, str, str]

# Passages that the account must hold: steps in both languages, refusals with their reasons, readings.
ESSENTIAL = {
    "a": (
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
        "days since the family first asked, without pauses",
        "Monitored / Wordt gevolgd -> Closed / Afgesloten",
    ),
    "b": (
        "alternative_unanswered at /form/alternativesToRemoval",
        "Requested / Gevraagd -> Refused / Geweigerd",
        "funding D: Disputed / In geschil",
        "commitment D: Running / Hulp loopt",
        "network_not_asked_first at /form/networkSkippedBecause",
        "Monitored / Wordt gevolgd -> Closed / Afgesloten",
    ),
    "c": (
        "Sara Bos, Expertisenetwerk Jeugd Noordwest, sees one thing of this case",
        "Tom Aydin, Landelijke steunstructuur, sees one thing of this case",
        "Ulla Prins, CCE, verbinding Noordwest, sees one thing of this case",
        "no_open_question: A question of this escalation is still open",
        "Expertise network asked / Expertisenetwerk gevraagd -> Answered / Beantwoord",
        "All that time the case stayed where it was: In triage, region JZ11",
    ),
    "d": (
        "decline_proposed_by_another: Two people are needed to decline",
        "missing at /form/takenOverBy",
        "In triage -> Declined / Niet opgenomen",
        "missing at /grounds",
        "In triage -> Withdrawn / Ingetrokken",
    ),
    "e": (
        "nowhere_to_call_back at /form/contact/reachableAt",
        "Wilma W. reads her own question and the answer",
        "referred: This case is only a request for a consult",
        "Consult given / Consult gegeven -> Submitted / Aangemeld",
    ),
    "f": (
        "Mila Dekker, CCE liaison, asks for the case: 404.",
        "It stands on Esra Yilmaz's work list at once",
        "Signalled / Gesignaleerd -> National escalation requested / Landelijke opschaling gevraagd",
        "Remind / Navragen [question] stays Asked / Gesteld",
        "Answered / Beantwoord -> Brought back / Terug in de regio",
        "it is off her list, and she cannot read the file any more (404)",
    ),
    "g": (
        "Only what at least 5 cases have in common is released",
        "histories look the same, and Noor may bring them to the table",
        "screener: give_consult -> consulted, under 4 weeks later",
        "nor pull histories of another region (404)",
    ),
    "h": (
        "consent_not_theirs at /form/consents/0/by: The child was 17 years old then.",
        "her mother, asks for the file: 403. From sixteen on her daughter decides about that.",
        "Wilma W. reads along now",
        "plan for after 18",
    ),
    "i": (
        "nobody_looks_afresh at /form/chairId",
        "While the advice is looked at again, help goes on",
        "another_pair_of_eyes: The chair who issued the advice does not judge it alone",
        "In reconsideration / In heroverweging -> Advice revised / Advies herzien",
    ),
    "j": (
        "Planned / Gepland -> Held / Gehouden",
        "Closed / Afgesloten -> In triage",
        "One history tells both rounds, and both advices stand beside each other.",
    ),
}
# The states in which each chapter leaves its cases.
ENDS = {
    "a": ["closed"],
    "b": ["closed"],
    "c": ["in_triage"],
    "d": ["declined", "withdrawn"],
    "e": ["in_review"],
    "f": ["in_triage"],
    "g": ["closed"] * 5,
    "h": ["advice_issued"],
    "i": ["help_started"],
    "j": ["advice_issued"],
}
ALL_TOLD = "All ten chapters went as told."


def run_story(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Runs the command that `make story` calls."""
    command = [sys.executable, "-m", "examples.story", *arguments]
    environment = os.environ | settings
    return subprocess.run(command, cwd=ROOT, env=environment, text=True, capture_output=True, check=False, timeout=120)


def without_days(account: str) -> str:
    """Returns the account without its days, which move on with the years."""
    return on_one_line(re.sub(r"[A-Z][a-z]{2} \d\d [A-Z][a-z]{2} \d{4}", "", account))


def scenes_of_readme() -> list[str]:
    """Returns the scenes that the README shows, which must be scenes of the story."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    block = readme.split("<!-- story -->")[1].split("```text\n")[1].split("\n```")[0]
    return block.split("\n\n")


def on_one_line(account: str) -> str:
    """Returns the account without its line breaks, so that a sentence is found wherever it was broken."""
    return re.sub(r"\s+", " ", account)


def chapters_of(account: str) -> dict[str, str]:
    """Returns the text after the title of each chapter, by the letter of the chapter."""
    pieces = re.split(r"^([a-j])\. .*(?:\n   .*)*\n=+$", account, flags=re.MULTILINE)
    return dict(zip(pieces[1::2], map(on_one_line, pieces[2::2]), strict=True))


@pytest.fixture(scope="module")
def full_run(service: RunningService) -> subprocess.CompletedProcess[str]:
    """All chapters, played once on each engine."""
    return run_story("--base-url", service.url)


@broken_by(
    "The story fails when a step is not possible in a state that the story needs",
    "workflows/case.toml",
    '[triggers.comment]\nfrom = ["advice_drafted"]',
    '[triggers.comment]\nfrom = ["in_review"]',
)
@broken_by(
    "The story fails when the service accepts a stale version", Refusal("service/cases/use_cases/take_step.py", "Stale")
)
@broken_by(
    "The story fails when the team of another region can read a case",
    "service/cases/store/visibility.py",
    "terms.append(parts.c.team_id.in_(teams))",
    "terms.append(parts.c.team_id.is_not(None))",
)
@broken_by(
    "I23: the story fails when the liaison still sees a case after the escalation was brought back",
    "service/cases/store/visibility.py",
    '            _escalation.c.phase != "ended",\n',
    "",
)
@broken_by(
    "T17: the story fails when an escalation is concluded over an open question",
    Guard("no_open_question"),
)
@broken_by("I10: the story fails when one person declines a case alone", Guard("decline_proposed_by_another"))
@broken_by(
    "I22: the story fails when parents read content from sixteen on without the young person's consent",
    "service/cases/use_cases/reading_rights.py",
    "            return YoungPersonDecides()",
    "            return None",
)
@broken_by(
    "I15: the story fails when the issuer of an advice judges its reconsideration alone",
    Guard("another_pair_of_eyes"),
)
@broken_by(
    "I5: the story fails when a refusal leaves out one of its reasons",
    Rule("behavioural_scientist_missing"),
)
def test_all_ten_chapters_are_told_to_their_end_and_leave_their_cases_behind(
    full_run: subprocess.CompletedProcess[str], people: People
) -> None:
    assert (full_run.returncode, full_run.stderr) == (0, "")
    chapters = chapters_of(full_run.stdout)
    assert list(chapters) == list(ESSENTIAL) == sorted(ENDS)
    assert [
        (letter, passage)
        for letter, passages in ESSENTIAL.items()
        for passage in passages
        if passage not in chapters[letter]
    ] == []
    assert [scene for scene in scenes_of_readme() if without_days(scene) not in without_days(full_run.stdout)] == []
    assert ALL_TOLD in full_run.stdout
    assert {letter: states_of(account, people) for letter, account in chapters.items()} == ENDS
    assert {letter: account.count("an unbroken chain up to") for letter, account in chapters.items()} == {
        letter: len(states) for letter, states in ENDS.items()
    }


def states_of(account: str, people: People) -> list[str]:
    """Returns the states of a chapter's cases, as the service tells them, in the order in which the chapter ends."""
    numbers = re.findall(r"\* Case (\d{4}-\d{4}) is", account)
    pages = [
        people.esra.get("/cases", params={"number": number, "includeEnded": "true"}).json()["items"]
        for number in numbers
    ]
    return [item["caseState"]["code"] for items in pages for item in items]


def test_a_chapter_is_played_alone_on_a_service_of_its_own_when_none_is_named() -> None:
    run = run_story("--chapter", "d")

    assert (run.returncode, run.stderr) == (0, "")
    assert list(chapters_of(run.stdout)) == ["d"]
    assert "Chapter d went as told." in run.stdout
    assert ALL_TOLD not in run.stdout


def test_the_story_stops_with_a_sentence_where_nothing_listens() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"

        run = run_story("--base-url", url)

    assert run.returncode == 1
    assert f"The story stops here. No service answers at {url}" in run.stderr
    assert "Traceback" not in run.stderr


def test_the_story_stops_with_a_sentence_when_the_service_does_not_start(tmp_path: Path) -> None:
    rules = copy_workflows(tmp_path)
    leave_out(rules, ("case", "start_triage", "submitted"))

    run = run_story(CASUSROUTE_WORKFLOWS=str(rules))

    assert run.returncode == 1
    assert "The story stops here. The service did not start: not started: case.toml" in run.stderr
    assert "next_not_possible" in run.stderr


def test_the_story_stops_at_a_missing_edge_and_names_the_step(tmp_path: Path) -> None:
    rules = copy_workflows(tmp_path)
    leave_out(rules, ("escalation", "remind", "escalated"))

    with running(settings_for(tmp_path, f"sqlite:///{tmp_path / 'without.db'}", workflows=rules)) as service:
        run = run_story("--base-url", service.url, "--chapter", "f")

    assert run.returncode == 1
    sentence = "07-mila-asks-once-more: remind by mila should be made, but was answered with 409 transition_not_allowed"
    assert f"The story stops here. {sentence}" in run.stderr
    assert "went as told." not in run.stdout


def test_each_chapter_stops_at_a_missing_edge_of_its_own(
    full_run: subprocess.CompletedProcess[str], service: RunningService, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """One edge of each chapter, which no other chapter takes, is removed from the rules; other edges on each engine."""
    samples = own_edges({letter: edges_in(account) for letter, account in chapters_of(full_run.stdout).items()})
    assert {letter for sample in samples for letter in sample} == set(CHAPTERS)
    removed = samples[ENGINES.index(service.engine)]
    rules = copy_workflows(tmp_path)
    leave_out(rules, *removed.values())

    database = new_database(request, tmp_path, service.engine)
    with running(settings_for(tmp_path, database, workflows=rules)) as service_without_edges:
        stopped_at = {letter: where_it_stops(service_without_edges, letter) for letter in removed}

    assert stopped_at == {letter: trigger for letter, (_, trigger, _) in removed.items()}


def own_edges(used: Mapping[str, list[Edge]]) -> list[dict[str, Edge]]:
    """Returns one sample per engine: an edge of each chapter, if it has one more. The service starts without them."""
    shared_by = Counter(edge for edges in used.values() for edge in edges)
    candidates = {letter: [edge for edge in edges if shared_by[edge] == 1] for letter, edges in used.items()}
    samples: list[dict[str, Edge]] = []
    for _ in ENGINES:
        sample: dict[str, Edge] = {}
        for letter, edges in candidates.items():
            if chosen := next((edge for edge in edges if starts(without(*sample.values(), edge))), None):
                sample[letter] = chosen
                edges.remove(chosen)
        samples.append(sample)
    return samples


def where_it_stops(service: RunningService, letter: str) -> str | None:
    """Returns the trigger at which the chapter stops, or None when it does not notice the missing edge."""
    try:
        with redirect_stdout(io.StringIO()):
            play(service.url, CHAPTERS[letter])
    except StoryMismatch as difference:
        match = re.match(r"[\w-]+: (\w+) by ", str(difference))
        return match[1] if match else str(difference)
    return None


def edges_in(account: str) -> list[Edge]:
    """Returns every edge in the histories that a chapter ends with: (kind of part, trigger, source)."""
    return sorted(set(re.findall(r"\d+ \d{4}-\d\d-\d\d (\w+)(?: [A-Z])? (\w+) (\w+) \w+ ", account)))


def without(*edges: Edge) -> Mapping[str, str]:
    """Returns the workflow files without these edges: text by file name."""
    files = {file.name: file.read_text("utf-8") for file in (ROOT / "workflows").glob("*.toml")}
    for kind, trigger, source in edges:
        files[f"{kind}.toml"] = _without(files[f"{kind}.toml"], kind, trigger, source)
    return files


def _without(text: str, kind: str, trigger: str, source: str) -> str:
    definition = parse_workflow(text, f"{kind}.toml").definition
    assert definition
    match = re.search(rf"^\[triggers\.{trigger}\]\nfrom = (\[.*\])$", text, re.MULTILINE)
    assert match
    sources = [move.source for move in definition.triggers[trigger].edges if move.source != source]
    if sources:
        quoted = ", ".join(f'"{state}"' for state in sources)
        return text[: match.start(1)] + f"[{quoted}]" + text[match.end(1) :]
    end = re.compile(r"^(\[|# ---)", re.MULTILINE).search(text, match.end())
    return text[: match.start()] + (text[end.start() :] if end else "")


def leave_out(rules: Path, *edges: Edge) -> None:
    for name, text in without(*edges).items():
        (rules / name).write_text(text, encoding="utf-8")


def starts(files: Mapping[str, str]) -> bool:
    try:
        read_rules(files, KINDS)
    except RulesRefused:
        return False
    return True
