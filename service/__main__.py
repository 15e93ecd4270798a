"""The command line: what each command does stands in service/commands."""

import argparse
from collections.abc import Callable
from pathlib import Path

from pydantic import ValidationError

from service.app import IssuersRefused, NotMigrated
from service.commands.backup import back_up, recover, restore
from service.commands.documents import draw, write_openapi
from service.commands.listening import AddressRefused
from service.commands.migrate import migrate_database
from service.commands.people import make_administrator, set_up_region
from service.commands.retention import propose_destructions, sweep_up
from service.commands.roles import make_roles
from service.commands.serve import relay, run, serve
from service.commands.verify import digest, verify
from service.commands.workflows import workflow
from service.database.keyring import MasterKeyRefused
from service.database.own_files import OpenToOthers
from service.database.protections import Unprotected
from service.database.row_security import NoSecondWall
from service.integrity.store.backup import BackupRefused
from service.kinds import KINDS
from service.people.use_cases.demonstration import ADemonstration, NotADemonstration
from service.people.use_cases.region_file import SetUpRefused
from service.retention.store.certificate_list import ListRefused
from service.retention.store.sweep import NotSwept
from service.settings import faults
from service.vocabulary.refusals import Unavailable
from service.workflows.rules.rulebook import RulesRefused

COMMANDS: dict[str, Callable[..., None]] = {
    "run": run,
    "serve": serve,
    "relay": relay,
    "migrate": migrate_database,
    "roles": make_roles,
    "openapi": write_openapi,
    "draw": draw,
    "administrator": make_administrator,
    "set-up": set_up_region,
    "workflow": workflow,
    "propose-destructions": propose_destructions,
    "sweep": sweep_up,
    "verify": verify,
    "digest": digest,
    "backup": back_up,
    "restore": restore,
    "recover": recover,
}


_NOT_STARTED = (
    RulesRefused, NotMigrated, Unprotected, NoSecondWall, MasterKeyRefused, NotADemonstration, ADemonstration,
    IssuersRefused, ListRefused, AddressRefused, OpenToOthers,
)  # fmt: skip


def _add_workflow(acts: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """What `workflow try` and `workflow adopt` are asked with."""
    for name in ("try", "adopt"):
        act = acts.add_parser(name)
        act.add_argument("kind", choices=tuple(KINDS))
        act.add_argument("--map", dest="mapping", action="append", default=[], type=_pair, metavar="OLD=NEW")
        act.add_argument("--to", metavar="HASH", help="a known workflow; the one in force when left out")
        act.add_argument("--as", dest="caller", nargs=2, required=True, metavar=("ISSUER", "SUBJECT"))
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
    for name in ("set-up", "propose-destructions"):
        added[name].add_argument("--as", dest="caller", nargs=2, required=True, metavar=("ISSUER", "SUBJECT"))
    added["verify"].add_argument("--case", metavar="NUMBER_OR_ID", help="this case alone")
    added["verify"].add_argument("--against", type=Path, metavar="FILE", help="a digest that was kept elsewhere")
    added["verify"].add_argument("--json", dest="as_json", action="store_true", help="a line of JSON for each case")
    added["backup"].add_argument("folder", type=Path, metavar="FOLDER", help="a new one")
    for name in ("data", "keys"):
        added["restore"].add_argument(f"--{name}", type=Path, metavar="FILE", required=True)
    for name in ("restore", "recover"):
        added[name].add_argument(
            "--destructions",
            type=Path,
            metavar="FILE",
            nargs="*",
            default=[],
            help="lists kept elsewhere, followed as well",
        )
    added["roles"].add_argument("--apply", action="store_true", help="do it, as the role of CASUSROUTE_OWNER_URL")
    _add_workflow(added["workflow"].add_subparsers(dest="act", required=True, metavar="try|adopt"))
    given = vars(parser.parse_args())
    try:
        COMMANDS[given.pop("command")](**given)
    except Unavailable:
        raise SystemExit("not started: the database does not answer, or is held by somebody else") from None
    except _NOT_STARTED as refusal:
        raise SystemExit(f"not started: {refusal}") from None
    except ValidationError as wrong:
        raise SystemExit("\n".join(["not done:", *faults(wrong)])) from None
    except (SetUpRefused, NotSwept, BackupRefused, OSError) as refusal:
        raise SystemExit(f"not done:\n{refusal}") from None


if __name__ == "__main__":
    main()
