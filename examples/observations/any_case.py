"""Observations for every chapter: refused reads, the waiting time of the child, and the history with its chain."""

from collections.abc import Callable

from examples import narrator
from examples.answers import OK, describe, require
from examples.stage import Player, Stage, StageCase

FORBIDDEN = 403
NOT_FOUND = 404
Observation = Callable[[Stage], None]


def require_refusal(player: Player, path: str, status: int, code: str) -> None:
    """Require that the service refuses this person this path, with this status and code."""
    answer = player.ask(path)
    refusal = (answer.status_code, None if answer.status_code == OK else answer.json()["code"])
    require(refusal == (status, code), f"{player.key} may not read {path} ({status} {code}), but: {describe(answer)}")


def another_region_sees_nothing(stage: Stage) -> None:
    petra = stage.player("petra")
    require_refusal(petra, stage.path, NOT_FOUND, "not_found")
    narrator.remark(f"{petra.name}, chair in Twente, asks for this case: 404. She may not even know that it exists.")


def the_child_waits(stage: Stage) -> None:
    asked_on = narrator.in_amsterdam(stage.case.began).date()
    earliest = (narrator.today() - asked_on).days
    days = stage.player("hanna").read(stage.path)["waitingDays"]
    require(
        earliest <= days <= (narrator.today() - asked_on).days,
        f"the child's waiting time counts from the first submission: that is {earliest} days, not {days}",
    )
    narrator.remark(f"Counted until today it is {days} days since the family first asked, without pauses.")


def the_region_keeps_it(stage: Stage) -> None:
    """The region keeps the case during an escalation (I9)."""
    case = stage.player("esra").read(stage.path)
    require(case["team"]["name"].startswith("Expertteam Zuid-Kennemerland"), "the region keeps the case")
    narrator.remark(
        f"All that time the case stayed where it was: {case['main']['state']['label']['nl']}, region {case['region']},"
        f" with {narrator.plain(case['team'])}."
    )


def report_history(stage: Stage) -> None:
    """Print and verify the whole history of each case of a chapter."""
    for case in stage.cases:
        _report_history(stage.player("esra"), case)


def _report_history(esra: Player, case: StageCase) -> None:
    path = f"/cases/{case.id}"
    entries = esra.read(f"{path}/transitions")["transitions"]
    require([entry["sequence"] for entry in entries] == list(range(1, len(entries) + 1)), "the history has no gaps")
    steps = [entry for entry in entries if entry["cause"] is None]
    require(len(steps) == case.steps, f"{case.steps} steps were taken, but {len(steps)} stand in the history")
    state = esra.read(path)["main"]["state"]
    narrator.remark(
        f"Case {case.number} is {state['label']['en'].lower()}. {case.steps} steps were taken"
        + ("; the other entries are parts that began with one of them." if len(entries) > case.steps else ".")
    )
    narrator.history(entries)
    result = esra.read(f"{path}/verification")
    require(result["sound"] and result["entries"] == len(entries), f"the history verifies, but: {result['reason']}")
    narrator.remark(f"Verified: {result['entries']} entries, an unbroken chain up to {result['head'][:16]}….")
