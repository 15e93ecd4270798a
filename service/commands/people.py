"""Administering from the command line: the first administrator, and what stands around the cases as a file says."""

import sys
from pathlib import Path

from service.commands.database import done
from service.identity.caller import Caller
from service.people.rules.decisions import NewPerson
from service.people.use_cases.administer import make_first_administrator
from service.people.use_cases.region_file import read_set_up, set_up


def make_administrator(issuer: str, subject: str, name: str) -> None:
    """Make the first administrator of an installation that nobody administers."""
    person = NewPerson(issuer=issuer, subject=subject, name=name)
    if not done(lambda transaction, _: make_first_administrator(transaction, person)):
        raise SystemExit("not done: somebody administers this installation already, and adds others over the API")


def set_up_region(file: Path, caller: tuple[str, str]) -> None:
    """Make what stands around the cases as a file says, as this administrator; what it says already stays."""
    wanted = read_set_up(file.read_text(encoding="utf-8"))
    who = Caller(*caller, trace_id="")
    changes = done(lambda transaction, rules: set_up(transaction, who, wanted, rules=rules))
    for it in changes:
        told = " ".join(f"{name}={value}" for name, value in it.effect.details.items())
        sys.stdout.write(f"{it.effect.action} {it.effect.subject} {told}".rstrip() + "\n")
    sys.stdout.write(f"{len(changes)} changes\n")
