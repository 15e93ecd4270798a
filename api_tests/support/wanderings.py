"""A random walk of a case: random people take random steps with it and its parts, after a look at the possible ones."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

import httpx

from api_tests.support.case_file import CaseFile
from api_tests.support.demonstration import ORGANISATION_IDS, PERSON_BY_ROLE
from api_tests.support.edges import Json, kind_name
from api_tests.support.people import Person
from api_tests.support.workflows import form_for
from service.people.use_cases.demonstration import PEOPLE

OUTSIDE_EXPERT = {"name": "Nadia Haddad", "organisation": "Elders (fictief)", "relationToCase": {"code": "none"}}
# An amendment needs an entry of its author, which not all people have: test_amendments.py covers it.
_EXCLUDED = ("amend", "transfer")


@dataclass(frozen=True)
class Attempt:
    """A step that a person tried, the offer of it before, and the answer."""

    part: Json
    expected_offer: Json
    answer: httpx.Response


def wander(case: CaseFile, random: Random, steps: int) -> Iterator[Attempt]:
    """Take random steps. Every other step is the next action of an open part; the rest is any step of any person."""
    count = 0
    while count < steps:
        view = case.view()
        parts = [view["main"], *view["parts"]]
        part = random.choice([item for item in parts if item["phase"] != "ended"] or parts)
        by = random.choice(people_to_act(part) if count % 2 and part["party"] else list(PERSON_BY_ROLE.values()))
        offered = _offered(case, case.people[by], part)
        if not offered["transitions"]:
            continue
        next_actions = [
            transition for transition in offered["transitions"] if count % 2 and transition["trigger"] == _next(part)
        ]
        foretold = random.choice(next_actions or offered["transitions"])
        answer = _try(case, part, foretold, by, offered["version"], random)
        count += 1
        yield Attempt(part, foretold, answer)


def people_to_act(part: Json) -> list[str]:
    """The people who hold the role at the organisation that must act."""
    role, organisation = part["party"]["role"], part["party"]["organisation"]["id"]
    return [
        person.key
        for person in PEOPLE
        if role in person.roles and str(ORGANISATION_IDS[person.organisation]) == organisation
    ]


def offer(case: CaseFile, by: str, part: Json) -> dict[str, Json]:
    """The offers to this person by trigger of the part."""
    return {transition["trigger"]: transition for transition in _offered(case, case.people[by], part)["transitions"]}


def _address(case: CaseFile, part: Json) -> str:
    return case.address(None if part["kind"] == "case" else part)


def _offered(case: CaseFile, person: Person, part: Json) -> Json:
    answer = person.get(f"{_address(case, part)}/possible-transitions")
    if answer.status_code == 404:
        return {"transitions": []}
    offers: Json = answer.json()
    offers["transitions"] = [
        transition for transition in offers["transitions"] if transition["trigger"] not in _EXCLUDED
    ]
    return offers


def _try(case: CaseFile, part: Json, foretold: Json, by: str, version: int, random: Random) -> httpx.Response:
    attempted_part = None if part["kind"] == "case" else part
    changes: dict[str, Any] = {}
    if foretold["trigger"] == "reassign" and part["party"]:
        members = [
            person.id
            for person in PEOPLE
            if str(ORGANISATION_IDS[person.organisation]) == part["party"]["organisation"]["id"]
            and part["party"]["role"] in person.roles
        ]
        changes = {"assignee_id": random.choice([None, *members])}
    if foretold["trigger"] == "take_up":
        # The chair who is named here may have issued the advice.
        changes = {"outside_expert": OUTSIDE_EXPERT}
    form = form_for(kind_name(attempted_part), foretold["trigger"], **changes)
    return case.attempt(foretold["trigger"], part=attempted_part, by=by, version=version, form=form)


def _next(part: Json) -> str | None:
    return part["nextAction"]["code"] if part["nextAction"] else None
