"""What a draft is told to lack is what submitting it is refused for, and nothing else."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api_tests.support.changed_rules import copied, people_at
from api_tests.support.databases import new_database
from api_tests.support.engines import ENGINES
from api_tests.support.people import People, Person
from api_tests.support.sabotages import broken_by
from api_tests.support.servers import Running
from api_tests.support.shared_case import in_days, newcomer
from api_tests.support.varied_forms import filled_in, unreadable
from api_tests.support.workflows import form_for
from service.vocabulary.roles import Role

pytestmark = pytest.mark.server
HAARLEM, ENSCHEDE, NOBODYS = "GM0392", "GM0153", "GM0363"  # Amsterdam: no team of the demonstration covers it
# In Twente a referral brings the explanatory analysis with it.
STRICTER = """
[[region.JZ14]]
valid_from = 2025-01-01
explanatory_analysis_required = true
"""
RESIDENCES: list[Any] = [
    {"municipality": code, "sinceOn": "2020-01-01", "inStay": False} for code in (HAARLEM, ENSCHEDE, NOBODYS, "GM9999")
]
RESIDENCES += [{}, {"municipality": HAARLEM, "sinceOn": "2099-01-01"}, {"municipality": "Haarlem"}, 7]
FIELDS = sorted(form_for("case", "submit") or {})


@pytest.fixture(scope="module", params=ENGINES)
def stricter(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[People]:
    """A service of our own, where one region asks more than the others."""
    folder = tmp_path_factory.mktemp(f"stricter-{request.param}")
    url = new_database(request, folder, request.param)
    with people_at(folder, url, copied(folder, settings=STRICTER)) as (_, people):
        yield people


def whole(**changes: Any) -> dict[str, Any]:
    form = form_for("case", "submit", **changes)
    assert form is not None
    return form


@st.composite
def drafts(draw: st.DrawFn) -> dict[str, Any]:
    """A referral as it may stand in a draft: whole, changed, partly filled in, broken in some fields."""
    form = draw(st.just(whole()) | filled_in("referral@1"))
    form |= {"residence": draw(st.sampled_from(RESIDENCES))}
    left_out = draw(st.just(set()) | st.sets(st.sampled_from(FIELDS)))
    spoilt = draw(st.just(set()) | st.sets(st.sampled_from(FIELDS), max_size=3))
    form = {name: it for name, it in form.items() if name not in left_out}
    return form | {name: unreadable("referral@1", name) for name in spoilt}


def told(missing: list[dict[str, Any]]) -> list[tuple[str, str, str, str]]:
    return sorted((it["location"], it["code"], it["nl"], it["en"]) for it in missing)


def refused_for(answer: httpx.Response) -> list[tuple[str, str, str, str]] | str:
    """The faults of a form that is refused; the code alone of every other refusal."""
    problem = answer.json()
    return told(problem["errors"]) if answer.status_code == 400 else str(problem["code"])


def compared(by: Person, form: dict[str, Any]) -> httpx.Response:
    """Save this as a draft, submit it, and hold the one against the other. The draft is gone afterwards."""
    draft = by.post("/drafts", {"form": form}).json()
    answer = by.post("/cases", {"trigger": "submit", "draftId": draft["id"]})
    again = by.get(f"/drafts/{draft['id']}")
    assert draft["complete"] == (draft["missing"] == []) == (answer.status_code == 201), answer.text
    if answer.status_code == 201:
        return answer
    refused = refused_for(answer)
    assert refused == (told(draft["missing"]) if isinstance(refused, list) else draft["missing"][0]["code"])
    assert again.json() == draft, "told again, it is the same"
    by.client.delete(f"/drafts/{draft['id']}", headers={"If-Match": '"1"'}).raise_for_status()
    return answer


@broken_by(
    "a draft is complete only when its rules are kept as well",
    "service/cases/use_cases/drafts.py",
    "return refusal.errors",
    'return tuple(it for it in refusal.errors if "_missing" not in it.code)',
)
def test_what_a_draft_lacks_is_what_submitting_it_is_refused_for(stricter: People) -> None:
    @settings(max_examples=40, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(form=drafts(), who=st.sampled_from(["anna", "bram", "otto", "wilma"]))
    def hold(form: dict[str, Any], who: str) -> None:
        compared(stricter[who], form)

    hold()


@broken_by(
    "a draft is held against the settings of the region that would own the case",
    "service/cases/use_cases/drafts.py",
    "return refusal.errors",
    'return tuple(it for it in refusal.errors if it.code != "explanatory_analysis_required")',
)
def test_a_draft_hears_the_rules_of_what_can_be_read_and_of_the_region_it_goes_to(stricter: People) -> None:
    form = whole(residence=RESIDENCES[1], child_voice={})
    form.pop("explanatoryAnalysis", None)
    form.pop("question")

    draft = stricter.anna.post("/drafts", {"form": form}).json()

    assert {(it["code"], it["location"]) for it in draft["missing"]} == {
        ("missing", "/form/question"),
        ("voice_missing", "/form/childVoice"),
        ("explanatory_analysis_required", "/form/explanatoryAnalysis"),
    }
    compared(stricter.anna, form)


def test_a_draft_of_which_the_region_cannot_be_told_is_held_against_no_setting(stricter: People) -> None:
    form = whole(residence=7)
    form.pop("explanatoryAnalysis", None)

    draft = stricter.otto.post("/drafts", {"form": form}).json()

    assert {(it["code"], it["location"]) for it in draft["missing"]} == {("model_type", "/form/residence")}


@broken_by(
    "a draft that goes to a region without a team is not complete",
    "service/cases/use_cases/check_submission.py",
    "    if case.team_id == NO_TEAM:\n        raise NoTeamForRegion(case.region)\n    return checked",
    "    if case.team_id == NO_TEAM and trace_id:\n        raise NoTeamForRegion(case.region)\n    return checked",
)
def test_a_draft_that_no_team_would_take_is_not_complete(stricter: People) -> None:
    draft = stricter.anna.post("/drafts", {"form": whole(residence=RESIDENCES[2])}).json()

    assert [(it["code"], it["location"]) for it in draft["missing"]] == [("no_team_for_region", "")]
    assert compared(stricter.anna, draft["form"]).status_code == 409


@broken_by(
    "whoever may not submit any more, has no complete draft",
    "service/cases/use_cases/drafts.py",
    "    except Refusal as refusal:",
    "    except Invalid as refusal:",
)
@broken_by(
    "whoever may not submit any more, saves no draft",
    "service/cases/use_cases/drafts.py",
    "    submitter(actor, rules, SUBMIT)\n    days =",
    "    days =",
)
def test_who_may_not_submit_any_more_reads_and_removes_drafts_and_makes_none(service: Running) -> None:
    with newcomer(
        service,
        ("team-haarlem", Role.LOCAL_TEAM, in_days(-9), None),
        ("de-veste", Role.PROVIDER, in_days(-9), None),
    ) as leaver:
        draft = leaver.post("/drafts", {"form": whole()}).json()
        assert draft["complete"] is True
        with service.tables.begin() as connection:
            connection.exec_driver_sql(
                f"UPDATE memberships SET valid_until = '{in_days(-1)}' WHERE role = 'local_team' AND person_id ="
                f" (SELECT id FROM people WHERE subject = '{leaver.key}')"
            )
        path, version = f"/drafts/{draft['id']}", {"If-Match": '"1"'}

        read = leaver.get(path).json()
        assert (read["complete"], [it["code"] for it in read["missing"]]) == (False, ["not_allowed"])
        submitted = leaver.post("/cases", {"trigger": "submit", "draftId": draft["id"]})
        assert (submitted.status_code, submitted.json()["code"]) == (403, "not_allowed")
        assert leaver.client.put(path, json={"form": {}}, headers=version).status_code == 403
        assert leaver.post("/drafts", {"form": {}}).status_code == 403
        assert len(leaver.get("/drafts").json()["items"]) == 1
        assert leaver.client.delete(path, headers=version).status_code == 204
