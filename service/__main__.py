"""The command line of Casusroute. The commands themselves stand in service/commands."""

import argparse
from collections.abc import Callable
from pathlib import Path

from pydantic import ValidationError

from service.app import IssuersRefused, NotMigrated, NoWorkflows
from service.commands.backup import back_up, recover, restore
from service.commands.documents import draw, write_openapi
from service.commands.keys import remove_unused_keys
from service.commands.listen_sockets import AddressRefused
from service.commands.migrate import migrate_database
from service.commands.people import make_administrator, set_up_region
from service.commands.retention import propose_destructions, sweep_up
from service.commands.roles import make_roles
from service.commands.serve import relay, run, serve
from service.commands.verify import digest, verify
from service.commands.workflows import workflow
from service.database.engine import DatabaseUrlRefused
from service.database.keyring import MasterKeyRefused
from service.database.outage import outage_cause
from service.database.private_files import FileNotPrivate
from service.database.protections import ProtectionMissing
from service.database.row_security import RowSecurityNotBinding
from service.integrity.store.backup import BackupRefused
from service.kinds import KINDS
from service.people.use_cases.demonstration import DemonstrationPeoplePresent, RealPeoplePresent
from service.people.use_cases.region_file import RegionFileRefused
from service.retention.store.destruction_list import DestructionListRefused
from service.retention.store.sweep import SweepRefused
from service.settings import fault_lines
from service.vocabulary.refusals import Unavailable
from service.vocabulary.utf8 import NotUtf8
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
    "remove-unused-keys": remove_unused_keys,
    "verify": verify,
    "digest": digest,
    "backup": back_up,
    "restore": restore,
    "recover": recover,
}


_NOT_STARTED = (
    RulesRefused, NotMigrated, ProtectionMissing, RowSecurityNotBinding, MasterKeyRefused, RealPeoplePresent,
    DemonstrationPeoplePresent,
    IssuersRefused, DestructionListRefused, AddressRefused, FileNotPrivate, DatabaseUrlRefused, NoWorkflows,
)  # fmt: skip


def _add_workflow_arguments(subcommands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the arguments of `workflow try` and `workflow adopt`."""
    for name, help_text in (
        ("try", "Tell of each running case whether it fits another version of its workflow."),
        ("adopt", "Move running cases to another version of their workflow, by recorded steps."),
    ):
        subcommand = subcommands.add_parser(name, help=help_text)
        subcommand.add_argument("kind", choices=tuple(KINDS))
        subcommand.add_argument("--map", dest="mapping", action="append", default=[], type=_pair, metavar="OLD=NEW")
        subcommand.add_argument("--to", metavar="HASH", help="a known workflow; the one in force when left out")
        subcommand.add_argument("--as", dest="caller", nargs=2, required=True, metavar=("ISSUER", "SUBJECT"))
        if name == "try":
            subcommand.add_argument("--file", type=Path, metavar="FILE.toml", help="a workflow not yet in force")
        else:
            subcommand.add_argument("--from", dest="old", required=True, metavar="HASH")
            subcommand.add_argument("--grounds", required=True, metavar="WHY")


def _pair(text: str) -> tuple[str, str]:
    old, _, new = text.partition("=")
    return old, new


def command_line() -> argparse.ArgumentParser:
    """The parser of all commands; docs/reference/commands.md is made from it."""
    parser = argparse.ArgumentParser(prog="python -m service", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    parsers = {name: commands.add_parser(name, help=command.__doc__) for name, command in COMMANDS.items()}
    for name in ("issuer", "subject", "name"):
        parsers["administrator"].add_argument(f"--{name}", required=True)
    parsers["set-up"].add_argument("file", type=Path, metavar="FILE.toml")
    for name in ("set-up", "propose-destructions"):
        parsers[name].add_argument("--as", dest="caller", nargs=2, required=True, metavar=("ISSUER", "SUBJECT"))
    parsers["verify"].add_argument("--case", metavar="NUMBER_OR_ID", help="verify this case only")
    parsers["verify"].add_argument("--against", type=Path, metavar="FILE", help="an earlier digest, kept elsewhere")
    parsers["verify"].add_argument("--json", dest="as_json", action="store_true", help="print one JSON line per case")
    parsers["backup"].add_argument("folder", type=Path, metavar="FOLDER", help="a new folder")
    for name in ("data", "keys"):
        parsers["restore"].add_argument(f"--{name}", type=Path, metavar="FILE", required=True)
    for name in ("restore", "recover"):
        parsers[name].add_argument(
            "--destructions",
            type=Path,
            metavar="FILE",
            nargs="*",
            default=[],
            help="destruction lists kept elsewhere, applied as well",
        )
    parsers["roles"].add_argument(
        "--apply", action="store_true", help="run the SQL as the role of CASUSROUTE_OWNER_URL"
    )
    _add_workflow_arguments(parsers["workflow"].add_subparsers(dest="act", required=True, metavar="try|adopt"))
    return parser


def main() -> None:
    """Run the command of the arguments. An expected refusal ends the process with a sentence and no stack trace."""
    arguments = vars(command_line().parse_args())
    try:
        COMMANDS[arguments.pop("command")](**arguments)
    except Unavailable as refusal:
        raise SystemExit(f"not started: {outage_cause(refusal)}") from None
    except _NOT_STARTED as refusal:
        raise SystemExit(f"not started: {refusal}") from None
    except ValidationError as error:
        raise SystemExit("\n".join(["not done:", *fault_lines(error)])) from None
    except (RegionFileRefused, SweepRefused, BackupRefused, NotUtf8, OSError) as refusal:
        raise SystemExit(f"not done:\n{refusal}") from None


if __name__ == "__main__":
    main()
