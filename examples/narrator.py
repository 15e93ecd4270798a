"""The narrator: prints the events of a story for people, in English with the Dutch labels of the service."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from textwrap import wrap
from zoneinfo import ZoneInfo

from examples.answers import reasons
from examples.scenes import Json
from examples.stage import DEMONSTRATION, PlayedScene, Stage

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
WIDTH = 110
STEP = " " * 4
REASON = " " * 6


def print_titles(titles: Iterable[str]) -> None:
    """Print the titles of the chapters to come, a line for each."""
    for chapter_title in titles:
        _say(chapter_title, first="", rest="   ")


def title(text: str) -> None:
    print("\n")
    _say(text, first="", rest="   ")
    print("=" * min(len(text), WIDTH))


def remark(text: str, *lines: str) -> None:
    """Print an observation between two steps."""
    print()
    _say(text, first="  * ", rest=STEP)
    for line in lines:
        _say(line, first=REASON, rest=REASON + "  ")


def scene(stage: Stage, played: PlayedScene) -> None:
    """Print a scene: the person and step, the states and the next action, or the refusal with its reasons."""
    script, player = played.scene, played.sent.by
    print()
    number = script.name.partition("-")[0]
    when = f"{in_amsterdam(script.when):%a %d %b %Y}"
    _say(f"{player.name}, {player.role}, {script.told}", first=f"{number}  {when}  ", rest=STEP)
    if played.after is None:
        _print_refusal(played.answer)
        return
    entry = played.answer["transition"]
    _say(f"{_both(entry['label'])}" + ("" if script.kind == "case" else f" [{script.part}]"))
    source, target = (_state(stage, script.kind, entry[name]) for name in ("source", "target"))
    _say(f"stays {target}" if source == target else f"{source} -> {target}")
    if script.opens:
        _say(f"begins: {', '.join(script.opens)}")
    _say(_next(played.after))


def history(entries: list[Json]) -> None:
    """Print the whole history, a line for each entry."""
    print(f"\n  {'no':>4}  {'day':<10}  {'part':<15}  {'trigger':<23}  {'from':<20}  {'to':<20}  who")
    for entry in entries:
        part = " ".join(filter(None, (entry["partKind"], entry["line"])))
        print(
            f"  {entry['sequence']:>4}  {entry['occurredAt'][:10]}  {part:<15}  {entry['trigger']:<23}"
            f"  {entry['source']:<20}  {entry['target']:<20}  {entry['by']['person']['name']}"
        )


def plain(named: Json) -> str:
    """Returns a name without the mark of fictional data."""
    return str(named["name"]).removesuffix(DEMONSTRATION)


def in_amsterdam(moment: datetime) -> datetime:
    return moment.astimezone(AMSTERDAM)


def today() -> date:
    return in_amsterdam(datetime.now(UTC)).date()


def _print_refusal(problem: Json) -> None:
    _say(f"Refused, {problem['status']} {problem['code']}. {problem['title']}: {problem['detail']}")
    if won := problem.get("won"):
        _say(f"first came: {won['trigger']} by the {won['role'].replace('_', ' ')}", first=f"{STEP}x ", rest=REASON)
    for reason, sentence in reasons(problem):
        _say(f"{reason}: {sentence}", first=f"{STEP}x ", rest=REASON)


def _state(stage: Stage, kind: str, code: str) -> str:
    return "(begins)" if code == "start" else _both(stage.labels[kind, code])


def _both(label: Json) -> str:
    english, dutch = label["en"], label["nl"]
    return str(english) if english == dutch else f"{english} / {dutch}"


def _next(part: Json) -> str:
    if part["party"] is None:
        return "next: nothing; nobody has to act any more"
    party = part["party"]
    who = plain(party["assignee"] or party["organisation"])
    return f"next: {party['label']['en']} ({who}), {_both(part['nextAction']['label'])}, by {part['dueOn']}"


def _say(text: str, *, first: str = STEP, rest: str = STEP) -> None:
    print("\n".join(wrap(text, WIDTH, initial_indent=first, subsequent_indent=rest)))
