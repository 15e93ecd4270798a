"""Rights to take a step: a table written by hand, compared with the answers of the service to each role."""

from collections.abc import Iterable
from typing import Any

from api_tests.support.case_file import CaseFile
from api_tests.support.demonstration import ORGANISATION_IDS, PERSON_BY_ROLE
from api_tests.support.every_step import Part, step_arguments, take_every_step
from api_tests.support.expected_triggers import BY_HAND, OF_A_FAMILY, OUTSIDERS, PERSON_OF
from api_tests.support.people import People
from api_tests.support.sabotages import broken_by
from api_tests.support.shared_case import FAR_AHEAD, sees_part, sees_whole
from api_tests.support.workflows import RULES, form_for
from service.workflows.rules.kinds import PartKind

BEYOND = {"sara": ("escalation", "ben-noord"), "mila": ("escalation", "cce")}
BEYOND |= {"tom": ("question", "steun"), "ulla": ("question", "cce")}
# A provider or payer who asked for a reconsideration sees its outcome.
RECONSIDERATION_ASKERS = {"ivo": "de-veste", "karim": "gemeente-haarlem"}
MAY, MAY_NOT, MAY_NOT_KNOW = "may take the step", "may not take it", "may not know of it"


def test_the_table_names_every_step_of_every_workflow() -> None:
    existing = {
        (kind, trigger.name)
        for kind in RULES.newest
        for trigger in RULES.current(kind).definition.triggers.values()
        if any(source != "start" for source, _ in trigger.edges)
    }

    assert {(kind, trigger) for kind, triggers in BY_HAND.items() for trigger in triggers} == existing


@broken_by(
    "A role can take only the steps that the field gives to it",
    "workflows/case.toml",
    'roles = ["local_team", "parent", "young_person", "coordinator", "expert", "expert_by_experience"]',
    'roles = ["local_team", "parent", "young_person", "coordinator", "screener", "expert", "expert_by_experience"]',
)
def test_every_role_may_take_the_steps_that_the_field_gives_it_and_no_other(people: People) -> None:
    compared, differences = set[tuple[str, str]](), list[str]()

    def compare(case: CaseFile, trigger: str, part: Part) -> None:
        kind = part["kind"] if part else "case"
        # Notes are compared again, since experts and the liaison come to see a case on its way.
        if (kind, trigger) not in compared or trigger == "add_note":
            compared.add((kind, trigger))
            expected = _expected(kind, trigger, _readers(case, part))
            answers = _answers(case, trigger, part, expected)
            differences.extend(
                f"{kind} {trigger} by {key}: {expected[key]}, but the answer was {answers[key]}"
                for key in expected
                if answers[key] != expected[key]
            )
        case.fire(trigger, part=part, **step_arguments(case, trigger, part))

    take_every_step(lambda: CaseFile.submitted(people), lambda: CaseFile.ask_consult(people), compare)

    assert differences == []
    assert compared == {(kind, trigger) for kind, triggers in BY_HAND.items() for trigger in triggers}


@broken_by(
    "A family takes its own steps in its case and no step of the team",
    "workflows/case.toml",
    'roles = ["coordinator", "screener"]\nform = "proceeding@1"',
    'roles = ["coordinator", "screener", "parent"]\nform = "proceeding@1"',
)
def test_a_family_takes_the_steps_that_are_its_own_in_the_case_that_it_brought_and_no_other(people: People) -> None:
    answers = dict[tuple[str, str], dict[str, str]]()

    def compare(case: CaseFile, trigger: str, part: Part) -> None:
        kind: PartKind = part["kind"] if part else "case"
        options = step_arguments(case, trigger, part)
        if (kind, trigger) not in answers:
            answers[kind, trigger] = _answers(case, trigger, part, ("wilma", "yara", "anna"))
        roles = RULES.current(kind).definition.triggers[trigger].roles
        if (
            options.get("by", PERSON_BY_ROLE[roles[0]]) == "anna"
        ):  # a step of Anna in other cases; she did not bring this one
            options["by"] = "wilma" if "parent" in roles else "hanna"
        case.fire(trigger, part=part, **options)

    take_every_step(
        lambda: CaseFile.submitted(people, by="wilma"), lambda: CaseFile.ask_consult(people, by="wilma"), compare
    )

    assert answers == {
        (kind, trigger): {"wilma": may, "yara": MAY_NOT if of_wilma_alone else may, "anna": MAY_NOT_KNOW}
        for kind, triggers in BY_HAND.items()
        for trigger in triggers
        for may in [MAY if trigger in OF_A_FAMILY.get(kind, ()) else MAY_NOT]
        for of_wilma_alone in [kind == "file_request" and trigger != "ask_about_file"]  # a request that Wilma made
    }


def test_only_a_local_team_and_a_family_submit_a_case(people: People) -> None:
    body = {"trigger": "submit", "form": form_for("case", "submit"), "occurredAt": FAR_AHEAD}

    statuses = {key: person.post("/cases", body).status_code for key, person in people.items()}

    submitters = {"anna", "bram", "otto", "wilma", "yara"}
    assert statuses == {key: 400 if key in submitters else 403 for key in people}


def _readers(case: CaseFile, part: Part) -> set[str]:
    state = case.state
    escalated = any(
        _is_put_to("mila", escalation) and escalation["phase"] != "ended" for escalation in case.parts("escalation")
    )
    return {
        key
        for key in (*PERSON_OF.values(), *OUTSIDERS)
        if sees_whole(key, "JZ11", state, escalated=escalated) or (part and _is_put_to(key, part))
    }


def _is_put_to(key: str, part: dict[str, Any]) -> bool:
    """Here De Veste has lines A and B, and Haarlem pays both; what goes beyond the region is put to a body by name."""
    kind, organisation = (
        ("reconsideration", RECONSIDERATION_ASKERS[key]) if key in RECONSIDERATION_ASKERS else BEYOND.get(key, ("", ""))
    )
    if part["kind"] == kind and part["addressee"]:
        return bool(part["addressee"]["id"] == str(ORGANISATION_IDS[organisation]))
    if part["kind"] in ("file_request", "emergency_access", "entry_destruction") and key in ("quint", "petra"):
        # The data-protection officer of the team, and Petra while her emergency access lasts.
        return key == "quint" or part["kind"] == "emergency_access"
    return part["line"] in ("A", "B") and sees_part(key, part["kind"], "A")


def _expected(kind: str, trigger: str, readers: set[str]) -> dict[str, str]:
    expected = {key: MAY_NOT if key in readers else MAY_NOT_KNOW for key in (*PERSON_OF.values(), *OUTSIDERS)}
    may = {PERSON_OF[letter] for letter in BY_HAND[kind][trigger]}
    may |= {"petra"} if (kind, trigger) in {("emergency_access", "amend"), ("emergency_access", "add_note")} else set()
    return expected | dict.fromkeys(may & readers, MAY)


def _answers(case: CaseFile, trigger: str, part: Part, keys: Iterable[str]) -> dict[str, str]:
    """Returns each person's outcome of the step, asked for at a moment that has not come yet."""
    form = step_arguments(case, trigger, part).get("form")
    version = int(case.people.esra.get(case.address(part)).headers["ETag"].strip('"'))
    answers = {}
    for key in keys:
        answer = case.attempt(trigger, by=key, part=part, version=version, form=form, occurred_at=FAR_AHEAD)
        code = answer.json()["code"]
        answers[key] = {(400, "invalid"): MAY, (409, "guards_not_met"): MAY}.get((answer.status_code, code), "")
        answers[key] = answers[key] or {403: MAY_NOT, 404: MAY_NOT_KNOW}.get(answer.status_code, answer.text)
    return answers
