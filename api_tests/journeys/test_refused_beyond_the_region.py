"""Every "no" on the way beyond the region, with its sentence in both languages and its status (I9, T16, T17)."""

from api_tests.support.case_file import CaseFile
from api_tests.support.demonstration import ORGANISATION_IDS
from api_tests.support.escalations import (
    CONSULTATION,
    NATIONAL,
    escalated,
    escalation,
    offered,
    question_to,
    signal,
    told_in_two_languages,
)
from api_tests.support.people import People
from api_tests.support.refusals import faults, refusal, unmet
from api_tests.support.sabotages import Guard, broken_by
from api_tests.support.servers import Running
from api_tests.support.shared_case import SOME_TIME_AGO, newcomer
from service.vocabulary.roles import Role


@broken_by(
    "issue 3.1: a liaison signals for the regions she is appointed for, and hears nothing of any other case",
    "service/cases/store/cases.py",
    "where = and_(cases.c.number == number, cases.c.region.in_(sorted(regions)))",
    "where = and_(cases.c.number == number, cases.c.region.is_not(None))",
)
def test_only_a_liaison_signals_and_only_for_a_region_she_is_appointed_for(service: Running, people: People) -> None:
    case = CaseFile.submitted(people).go_to("in_review")

    with newcomer(service, ("steun", Role.CCE_LIAISON, SOME_TIME_AGO, None)) as stranger:
        elsewhere, unknown = signal(stranger, case.number), signal(stranger, "0000-0000")
    refused = [signal(people[key], case.number) for key in ("esra", "anna", "tom", "roos")]

    assert refusal(elsewhere) == (404, "not_found")
    assert elsewhere.content == unknown.content
    assert [refusal(it) for it in refused] == [(403, "not_allowed")] * 4
    assert case.parts("escalation") == []


@broken_by(
    "issue 3.1: the CCE and the national support structure are two levels, each with bodies of its own",
    "service/escalations/rules/forms.py",
    'kinds = ("cce",) if self.level.code == CCE else ("national_support",)',
    'kinds = ("cce", "national_support")',
)
def test_a_question_is_put_to_a_body_of_its_own_level_and_no_other(people: People) -> None:
    """The national support structure and the CCE are two levels, and the network is neither."""
    case = escalated(people)
    wrong = ((NATIONAL, "cce"), (CONSULTATION, "steun"), (NATIONAL, "ben-noord"), (CONSULTATION, "de-veste"))

    refused = [
        case.attempt(
            "escalate", part=escalation(case, "requested"), level=level, organisation_id=ORGANISATION_IDS[body]
        )
        for level, body in wrong
    ]

    assert [faults(it) for it in refused] == [{("unknown_organisation", "/form/organisationId")}] * 4
    wanted = ["national support structure", "CCE", "national support structure", "CCE"]
    assert [one in it.json()["errors"][0]["en"] for one, it in zip(wanted, refused, strict=True)] == [True] * 4
    assert all(map(told_in_two_languages, refused))
    assert case.parts("question") == []


def test_the_network_is_no_national_level_neither_in_the_request_nor_in_the_question(people: People) -> None:
    case = CaseFile.submitted(people).go_to("in_review")
    level = {"code": "expertise_network"}

    requested = case.attempt("request_escalation", level=level)
    signalled = signal(people.mila, case.number, level=level)
    case.fire("request_escalation")
    put = case.attempt("escalate", part=escalation(case, "requested"), level=level)

    refused = (requested, signalled, put)
    assert [faults(it) for it in refused] == [{("network_is_asked_otherwise", "/form/level")}] * 3
    assert all(map(told_in_two_languages, refused))


@broken_by("T17, issue 3.1: no question outlives the escalation that it is one of", Guard("no_open_question"))
def test_an_escalation_is_concluded_once_every_question_ended_and_with_the_answer_of_one_or_of_the_liaison(
    people: People,
) -> None:
    """T17: what nobody answered is not an answer; and no question outlives the escalation that it is one of."""
    case = escalated(people, NATIONAL, CONSULTATION)
    possible = offered(people.mila, case, escalation(case, "escalated"))

    withdrawn, concluded = (
        case.attempt(it, part=escalation(case, "escalated")) for it in ("withdraw", "record_answer")
    )
    for body in ("steun", "cce"):
        case.fire("withdraw", part=question_to(case, body), by="mila")
    nothing = case.attempt("record_answer", part=escalation(case, "escalated"), form={})
    case.fire("record_answer", part=escalation(case, "escalated"))

    assert (possible["record_answer"]["possible"], possible["escalate"]["possible"]) == (False, True)
    assert [unmet(withdrawn), unmet(concluded)] == [{"no_open_question"}] * 2
    assert faults(nothing) == {
        ("answer_missing", f"/form/{name}") for name in ("answer", "whatTheyDo", "staysWithRegion")
    }
    assert all(map(told_in_two_languages, (withdrawn, concluded, nothing)))


@broken_by(
    "T17: nothing is asked further once the escalation was concluded",
    "workflows/question.toml",
    'guards = ["escalation_goes_on"]\n',
    "",
)
def test_an_answer_comes_once_and_not_after_the_question_was_brought_back(people: People) -> None:
    case = escalated(people, NATIONAL)
    open_question, version = question_to(case, "steun"), question_to(case, "steun")["version"]
    case.fire("record_answer", part=open_question, by="tom")

    second = case.attempt("record_answer", part=open_question, by="mila", version=version)
    case.fire("reopen", part=open_question, by="mila")
    case.fire("record_answer", part=open_question, by="tom")
    case.fire("record_answer", part=escalation(case, "escalated"), form={})
    concluded = case.attempt("reopen", part=open_question, by="mila")
    case.fire("bring_back", part=escalation(case, "answered"), by="mila")
    late = case.attempt("record_answer", part=open_question, by="tom")
    further = case.attempt("reopen", part=open_question, by="tom")

    assert refusal(second) == (412, "stale")
    assert second.json()["won"]["role"] == "national_support"
    assert refusal(late) == (409, "transition_not_allowed")
    assert [unmet(concluded), unmet(further)] == [{"escalation_goes_on"}] * 2
    assert all(map(told_in_two_languages, (second, concluded, late, further)))
