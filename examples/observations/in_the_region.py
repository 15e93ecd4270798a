"""Observations within the region: idempotency, a provider's sight of the advice, possible steps, funding."""

from collections.abc import Mapping

from examples import narrator
from examples.answers import CREATED, require
from examples.observations.any_case import (
    Observation,
    another_region_sees_nothing,
    the_child_waits,
    the_region_keeps_it,
)
from examples.observations.beyond import the_liaison_sees_it_now, the_liaison_sees_nothing_yet
from examples.scenes import Json
from examples.stage import Stage

BOTH_ROUNDS = ("issue_advice", "close", "reopen", "issue_advice")


def _the_line_drops(stage: Stage) -> None:
    """The same request is sent again with the same Idempotency-Key."""
    played = stage.last
    repeated = played.sent.answer()
    require(repeated.status_code == CREATED and repeated.json() == played.answer, "a repeated submission acts once")
    require(repeated.headers.get("Idempotent-Replayed") == "true", "a repeated submission says that it is one")
    narrator.remark(
        "The line drops, and Anna's computer sends the same again: it acts once. The case is"
        f" {played.answer['number']}, short enough to be read over the telephone."
    )


def _the_provider_sees_his_line(stage: Stage) -> None:
    advice = stage.player("ivo").read(f"{stage.path}/advices/1")
    lines, goals = advice["advice"]["lines"], advice["advice"].get("goals", [])
    require(
        not advice["whole"] and [line["key"] for line in lines] == ["B"], "a provider sees the lines put to it, no more"
    )
    require([goal["number"] for goal in goals] == [1], "a provider sees the goals of its own lines")
    require(advice["advice"]["dissent"], "dissent stands beside the advice wherever it is shown")
    narrator.remark(
        "Ivo opens the advice. Of its three lines he sees the one that is put to De Veste, its goal, and beside it the"
        " dissent and what the family says; not the rest:",
        *(f"line {line['key']}: {line['aim']}" for line in lines),
        *(f"goal {goal['number']}: {goal['text']}" for goal in goals),
        *(f"dissent, {dissent['name']}: {dissent['view']}" for dissent in advice["advice"]["dissent"]),
        f"family: {advice['advice']['familyStatement']}",
    )
    another_region_sees_nothing(stage)


def _what_hanna_may_do(stage: Stage) -> None:
    transitions = stage.player("hanna").read(f"{stage.path}/possible-transitions")["transitions"]
    unmet = next(step["unmetGuards"] for step in transitions if step["trigger"] == "report_help_started")
    require([guard["code"] for guard in unmet] == ["help_runs"], "what stands in the way is told before one tries")
    narrator.remark(
        "Hanna asks what she may do now:",
        *(_possible(step) for step in transitions if step["allowedForYou"]),
    )


def _possible(step: Json) -> str:
    reasons = "; ".join(guard["nl"] for guard in step["unmetGuards"])
    return f"{step['trigger']:<20} {step['label']['nl']}" + (f": nog niet. {reasons}" if reasons else "")


def _the_first_version_stays(stage: Stage) -> None:
    bram = stage.player("bram")
    versions = bram.read(f"{stage.path}/advices")["items"]
    first, second = (bram.read(f"{stage.path}/advices/{version['version']}")["advice"] for version in versions)
    keys_of_first, keys_of_second = ([line["key"] for line in form["lines"]] for form in (first, second))
    require(keys_of_first == ["A", "B", "C"], "the first version of the advice stays as it was")
    require(keys_of_second == ["A", "C", "D"], "the second version is a version of its own")
    require(first["dissent"] and second["dissent"], "dissent stands beside every version")
    narrator.remark(
        "Bram reads both versions of the advice; the first is as it was issued, with its own dissent and family words:",
        f"version 1: lines {', '.join(keys_of_first)}; family: {first['familyStatement']}",
        f"version 2: lines {', '.join(keys_of_second)}; family: {second['familyStatement']}",
    )


def _who_pays_is_open(stage: Stage) -> None:
    parts = stage.player("hanna").read(stage.path)["parts"]
    states = {f"{part['kind']} {part['line']}": part["state"] for part in parts if part["line"] == "D"}
    require(states["funding D"]["code"] == "disputed", "the dispute about the funding is still open")
    require(states["commitment D"]["code"] == "running", "help runs whoever pays")
    narrator.remark(
        "Who pays is still open, and help runs all the same:",
        *(f"{part}: {state['label']['en']} / {state['label']['nl']}" for part, state in sorted(states.items())),
    )


def _help_goes_on(stage: Stage) -> None:
    case = stage.player("hanna").read(stage.path)
    running = [part for part in case["parts"] if (part["kind"], part["state"]["code"]) == ("commitment", "running")]
    require(case["main"]["state"]["code"] == "help_started" and running, "help that runs goes on")
    narrator.remark("While the advice is looked at again, help goes on: Ivo comes on Thursday, as he did last week.")


def _both_versions_stay(stage: Stage) -> None:
    anna = stage.player("anna")
    numbers = [version["version"] for version in anna.read(f"{stage.path}/advices")["items"]]
    first, second = advices = [anna.read(f"{stage.path}/advices/{number}")["advice"] for number in numbers]
    require(first["lines"] != second["lines"] and second["reason"], "the second version says what changed, and why")
    narrator.remark(
        "Both versions can be read, each with its own family statement:",
        *(
            f"version {number}: {form['lines'][0]['aim']} Family: {form['familyStatement']}"
            for number, form in enumerate(advices, 1)
        ),
    )


def _all_is_there(stage: Stage) -> None:
    anna = stage.player("anna")
    versions = anna.read(f"{stage.path}/advices")["items"]
    numbers = [version["version"] for version in versions]
    require(numbers == [1], "the advice of the first time is there the second time")
    the_child_waits(stage)
    narrator.remark("Same case, same number: nobody has to tell the story again. The first advice lies on the table.")


def _both_rounds_in_one_history(stage: Stage) -> None:
    entries = stage.player("esra").read(f"{stage.path}/transitions")["transitions"]
    steps = [entry["trigger"] for entry in entries if entry["cause"] is None]
    rounds = [trigger for trigger in steps if trigger in BOTH_ROUNDS]
    require(rounds == list(BOTH_ROUNDS), f"one history tells both rounds, but: {rounds}")
    versions = stage.player("anna").read(f"{stage.path}/advices")["items"]
    require([version["version"] for version in versions] == [1, 2], "the second advice stands beside the first")
    narrator.remark("One history tells both rounds, and both advices stand beside each other.")


SOLVED: Mapping[str, Observation] = {
    "02-anna-asks-the-table": _the_line_drops,
    "13-esra-issues-the-advice": _the_provider_sees_his_line,
    "14-hanna-starts-arranging": _what_hanna_may_do,
    "31-ivo-ends-the-treatment": the_child_waits,
}
REFUSED: Mapping[str, Observation] = {
    "11-esra-looks-for-another-way": _the_first_version_stays,
    "16-hanna-reports-that-help-has-started": _who_pays_is_open,
    "22-esra-brings-the-networks-answer-back": the_liaison_sees_nothing_yet,
    "23-esra-requests-national-escalation": the_liaison_sees_it_now,
    "29-mila-brings-it-back": the_region_keeps_it,
    "41-hanna-checks-again": the_child_waits,
}
RECONSIDERED: Mapping[str, Observation] = {
    "11-anna-asks-to-look-again": _help_goes_on,
    "16-vera-concludes": _both_versions_stay,
}
REOPENED: Mapping[str, Observation] = {
    "15-anna-asks-to-reopen": _all_is_there,
    "19-esra-issues-the-second-advice": _both_rounds_in_one_history,
}
