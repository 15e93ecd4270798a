"""The faults that a draft shows are the faults for which its submission is refused, and no others."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api_tests.support.changed_rules import copy_workflows, service_with_people
from api_tests.support.databases import new_database
from api_tests.support.engines import ENGINES
from api_tests.support.people import People, Person
from api_tests.support.sabotages import broken_by
from api_tests.support.servers import RunningService
from api_tests.support.shared_case import in_days, newcomer
from api_tests.support.varied_forms import unreadable, varied_form
from api_tests.support.workflows import form_for
from service.vocabulary.roles import Role

pytestmark = pytest.mark.server
HAARLEM, ENSCHEDE, UNCOVERED = "GM0392", "GM0153", "GM0363"  # Amsterdam: no team of the demonstration covers it
# In Twente a referral must come with the explanatory analysis.
STRICTER = """
[[region.JZ14]]
valid_from = 2025-01-01
explanatory_analysis_required = true
"""
RESIDENCES: list[Any] = [
    {"municipality": code, "sinceOn": "2020-01-01", "inStay": False}
    for code in (HAARLEM, ENSCHEDE, UNCOVERED, "GM9999")
]
RESIDENCES += [{}, {"municipality": HAARLEM, "sinceOn": "2099-01-01"}, {"municipality": "Haarlem"}, 7]
FIELDS = sorted(form_for("case", "submit") or {})


@pytest.fixture(scope="module", params=ENGINES)
def people_of_strict_region(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[People]:
    """A service of its own, where one region asks more than the others."""
    folder = tmp_path_factory.mktemp(f"stricter-{request.param}")
    url = new_database(request, folder, request.param)
    with service_with_people(folder, url, copy_workflows(folder, settings=STRICTER)) as (_, people):
        yield people


def complete_referral(**changes: Any) -> dict[str, Any]:
    form = form_for("case", "submit", **changes)
    assert form is not None
    return form


@st.composite
def drafts(draw: st.DrawFn) -> dict[str, Any]:
    """A referral as it may stand in a draft: complete, changed, partly filled in, unreadable in some fields."""
    form = draw(st.just(complete_referral()) | varied_form("referral@1"))
    form |= {"residence": draw(st.sampled_from(RESIDENCES))}
    omitted = draw(st.just(set()) | st.sets(st.sampled_from(FIELDS)))
    unreadable_fields = draw(st.just(set()) | st.sets(st.sampled_from(FIELDS), max_size=3))
    form = {name: value for name, value in form.items() if name not in omitted}
    return form | {name: unreadable("referral@1", name) for name in unreadable_fields}


def comparable(missing: list[dict[str, Any]]) -> list[tuple[str, str, str, str]]:
    return sorted((fault["location"], fault["code"], fault["nl"], fault["en"]) for fault in missing)


def refusal_of(answer: httpx.Response) -> list[tuple[str, str, str, str]] | str:
    """Returns the faults of a refused form, or the code alone of every other refusal."""
    problem = answer.json()
    return comparable(problem["errors"]) if answer.status_code == 400 else str(problem["code"])


def compare_with_submission(by: Person, form: dict[str, Any]) -> httpx.Response:
    """Save this as a draft, submit it, and compare the two answers. The draft is removed afterwards."""
    draft = by.post("/drafts", {"form": form}).json()
    answer = by.post("/cases", {"trigger": "submit", "draftId": draft["id"]})
    second_reading = by.get(f"/drafts/{draft['id']}")
    assert draft["complete"] == (draft["missing"] == []) == (answer.status_code == 201), answer.text
    if answer.status_code == 201:
        return answer
    refusal = refusal_of(answer)
    assert refusal == (comparable(draft["missing"]) if isinstance(refusal, list) else draft["missing"][0]["code"])
    assert second_reading.json() == draft, "a second reading is the same"
    by.client.delete(f"/drafts/{draft['id']}", headers={"If-Match": '"1"'}).raise_for_status()
    return answer


@broken_by(
    "A draft is complete only when it satisfies all rules of its form",
    "service/cases/use_cases/drafts.py",
    "return refusal.errors",
    'return tuple(it for it in refusal.errors if "_missing" not in it.code)',
)
def test_a_draft_shows_the_faults_for_which_its_submission_is_refused(people_of_strict_region: People) -> None:
    @settings(max_examples=40, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(form=drafts(), who=st.sampled_from(["anna", "bram", "otto", "wilma"]))
    def compare(form: dict[str, Any], who: str) -> None:
        compare_with_submission(people_of_strict_region[who], form)

    compare()


@broken_by(
    "The service checks a draft against the settings of the region that would own the case",
    "service/cases/use_cases/drafts.py",
    "return refusal.errors",
    'return tuple(it for it in refusal.errors if it.code != "explanatory_analysis_required")',
)
def test_a_draft_is_told_the_rules_of_its_readable_fields_and_of_its_region(people_of_strict_region: People) -> None:
    form = complete_referral(residence=RESIDENCES[1], child_voice={})
    form.pop("explanatoryAnalysis", None)
    form.pop("question")

    draft = people_of_strict_region.anna.post("/drafts", {"form": form}).json()

    assert {(fault["code"], fault["location"]) for fault in draft["missing"]} == {
        ("missing", "/form/question"),
        ("voice_missing", "/form/childVoice"),
        ("explanatory_analysis_required", "/form/explanatoryAnalysis"),
    }
    compare_with_submission(people_of_strict_region.anna, form)


def test_a_draft_without_a_readable_region_is_compared_with_no_setting(people_of_strict_region: People) -> None:
    form = complete_referral(residence=7)
    form.pop("explanatoryAnalysis", None)

    draft = people_of_strict_region.otto.post("/drafts", {"form": form}).json()

    assert {(fault["code"], fault["location"]) for fault in draft["missing"]} == {("model_type", "/form/residence")}


@broken_by(
    "A draft for a region without a team is not complete",
    "service/cases/use_cases/check_submission.py",
    "    if case.team_id == NO_TEAM:\n        raise NoTeamForRegion(case.region)\n    return checked",
    "    if case.team_id == NO_TEAM and trace_id:\n        raise NoTeamForRegion(case.region)\n    return checked",
)
def test_a_draft_for_a_region_without_a_team_is_not_complete(people_of_strict_region: People) -> None:
    draft = people_of_strict_region.anna.post("/drafts", {"form": complete_referral(residence=RESIDENCES[2])}).json()

    assert [(fault["code"], fault["location"]) for fault in draft["missing"]] == [("no_team_for_region", "")]
    assert compare_with_submission(people_of_strict_region.anna, draft["form"]).status_code == 409


@broken_by(
    "A person who may no longer submit has no complete draft",
    "service/cases/use_cases/drafts.py",
    "    except RequestRefusal as refusal:",
    "    except Invalid as refusal:",
)
@broken_by(
    "A person who may no longer submit cannot save a draft",
    "service/cases/use_cases/drafts.py",
    "    require_submitter(actor, rules, SUBMIT)\n    days =",
    "    days =",
)
def test_a_person_who_may_not_submit_any_more_reads_and_removes_drafts_and_makes_none(service: RunningService) -> None:
    with newcomer(
        service,
        ("team-haarlem", Role.LOCAL_TEAM, in_days(-9), None),
        ("de-veste", Role.PROVIDER, in_days(-9), None),
    ) as leaver:
        draft = leaver.post("/drafts", {"form": complete_referral()}).json()
        assert draft["complete"] is True
        with service.tables.begin() as connection:
            connection.exec_driver_sql(
                f"UPDATE memberships SET valid_until = '{in_days(-1)}' WHERE role = 'local_team' AND person_id ="
                f" (SELECT id FROM people WHERE subject = '{leaver.key}')"
            )
        path, version = f"/drafts/{draft['id']}", {"If-Match": '"1"'}

        reading = leaver.get(path).json()
        assert (reading["complete"], [fault["code"] for fault in reading["missing"]]) == (False, ["not_allowed"])
        submission = leaver.post("/cases", {"trigger": "submit", "draftId": draft["id"]})
        assert (submission.status_code, submission.json()["code"]) == (403, "not_allowed")
        assert leaver.client.put(path, json={"form": {}}, headers=version).status_code == 403
        assert leaver.post("/drafts", {"form": {}}).status_code == 403
        assert len(leaver.get("/drafts").json()["items"]) == 1
        assert leaver.client.delete(path, headers=version).status_code == 204
