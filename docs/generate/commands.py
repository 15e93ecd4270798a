"""docs/reference/commands.md: the command line of the service, and the targets of make."""

import argparse
import re
from pathlib import Path

from docs.generate.markdown import code, table
from service.__main__ import command_line

ROOT = Path(__file__).parents[2]

_INTRODUCTION = """\
# Commands

`python -m service COMMAND` runs the service and its administration; `--help` after a command tells the same as this
page. In a checkout that `make` set up, the interpreter is `.venv/bin/python`. The exit code is 0 when a command did its
work, 1 when it refuses (one sentence on standard error says why), 2 when the command itself is not understood.
"""


def commands_page() -> str:
    parser = command_line()
    text = [_INTRODUCTION, "## Make", "", table(("Command", "What it does"), _make_targets()), "", "## Service", ""]
    for name, described, command in _commands(parser):
        text += [f"### {name}", "", f"{' '.join(described.split()).rstrip('.')}.", "", *_arguments(command)]
    return "\n".join(text)


def _make_targets() -> list[tuple[str, str]]:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    return [
        (code(f"make {name}"), described)
        for name, described in re.findall(r"^([a-z-]+):.*## (.+)$", makefile, re.MULTILINE)
    ]


def _commands(parser: argparse.ArgumentParser) -> list[tuple[str, str, argparse.ArgumentParser]]:
    """Returns name, one line of help, and parser of each command, those of a command after it."""
    listed = []
    for action in parser._actions:  # noqa: SLF001 - argparse shows its commands nowhere else
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            helps = {choice.dest: choice.help or "" for choice in action._choices_actions}  # noqa: SLF001
            for name, command in action.choices.items():
                listed.append((command.prog.removeprefix("python -m service "), helps.get(name, ""), command))
                listed += _commands(command)
    return listed


def _arguments(command: argparse.ArgumentParser) -> list[str]:
    rows = []
    for action in command._actions:  # noqa: SLF001
        if not isinstance(action, argparse._HelpAction | argparse._SubParsersAction):  # noqa: SLF001
            shown = " ".join(_values(action))
            name = code(f"{action.option_strings[0]} {shown}".strip() if action.option_strings else shown)
            rows.append((name, "yes" if action.required else "no", action.help or ""))
    return [table(("Argument", "Required", "What it is"), rows), ""] if rows else []


def _values(action: argparse.Action) -> tuple[str, ...]:
    """The words that stand for the values of an argument; none for a switch."""
    match action.metavar:
        case tuple() as several:
            return several
        case str() as one:
            return (one,)
        case _ if action.nargs == 0:
            return ()
        case _ if action.choices:
            return ("|".join(map(str, action.choices)),)
        case _:
            return (action.dest.upper(),)
