"""The command line: what each command does stands in service/commands."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import get_args

from pydantic import ValidationError

from service.app import IssuersRefused, NotMigrated
from service.commands.administering import make_administrator, set_up_region
from service.commands.documents import draw, write_openapi
from service.commands.keeping import migrate_database
from service.commands.serving import relay, run, serve
from service.commands.workflows import workflow
from service.domain.case import PartKind
from service.domain.rulebook import RulesRefused
from service.settings import faults
from service.storage.keys import MasterKeyRefused
from service.storage.protections import Unprotected
from service.use_cases.demonstration import ADemonstration, NotADemonstration
from service.use_cases.setting_up import SetUpRefused

COMMANDS: dict[str, Callable[..., None]] = {
    "run": run,
    "serve": serve,
    "relay": relay,
    "migrate": migrate_database,
    "openapi": write_openapi,
    "draw": draw,
    "administrator": make_administrator,
    "set-up": set_up_region,
    "workflow": workflow,
}


_NOT_STARTED = (
    RulesRefused, NotMigrated, Unprotected, MasterKeyRefused, NotADemonstration, ADemonstration, IssuersRefused,
)  # fmt: skip


def _add_workflow(acts: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """What `workflow try` and `workflow adopt` are asked with."""
    for name in ("try", "adopt"):
        act = acts.add_parser(name)
        act.add_argument("kind", choices=get_args(PartKind))
        act.add_argument("--map", dest="mapping", action="append", default=[], type=_pair, metavar="OLD=NEW")
        act.add_argument("--to", metavar="HASH", help="a known workflow; the one in force when left out")
        act.add_argument("--as", dest="asker", nargs=2, required=True, metavar=("ISSUER", "SUBJECT"))
        if name == "try":
            act.add_argument("--file", type=Path, metavar="FILE.toml", help="a workflow that is not in force yet")
        else:
            act.add_argument("--from", dest="old", required=True, metavar="HASH")
            act.add_argument("--grounds", required=True, metavar="WHY")


def _pair(text: str) -> tuple[str, str]:
    old, _, new = text.partition("=")
    return old, new


def main() -> None:
    """Do what the command says; what keeps the service from starting is said in a sentence, not in a trace."""
    parser = argparse.ArgumentParser(prog="python -m service", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    added = {name: commands.add_parser(name, help=command.__doc__) for name, command in COMMANDS.items()}
    for name in ("issuer", "subject", "name"):
        added["administrator"].add_argument(f"--{name}", required=True)
    added["set-up"].add_argument("file", type=Path, metavar="FILE.toml")
    added["set-up"].add_argument("--as", dest="asker", nargs=2, required=True, metavar=("ISSUER", "SUBJECT"))
    _add_workflow(added["workflow"].add_subparsers(dest="act", required=True, metavar="try|adopt"))
    given = vars(parser.parse_args())
    try:
        COMMANDS[given.pop("command")](**given)
    except _NOT_STARTED as refusal:
        raise SystemExit(f"not started: {refusal}") from None
    except ValidationError as wrong:
        raise SystemExit("\n".join(["not done:", *faults(wrong)])) from None
    except (SetUpRefused, OSError) as refusal:
        raise SystemExit(f"not done:\n{refusal}") from None


if __name__ == "__main__":
    main()
