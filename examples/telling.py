"""Telling: what happens on the stage, as lines that a person likes to read. English, with the Dutch of the service."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from textwrap import wrap
from zoneinfo import ZoneInfo

from examples.answers import reasons
from examples.scenes import Json
from examples.stage import DEMONSTRATION, Played, Stage

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
WIDTH = 110
STEP = " " * 4
REASON = " " * 6


def contents(titles: Iterable[str]) -> None:
    """What is going to be told, a line for each chapter."""
    for one in titles:
        _say(one, first="", rest="   ")


def title(text: str) -> None:
    print("\n")
    _say(text, first="", rest="   ")
    print("=" * min(len(text), WIDTH))


def aside(text: str, *lines: str) -> None:
    """Something that is looked at between two steps."""
    print()
    _say(text, first="  * ", rest=STEP)
    for line in lines:
        _say(line, first=REASON, rest=REASON + "  ")


def scene(stage: Stage, played: Played) -> None:
    """Who did what, from which state to which and who acts next; or which refusal was met and why."""
    told, player = played.scene, played.sent.by
    print()
    number = told.name.partition("-")[0]
    when = f"{in_amsterdam(told.when):%a %d %b %Y}"
    _say(f"{player.name}, {player.role}, {told.told}", first=f"{number}  {when}  ", rest=STEP)
    if played.after is None:
        _refused(played.answer)
        return
    entry = played.answer["transition"]
    _say(f"{_both(entry['label'])}" + ("" if told.kind == "case" else f" [{told.part}]"))
    source, target = (_state(stage, told.kind, entry[name]) for name in ("source", "target"))
    _say(f"stays {target}" if source == target else f"{source} -> {target}")
    if told.opens:
        _say(f"begins: {', '.join(told.opens)}")
    _say(_next(played.after))


def history(entries: list[Json]) -> None:
    """The whole history, a line for each entry."""
    print(f"\n  {'no':>4}  {'day':<10}  {'part':<15}  {'trigger':<23}  {'from':<20}  {'to':<20}  who")
    for it in entries:
        part = " ".join(filter(None, (it["partKind"], it["line"])))
        print(
            f"  {it['sequence']:>4}  {it['occurredAt'][:10]}  {part:<15}  {it['trigger']:<23}  {it['source']:<20}"
            f"  {it['target']:<20}  {it['by']['person']['name']}"
        )


def plain(named: Json) -> str:
    """A name without the mark that it is made up."""
    return str(named["name"]).removesuffix(DEMONSTRATION)


def in_amsterdam(moment: datetime) -> datetime:
    return moment.astimezone(AMSTERDAM)


def today() -> date:
    return in_amsterdam(datetime.now(UTC)).date()


def _refused(problem: Json) -> None:
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
