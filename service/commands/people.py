"""The commands administrator and set-up: the first administrator, and the organisations and people of a region."""

import sys
from pathlib import Path

from service.commands.database import run_in_transaction
from service.identity.caller import Caller
from service.people.rules.decisions import NewPerson
from service.people.use_cases.administer import make_first_administrator
from service.people.use_cases.region_file import apply_region_file, read_region_file
from service.vocabulary.utf8 import read_text_file


def make_administrator(issuer: str, subject: str, name: str) -> None:
    """Make the first administrator of an installation without one."""
    person = NewPerson(issuer=issuer, subject=subject, name=name)
    if not run_in_transaction(lambda transaction, _: make_first_administrator(transaction, person)):
        raise SystemExit("not done: this installation already has an administrator, who can add others over the API")


def set_up_region(file: Path, caller: tuple[str, str]) -> None:
    """Create what a region file lists, as this administrator; what exists already stays as it is."""
    region_file = read_region_file(read_text_file(file))
    administrator = Caller(*caller, trace_id="")
    changes = run_in_transaction(
        lambda transaction, rules: apply_region_file(transaction, administrator, region_file, rules=rules)
    )
    for change in changes:
        details = " ".join(f"{name}={value}" for name, value in change.effect.details.items())
        sys.stdout.write(f"{change.effect.action} {change.effect.subject} {details}".rstrip() + "\n")
    sys.stdout.write(f"{len(changes)} changes\n")
