"""Within the region: acting once, what a provider sees of an advice, what may be done now, who pays."""

from collections.abc import Mapping

from examples import telling
from examples.answers import CREATED, insist
from examples.looks.any_case import Look, another_region_sees_nothing, the_child_waits, the_region_keeps_it
from examples.looks.beyond import the_liaison_sees_it_now, the_liaison_sees_nothing_yet
from examples.scenes import Json
from examples.stage import Stage

BOTH_ROUNDS = ("issue_advice", "close", "reopen", "issue_advice")


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
    another_region_sees_nothing(stage)


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


def _help_goes_on(stage: Stage) -> None:
    seen = stage.player("hanna").read(stage.path)
    running = [it for it in seen["parts"] if (it["kind"], it["state"]["code"]) == ("commitment", "running")]
    insist(seen["main"]["state"]["code"] == "help_started" and running, "help that runs goes on")
    telling.aside("While the advice is looked at again, help goes on: Ivo comes on Thursday, as he did last week.")


def _both_versions_stay(stage: Stage) -> None:
    anna = stage.player("anna")
    versions = [it["version"] for it in anna.read(f"{stage.path}/advices")["items"]]
    first, second = advices = [anna.read(f"{stage.path}/advices/{it}")["advice"] for it in versions]
    insist(first["lines"] != second["lines"] and second["reason"], "the second version says what changed, and why")
    telling.aside(
        "Both versions can be read, each with its own family statement:",
        *(f"version {n}: {it['lines'][0]['aim']} Family: {it['familyStatement']}" for n, it in enumerate(advices, 1)),
    )


def _all_is_there(stage: Stage) -> None:
    anna = stage.player("anna")
    versions = anna.read(f"{stage.path}/advices")["items"]
    insist([it["version"] for it in versions] == [1], "the advice of the first time is there the second time")
    the_child_waits(stage)
    telling.aside("Same case, same number: nobody has to tell the story again. The first advice lies on the table.")


def _both_rounds_in_one_history(stage: Stage) -> None:
    entries = stage.player("esra").read(f"{stage.path}/transitions")["transitions"]
    steps = [it["trigger"] for it in entries if it["cause"] is None]
    rounds = [it for it in steps if it in BOTH_ROUNDS]
    insist(rounds == list(BOTH_ROUNDS), f"one history tells both rounds, but: {rounds}")
    versions = stage.player("anna").read(f"{stage.path}/advices")["items"]
    insist([it["version"] for it in versions] == [1, 2], "the second advice stands beside the first")
    telling.aside("One history tells both rounds, and both advices stand beside each other.")


SOLVED: Mapping[str, Look] = {
    "02-anna-asks-the-table": _the_line_drops,
    "13-esra-issues-the-advice": _the_provider_sees_his_line,
    "14-hanna-starts-arranging": _what_hanna_may_do,
    "31-ivo-ends-the-treatment": the_child_waits,
}
REFUSED: Mapping[str, Look] = {
    "11-esra-looks-for-another-way": _the_first_version_stays,
    "16-hanna-reports-that-help-has-started": _who_pays_is_open,
    "22-esra-brings-the-networks-answer-back": the_liaison_sees_nothing_yet,
    "23-esra-requests-national-escalation": the_liaison_sees_it_now,
    "29-mila-brings-it-back": the_region_keeps_it,
    "41-hanna-checks-again": the_child_waits,
}
RECONSIDERED: Mapping[str, Look] = {
    "11-anna-asks-to-look-again": _help_goes_on,
    "16-vera-concludes": _both_versions_stay,
}
REOPENED: Mapping[str, Look] = {
    "15-anna-asks-to-reopen": _all_is_there,
    "19-esra-issues-the-second-advice": _both_rounds_in_one_history,
}
