"""A case that wanders: random people take random steps with it and its parts, told beforehand what is possible."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

import httpx

from api_tests.support.case_file import CaseFile
from api_tests.support.demonstration import ORGANISATION_IDS, WHO
from api_tests.support.edges import Json, told
from api_tests.support.people import Person
from api_tests.support.workflows import form_for
from service.people.use_cases.demonstration import PEOPLE

OUTSIDE_EXPERT = {"name": "Nadia Haddad", "organisation": "Elders (fictief)", "relationToCase": {"code": "none"}}
# An amendment needs an entry of one's own to amend, which not everybody has: test_amendments.py is about it.
_LEFT_OUT = ("amend", "transfer")


@dataclass(frozen=True)
class Tried:
    """A step that somebody tried, what they had been told of it before, and the answer."""

    part: Json
    foretold: Json
    answer: httpx.Response


def wander(case: CaseFile, random: Random, steps: int) -> Iterator[Tried]:
    """Every other step is the next action of something open; the others are anybody's, also what is refused."""
    tried = 0
    while tried < steps:
        seen = case.seen()
        everything = [seen["main"], *seen["parts"]]
        part = random.choice([it for it in everything if it["phase"] != "ended"] or everything)
        by = random.choice(acting_for(part) if tried % 2 and part["party"] else list(WHO.values()))
        offered = _offered(case, case.people[by], part)
        if not offered["transitions"]:
            continue
        wanted = [
            transition for transition in offered["transitions"] if tried % 2 and transition["trigger"] == _next(part)
        ]
        foretold = random.choice(wanted or offered["transitions"])
        answer = _try(case, part, foretold, by, offered["version"], random)
        tried += 1
        yield Tried(part, foretold, answer)


def acting_for(part: Json) -> list[str]:
    """Everybody who holds the role at the organisation that must act."""
    role, organisation = part["party"]["role"], part["party"]["organisation"]["id"]
    return [
        person.key
        for person in PEOPLE
        if role in person.roles and str(ORGANISATION_IDS[person.organisation]) == organisation
    ]


def offer(case: CaseFile, by: str, part: Json) -> dict[str, Json]:
    """What this person is told about each step of the part."""
    return {transition["trigger"]: transition for transition in _offered(case, case.people[by], part)["transitions"]}


def _address(case: CaseFile, part: Json) -> str:
    return case.address(None if part["kind"] == "case" else part)


def _offered(case: CaseFile, person: Person, part: Json) -> Json:
    answer = person.get(f"{_address(case, part)}/possible-transitions")
    if answer.status_code == 404:
        return {"transitions": []}
    found: Json = answer.json()
    found["transitions"] = [transition for transition in found["transitions"] if transition["trigger"] not in _LEFT_OUT]
    return found


def _try(case: CaseFile, part: Json, foretold: Json, by: str, version: int, random: Random) -> httpx.Response:
    beside = None if part["kind"] == "case" else part
    changes: dict[str, Any] = {}
    if foretold["trigger"] == "reassign" and part["party"]:
        works_there = [
            person.id
            for person in PEOPLE
            if str(ORGANISATION_IDS[person.organisation]) == part["party"]["organisation"]["id"]
        ]
        changes = {"assignee_id": random.choice([None, *works_there])}
    if foretold["trigger"] == "take_up":
        # Whoever wandered into issuing the advice may be the chair who is named here.
        changes = {"outside_expert": OUTSIDE_EXPERT}
    form = form_for(told(beside), foretold["trigger"], **changes)
    return case.attempt(foretold["trigger"], part=beside, by=by, version=version, form=form)


def _next(part: Json) -> str | None:
    return part["nextAction"]["code"] if part["nextAction"] else None
