"""Each member of a family speaks for themselves: consents, withdrawals, amendments and ages (I20; Jeugdwet 7.3.11)."""

from typing import Any

import httpx
import pytest

from api_tests.access.test_families import (
    SIXTEEN_NEXT_MONTH,
    SIXTEEN_NOW,
    consent,
    months_ago,
    outcome,
    public_task,
    withdrawal,
)
from api_tests.support.case_file import CaseFile
from api_tests.support.people import People
from api_tests.support.sabotages import Rule, broken_by
from api_tests.support.shared_case import SOME_TIME_AGO
from api_tests.support.workflows import form_for


@broken_by(
    "I20: a parent changes by no age who must consent",
    "service/cases/use_cases/check_step.py",
    'return form.model_copy(update={"birth_month": month}) if month else None',
    "return None",
)
@broken_by(
    "I20: a consent after the amendment of a parent is weighed by the month that others recorded",
    "service/cases/use_cases/birth_month.py",
    "return settled_month(recorded) or _last(recorded)",
    "return _last(recorded)",
)
def test_i20_a_parent_changes_by_no_age_who_must_consent(people: People) -> None:
    purposes = ("discuss_at_table", "share_with_providers")
    both = [*consent("child", *purposes), *consent("parent", *purposes)]
    case = CaseFile.submitted(people, by="wilma", birth_month=months_ago(14 * 12), consents=both).go_to("in_review")
    case.fire("withdraw_consent", by="yara", form=withdrawal("child", "discuss_at_table"))
    change = {"amends": 1, "changes": {"birthMonth": months_ago(10 * 12)}, "reason": "Ik vergiste mij."}
    case.fire("amend", by="yara", form={**change, "changes": {"birthMonth": months_ago(14 * 12)}})

    amended = case.fire("amend", by="wilma", form=change)["transition"]
    consents = consent("parent", "discuss_at_table", "learning")
    recorded = case.fire("record_consent", by="wilma", consents=consents)["transition"]
    asked = CaseFile.ask_consult(people, by="yara", birth_month=months_ago(14 * 12))
    of_parent = consent("parent", "discuss_at_table")
    referred = asked.fire("refer", by="wilma", birth_month=months_ago(10 * 12), consents=of_parent)["transition"]

    assert outcome(people.floor.get(f"{case.path}/file")) == (403, "consent_missing")
    assert "consent_ages" not in amended["codes"]
    for entry in (recorded, referred):
        assert {fact.split(":")[1] for fact in entry["codes"]["consent_given"]} == {"12-15"}
    by_child = case.fire("amend", by="yara", form={**change, "changes": {"birthMonth": months_ago(11 * 12)}})
    assert "consent_ages" in by_child["transition"]["codes"]


@broken_by("I20: a parent records the consent of no other parent", Rule("parents_record_their_own"))
@broken_by("I20: a parent does not undo what the young person withdrew", Rule("child_withdrew_this"))
def test_i20_a_parent_records_their_own_consent_and_not_that_of_the_other_parent_or_of_a_child_who_withdrew(
    people: People,
) -> None:
    case = CaseFile.submitted(people, by="wilma", birth_month=months_ago(15 * 12))
    case.fire("withdraw_consent", by="yara", form=withdrawal("child", "share_with_providers"))
    of_other_parent = consent("parent", "share_with_providers")
    of_other_parent[0]["whichParent"] = {"code": "other_parent"}

    answers = [
        case.attempt("record_consent", by="wilma", consents=consents)
        for consents in (of_other_parent, consent("child", "share_with_providers"))
    ]
    case.fire("record_consent", by="wilma", consents=consent("parent", "share_with_providers"))
    case.fire("record_consent", by="yara", consents=consent("child", "share_with_providers"))

    assert [[error["code"] for error in answer.json()["errors"]] for answer in answers] == [
        ["parents_record_their_own"],
        ["child_withdrew_this"],
    ]


def fault_codes(answer: httpx.Response) -> list[str]:
    return [error["code"] for error in answer.json()["errors"]]


@broken_by(
    "I20: a parent lifts no withdrawal by recording a younger age",
    "service/cases/use_cases/birth_month.py",
    "    return _last(by_others or [*islice(of_youth, 1)])",
    "    return _last(by_others)",
)
@pytest.mark.parametrize("years", [14, 16])
def test_i20_a_parent_lifts_no_withdrawal_of_the_young_person_by_recording_a_younger_age(
    people: People, years: int
) -> None:
    of_parent, ten = consent("parent", "discuss_at_table"), months_ago(10 * 12)
    both = [*consent("child", "discuss_at_table"), *consent("parent", "discuss_at_table")]
    amended = CaseFile.submitted(people, by="wilma", birth_month=months_ago(years * 12), consents=both)
    asked = CaseFile.ask_consult(people, by="wilma", birth_month=months_ago(years * 12))
    for case in (amended, asked):
        case.fire("withdraw_consent", by="yara", form=withdrawal("child", "discuss_at_table"))

    changes = {"birthMonth": ten, "consents": of_parent}
    amended.fire("amend", by="wilma", form={"amends": 1, "changes": changes, "reason": "Ik vergiste mij."})
    asked.fire("refer", by="wilma", birth_month=ten, consents=of_parent)

    for case in (amended, asked):
        case.go_to("scheduled")
        assert outcome(people.floor.get(f"{case.path}/file")) == (403, "consent_missing")
    of_ten = {"amends": 1, "changes": {"birthMonth": ten}, "reason": "Ik ben tien."}
    amended.fire("amend", by="yara", form=of_ten)
    assert outcome(people.floor.get(f"{amended.path}/file")) == (200, "")


@broken_by(
    "I20: a guardian lifts no withdrawal that another guardian made",
    "service/cases/rules/consent_order.py",
    "fact.giver in ROLES_WITH_AUTHORITY and (word",
    'fact.giver == "parent" and (word',
)
def test_i20_who_signs_in_as_parent_lifts_no_withdrawal_of_a_guardian(people: People) -> None:
    of_guardian = consent("guardian", "discuss_at_table")
    case = CaseFile.submitted(people, by="wilma", birth_month=months_ago(10 * 12), consents=of_guardian)
    withdrawn = withdrawal("guardian", "discuss_at_table") | {"withdrawnOn": str(SOME_TIME_AGO)}
    case.fire("withdraw_consent", by="carla", form=withdrawn)
    case.fire("record_consent", by="wilma", consents=of_guardian)
    case.go_to("scheduled")

    assert outcome(people.floor.get(f"{case.path}/file")) == (403, "consent_missing")


@broken_by(
    "I20: a member of a family amends only what they recorded themselves",
    "service/cases/use_cases/amend.py",
    "role == Role.YOUNG_PERSON and amendment.changes.keys() <= _OF_THE_YOUNG_PERSON",
    "role",
)
def test_i20_a_member_of_a_family_amends_no_word_of_another_member(people: People) -> None:
    case = CaseFile.submitted(people, by="wilma", birth_month=months_ago(14 * 12))
    by_child = case.fire("withdraw_consent", by="yara", form=withdrawal("child", "share_with_providers"))
    by_parent = case.fire("withdraw_consent", by="wilma", form=withdrawal("parent", "share_with_providers"))
    other_purpose = {"purposes": [{"code": "cce"}]}

    def amend(by: str, step: dict[str, Any], changes: dict[str, Any]) -> httpx.Response:
        form = {"amends": step["transition"]["partSequence"], "changes": changes, "reason": "Verkeerd getypt."}
        return case.attempt("amend", by=by, form=form)

    first = {"transition": {"partSequence": 1}}
    refused = [
        amend("wilma", by_child, other_purpose),
        amend("yara", by_parent, {"withdrawnOn": str(SOME_TIME_AGO)}),
        amend("yara", first, {"question": "Waar kan ik wonen?"}),
        amend("yara", first, {"birthMonth": months_ago(15 * 12), "question": "Waar kan ik wonen?"}),
    ]

    assert [fault_codes(answer) for answer in refused] == [["not_amendable"]] * 4
    assert amend("yara", first, {"birthMonth": months_ago(15 * 12)}).status_code == 201
    assert amend("yara", by_child, other_purpose).status_code == 201


@broken_by(
    "I20: a member of a family records no legal ground",
    "service/cases/rules/forms/consent.py",
    "if names_ground and context.recorded_by in FAMILY_ROLES:",
    "if names_ground and not context:",
)
@pytest.mark.parametrize("by", ["wilma", "yara"])
def test_i20_a_member_of_a_family_records_no_legal_ground_and_ends_none(people: People, by: str) -> None:
    case = CaseFile.submitted(people, by="wilma", birth_month=months_ago(14 * 12))
    ended = withdrawal("parent", "share_with_providers") | {"kind": {"code": "legal_ground"}, "by": None}

    recorded = case.attempt("record_consent", by=by, consents=public_task("share_with_providers"))
    submission = {"trigger": "submit", "form": form_for("case", "submit", consents=public_task("discuss_at_table"))}
    submitted = people[by].post("/cases", submission)
    ends = case.attempt("withdraw_consent", by=by, form=ended)

    for answer in (recorded, submitted, ends):
        assert "family_records_no_ground" in fault_codes(answer)
    case.fire("record_consent", by="carla", consents=public_task("share_with_providers"))


@broken_by("I20: a member of a family withdraws their own consent alone", Rule("withdraw_their_own"))
@pytest.mark.parametrize(("by", "other"), [("wilma", "child"), ("yara", "parent")])
def test_i20_a_member_of_a_family_withdraws_no_consent_of_another_member(people: People, by: str, other: str) -> None:
    case = CaseFile.submitted(people, by="wilma", birth_month=months_ago(14 * 12))

    refused = case.attempt("withdraw_consent", by=by, form=withdrawal(other, "discuss_at_table"))

    assert fault_codes(refused) == ["withdraw_their_own"]
    case.fire("withdraw_consent", by="carla", form=withdrawal(other, "discuss_at_table"))


@broken_by("I20: from sixteen a parent records no consent of the young person", Rule("young_person_consents"))
def test_i20_from_sixteen_the_young_person_or_the_team_records_their_consent(people: People) -> None:
    case = CaseFile.submitted(people, by="yara", birth_month=SIXTEEN_NOW)
    younger = CaseFile.submitted(people, by="wilma", birth_month=SIXTEEN_NEXT_MONTH)
    of_child = consent("child", "share_with_providers")

    refused = case.attempt("record_consent", by="wilma", consents=of_child)

    assert fault_codes(refused) == ["young_person_consents"]
    case.fire("record_consent", by="carla", consents=of_child)
    younger.fire("record_consent", by="wilma", consents=of_child)
