"""Questions beyond the region: to the network, to the national level, and back (stories c and f; I9, R21, R22)."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from api_tests.support.case_file import CaseFile
from api_tests.support.demonstration import ORGANISATION_IDS, PERSON_IDS
from api_tests.support.escalations import (
    CONSULTATION,
    ELSEWHERE,
    NATIONAL,
    escalation,
    form_of_question,
    ownership_of,
    question_to,
    signal,
    work_items_of,
)
from api_tests.support.people import People, Person
from api_tests.support.refusals import code_of, refusal, unmet_guards
from api_tests.support.sabotages import broken_by
from api_tests.support.servers import RunningService
from api_tests.support.shared_case import SOME_TIME_AGO, newcomer, referral_of
from api_tests.support.workflows import form_for
from service.vocabulary.roles import Role


def test_r21_r22_the_network_finds_no_fit_and_a_place_elsewhere_is_asked_with_a_consultation_of_the_cce_beside_it(
    people: People,
) -> None:
    """Story c: each body answers its own question. The two national levels stay apart. The region keeps the case."""
    case = CaseFile.submitted(people).go_to("arranging_placement")
    duty_before = ownership_of(case)
    case.fire("ask_network")
    network = escalation(case, "network_asked")
    question_to_network = form_of_question(people.sara, case, network)
    case.fire("record_network_answer", part=network, by="sara")
    case.fire("bring_back", part=escalation(case, "answered"), by="esra")

    request_form = form_for("case", "request_escalation", level=NATIONAL, purpose=ELSEWHERE) or {}
    request_form.pop("networkSkippedBecause")
    case.fire("request_escalation", form=request_form)
    for level, day in ((NATIONAL, "2030-05-20"), (CONSULTATION, "2030-06-03")):
        state = "requested" if level is NATIONAL else "escalated"
        case.fire("escalate", part=escalation(case, state), level=level, answer_expected_on=day)
    questions = {part["addressee"]["id"]: (part["party"]["role"], part["dueOn"]) for part in case.parts("question")}
    readings = {
        key: form_of_question(people[key], case, question_to(case, body))
        for key, body in (("tom", "steun"), ("ulla", "cce"))
    }
    case.fire("record_answer", part=question_to(case, "cce"), by="ulla")
    guards_of_escalation = unmet_guards(case.attempt("record_answer", part=escalation(case, "escalated"), form={}))
    case.fire("record_answer", part=question_to(case, "steun"), by="tom")
    case.fire("record_answer", part=escalation(case, "escalated"), form={})
    answered_part = escalation(case, "answered")
    case.fire("bring_back", part=answered_part, by="esra")

    request = form_for("case", "ask_network") or {}
    assert question_to_network == {name: request[name] for name in ("purpose", "regionTried", "question")}
    assert (network["party"]["role"], network["party"]["organisation"]["id"]) == (
        "expertise_network",
        str(ORGANISATION_IDS["ben-noord"]),
    )
    assert questions == {
        str(ORGANISATION_IDS["steun"]): ("national_support", "2030-05-20"),
        str(ORGANISATION_IDS["cce"]): ("national_support", "2030-06-03"),
    }
    assert {key: question["level"]["code"] for key, question in readings.items()} == {
        "tom": "national_support",
        "ulla": "cce_consultation",
    }
    assert {question["purpose"]["code"] for question in readings.values()} == {"other_region"}
    assert guards_of_escalation == {"no_open_question"}
    assert answered_part["party"]["role"] == "chair"
    assert [code_of(part) for part in case.parts("escalation")] == ["brought_back", "brought_back"]
    assert ownership_of(case) == duty_before


def test_t17_the_liaison_escalates_waits_nudges_records_the_answer_and_brings_it_back(people: People) -> None:
    """Story f: the liaison records the answer of the CCE in the question that was put to the CCE."""
    case = CaseFile.submitted(people).go_to("help_started")
    duty_before = ownership_of(case)
    case.fire("request_escalation")
    case.fire("escalate", part=escalation(case, "requested"), level=CONSULTATION)

    actions = [item["part"]["nextAction"]["code"] for item in work_items_of(people.mila, case)]
    case.fire("remind", part=question_to(case, "cce"), answer_expected_on="2030-06-10")
    case.fire("remind", part=escalation(case, "escalated"), answer_expected_on="2030-06-11")
    days = [question_to(case, "cce")["dueOn"], escalation(case, "escalated")["dueOn"]]
    case.fire("record_answer", part=question_to(case, "cce"), by="mila")
    case.fire("record_answer", part=escalation(case, "escalated"), form={})
    open_work = work_items_of(people.mila, case)
    case.fire("bring_back", part=escalation(case, "answered"), by="mila")

    assert actions == ["record_answer"]
    assert days == ["2030-06-10", "2030-06-11"]
    assert open_work == []
    assert [code_of(part) for part in (*case.parts("escalation"), *case.parts("question"))] == [
        "brought_back",
        "answered",
    ]
    assert ownership_of(case) == duty_before


@broken_by(
    "The chair sees a liaison's signal, also after the liaison went ahead",
    "service/cases/rules/attention.py",
    'if entries[-1].phase != "ended" and all(entry.role != Role.CHAIR for entry in entries):',
    'if entries[-1].target == "signalled" and all(entry.role != Role.CHAIR for entry in entries):',
)
def test_i9_a_liaison_signals_on_her_own_and_does_not_wait_for_the_chair_who_is_told(people: People) -> None:
    noted_case, escalated_case = (CaseFile.submitted(people).go_to("arranging_placement") for _ in range(2))
    duty_and_status = ownership_of(noted_case), people.mila.get(noted_case.path).status_code
    key = str(uuid4())

    first = signal(people.mila, noted_case.number, key=key)
    replay = signal(people.mila, noted_case.number, key=key)
    other = signal(people.mila, escalated_case.number, key=key)
    actions = [
        (item["part"]["state"]["code"], item["part"]["nextAction"]["code"])
        for item in work_items_of(people.esra, noted_case)
    ]
    noted_case.fire("acknowledge", part=escalation(noted_case, "signalled"))
    assert signal(people.mila, escalated_case.number).status_code == 201
    escalated_case.fire("escalate", part=escalation(escalated_case, "signalled"))
    signals = [item["code"] for item in escalated_case.view()["attention"]]
    escalated_case.fire("add_note", part=escalation(escalated_case, "escalated"), by="esra")

    assert (first.status_code, replay.status_code) == (201, 201)
    assert replay.json() == first.json()
    assert refusal(other) == (409, "key_reused")
    assert actions == [("signalled", "acknowledge")]
    # Going ahead does not take the news away from the chair: it stands with the case until the chair acts.
    assert (signals, [item["code"] for item in escalated_case.view()["attention"]]) == (["signalled"], [])
    assert noted_case.view()["attention"] == []
    assert [item["part"]["state"]["code"] for item in work_items_of(people.mila, noted_case, escalated_case)] == [
        "requested",
        "escalated",
    ]
    assert (ownership_of(noted_case), 404) == duty_and_status
    assert noted_case.view(by="mila")["number"] == noted_case.number

    noted_case.fire("withdraw", part=escalation(noted_case, "requested"))
    answer = first.json()
    shorter_answer = {"caseId": answer["caseId"], "version": answer["version"]}
    assert signal(people.mila, noted_case.number, key=key).json() == shorter_answer, "it was done, and its number"


@pytest.fixture
def coordinator_of_twente(service: RunningService) -> Iterator[Person]:
    with newcomer(service, ("ret-twente", Role.COORDINATOR, SOME_TIME_AGO, None)) as person:
        yield person


def test_i9_a_liaison_has_one_list_over_all_of_her_regions_and_each_region_keeps_its_own_case(
    people: People, coordinator_of_twente: Person
) -> None:
    own_case = CaseFile.submitted(people).go_to("in_triage")
    twente_case = CaseFile.submitted(people, by="otto", **referral_of("JZ14"))
    start = {"trigger": "start_triage", "form": form_for("case", "start_triage", screener_id=PERSON_IDS["petra"])}
    assert coordinator_of_twente.post(f"{twente_case.path}/transitions", start, version=1).status_code == 201

    own_case.fire("request_escalation")
    request = {"trigger": "request_escalation", "form": form_for("case", "request_escalation")}
    assert people.petra.post(f"{twente_case.path}/transitions", request, version=2).status_code == 201

    duties = {
        item["region"]: (item["caseState"]["code"], item["part"]["party"]["role"])
        for item in work_items_of(people.mila, own_case, twente_case)
    }
    assert duties == {"JZ11": ("in_triage", "cce_liaison"), "JZ14": ("in_triage", "cce_liaison")}
    assert {item["part"]["party"]["role"] for item in work_items_of(people.mila, own_case, twente_case)} == {
        "cce_liaison"
    }
    assert twente_case.view(by="mila")["team"]["id"] == str(ORGANISATION_IDS["ret-twente"])
    assert [people.petra.get(own_case.path).status_code, people.esra.get(twente_case.path).status_code] == [404, 404]


def test_i1_where_no_network_is_known_the_process_director_asks_around_and_records_the_answer(
    service: RunningService, people: People
) -> None:
    case = CaseFile.submitted(people).go_to("in_review")
    ben = ORGANISATION_IDS["ben-noord"]

    with service.tables.begin() as connection:
        update = "UPDATE coverages SET valid_until = '{}' WHERE region = 'JZ11' AND organisation_id = '{}'"
        connection.exec_driver_sql(update.format("2025-06-01", ben))
    try:
        case.fire("ask_network")
    finally:
        with service.tables.begin() as connection:
            connection.exec_driver_sql(update.format("9999-12-31", ben))
    network_part = escalation(case, "network_asked")
    case.fire("record_network_answer", part=network_part, by="hanna")

    assert (network_part["addressee"], network_part["party"]["role"]) == (None, "process_director")
    assert people.sara.get(case.path).status_code == 404
