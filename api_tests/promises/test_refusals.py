"""Every refusal has its texts in two languages, and is met over HTTP."""

import re
import tomllib
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from api_tests.support.case_file import CaseFile
from api_tests.support.changed_rules import copy_workflows, replace_in_workflow, service_with_people
from api_tests.support.checkout import ROOT
from api_tests.support.databases import new_database
from api_tests.support.demonstration import ORGANISATION_IDS, PERSON_IDS
from api_tests.support.destroyed_content import destroy_entry
from api_tests.support.destructions import destroy_case, withdrawn_case
from api_tests.support.people import offered
from api_tests.support.problems import problem_of
from api_tests.support.sabotages import broken_by
from api_tests.support.servers import RunningService
from api_tests.support.shared_case import advised_case
from api_tests.support.workflows import form_for
from service.vocabulary import refusals
from service.vocabulary.references import step_references
from service.vocabulary.refusals import RequestRefusal

SENTENCES = tomllib.loads((ROOT / "service" / "vocabulary" / "messages.toml").read_text(encoding="utf-8"))
# Abstract refusals, never raised themselves. An answer 503 is met in test_when_things_break.
ABSTRACT = {RequestRefusal, refusals.NotPossible}
ELSEWHERE = {refusals.NotReady, refusals.TooManyRequests, refusals.Unavailable}
ELSEWHERE |= {refusals.HumansOnly, refusals.IssuerUnreachable}  # in test_issuers, which has machines
ELSEWHERE |= {refusals.NotAcceptable}  # in test_negotiation
ELSEWHERE |= {refusals.TooManyDrafts}  # in test_many_drafts, with a low limit


def kinds(parent: type[RequestRefusal] = RequestRefusal) -> Iterator[type[RequestRefusal]]:
    """Yields every kind of refusal."""
    yield parent
    for kind in parent.__subclasses__():
        yield from kinds(kind)


@pytest.mark.parametrize("code", sorted({kind.code for kind in kinds()} - {"refusal"}))
def test_a_refusal_has_a_title_and_a_detail_in_both_languages(code: str) -> None:
    title, detail = SENTENCES["problems"][code], SENTENCES["details"][code]

    for texts in (title, detail):
        assert texts.keys() == {"nl", "en"}
        assert all(text.strip() for text in texts.values())
        assert texts["nl"] != texts["en"]
        assert _places(texts["nl"]) == _places(texts["en"])


def _places(text: str) -> set[str]:
    """Returns the places to be filled in. A name that comes in each language has its own place there."""
    return {re.sub("(Nl|En)$", "", name) for name in re.findall(r"\{(\w+)", text)}


def test_every_refusal_has_a_code_of_its_own() -> None:
    codes = [kind.code for kind in kinds()]

    assert len(codes) == len(set(codes))


@pytest.fixture(scope="module")
def unappointed_case(
    request: pytest.FixtureRequest, service: RunningService, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[CaseFile]:
    """A case where no liaison is appointed, on a workflow that does not check for a liaison first."""
    folder = tmp_path_factory.mktemp(f"unappointed_{service.engine}")
    url, older = new_database(request, folder, service.engine), copy_workflows(folder)
    for form in ("escalation_request@1", "escalation_signal@1"):
        replace_in_workflow(older, "case", f'form = "{form}"\nguards = ["liaison_appointed"]\n', f'form = "{form}"\n')
    with service_with_people(folder, url, older) as (_, people):
        case = CaseFile.submitted(people)
    with service_with_people(folder, url) as (service_of_its_own, people):
        with service_of_its_own.tables.begin() as connection:
            update = "UPDATE coverages SET valid_until = '2025-06-01' WHERE organisation_id IN "
            connection.exec_driver_sql(f"{update} (SELECT id FROM organisations WHERE kind = 'cce')")
        yield CaseFile(people, case.id, case.number)


Meeting = Callable[[CaseFile, dict[str, str]], httpx.Response]
AWAY = {"municipality": "GM0363", "sinceOn": "2020-01-01", "inStay": False}


def _reuse_key(case: CaseFile, headers: dict[str, str]) -> httpx.Response:
    key = str(uuid4())
    case.people.anna.post("/drafts", {"form": {}}, key=key)
    return case.people.anna.post("/drafts", {"form": {"a": 1}}, key=key, headers=headers)


def _step(trigger: str, by: str, version: int | None = 1) -> Meeting:
    def ask(case: CaseFile, headers: dict[str, str]) -> httpx.Response:
        body = {"trigger": trigger, "form": form_for("case", trigger), "grounds": "Zo besloten."}
        return case.people[by].post(f"{case.path}/transitions", body, version=version, headers=headers)

    return ask


def _decline(case: CaseFile, headers: dict[str, str]) -> httpx.Response:
    case.go_to("in_triage")
    return _step("decline", "esra", 2)(case, headers)


def _end_twice(case: CaseFile, headers: dict[str, str]) -> httpx.Response:
    """An ended offer is asked to end once more."""
    path = f"/offers/{offered(case.people)}/ending"
    case.people.ivo.post(path, {"lastDay": "2025-06-30"})
    return case.people.ivo.post(path, {"lastDay": "2025-06-30"}, headers=headers)


def _destroy_running_case(case: CaseFile, headers: dict[str, str]) -> httpx.Response:
    body = {"caseId": case.id, "requestId": str(uuid4())}
    return case.people.carla.post("/destruction-proposals", body, headers=headers)


def _read_destroyed_case(case: CaseFile, headers: dict[str, str]) -> httpx.Response:
    destroyed_case = withdrawn_case(case.people)
    destroy_case(destroyed_case)
    return case.people.anna.get(destroyed_case.path, headers=headers)


def _read_destroyed_advice(case: CaseFile, headers: dict[str, str]) -> httpx.Response:
    advised = advised_case(case.people)
    issued = next(entry for entry in advised.history() if entry["trigger"] == "issue_advice")
    destroy_entry(advised, issued)
    return case.people.esra.get(f"{advised.path}/advices/1", headers=headers)


def _get(path: str, **more: str) -> Meeting:
    return lambda case, headers: case.people.anna.get(path, headers={**headers, **more})


def _submit(by: str, **changes: Any) -> Meeting:
    def ask(case: CaseFile, headers: dict[str, str]) -> httpx.Response:
        body = {"trigger": "submit", "form": form_for("case", "submit", **changes)}
        return case.people[by].post("/cases", body, headers=headers)

    return ask


def _read_without_consent(case: CaseFile, headers: dict[str, str]) -> httpx.Response:
    case.go_to("in_review").fire("withdraw_consent")
    return case.people.floor.get(f"{case.path}/file", headers=headers)


def _of_a_family(by: str, path: str) -> Meeting:
    """The family of a young person of seventeen, and a note of the chair."""

    def ask(case: CaseFile, headers: dict[str, str]) -> httpx.Response:
        family_case = CaseFile.submitted(case.people, by="yara", birth_month="2009-01")
        family_case.fire("add_note", by="esra")
        return case.people[by].get(f"{family_case.path}/{path}", headers=headers)

    return ask


def _emergency_access_to_visible_case(case: CaseFile, headers: dict[str, str]) -> httpx.Response:
    form = form_for("emergency_access", "take_emergency_access")
    body = {"trigger": "take_emergency_access", "number": case.number, "form": form}
    return case.people.esra.post("/emergency-accesses", body, headers=headers)


RET = {"organisationId": str(ORGANISATION_IDS["ret"])}
ROOS = {**RET, "personId": str(PERSON_IDS["roos"])}


def _administer(path: str, body: dict[str, Any]) -> Meeting:
    return lambda case, headers: case.people.roos.post(path, body, headers=headers)


MEETINGS: dict[type[RequestRefusal], tuple[int, Meeting]] = {
    refusals.NotKnown: (401, _get("/cases", Authorization="Bearer x")),
    refusals.NotAllowed: (403, _submit("carla")),
    refusals.RoleNotAllowed: (403, _step("start_triage", "anna")),
    refusals.ConsentMissing: (403, _read_without_consent),
    refusals.YoungPersonDecides: (403, _of_a_family("wilma", "file")),
    refusals.WrittenByOthers: (403, _of_a_family("yara", "transitions/2")),
    refusals.NotFound: (404, _get(f"/cases/{uuid4()}")),
    refusals.TransitionNotAllowed: (409, _step("close", "esra")),
    refusals.GuardsNotMet: (409, _decline),
    refusals.NoTeamForRegion: (409, _submit("anna", residence=AWAY)),
    refusals.OwnMembership: (403, _administer("/memberships", {**ROOS, "role": "chair"})),
    refusals.AlreadyThere: (409, _administer("/coverages", {**RET, "region": "JZ10"})),
    refusals.RegionIsCovered: (409, _administer("/coverages", {**RET, "region": "JZ14"})),
    refusals.KeyReused: (409, _reuse_key),
    refusals.OfferEnded: (409, _end_twice),
    refusals.AlreadyInSight: (409, _emergency_access_to_visible_case),
    refusals.DestructionRefused: (409, _destroy_running_case),
    refusals.CaseDestroyed: (410, _read_destroyed_case),
    refusals.ContentDestroyed: (410, _read_destroyed_advice),
    refusals.Stale: (412, _step("add_note", "anna", 7)),
    refusals.VersionMissing: (428, _step("add_note", "anna", None)),
    refusals.Invalid: (400, _get("/cases?limit=0")),
}


def test_every_kind_of_refusal_is_met_somewhere() -> None:
    assert {*MEETINGS, refusals.NoLiaisonForRegion} == {*kinds()} - ABSTRACT - ELSEWHERE


@broken_by(
    "A refusal is in the language of the caller",
    "service/http/problems.py",
    '"title": title.in_(language)',
    '"title": title.nl',
)
@pytest.mark.parametrize("kind", MEETINGS, ids=lambda kind: kind.code)
def test_a_refusal_is_a_problem_in_the_language_of_the_caller(case: CaseFile, kind: type[RequestRefusal]) -> None:
    status, ask = MEETINGS[kind]

    dutch = problem_of(ask(case, {}), status, kind.code)
    other_case = CaseFile.submitted(case.people) if kind is refusals.GuardsNotMet else case
    english = problem_of(ask(other_case, {"Accept-Language": "en"}), status, kind.code)

    title = SENTENCES["problems"][kind.code]
    assert (dutch["title"], english["title"]) == (title["nl"], title["en"])
    assert dutch["detail"] != english["detail"]
    assert {*dutch} == {*english}


@broken_by(
    "decision 0007: a national question is not offered where no liaison is appointed",
    "service/cases/use_cases/situation.py",
    'addressees={"liaison": People(transaction).liaison_for(case.region)} if may_escalate else {},',
    'addressees={"liaison": case.team_id} if may_escalate else {},',
)
def test_a_national_question_from_a_region_without_a_liaison_is_shown_as_impossible_and_refused(
    unappointed_case: CaseFile,
) -> None:
    case = CaseFile.submitted(unappointed_case.people).go_to("in_triage")

    transitions = case.people.esra.get(f"{case.path}/possible-transitions").json()["transitions"]
    problem = problem_of(case.attempt("request_escalation"), 409, "guards_not_met")

    by_trigger = {transition["trigger"]: transition for transition in transitions}
    request = by_trigger["request_escalation"]
    assert by_trigger["ask_network"]["possible"]
    assert (request["possible"], request["allowedForYou"]) == (False, True)
    assert problem["unmetGuards"] == request["unmetGuards"]
    assert [guard["code"] for guard in problem["unmetGuards"]] == ["liaison_appointed"]
    assert case.parts("escalation") == []


def test_a_case_on_a_workflow_without_that_guard_is_told_that_there_is_no_liaison(
    unappointed_case: CaseFile,
) -> None:
    unappointed_case.go_to("in_triage")

    problem = problem_of(unappointed_case.attempt("request_escalation"), 409, "no_liaison_for_region")

    assert problem["region"] == unappointed_case.view()["region"]
    assert unappointed_case.parts("escalation") == []


def test_reasons_carry_a_code_and_both_languages(case: CaseFile) -> None:
    problem = problem_of(_decline(case, {}), 409, "guards_not_met")

    assert [guard["code"] for guard in problem["unmetGuards"]] == ["decline_proposed_by_another"]
    transitions = case.people.esra.get(f"{case.path}/possible-transitions").json()["transitions"]
    reasons = [*problem["unmetGuards"], *(reason for transition in transitions for reason in transition["unmetGuards"])]
    for reason in reasons:
        sentences = SENTENCES["guards"][reason["code"]]
        assert [step_references(sentences[language]) for language in ("nl", "en")] == [
            step_references(sentences["nl"])
        ] * 2
        assert all(_with_codes(sentences[language]) == _without_labels(reason[language]) for language in ("nl", "en"))
    assert problem["unmetGuards"][0]["nl"].endswith('("Voorstellen om niet op te nemen", propose_decline).')


def _with_codes(sentence: str) -> str:
    return re.sub(r"\{step:(?:\w+\.)?(\w+)\}", r"\1", sentence)


def _without_labels(sentence: str) -> str:
    return re.sub(r'"[^"]+", ', "", sentence)
