"""The command line: run, serve, relay, migrate, openapi, draw."""

import argparse
import asyncio
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, get_args
from uuid import uuid4

import uvicorn
from pydantic import ValidationError

from service import __version__
from service.api.workflow_versions import progress_view, trial_view
from service.app import NotMigrated, build, build_relay, create_api, prepared, read_folder
from service.domain.administration import NewPerson
from service.domain.case import PartKind
from service.domain.definition import json_schema
from service.domain.drawing import redraw
from service.domain.messages import say
from service.domain.refusals import Invalid, NotAllowed, NotKnown, Refusal
from service.domain.rulebook import Rulebook, RulesRefused
from service.logs import configure
from service.settings import Settings, table
from service.storage.database import Database, open_engine
from service.storage.keys import MasterKeyRefused
from service.storage.migrating import migrate
from service.storage.protections import Unprotected
from service.storage.unit import Unit
from service.use_cases.administration import make_first_administrator
from service.use_cases.asking import Asker, Once
from service.use_cases.demonstration import ORGANISATIONS, PEOPLE, NotADemonstration
from service.use_cases.setting_up import SetUpRefused, read_set_up, set_up
from service.use_cases.workflow_versions import Intended, Trial, adopt, make_plan, progress, try_version

T = TypeVar("T")
Pairs = list[tuple[str, str]]
ROOT = Path(__file__).parents[1]
LOOPBACK = ("127.0.0.1", "::1", "localhost")


def run() -> None:
    """Set everything up and serve the demonstration region."""
    settings = Settings(mode="demonstration")
    if settings.host not in LOOPBACK:
        raise SystemExit("a demonstration is served on this machine only: leave CASUSROUTE_HOST at 127.0.0.1")
    migrate(open_engine(settings.database_url))
    _serve(settings, _welcome(settings))


def serve() -> None:
    """Serve a database that was migrated before."""
    _serve(Settings(), "")


def _serve(settings: Settings, welcome: str) -> None:
    configure(settings.log_level)
    built = build(settings)
    if welcome:
        sys.stdout.write(welcome)
        sys.stdout.flush()
    uvicorn.run(
        built.application, host=settings.host, port=settings.port, access_log=False, log_config=None,
        server_header=False, timeout_graceful_shutdown=10,
    )  # fmt: skip


def relay() -> None:
    """Fill the feeds and call webhooks, as a process of its own."""
    settings = Settings()
    configure(settings.log_level)
    asyncio.run(build_relay(settings).by_itself())


def migrate_database() -> None:
    """Bring the database to the schema of this version."""
    migrate(open_engine(Settings().database_url))


def make_administrator(issuer: str, subject: str, name: str) -> None:
    """Make the first administrator of an installation that nobody administers."""
    person = NewPerson(issuer=issuer, subject=subject, name=name)
    if not _done(lambda unit, _: make_first_administrator(unit, person)):
        raise SystemExit("not done: somebody administers this installation already, and adds others over the API")


def set_up_region(file: Path, asker: tuple[str, str]) -> None:
    """Make what stands around the cases as a file says, as this administrator; what it says already stays."""
    wanted = read_set_up(file.read_text(encoding="utf-8"))
    who = Asker(*asker, trace_id="")
    changes = _done(lambda unit, rules: set_up(unit, who, wanted, rules=rules))
    for it in changes:
        told = " ".join(f"{name}={value}" for name, value in it.effect.details.items())
        sys.stdout.write(f"{it.effect.action} {it.effect.subject} {told}".rstrip() + "\n")
    sys.stdout.write(f"{len(changes)} changes\n")


def workflow(act: str, asker: tuple[str, str], **given: Any) -> None:
    """Try a version of a workflow on all cases that run on others, or let these adopt it; both answer in JSON."""
    who = Asker(*asker, trace_id="")
    if act == "try":
        _try_version(who, **given)
    else:
        _adopt_version(who, **given)


def _try_version(who: Asker, kind: PartKind, mapping: Pairs, to: str | None, file: Path | None) -> None:
    text = file.read_text(encoding="utf-8") if file else None
    trial = Trial(kind=kind, mapping=dict(mapping), to=to, definition=text)
    with _opened() as (database, rules):
        tried = database.read_now(lambda unit: try_version(unit, who, trial, rules=rules))
    sys.stdout.write(trial_view(tried).model_dump_json(by_alias=True, indent=2) + "\n")


def _adopt_version(who: Asker, kind: PartKind, mapping: Pairs, to: str | None, old: str, grounds: str) -> None:
    """Part by part, each in its own transaction: the same command goes on where an earlier one was broken off."""
    intended = Intended(kind=kind, old=old, new=to, mapping=dict(mapping))
    once = Once(str(uuid4()), "")
    with _opened() as (database, rules):
        plan, _ = database.write_now(lambda unit: make_plan(unit, who, intended, once, rules=rules))
        hash_ = plan.definition.hash
        for it in database.read_now(lambda unit: progress(unit, who, hash_, rules=rules)).left:
            moved = partial(adopt, asker=who, plan_hash=hash_, part=it.part, grounds=grounds, rules=rules)
            database.write_now(moved)
        view = database.read_now(lambda unit: progress_view(unit, progress(unit, who, hash_, rules=rules)))
    sys.stdout.write(view.model_dump_json(by_alias=True, indent=2) + "\n")


def _done(work: Callable[[Unit, Rulebook], T]) -> T:
    """The work in one transaction on the database of the settings: all of it, or nothing."""
    with _opened() as (database, rules):
        return database.write_now(lambda unit: work(unit, rules))


@contextmanager
def _opened() -> Iterator[tuple[Database, Rulebook]]:
    """The database of the settings, ready for work; a refusal is said in a sentence."""
    database, rules = prepared(Settings())
    try:
        yield database, rules
    except (NotKnown, NotAllowed):
        raise SystemExit("not done: --as names nobody who administers this installation") from None
    except Invalid as refusal:
        raise SystemExit("\n".join(["not done:", *(f"{it.location} {it.words.en}" for it in refusal.errors)])) from None
    except Refusal as refusal:
        raise SystemExit(f"not done: {say('details', refusal.code, refusal.facts()).en}") from None
    finally:
        database.close()


def write_openapi() -> None:
    """Write openapi/openapi.json."""
    (ROOT / "openapi" / "openapi.json").write_text(published(), encoding="utf-8")


def published() -> str:
    """The text of openapi/openapi.json: the document of a service at an example address."""
    api = create_api(read_folder(ROOT / "workflows"), "https://casusroute.example")
    return json.dumps(api.openapi(), indent=2, ensure_ascii=False) + "\n"


def draw() -> None:
    """Draw the workflows and the settings into the README, and write the JSON Schema of workflows."""
    readme = ROOT / "README.md"
    readme.write_text(drawn(readme.read_text(encoding="utf-8")), encoding="utf-8")
    (ROOT / "workflows" / "workflow.schema.json").write_text(json_schema(), encoding="utf-8")


def drawn(readme: str) -> str:
    """The README with what is drawn from the files and the code."""
    definitions = [it.definition for it in read_folder(ROOT / "workflows").newest.values()]
    before, rest = redraw(readme, definitions).split("<!-- settings -->")
    return f"{before}<!-- settings -->\n{table()}\n<!-- /settings -->{rest.split('<!-- /settings -->')[1]}"


def _welcome(settings: Settings) -> str:
    url = settings.address
    people = "\n".join(
        f"  {it.key:<7} {it.name:<16} {', '.join(it.roles):<24} {_ORGANISATIONS[it.organisation]}" for it in PEOPLE
    )
    return f"""
Casusroute {__version__}, demonstration region (fictional people, real regions JZ10 and JZ11)
  service        {url}/v1
  documentation  {url}/v1/docs
  database       {settings.database_url}

Act as somebody (a token for an hour):
{people}

  TOKEN=$(curl -s {url}/v1/demonstration/tokens -H 'Content-Type: application/json' \\
    -d '{{"person":"carla"}}' | python3 -c 'import json,sys; print(json.load(sys.stdin)["accessToken"])')
  curl -s {url}/v1/me -H "Authorization: Bearer $TOKEN"

Try first, in a second terminal:  make story BASE_URL={url}
Then look as carla at what waits:  curl -s '{url}/v1/work-items?whose=team' -H "Authorization: Bearer $TOKEN"
Stop with Ctrl-C; the data stays.
"""


_ORGANISATIONS = {it.key: it.name for it in ORGANISATIONS}
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
    except (RulesRefused, NotMigrated, Unprotected, MasterKeyRefused, NotADemonstration) as refusal:
        raise SystemExit(f"not started: {refusal}") from None
    except (SetUpRefused, ValidationError, OSError) as refusal:
        raise SystemExit(f"not done:\n{refusal}") from None


if __name__ == "__main__":
    main()
