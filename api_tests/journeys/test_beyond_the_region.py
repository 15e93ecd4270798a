"""What the region cannot solve alone: the network, the national level, and back (stories c and f; I9, R21, R22)."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from api_tests.support.case_file import CaseFile
from api_tests.support.demonstration import ORGANISATION_IDS, PERSON_IDS
from api_tests.support.escalations import (
    CONSULTATION,
    ELSEWHERE,
    NATIONAL,
    asked_of,
    escalation,
    mine,
    question_to,
    signal,
    whose,
)
from api_tests.support.people import People, Person
from api_tests.support.refusals import code_of, refusal, unmet
from api_tests.support.sabotages import broken_by
from api_tests.support.servers import Running
from api_tests.support.shared_case import SOME_TIME_AGO, newcomer, referral_of
from api_tests.support.workflows import form_for
from service.vocabulary.roles import Role


def test_r21_r22_the_network_finds_no_fit_and_a_place_elsewhere_is_asked_with_a_consultation_of_the_cce_beside_it(
    people: People,
) -> None:
    """Story c: each body answers its own question; the two national levels are never one; the region keeps the case."""
    case = CaseFile.submitted(people).go_to("arranging_placement")
    before = whose(case)
    case.fire("ask_network")
    network = escalation(case, "network_asked")
    asked = asked_of(people.sara, case, network)
    case.fire("record_network_answer", part=network, by="sara")
    case.fire("bring_back", part=escalation(case, "answered"), by="esra")

    wanted = form_for("case", "request_escalation", level=NATIONAL, purpose=ELSEWHERE) or {}
    wanted.pop("networkSkippedBecause")
    case.fire("request_escalation", form=wanted)
    for level, day in ((NATIONAL, "2027-05-20"), (CONSULTATION, "2027-06-03")):
        state = "requested" if level is NATIONAL else "escalated"
        case.fire("escalate", part=escalation(case, state), level=level, answer_expected_on=day)
    beside = {part["addressee"]["id"]: (part["party"]["role"], part["dueOn"]) for part in case.parts("question")}
    read = {key: asked_of(people[key], case, question_to(case, at)) for key, at in (("tom", "steun"), ("ulla", "cce"))}
    case.fire("record_answer", part=question_to(case, "cce"), by="ulla")
    waiting = unmet(case.attempt("record_answer", part=escalation(case, "escalated"), form={}))
    case.fire("record_answer", part=question_to(case, "steun"), by="tom")
    case.fire("record_answer", part=escalation(case, "escalated"), form={})
    answered = escalation(case, "answered")
    case.fire("bring_back", part=answered, by="esra")

    request = form_for("case", "ask_network") or {}
    assert asked == {name: request[name] for name in ("purpose", "regionTried", "question")}
    assert (network["party"]["role"], network["party"]["organisation"]["id"]) == (
        "expertise_network",
        str(ORGANISATION_IDS["ben-noord"]),
    )
    assert beside == {
        str(ORGANISATION_IDS["steun"]): ("national_support", "2027-05-20"),
        str(ORGANISATION_IDS["cce"]): ("national_support", "2027-06-03"),
    }
    assert {key: it["level"]["code"] for key, it in read.items()} == {
        "tom": "national_support",
        "ulla": "cce_consultation",
    }
    assert {it["purpose"]["code"] for it in read.values()} == {"other_region"}
    assert waiting == {"no_open_question"}
    assert answered["party"]["role"] == "chair"
    assert [code_of(part) for part in case.parts("escalation")] == ["brought_back", "brought_back"]
    assert whose(case) == before


def test_t17_the_liaison_escalates_waits_nudges_records_the_answer_and_brings_it_back(people: People) -> None:
    """Story f: the body reports by telephone, and the liaison writes down what it said, in the body's own question."""
    case = CaseFile.submitted(people).go_to("help_started")
    before = whose(case)
    case.fire("request_escalation")
    case.fire("escalate", part=escalation(case, "requested"), level=CONSULTATION)

    hers = [it["part"]["nextAction"]["code"] for it in mine(people.mila, case)]
    case.fire("remind", part=question_to(case, "cce"), answer_expected_on="2027-06-10")
    case.fire("remind", part=escalation(case, "escalated"), answer_expected_on="2027-06-11")
    days = [question_to(case, "cce")["dueOn"], escalation(case, "escalated")["dueOn"]]
    case.fire("record_answer", part=question_to(case, "cce"), by="mila")
    case.fire("record_answer", part=escalation(case, "escalated"), form={})
    concluded = mine(people.mila, case)
    case.fire("bring_back", part=escalation(case, "answered"), by="mila")

    assert hers == ["record_answer"]
    assert days == ["2027-06-10", "2027-06-11"]
    assert concluded == []
    assert [code_of(it) for it in (*case.parts("escalation"), *case.parts("question"))] == ["brought_back", "answered"]
    assert whose(case) == before


@broken_by(
    "issue 3.1: the chair is informed of a liaison's signal, also when she goes ahead",
    "service/cases/rules/attention.py",
    'if entries[-1].phase != "ended" and all(entry.role != Role.CHAIR for entry in entries):',
    'if entries[-1].target == "signalled" and all(entry.role != Role.CHAIR for entry in entries):',
)
def test_i9_a_liaison_signals_on_her_own_and_the_chair_is_told_while_she_need_not_wait(people: People) -> None:
    noted, ahead = (CaseFile.submitted(people).go_to("arranging_placement") for _ in range(2))
    before = whose(noted), people.mila.get(noted.path).status_code
    key = str(uuid4())

    first = signal(people.mila, noted.number, key=key)
    again = signal(people.mila, noted.number, key=key)
    other = signal(people.mila, ahead.number, key=key)
    asked = [(it["part"]["state"]["code"], it["part"]["nextAction"]["code"]) for it in mine(people.esra, noted)]
    noted.fire("acknowledge", part=escalation(noted, "signalled"))
    assert signal(people.mila, ahead.number).status_code == 201
    ahead.fire("escalate", part=escalation(ahead, "signalled"))
    unseen = [it["code"] for it in ahead.seen()["attention"]]
    ahead.fire("add_note", part=escalation(ahead, "escalated"), by="esra")

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert refusal(other) == (409, "key_reused")
    assert asked == [("signalled", "acknowledge")]
    # Who goes ahead does not take the news away from the chair: it stands with the case until she had a hand in it.
    assert (unseen, [it["code"] for it in ahead.seen()["attention"]]) == (["signalled"], [])
    assert noted.seen()["attention"] == []
    assert [it["part"]["state"]["code"] for it in mine(people.mila, noted, ahead)] == ["requested", "escalated"]
    assert (whose(noted), 404) == before
    assert noted.seen(by="mila")["number"] == noted.number

    noted.fire("withdraw", part=escalation(noted, "requested"))
    told = first.json()
    known = {"caseId": told["caseId"], "version": told["version"]}
    assert signal(people.mila, noted.number, key=key).json() == known, "it was done, and its number"


@pytest.fixture
def coordinator_of_twente(service: Running) -> Iterator[Person]:
    with newcomer(service, ("ret-twente", Role.COORDINATOR, SOME_TIME_AGO, None)) as person:
        yield person


def test_i9_a_liaison_has_one_list_over_all_of_her_regions_and_each_region_keeps_its_own_case(
    people: People, coordinator_of_twente: Person
) -> None:
    here = CaseFile.submitted(people).go_to("in_triage")
    there = CaseFile.submitted(people, by="otto", **referral_of("JZ14"))
    start = {"trigger": "start_triage", "form": form_for("case", "start_triage", screener_id=PERSON_IDS["petra"])}
    assert coordinator_of_twente.post(f"{there.path}/transitions", start, version=1).status_code == 201

    here.fire("request_escalation")
    asked = {"trigger": "request_escalation", "form": form_for("case", "request_escalation")}
    assert people.petra.post(f"{there.path}/transitions", asked, version=2).status_code == 201

    listed = {
        it["region"]: (it["caseState"]["code"], it["part"]["party"]["role"]) for it in mine(people.mila, here, there)
    }
    assert listed == {"JZ11": ("in_triage", "cce_liaison"), "JZ14": ("in_triage", "cce_liaison")}
    assert {it["part"]["party"]["role"] for it in mine(people.mila, here, there)} == {"cce_liaison"}
    assert there.seen(by="mila")["team"]["id"] == str(ORGANISATION_IDS["ret-twente"])
    assert [people.petra.get(here.path).status_code, people.esra.get(there.path).status_code] == [404, 404]


def test_i1_where_no_network_is_known_the_process_director_asks_around_and_records_the_answer(
    service: Running, people: People
) -> None:
    case = CaseFile.submitted(people).go_to("in_review")
    ben = ORGANISATION_IDS["ben-noord"]

    with service.tables.begin() as connection:
        until = "UPDATE coverages SET valid_until = '{}' WHERE region = 'JZ11' AND organisation_id = '{}'"
        connection.exec_driver_sql(until.format("2025-06-01", ben))
    try:
        case.fire("ask_network")
    finally:
        with service.tables.begin() as connection:
            connection.exec_driver_sql(until.format("9999-12-31", ben))
    asked = escalation(case, "network_asked")
    case.fire("record_network_answer", part=asked, by="hanna")

    assert (asked["addressee"], asked["party"]["role"]) == (None, "process_director")
    assert people.sara.get(case.path).status_code == 404
