"""What is looked at between the steps: who sees what, what waits for whom, and in the end the whole history."""

from collections.abc import Callable, Mapping

from examples import telling
from examples.answers import CREATED, insist
from examples.scenes import Json
from examples.stage import Stage

NOT_FOUND = 404
Look = Callable[[Stage], None]


def _the_line_drops(stage: Stage) -> None:
    """The same request once more, with the same key."""
    played = stage.last
    again = played.sent.answer()
    insist(again.status_code == CREATED and again.json() == played.answer, "a repeated submission acts once")
    insist(again.headers.get("Idempotent-Replayed") == "true", "a repeated submission says that it is one")
    telling.aside(
        "The line drops, and Anna's computer sends the same again: it acts once. The case is"
        f" {played.answer['number']}, short enough to be read over the telephone."
    )


def _another_region_sees_nothing(stage: Stage) -> None:
    petra = stage.player("petra")
    answer = petra.ask(stage.path)
    insist(answer.status_code == NOT_FOUND, f"the chair of another region may not know of the case, but: {answer}")
    telling.aside(f"{petra.name}, chair in Twente, asks for this case: 404. She may not even know that it exists.")


def _the_provider_sees_his_line(stage: Stage) -> None:
    advice = stage.player("ivo").read(f"{stage.path}/advices/1")
    lines, goals = advice["advice"]["lines"], advice["advice"].get("goals", [])
    insist(not advice["whole"] and [it["key"] for it in lines] == ["B"], "a provider sees the lines put to it, no more")
    insist([it["number"] for it in goals] == [1], "a provider sees the goals of its own lines")
    insist(advice["advice"]["dissent"], "dissent stands beside the advice wherever it is shown")
    telling.aside(
        "Ivo opens the advice. Of its three lines he sees the one that is put to De Veste, its goal, and beside it the"
        " dissent and what the family says; not the rest:",
        *(f"line {it['key']}: {it['aim']}" for it in lines),
        *(f"goal {it['number']}: {it['text']}" for it in goals),
        *(f"dissent, {it['name']}: {it['view']}" for it in advice["advice"]["dissent"]),
        f"family: {advice['advice']['familyStatement']}",
    )
    _another_region_sees_nothing(stage)


def _what_hanna_may_do(stage: Stage) -> None:
    found = stage.player("hanna").read(f"{stage.path}/possible-transitions")["transitions"]
    unmet = next(it["unmetGuards"] for it in found if it["trigger"] == "report_help_started")
    insist([it["code"] for it in unmet] == ["help_runs"], "what stands in the way is told before one tries")
    telling.aside(
        "Hanna asks what she may do now:",
        *(_possible(it) for it in found if it["allowedForYou"]),
    )


def _possible(it: Json) -> str:
    why_not = "; ".join(one["nl"] for one in it["unmetGuards"])
    return f"{it['trigger']:<20} {it['label']['nl']}" + (f": nog niet. {why_not}" if why_not else "")


def _the_child_waits(stage: Stage) -> None:
    asked_on = telling.in_amsterdam(stage.began).date()
    earliest = (telling.today() - asked_on).days
    days = stage.player("hanna").read(stage.path)["waitingDays"]
    insist(
        earliest <= days <= (telling.today() - asked_on).days,
        f"the child's waiting time counts from the first submission: that is {earliest} days, not {days}",
    )
    telling.aside(f"Counted until today it is {days} days since the family first asked, without pauses.")


def _the_first_version_stays(stage: Stage) -> None:
    bram = stage.player("bram")
    versions = bram.read(f"{stage.path}/advices")["items"]
    first, second = (bram.read(f"{stage.path}/advices/{it['version']}")["advice"] for it in versions)
    insist([it["key"] for it in first["lines"]] == ["A", "B", "C"], "the first version of the advice stays as it was")
    insist([it["key"] for it in second["lines"]] == ["A", "C", "D"], "the second version is a version of its own")
    insist(first["dissent"] and second["dissent"], "dissent stands beside every version")
    telling.aside(
        "Bram reads both versions of the advice; the first is as it was issued, with its own dissent and family words:",
        *(f"version {n}: lines {', '.join(it['key'] for it in form['lines'])}; family: {form['familyStatement']}"
          for n, form in enumerate((first, second), 1)),
    )  # fmt: skip


def _who_pays_is_open(stage: Stage) -> None:
    parts = stage.player("hanna").read(stage.path)["parts"]
    states = {f"{it['kind']} {it['line']}": it["state"] for it in parts if it["line"] == "D"}
    insist(states["funding D"]["code"] == "disputed", "the dispute about the funding is still open")
    insist(states["commitment D"]["code"] == "running", "help runs whoever pays")
    telling.aside(
        "Who pays is still open, and help runs all the same:",
        *(f"{part}: {it['label']['en']} / {it['label']['nl']}" for part, it in sorted(states.items())),
    )


def _the_liaison_sees_nothing_yet(stage: Stage) -> None:
    mila = stage.player("mila")
    answer = mila.ask(stage.path)
    insist(answer.status_code == NOT_FOUND, "the liaison sees a case only when it is put to her")
    telling.aside(f"{mila.name}, CCE liaison, asks for the case: 404. Nobody has asked her anything yet.")


def _the_liaison_sees_it_now(stage: Stage) -> None:
    mila = stage.player("mila")
    waiting = mila.read(f"/work-items?whose=organisation&kind=escalation&number={stage.number}")["items"]
    insist(stage.case_id in {it["caseId"] for it in waiting}, "the escalation stands on the liaison's work list")
    file = mila.read(f"{stage.path}/file")
    telling.aside(
        f"Now it stands on {mila.name}'s work list, and she may read the whole file"
        f" ({len(file['documents'])} documents; her reading is logged)."
    )


def _the_region_kept_it(stage: Stage) -> None:
    seen = stage.player("esra").read(stage.path)
    insist((seen["region"], seen["main"]["state"]["code"]) == ("JZ10", "help_started"), "the region keeps the case")
    telling.aside(
        f"All that time the case stayed where it was: {seen['main']['state']['label']['nl']}, region {seen['region']},"
        f" with {seen['team']['name'].removesuffix(' (demonstratie)')}."
    )


SOLVED: Mapping[str, Look] = {
    "02-anna-asks-the-table": _the_line_drops,
    "13-esra-issues-the-advice": _the_provider_sees_his_line,
    "14-hanna-starts-arranging": _what_hanna_may_do,
    "30-ivo-ends-the-treatment": _the_child_waits,
}
ESCALATED: Mapping[str, Look] = {
    "11-esra-looks-for-another-way": _the_first_version_stays,
    "16-hanna-reports-that-help-has-started": _who_pays_is_open,
    "22-esra-brings-the-networks-answer-back": _the_liaison_sees_nothing_yet,
    "23-esra-requests-national-escalation": _the_liaison_sees_it_now,
    "28-mila-brings-it-back": _the_region_kept_it,
    "40-hanna-checks-again": _the_child_waits,
}


def look_back(stage: Stage, steps: int) -> None:
    """The whole history with its verification, and what a learning table may see of it."""
    esra, noor = stage.player("esra"), stage.player("noor")
    entries = esra.read(f"{stage.path}/transitions")["transitions"]
    insist([it["sequence"] for it in entries] == list(range(1, len(entries) + 1)), "the history has no gaps")
    asked = [it for it in entries if it["cause"] is None]
    insist(len(asked) == steps, f"{steps} steps were taken, but {len(asked)} stand in the history")
    state = esra.read(stage.path)["main"]["state"]
    telling.aside(
        f"Case {stage.number} is {state['label']['en'].lower()}. {steps} steps were taken; the other entries of its"
        " history are parts that began with one of them."
    )
    telling.history(entries)
    found = esra.read(f"{stage.path}/verification")
    insist(found["sound"] and found["entries"] == len(entries), f"the history verifies, but: {found['reason']}")
    telling.aside(f"Verified: {found['entries']} entries, an unbroken chain up to {found['head'][:16]}….")
    refused = noor.ask(stage.path)
    insist(refused.status_code == NOT_FOUND, "a facilitator does not see cases")
    release = noor.read("/learning/histories")
    held_back = release["dropped"]
    telling.aside(
        f"{noor.name}, learning-table facilitator, cannot open the case (404). She may pull histories of the region,"
        f" without names or times, and only where at least {release['k']} look the same: today"
        f" {len(release['histories'])} are released, {held_back['atLeast']} to {held_back['below'] - 1} are held back."
    )
