"""What may be looked at in any chapter: who sees nothing, how long a child waits, and the history with its chain."""

from collections.abc import Callable

from examples import telling
from examples.answers import OK, insist, said
from examples.stage import Opened, Player, Stage

FORBIDDEN = 403
NOT_FOUND = 404
Look = Callable[[Stage], None]


def insist_on_no(player: Player, path: str, status: int, code: str) -> None:
    """This person may not read this, and hears so in just these words."""
    answer = player.ask(path)
    found = (answer.status_code, None if answer.status_code == OK else answer.json()["code"])
    insist(found == (status, code), f"{player.key} may not read {path} ({status} {code}), but: {said(answer)}")


def another_region_sees_nothing(stage: Stage) -> None:
    petra = stage.player("petra")
    insist_on_no(petra, stage.path, NOT_FOUND, "not_found")
    telling.aside(f"{petra.name}, chair in Twente, asks for this case: 404. She may not even know that it exists.")


def the_child_waits(stage: Stage) -> None:
    asked_on = telling.in_amsterdam(stage.case.began).date()
    earliest = (telling.today() - asked_on).days
    days = stage.player("hanna").read(stage.path)["waitingDays"]
    insist(
        earliest <= days <= (telling.today() - asked_on).days,
        f"the child's waiting time counts from the first submission: that is {earliest} days, not {days}",
    )
    telling.aside(f"Counted until today it is {days} days since the family first asked, without pauses.")


def the_region_keeps_it(stage: Stage) -> None:
    """Whatever is asked elsewhere, the case stays where it is (I9)."""
    seen = stage.player("esra").read(stage.path)
    insist(seen["team"]["name"].startswith("Expertteam Zuid-Kennemerland"), "the region keeps the case")
    telling.aside(
        f"All that time the case stayed where it was: {seen['main']['state']['label']['nl']}, region {seen['region']},"
        f" with {telling.plain(seen['team'])}."
    )


def look_back(stage: Stage) -> None:
    """The whole history of every case of a chapter, with its verification."""
    for case in stage.cases:
        _look_back(stage.player("esra"), case)


def _look_back(esra: Player, case: Opened) -> None:
    path = f"/cases/{case.id}"
    entries = esra.read(f"{path}/transitions")["transitions"]
    insist([it["sequence"] for it in entries] == list(range(1, len(entries) + 1)), "the history has no gaps")
    asked = [it for it in entries if it["cause"] is None]
    insist(len(asked) == case.steps, f"{case.steps} steps were taken, but {len(asked)} stand in the history")
    state = esra.read(path)["main"]["state"]
    telling.aside(
        f"Case {case.number} is {state['label']['en'].lower()}. {case.steps} steps were taken"
        + ("; the other entries are parts that began with one of them." if len(entries) > case.steps else ".")
    )
    telling.history(entries)
    found = esra.read(f"{path}/verification")
    insist(found["sound"] and found["entries"] == len(entries), f"the history verifies, but: {found['reason']}")
    telling.aside(f"Verified: {found['entries']} entries, an unbroken chain up to {found['head'][:16]}….")
