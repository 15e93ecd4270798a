"""Every refusal on the way beyond the region, with its sentence in both languages and its status (I9, T16, T17)."""

from api_tests.support.case_file import CaseFile
from api_tests.support.demonstration import ORGANISATION_IDS
from api_tests.support.escalations import (
    CONSULTATION,
    NATIONAL,
    escalated_case,
    escalation,
    has_both_languages,
    offered_steps,
    question_to,
    signal,
)
from api_tests.support.people import People
from api_tests.support.refusals import faults, refusal, unmet_guards
from api_tests.support.sabotages import Guard, broken_by
from api_tests.support.servers import RunningService
from api_tests.support.shared_case import SOME_TIME_AGO, newcomer
from service.vocabulary.roles import Role


@broken_by(
    "A liaison can signal cases only of their own regions and learns nothing of others",
    "service/cases/store/cases.py",
    "where = and_(cases.c.number == number, cases.c.region.in_(sorted(regions)))",
    "where = and_(cases.c.number == number, cases.c.region.is_not(None))",
)
def test_only_a_liaison_signals_and_only_for_a_region_she_is_appointed_for(
    service: RunningService, people: People
) -> None:
    case = CaseFile.submitted(people).go_to("in_review")

    with newcomer(service, ("steun", Role.CCE_LIAISON, SOME_TIME_AGO, None)) as stranger:
        existing, unknown = signal(stranger, case.number), signal(stranger, "0000-0000")
    refusals = [signal(people[key], case.number) for key in ("esra", "anna", "tom", "roos")]

    assert refusal(existing) == (404, "not_found")
    assert existing.content == unknown.content
    assert [refusal(answer) for answer in refusals] == [(403, "not_allowed")] * 4
    assert case.parts("escalation") == []


@broken_by(
    "A question goes only to a body of its own level: the CCE or the national support structure",
    "service/escalations/rules/forms.py",
    'kinds = ("cce",) if self.level.code == CCE else ("national_support",)',
    'kinds = ("cce", "national_support")',
)
def test_a_question_is_put_to_a_body_of_its_own_level_and_no_other(people: People) -> None:
    """The national support structure and the CCE are two levels, and the network is neither."""
    case = escalated_case(people)
    mismatches = ((NATIONAL, "cce"), (CONSULTATION, "steun"), (NATIONAL, "ben-noord"), (CONSULTATION, "de-veste"))

    refusals = [
        case.attempt(
            "escalate", part=escalation(case, "requested"), level=level, organisation_id=ORGANISATION_IDS[body]
        )
        for level, body in mismatches
    ]

    assert [faults(answer) for answer in refusals] == [{("unknown_organisation", "/form/organisationId")}] * 4
    levels = ["national support structure", "CCE", "national support structure", "CCE"]
    assert [name in answer.json()["errors"][0]["en"] for name, answer in zip(levels, refusals, strict=True)] == [
        True
    ] * 4
    assert all(map(has_both_languages, refusals))
    assert case.parts("question") == []


def test_the_network_is_no_national_level_neither_in_the_request_nor_in_the_question(people: People) -> None:
    case = CaseFile.submitted(people).go_to("in_review")
    level = {"code": "expertise_network"}

    on_request = case.attempt("request_escalation", level=level)
    on_signal = signal(people.mila, case.number, level=level)
    case.fire("request_escalation")
    on_question = case.attempt("escalate", part=escalation(case, "requested"), level=level)

    refusals = (on_request, on_signal, on_question)
    assert [faults(answer) for answer in refusals] == [{("network_is_asked_otherwise", "/form/level")}] * 3
    assert all(map(has_both_languages, refusals))


@broken_by(
    "T17: an escalation cannot be concluded or withdrawn while one of its questions is open", Guard("no_open_question")
)
def test_an_escalation_is_concluded_once_every_question_ended_and_with_the_answer_of_one_or_of_the_liaison(
    people: People,
) -> None:
    """T17: an unanswered question is no answer, and no question outlives its escalation."""
    case = escalated_case(people, NATIONAL, CONSULTATION)
    possible = offered_steps(people.mila, case, escalation(case, "escalated"))

    withdrawal, conclusion = (
        case.attempt(trigger, part=escalation(case, "escalated")) for trigger in ("withdraw", "record_answer")
    )
    for body in ("steun", "cce"):
        case.fire("withdraw", part=question_to(case, body), by="mila")
    empty_conclusion = case.attempt("record_answer", part=escalation(case, "escalated"), form={})
    case.fire("record_answer", part=escalation(case, "escalated"))

    assert (possible["record_answer"]["possible"], possible["escalate"]["possible"]) == (False, True)
    assert [unmet_guards(withdrawal), unmet_guards(conclusion)] == [{"no_open_question"}] * 2
    assert faults(empty_conclusion) == {
        ("answer_missing", f"/form/{name}") for name in ("answer", "whatTheyDo", "staysWithRegion")
    }
    assert all(map(has_both_languages, (withdrawal, conclusion, empty_conclusion)))


@broken_by(
    "I23: the refusal of a guard about the whole case tells nothing of it to who sees only a part",
    "service/cases/rules/steps.py",
    "if not situation.whole and guards[guard.code].reads_whole_case]",
    "if not situation.kinds]",
)
@broken_by(
    "T17: a question cannot be reopened after its escalation was concluded",
    "workflows/question.toml",
    'guards = ["escalation_goes_on"]\n',
    "",
)
def test_an_answer_comes_once_and_not_after_the_question_was_brought_back(people: People) -> None:
    case = escalated_case(people, NATIONAL)
    open_question, version = question_to(case, "steun"), question_to(case, "steun")["version"]
    case.fire("record_answer", part=open_question, by="tom")

    second_answer = case.attempt("record_answer", part=open_question, by="mila", version=version)
    case.fire("reopen", part=open_question, by="mila")
    case.fire("record_answer", part=open_question, by="tom")
    case.fire("record_answer", part=escalation(case, "escalated"), form={})
    reopening = case.attempt("reopen", part=open_question, by="mila")
    case.fire("bring_back", part=escalation(case, "answered"), by="mila")
    late_answer = case.attempt("record_answer", part=open_question, by="tom")
    second_reopening = case.attempt("reopen", part=open_question, by="tom")

    assert refusal(second_answer) == (412, "stale")
    assert second_answer.json()["won"]["role"] == "national_support"
    assert refusal(late_answer) == (409, "transition_not_allowed")
    assert unmet_guards(reopening) == {"escalation_goes_on"}
    assert unmet_guards(second_reopening) == {"not_possible_now"}, "a body that is asked sees the question alone"
    assert all(map(has_both_languages, (second_answer, reopening, late_answer, second_reopening)))
