"""A provider refuses and the payer is in dispute: help starts all the same (story b)."""

from typing import Any

import pytest

from api_tests.journeys.conftest import Elsewhere
from api_tests.support.case_file import CaseFile
from api_tests.support.demonstration import ORGANISATION_IDS
from api_tests.support.people import People
from api_tests.support.refusals import code_of, faults
from api_tests.support.sabotages import Rule, broken_by
from api_tests.support.workflows import form_for

pytestmark = pytest.mark.server

DUINHUIS = str(ORGANISATION_IDS["duinhuis"])
ANOTHER_OFFER: dict[str, Any] = {
    "key": "D",
    "domain": {"code": "treatment"},
    "aim": "Dezelfde behandeling, door een aanbieder die nu kan beginnen.",
    "providerId": DUINHUIS,
    "latestStartOn": "2030-04-05",
    "duration": "een jaar",
}


def case_being_arranged(people: People) -> CaseFile:
    return CaseFile.submitted(people).go_to("arranging_placement")


def on_line(case: CaseFile, kind: str, line: str) -> dict[str, Any]:
    return next(part for part in case.parts(kind) if part["line"] == line)


def refuse_every_line(case: CaseFile) -> CaseFile:
    for part in case.parts("commitment"):
        if part["addressee"]:
            case.fire("refuse", part=part, by="ivo")
    return case


def revision_with(offer: dict[str, Any]) -> dict[str, Any]:
    """Returns a new version of the advice with this line added to the others."""
    form = form_for("case", "revise_advice")
    assert form is not None
    return form | {"lines": [*form["lines"], offer]}


def test_i2_i6_help_starts_with_another_provider_while_one_refused_and_the_funding_is_disputed(people: People) -> None:
    case = case_being_arranged(people)
    case.fire("refuse", part=on_line(case, "commitment", "B"), by="ivo")
    case.fire("dispute", part=on_line(case, "funding", "B"), by="karim")

    case.fire("revise_advice", form=revision_with(ANOTHER_OFFER))
    case.fire("replace", part=on_line(case, "commitment", "B"), by="hanna")
    case.fire("accept", part=on_line(case, "commitment", "D"), by="joke")
    case.fire("start_help", part=on_line(case, "commitment", "D"), by="joke")
    case.fire("report_help_started", line="D")

    assert case.state == "help_started"
    assert code_of(on_line(case, "funding", "B")) == "disputed"
    assert code_of(on_line(case, "funding", "D")) == "requested"
    assert code_of(on_line(case, "commitment", "B")) == "ended"


def test_i6_a_new_request_turns_a_refusal_into_help(people: People) -> None:
    case = case_being_arranged(people)
    case.fire("refuse", part=on_line(case, "commitment", "A"), by="ivo")

    case.fire("ask_again", part=on_line(case, "commitment", "A"))
    case.fire("accept", part=on_line(case, "commitment", "A"), by="ivo")
    case.fire("start_help", part=on_line(case, "commitment", "A"), by="ivo")

    assert code_of(on_line(case, "commitment", "A")) == "running"
    assert case.attempt("report_help_started", line="A").status_code == 201


@broken_by(
    "I6: a provider's refusal makes the chair the party that must act",
    "workflows/commitment.toml",
    'party = "chair"',
    'party = "process_director"',
)
def test_i6_no_number_of_refusals_closes_a_case_and_each_asks_the_chair_for_another_way(people: People) -> None:
    case = refuse_every_line(case_being_arranged(people))

    view = case.view()

    assert code_of(view["main"]) == "arranging_placement"
    assert view["main"]["party"]["role"] == "process_director"
    refused_parts = [part for part in view["parts"] if code_of(part) == "refused"]
    assert len(refused_parts) == 2
    assert {(part["party"]["role"], part["nextAction"]["code"], part["dueOn"] is None) for part in refused_parts} == {
        ("chair", "replace", False)
    }


def test_i6_a_case_with_only_refusals_must_escalate_until_a_body_beyond_the_region_is_asked(
    elsewhere: Elsewhere,
) -> None:
    """I6, story b: the refusals stay listed. After the term the case is marked `must_escalate`, without a new entry."""
    case = refuse_every_line(case_being_arranged(elsewhere.people))
    signals_in_time = attention(case)
    history_before = case.history()

    elsewhere.clock.let_pass(days=12)

    assert (signals_in_time, attention(case)) == ([], ["must_escalate"])
    assert case.history() == history_before
    case.fire("ask_network")
    assert attention(case) == []
    ledger = elsewhere.people.hanna.get(f"{case.path}/refusals").json()["items"]
    assert sorted((entry["line"], entry["reasons"][0], entry["alternative"]) for entry in ledger) == [
        ("A", "no_capacity", False),
        ("B", "no_capacity", False),
    ]


def attention(case: CaseFile) -> list[str]:
    return [signal["code"] for signal in case.view()["attention"]]


@broken_by(
    "I2: the payer of a stay is the municipality of residence before the stay",
    "service/cases/rules/residence.py",
    "municipality, basis = (residence.before_stay, _BEFORE_STAY) if in_stay else (address, _ADDRESS)",
    "municipality, basis = (address, _ADDRESS)",
)
def test_i2_the_payer_follows_from_the_residence_and_a_new_payer_stands_next_to_the_first(
    people: People,
) -> None:
    """Determined at the advice, and again when corrected. The old payer stays until it hands over."""
    residence = {"municipality": "GM0453", "sinceOn": "2020-01-01", "inStay": True, "beforeStay": "GM0392"}
    case = CaseFile.submitted(people, residence=residence).go_to("advice_drafted")

    first_advice = case.fire("issue_advice", payer_id=None)
    case.fire("amend", by="anna", amends=1, changes={"residence": {"inStay": False}})
    case.fire("start_arranging")
    second_advice = case.fire("revise_advice", payer_id=None)

    assert first_advice["transition"]["codes"]["payer_basis"] == ["before_stay"]
    assert second_advice["transition"]["codes"]["payer_basis"] == ["address"]
    fundings_of_line_a = [part for part in case.parts("funding") if part["line"] == "A"]
    payers = sorted(part["addressee"]["id"] for part in fundings_of_line_a)
    assert payers == sorted(
        str(ORGANISATION_IDS[municipality]) for municipality in ("gemeente-haarlem", "gemeente-velsen")
    )
    old_payer = next(
        part for part in fundings_of_line_a if part["addressee"]["id"] == str(ORGANISATION_IDS["gemeente-haarlem"])
    )
    case.fire("hand_over", part=old_payer, by="karim")
    assert sorted(code_of(part) for part in case.parts("funding") if part["line"] == "A") == [
        "handed_over",
        "requested",
    ]


@broken_by(
    "R3: another provider needs another advice line, also after a return to the table", Rule("line_keeps_its_provider")
)
def test_r3_after_a_return_to_the_table_another_provider_needs_another_line(people: People) -> None:
    """Under the old key nobody would be asked. An ended request is put anew in the new advice."""
    case = refuse_every_line(case_being_arranged(people))
    case.fire("return_to_table")
    case.go_to("advice_drafted")

    under_the_old_key = case.attempt("issue_advice", provider_id=DUINHUIS)

    assert {code for code, _ in faults(under_the_old_key)} == {"line_keeps_its_provider"}


@broken_by(
    "I6: a provider's refusal states what would make the help possible",
    "service/commitments/rules/forms.py",
    "possible_if: FreeText",
    "possible_if: Nullable[FreeText] = None",
)
def test_i6_a_refusal_says_what_would_make_it_possible_or_is_not_taken(people: People) -> None:
    case = case_being_arranged(people)
    part = on_line(case, "commitment", "A")

    answer = case.attempt("refuse", part=part, by="ivo", form={"reason": {"code": "no_capacity"}})

    assert answer.status_code == 400
    assert [error["location"] for error in answer.json()["errors"]] == ["/form/possibleIf"]
    assert code_of(on_line(case, "commitment", "A")) == "requested"


@broken_by(
    "I2: no step waits for the funding",
    "service/cases/use_cases/take_step.py",
    ("        if version is None:\n            raise VersionMissing\n"),
    (
        '        if any(it.target == "disputed" for it in situation.history):\n'
        "            raise NotFound\n"
        "        if version is None:\n"
        "            raise VersionMissing\n"
    ),
)
def test_i2_from_the_advice_to_closure_nothing_waits_for_the_funding(people: People) -> None:
    case = CaseFile.submitted(people).go_to("advice_issued")
    for part in case.parts("funding"):
        if part["addressee"]:
            case.fire("dispute", part=part, by="karim")
            case.fire("report_obstacle", part=part, by="karim", obstacle={"code": "3"})

    case.go_to("monitored").go_to("closed")

    assert set(map(code_of, case.parts("funding"))) == {"disputed"}


def test_i2_a_payer_settles_the_dispute_after_the_case_was_closed(people: People) -> None:
    case = CaseFile.submitted(people).go_to("advice_issued")
    case.fire("dispute", part=on_line(case, "funding", "A"), by="karim")
    case.go_to("monitored").go_to("closed")

    case.fire("confirm", part=on_line(case, "funding", "A"), by="karim")

    assert code_of(on_line(case, "funding", "A")) == "confirmed"
    assert case.state == "closed"
