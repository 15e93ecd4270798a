"""Every refusal: told in two languages, and met over HTTP."""

import re
import tomllib
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from api_tests.support.case_file import CaseFile
from api_tests.support.changed_rules import copied, people_at, rewritten
from api_tests.support.checkout import ROOT
from api_tests.support.databases import new_database
from api_tests.support.demonstration import ORGANISATION_IDS, PERSON_IDS
from api_tests.support.destructions import destroyed, ended
from api_tests.support.people import offered
from api_tests.support.problems import problem_of
from api_tests.support.sabotages import broken_by
from api_tests.support.servers import Running
from api_tests.support.workflows import form_for
from service.vocabulary import refusals
from service.vocabulary.references import references
from service.vocabulary.refusals import Refusal

SENTENCES = tomllib.loads((ROOT / "service" / "vocabulary" / "messages.toml").read_text(encoding="utf-8"))
# Never raised as such: what their subclasses have in common. An answer 503 is met in test_when_things_break.
IN_COMMON = {Refusal, refusals.NotPossible}
ELSEWHERE = {refusals.NotReady, refusals.TooMany, refusals.Unavailable}
ELSEWHERE |= {refusals.HumansOnly, refusals.IssuerUnreachable}  # in test_issuers, where machines are
ELSEWHERE |= {refusals.NotAcceptable}  # in test_negotiation
ELSEWHERE |= {refusals.TooManyDrafts}  # in test_many_drafts, where few are allowed


def kinds(of: type[Refusal] = Refusal) -> Iterator[type[Refusal]]:
    """Every kind of refusal there is."""
    yield of
    for kind in of.__subclasses__():
        yield from kinds(kind)


@pytest.mark.parametrize("code", sorted({kind.code for kind in kinds()} - {"refusal"}))
def test_a_refusal_has_a_title_and_a_detail_in_both_languages(code: str) -> None:
    title, detail = SENTENCES["problems"][code], SENTENCES["details"][code]

    for words in (title, detail):
        assert words.keys() == {"nl", "en"}
        assert all(text.strip() for text in words.values())
        assert words["nl"] != words["en"]
        assert _places(words["nl"]) == _places(words["en"])


def _places(text: str) -> set[str]:
    """What is filled in; a name that comes in each language stands there in its own."""
    return {re.sub("(Nl|En)$", "", name) for name in re.findall(r"\{(\w+)", text)}


def test_every_refusal_has_a_code_of_its_own() -> None:
    codes = [kind.code for kind in kinds()]

    assert len(codes) == len(set(codes))


@pytest.fixture(scope="module")
def unescalated(
    request: pytest.FixtureRequest, service: Running, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[CaseFile]:
    """A case where nobody is appointed to escalate nationally, on a workflow that does not ask for a liaison first."""
    folder = tmp_path_factory.mktemp(f"unappointed_{service.engine}")
    url, older = new_database(request, folder, service.engine), copied(folder)
    for form in ("escalation_request@1", "escalation_signal@1"):
        rewritten(older, "case", f'form = "{form}"\nguards = ["liaison_appointed"]\n', f'form = "{form}"\n')
    with people_at(folder, url, older) as (_, people):
        case = CaseFile.submitted(people)
    with people_at(folder, url) as (alone, people):
        with alone.tables.begin() as connection:
            ended = "UPDATE coverages SET valid_until = '2025-06-01' WHERE organisation_id IN "
            connection.exec_driver_sql(f"{ended} (SELECT id FROM organisations WHERE kind = 'cce')")
        yield CaseFile(people, case.id, case.number)


Meeting = Callable[[CaseFile, dict[str, str]], httpx.Response]
AWAY = {"municipality": "GM0363", "sinceOn": "2020-01-01", "inStay": False}


def _again(case: CaseFile, headers: dict[str, str]) -> httpx.Response:
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


def _ended(case: CaseFile, headers: dict[str, str]) -> httpx.Response:
    """An offer that ended, asked to end once more."""
    path = f"/offers/{offered(case.people)}/ending"
    case.people.ivo.post(path, {"lastDay": "2025-06-30"})
    return case.people.ivo.post(path, {"lastDay": "2025-06-30"}, headers=headers)


def _destruction_of_a_case_that_runs(case: CaseFile, headers: dict[str, str]) -> httpx.Response:
    body = {"caseId": case.id, "requestId": str(uuid4())}
    return case.people.carla.post("/destruction-proposals", body, headers=headers)


def _of_a_case_that_was_destroyed(case: CaseFile, headers: dict[str, str]) -> httpx.Response:
    gone = ended(case.people)
    destroyed(gone)
    return case.people.anna.get(gone.path, headers=headers)


def _get(path: str, **more: str) -> Meeting:
    return lambda case, headers: case.people.anna.get(path, headers={**headers, **more})


def _submit(by: str, **changes: Any) -> Meeting:
    def ask(case: CaseFile, headers: dict[str, str]) -> httpx.Response:
        body = {"trigger": "submit", "form": form_for("case", "submit", **changes)}
        return case.people[by].post("/cases", body, headers=headers)

    return ask


def _taken_back(case: CaseFile, headers: dict[str, str]) -> httpx.Response:
    case.go_to("in_review").fire("withdraw_consent")
    return case.people.floor.get(f"{case.path}/file", headers=headers)


def _of_a_family(by: str, path: str) -> Meeting:
    """A family of somebody of seventeen, and a note of the chair's."""

    def ask(case: CaseFile, headers: dict[str, str]) -> httpx.Response:
        own = CaseFile.submitted(case.people, by="yara", birth_month="2009-01")
        own.fire("add_note", by="esra")
        return case.people[by].get(f"{own.path}/{path}", headers=headers)

    return ask


def _emergency_for_whoever_reads_it_anyway(case: CaseFile, headers: dict[str, str]) -> httpx.Response:
    form = form_for("emergency_access", "take_emergency_access")
    body = {"trigger": "take_emergency_access", "number": case.number, "form": form}
    return case.people.esra.post("/emergency-accesses", body, headers=headers)


RET = {"organisationId": str(ORGANISATION_IDS["ret"])}
ROOS = {**RET, "personId": str(PERSON_IDS["roos"])}


def _administered(path: str, body: dict[str, Any]) -> Meeting:
    return lambda case, headers: case.people.roos.post(path, body, headers=headers)


MET: dict[type[Refusal], tuple[int, Meeting]] = {
    refusals.NotKnown: (401, _get("/cases", Authorization="Bearer x")),
    refusals.NotAllowed: (403, _submit("carla")),
    refusals.RoleNotAllowed: (403, _step("start_triage", "anna")),
    refusals.ConsentMissing: (403, _taken_back),
    refusals.YoungPersonDecides: (403, _of_a_family("wilma", "file")),
    refusals.WrittenByOthers: (403, _of_a_family("yara", "transitions/2")),
    refusals.NotFound: (404, _get(f"/cases/{uuid4()}")),
    refusals.TransitionNotAllowed: (409, _step("close", "esra")),
    refusals.GuardsNotMet: (409, _decline),
    refusals.NoTeamForRegion: (409, _submit("anna", residence=AWAY)),
    refusals.OwnMembership: (403, _administered("/memberships", {**ROOS, "role": "chair"})),
    refusals.AlreadyThere: (409, _administered("/coverages", {**RET, "region": "JZ10"})),
    refusals.RegionIsCovered: (409, _administered("/coverages", {**RET, "region": "JZ14"})),
    refusals.KeyReused: (409, _again),
    refusals.OfferEnded: (409, _ended),
    refusals.AlreadyInSight: (409, _emergency_for_whoever_reads_it_anyway),
    refusals.DestructionRefused: (409, _destruction_of_a_case_that_runs),
    refusals.CaseDestroyed: (410, _of_a_case_that_was_destroyed),
    refusals.Stale: (412, _step("add_note", "anna", 7)),
    refusals.VersionMissing: (428, _step("add_note", "anna", None)),
    refusals.Invalid: (400, _get("/cases?limit=0")),
}


def test_every_kind_of_refusal_is_met_somewhere() -> None:
    assert {*MET, refusals.NoLiaisonForRegion} == {*kinds()} - IN_COMMON - ELSEWHERE


@broken_by(
    "refusals speak the language of the asker",
    "service/http/problems.py",
    '"title": title.in_(language)',
    '"title": title.nl',
)
@pytest.mark.parametrize("kind", MET, ids=lambda it: it.code)
def test_a_refusal_is_a_problem_in_the_language_of_the_asker(case: CaseFile, kind: type[Refusal]) -> None:
    status, ask = MET[kind]

    dutch = problem_of(ask(case, {}), status, kind.code)
    other = CaseFile.submitted(case.people) if kind is refusals.GuardsNotMet else case
    english = problem_of(ask(other, {"Accept-Language": "en"}), status, kind.code)

    title = SENTENCES["problems"][kind.code]
    assert (dutch["title"], english["title"]) == (title["nl"], title["en"])
    assert dutch["detail"] != english["detail"]
    assert {*dutch} == {*english}


@broken_by(
    "decision 6: where nobody is appointed, a national question is not told to be possible",
    "service/cases/use_cases/situation.py",
    'sought={"liaison": People(transaction).liaison_for(case.region)} if may_escalate else {},',
    'sought={"liaison": case.team_id} if may_escalate else {},',
)
def test_a_national_question_from_a_region_without_a_liaison_is_told_to_be_impossible_and_refused(
    unescalated: CaseFile,
) -> None:
    case = CaseFile.submitted(unescalated.people).go_to("in_triage")

    found = case.people.esra.get(f"{case.path}/possible-transitions").json()["transitions"]
    told = problem_of(case.attempt("request_escalation"), 409, "guards_not_met")

    told_before = {it["trigger"]: it for it in found}
    request = told_before["request_escalation"]
    assert told_before["ask_network"]["possible"]
    assert (request["possible"], request["allowedForYou"]) == (False, True)
    assert told["unmetGuards"] == request["unmetGuards"]
    assert [guard["code"] for guard in told["unmetGuards"]] == ["liaison_appointed"]
    assert case.parts("escalation") == []


def test_a_case_on_a_workflow_that_does_not_ask_for_a_liaison_first_hears_that_there_is_none(
    unescalated: CaseFile,
) -> None:
    unescalated.go_to("in_triage")

    told = problem_of(unescalated.attempt("request_escalation"), 409, "no_liaison_for_region")

    assert told["region"] == unescalated.seen()["region"]
    assert unescalated.parts("escalation") == []


def test_reasons_carry_a_code_and_both_languages(case: CaseFile) -> None:
    told = problem_of(_decline(case, {}), 409, "guards_not_met")

    assert [guard["code"] for guard in told["unmetGuards"]] == ["decline_proposed_by_another"]
    shown = case.people.esra.get(f"{case.path}/possible-transitions").json()["transitions"]
    reasons = [*told["unmetGuards"], *(one for it in shown for one in it["unmetGuards"])]
    for it in reasons:
        kept = SENTENCES["guards"][it["code"]]
        assert [references(kept[language]) for language in ("nl", "en")] == [references(kept["nl"])] * 2
        assert all(_with_codes(kept[language]) == _without_labels(it[language]) for language in ("nl", "en"))
    assert told["unmetGuards"][0]["nl"].endswith('("Voorstellen om niet op te nemen", propose_decline).')


def _with_codes(kept: str) -> str:
    return re.sub(r"\{step:(?:\w+\.)?(\w+)\}", r"\1", kept)


def _without_labels(told: str) -> str:
    return re.sub(r'"[^"]+", ', "", told)
