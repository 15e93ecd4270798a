"""Amendments, reassignments and notes: their authors, their rules, and the facts that they never change."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api_tests.support.case_file import CaseFile
from api_tests.support.edges import Json, entries_of
from api_tests.support.forms import filled
from api_tests.support.people import People
from api_tests.support.sabotages import broken_by
from service.cases.rules.amendments import apply_amendments, apply_merge_patch


# Appendix A of RFC 7396, line by line.
@broken_by(
    "An amendment is a merge patch as in RFC 7396",
    "service/cases/rules/amendments.py",
    "            result.pop(name, None)",
    "            result[name] = None",
)
@pytest.mark.parametrize(
    ("original", "patch", "expected"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_a_merge_patch_does_what_rfc_7396_shows(original: Any, patch: Any, expected: Any) -> None:
    assert apply_merge_patch(original, patch) == expected


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)
MEMBERS = st.dictionaries(st.sampled_from("abc"), JSON, max_size=3)


@settings(max_examples=150, deadline=None)
@given(form=MEMBERS, first=MEMBERS, second=MEMBERS)
def test_amendments_hold_in_their_order_and_leave_what_was_sent_as_it_is(form: Json, first: Json, second: Json) -> None:
    sent = repr(form)

    current = apply_amendments(form, [{"changes": first}, {"changes": second}])

    assert current == apply_merge_patch(apply_merge_patch(form, first), second)
    assert apply_amendments(current, [{"changes": second}]) == current
    assert repr(form) == sent


def amend(case: CaseFile, amends: int, changes: Json, **options: Any) -> Any:
    form = {"amends": amends, "changes": changes, "reason": "Er stond iets verkeerd."}
    return case.attempt("amend", form=form, **options)


def document(case: CaseFile, number: int, by: str = "esra") -> Json:
    """The document of the entry of the case with this number, from the whole file."""
    file = case.people[by].get(f"{case.path}/file").json()
    match: Json = next(
        candidate
        for candidate in file["documents"]
        if (candidate["entry"]["partId"], candidate["entry"]["partSequence"]) == (case.id, number)
    )
    return match


def test_the_file_shows_the_form_as_sent_and_its_current_text_after_every_amendment(case: CaseFile) -> None:
    sent = document(case, 1)["form"]

    amend(case, 1, {"previousMoves": 3, "education": None})
    amend(case, 1, {"previousMoves": 4, "residence": {"sinceOn": "2020-02-02"}})

    after = document(case, 1)
    assert after["form"] == sent
    assert after["current"] == {
        **{name: value for name, value in sent.items() if name != "education"},
        "previousMoves": 4,
        "residence": {**sent["residence"], "sinceOn": "2020-02-02"},
    }
    assert document(case, 2)["form"]["changes"] == {"previousMoves": 3, "education": None}
    assert document(case, 2)["current"] is None


@broken_by(
    "An amended form meets the same rules as the form itself",
    "service/cases/use_cases/check_step.py",
    "*(_faults_of_changes(transaction, situation, step, context) if step.amended else ()),",
    "",
)
@pytest.mark.parametrize(
    ("changes", "location", "code"),
    [
        ({"question": None}, "/form/changes/question", "missing"),
        ({"shoeSize": 39}, "/form/changes/shoeSize", "extra_forbidden"),
        ({"residence": {"sinceOn": "2099-01-01"}}, "/form/changes/residence/sinceOn", "day_in_future"),
        ({"consents": []}, "/form/changes/consents", "too_short"),
        ({"childVoice": {"ownWords": None}}, "/form/changes/childVoice", "voice_missing"),
    ],
)
def test_an_amended_form_is_held_against_the_same_rules_as_the_form_itself(
    case: CaseFile, changes: Json, location: str, code: str
) -> None:
    before = case.history()

    answer = amend(case, 1, changes)

    assert answer.status_code == 400
    assert [(error["location"], error["code"]) for error in answer.json()["errors"]] == [(location, code)]
    assert case.history() == before


def test_the_quorum_of_the_region_is_not_got_round_by_amending_the_table_afterwards(
    people: People,
) -> None:
    case = CaseFile.submitted(people).go_to("in_review")
    table = entries_of(case, None)[-1]

    answer = amend(case, table["partSequence"], {"members": filled("table@1")["members"][:1]}, by="esra")

    assert table["form"] == "table@1"
    assert answer.status_code == 400
    assert {error["code"] for error in answer.json()["errors"]} >= {"quorum_experts_short"}


@broken_by(
    "An organisation cannot amend a form of another organisation",
    "service/cases/use_cases/amend.py",
    "or entry.organisation_id != decision.acting.organisation_id:",
    ":",
)
@pytest.mark.parametrize(
    ("by", "amends"),
    [
        pytest.param("carla", 1, id="what another organisation wrote"),
        pytest.param("anna", 2, id="what the team wrote"),
        pytest.param("carla", 3, id="a note"),
        pytest.param("anna", 4, id="an amendment"),
        pytest.param("carla", 5, id="a reassignment"),
        pytest.param("anna", 99, id="an entry that does not exist"),
    ],
)
def test_what_is_not_yours_and_what_only_adds_cannot_be_amended(people: People, by: str, amends: int) -> None:
    case = CaseFile.submitted(people)
    case.fire("start_triage")
    case.fire("add_note", by="carla")
    amend(case, 1, {"previousMoves": 3})
    case.fire("reassign", by="carla")
    before = case.history()
    assert [entry["form"] for entry in before[1:]] == ["triage_start@1", "note@1", "amendment@1", "reassignment@1"]

    answer = amend(case, amends, {"reason": "iets anders"}, by=by)

    assert answer.status_code == 400
    assert [(error["location"], error["code"]) for error in answer.json()["errors"]] == [
        ("/form/amends", "not_amendable")
    ]
    assert case.history() == before


@broken_by(
    "I13: an amendment of an issued advice is refused",
    "service/cases/use_cases/amend.py",
    '_AMENDED_ON_REQUEST = frozenset({"advice", "advice_revision", ',
    "_AMENDED_ON_REQUEST = frozenset({",
)
def test_issued_advice_is_never_amended_and_another_version_leaves_the_first_as_it_was(people: People) -> None:
    """I13, policy 7: a change is a new version with a reason."""
    case = CaseFile.submitted(people).go_to("advice_issued")
    issued = entries_of(case, None)[-1]
    first = people.esra.get(f"{case.path}/advices/1").content

    amended = amend(case, issued["partSequence"], {"childVersion": "Anders."}, by="esra")
    unexplained = case.attempt("revise_advice", reason=None)
    case.fire("revise_advice", child_version="Je blijft thuis, en opa helpt mee.")

    assert [error["code"] for error in amended.json()["errors"]] == ["not_amendable"]
    assert [error["location"] for error in unexplained.json()["errors"]] == ["/form/reason"]
    assert people.esra.get(f"{case.path}/advices/1").content == first
    second = people.esra.get(f"{case.path}/advices/2").json()
    assert second["advice"]["childVersion"] == "Je blijft thuis, en opa helpt mee."
    assert second["advice"]["reason"]


@broken_by(
    "I16: an advice cannot be issued while the voice of the child or a parent is missing",
    "workflows/case.toml",
    'form = "advice@1"\nguards = ["child_and_parents_heard"]',
    'form = "advice@1"',
)
@broken_by(
    "I16: guards count the facts of the amended form",
    "service/cases/use_cases/check_step.py",
    "raw_form=None, amended=amendment.amended)",
    "raw_form=None)",
)
def test_an_advice_cannot_be_issued_while_a_voice_is_missing_and_can_once_an_amendment_tells_it(
    people: People,
) -> None:
    """I16: child and parents are recorded as heard, or why not; facts are counted from the amended form."""
    case = CaseFile.submitted(people).go_to("scheduled")
    child, *parents = filled("table@1")["participation"]
    case.fire("open_table", participation=[child])
    table = entries_of(case, None)[-1]
    case.fire("draft_advice")
    refused = case.attempt("issue_advice")

    amend(case, table["partSequence"], {"participation": [child, *parents]}, by="esra")
    issued = case.attempt("issue_advice")

    assert (refused.status_code, refused.json()["code"]) == (409, "guards_not_met")
    assert [guard["code"] for guard in refused.json()["unmetGuards"]] == ["child_and_parents_heard"]
    assert issued.status_code == 201


def test_who_was_recorded_as_heard_by_mistake_no_longer_counts_once_it_is_corrected(people: People) -> None:
    """I16: an amendment replaces the form that it corrects, also where it withdraws a fact."""
    case = CaseFile.submitted(people).go_to("in_review")
    table = entries_of(case, None)[-1]
    child = filled("table@1")["participation"][0]

    amend(case, table["partSequence"], {"participation": [child]}, by="esra")
    case.fire("draft_advice")
    answer = case.attempt("issue_advice")

    assert [guard["code"] for guard in answer.json()["unmetGuards"]] == ["child_and_parents_heard"]


@broken_by(
    "I16, I20, I23: an amendment replaces the entry that it corrects, also a consent",
    "service/cases/rules/steps.py",
    "return {**codes, AMENDED_ENTRY: (str(number),), **elsewhere}",
    "return codes",
)
def test_a_consent_that_is_taken_back_by_amending_no_longer_lets_a_provider_read(people: People) -> None:
    """I20, I23: without consent to share, a provider sees its lines without words."""
    case = CaseFile.submitted(people).go_to("advice_issued")
    with_consent = people.ivo.get(f"{case.path}/advices/1").json()["advice"]
    at_the_table_only = [
        {**consent, "purposes": [{"code": "discuss_at_table"}]} for consent in filled("referral@1")["consents"]
    ]

    amend(case, 1, {"consents": at_the_table_only})
    without = people.ivo.get(f"{case.path}/advices/1").json()["advice"]

    assert "aim" in with_consent["lines"][0]
    assert "goals" in with_consent
    assert "aim" not in without["lines"][0]
    assert "goals" not in without


def test_an_amendment_names_what_it_corrects_in_the_history_and_leaves_state_party_and_day(case: CaseFile) -> None:
    before = case.view()["main"]

    amend(case, 1, {"previousMoves": 3})

    entry, after = case.history()[-1], case.view()["main"]
    assert entry["codes"]["amends"] == ["1"]
    assert (entry["source"], entry["target"]) == ("submitted", "submitted")
    assert {**after, "version": before["version"]} == before
    assert after["version"] == before["version"] + 1
