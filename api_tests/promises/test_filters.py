"""An unknown value of a filter is refused with the known values, not answered with an empty list."""

import tomllib

import pytest

from api_tests.support.checkout import ROOT
from api_tests.support.people import People
from api_tests.support.problems import problem_of
from api_tests.support.sabotages import Returns, broken_by

ROLES = "lokaal team (local_team), ouder (parent), jongere (young_person), "
UNKNOWN = {
    "/cases?state=nergens": ("state", "unknown_code", "Aangemeld (submitted)"),
    "/cases?state=0;DROP": ("state", "unknown_code", "Hulp gestart (help_started)"),
    "/work-items?state=nergens": ("state", "unknown_code", "Gezocht (sought)"),
    "/work-items?kind=placement&state=submitted": ("state", "unknown_code", "Gezocht (sought)"),
    "/cases?party=iedereen": ("party", "enum", ROLES),
    "/work-items?party=iedereen": ("party", "enum", ROLES),
    "/work-items?kind=alles": ("kind", "literal_error", "case, "),
    "/work-items?whose=everybody": ("whose", "literal_error", "mine, organisation, team of all"),
    "/cases?number=12": ("number", "string_pattern_mismatch", "(bijvoorbeeld 4821-7730)"),
    "/offers?region=JZ99": ("region", "unknown_code", "(JZ11), "),
    "/offers?region=Haarlem": ("region", "string_pattern_mismatch", "JZ met twee cijfers"),
    "/offers?domain=alles": ("domain", "unknown_code", "Wonen (living), Hulp en behandeling (treatment)"),
    "/offers?function=alles": ("function", "unknown_code", "Traumabehandeling (trauma_treatment)"),
    "/municipalities?region=JZ99": ("region", "unknown_code", "(JZ11), "),
    "/organisations?region=JZ99": ("region", "unknown_code", "(JZ11), "),
    "/organisations?kind=alles": ("kind", "enum", "regionaal expertteam (expert_team)"),
}


@broken_by(
    "The refusal of an unknown state in a filter names the known states",
    Returns("service/caseload/rules.py", "require_known_state", None),
    case="sqlite-/cases?state=nergens",
)
@broken_by(
    "The refusal of an unknown region in a filter names the known regions",
    Returns("service/people/use_cases/require_known_region.py", "require_known_region", None),
    case="sqlite-/offers?region=JZ99",
)
@pytest.mark.parametrize("path", UNKNOWN)
def test_an_unknown_value_of_a_filter_is_refused_with_the_known_values(people: People, path: str) -> None:
    location, code, known_values = UNKNOWN[path]

    (fault,) = problem_of(people.carla.get(path), 400, "invalid")["errors"]

    assert (fault["in"], fault["location"], fault["code"]) == ("query", location, code)
    assert known_values in fault["nl"]


def test_a_facilitator_and_a_data_protection_officer_are_told_the_known_values_too(people: People) -> None:
    histories = problem_of(people.noor.get("/learning/histories?region=JZ99"), 400, "invalid")["errors"]
    proposals = problem_of(people.quint.get("/destruction-proposals?state=gone"), 400, "invalid")["errors"]

    assert "(JZ11), " in histories[0]["nl"]
    assert proposals[0]["nl"] == "Kies een van deze: open of all."


def test_every_state_of_every_workflow_may_be_asked_for(people: People) -> None:
    for file in sorted((ROOT / "workflows").glob("*.toml")):
        for state in tomllib.loads(file.read_text(encoding="utf-8")).get("states", ()):
            path = f"/work-items?kind={file.stem}&state={state}"
            assert people.carla.get(path).status_code == 200, path
