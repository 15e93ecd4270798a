"""Faults by rules of a request with wrong types: told to a person who may take the step, and to nobody else."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from api_tests.support.case_file import CaseFile
from api_tests.support.forms import filled
from api_tests.support.people import People
from api_tests.support.refusals import faults
from api_tests.support.sabotages import broken_by
from api_tests.support.servers import RunningService
from api_tests.support.workflows import RULES, form_for
from service.cases.rules.model import PartAddress
from service.cases.use_cases.rule_faults import rule_faults_of_step, rule_faults_of_submission
from service.identity.caller import Caller
from service.people.use_cases.demonstration import DEMONSTRATION_ISSUER
from service.workflows.rules.definition import Definition
from service.workflows.rules.rulebook import Rulebook

Faults = set[tuple[str, str]]
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def caller(key: str) -> Caller:
    return Caller(DEMONSTRATION_ISSUER, key, "0" * 32, False)


def faults_of_step(
    service: RunningService, case: str, key: str, body: object, *, version: int | None = None, rules: Rulebook = RULES
) -> Faults:
    address = PartAddress(UUID(case), UUID(case), "case")
    rule_faults = service.built.database.read_sync(
        lambda transaction: rule_faults_of_step(transaction, caller(key), address, body, rules=rules, version=version)
    )
    return {(fault.code, fault.location) for fault in rule_faults}


def faults_of_submission(service: RunningService, key: str, body: object) -> Faults:
    rule_faults = service.built.database.read_sync(
        lambda transaction: rule_faults_of_submission(transaction, caller(key), body, rules=RULES)
    )
    return {(fault.code, fault.location) for fault in rule_faults}


def faulty_table() -> dict[str, Any]:
    """A table with two faults: a participant was not heard without a reason, and the day cannot be read."""
    form = form_for("case", "open_table") or {}
    form["participation"] = [{"who": {"code": "child"}, "how": {"code": "declined"}}]
    return {"trigger": "open_table", "form": form | {"heldOn": "maandag"}}


NOT_HEARD = {("reason_not_heard_missing", "/form/participation/0/whyNot")}


@pytest.fixture
def scheduled(people: People) -> CaseFile:
    return CaseFile.submitted(people).go_to("scheduled")


def test_a_person_who_may_take_the_step_is_told_faults_by_rules_and_by_types(
    service: RunningService, scheduled: CaseFile
) -> None:
    assert faults_of_step(service, scheduled.id, "esra", faulty_table()) == NOT_HEARD
    dated = faulty_table() | {"occurredAt": "2020-01-01T00:00:00Z"}
    assert faults_of_step(service, scheduled.id, "esra", dated) == {
        *NOT_HEARD,
        ("occurred_before_previous", "/occurredAt"),
    }
    unreadable = faulty_table() | {"occurredAt": "gisteren", "grounds": 7}
    assert faults_of_step(service, scheduled.id, "esra", unreadable) == NOT_HEARD


@broken_by(
    "A faulty form reveals nothing of a case that the sender may not see",
    "service/cases/use_cases/rule_faults.py",
    "seen_by=actor)\n        if sight is None",
    'seen_by=identify(transaction, replace(caller, subject="esra")))\n        if sight is None',
)
def test_a_person_who_does_not_see_the_case_is_told_nothing(
    service: RunningService, scheduled: CaseFile, people: People
) -> None:
    """The liaison of the region may signal a case that she cannot see."""
    signal = {"trigger": "signal_escalation", "form": {"level": {"code": "expertise_network"}}}
    case = CaseFile.submitted(people).go_to("in_triage")
    assert faults_of_step(service, case.id, "mila", signal) == set()
    for key in ("otto", "petra", "tom", "nobody"):
        assert faults_of_step(service, scheduled.id, key, faulty_table()) == set(), key


@broken_by(
    "A person who may not take a step learns none of its rules",
    "service/cases/use_cases/rule_faults.py",
    "trigger = decide_step(situation, partial.step.trigger, rules).trigger",
    "trigger = rules.pinned(sight.part.workflow).definition.triggers[partial.step.trigger]",
)
def test_a_person_who_may_not_take_the_step_is_told_nothing(service: RunningService, scheduled: CaseFile) -> None:
    body = faulty_table()
    assert faults_of_step(service, scheduled.id, "anna", body) == set(), "another role"
    assert faults_of_step(service, str(uuid4()), "esra", body) == set(), "no such case"
    closing = {"trigger": "close", "form": {"lifeDomains": []}}
    assert faults_of_step(service, scheduled.id, "esra", closing) == set(), "not from here"
    assert faults_of_step(service, scheduled.id, "esra", {"trigger": "dance", "form": {}}) == set()


@broken_by(
    "A person who decided on another version learns none of the rules",
    "service/cases/use_cases/rule_faults.py",
    "or version not in (None, sight.part.sequence)",
    "",
)
def test_a_person_who_decided_on_another_version_is_told_nothing(service: RunningService, scheduled: CaseFile) -> None:
    version = scheduled.view()["main"]["version"]
    assert faults_of_step(service, scheduled.id, "esra", faulty_table(), version=version) == NOT_HEARD
    assert faults_of_step(service, scheduled.id, "esra", faulty_table(), version=version - 1) == set()


def test_a_member_required_by_type_is_not_required_twice(service: RunningService, scheduled: CaseFile) -> None:
    """Grounds that every version of a workflow requires are missing by type."""
    triggers = RULES.current("case").definition.triggers
    trigger_name = next(
        trigger.name
        for trigger in triggers.values()
        if trigger.grounds == "required" and "scheduled" in {edge.source for edge in trigger.edges}
    )
    form = form_for("case", trigger_name)
    assert faults_of_step(service, scheduled.id, "esra", {"trigger": trigger_name, "form": form}) == set()


@broken_by(
    "Where workflows ask for different forms, a refusal also has the type faults of the part's own form",
    "service/cases/use_cases/rule_faults.py",
    "type_faults = reading.faults if len({version.form for version in versions}) > 1 else ()",
    "type_faults: tuple[InputFault, ...] = ()",
)
def test_where_workflows_ask_for_different_forms_the_types_of_the_right_form_are_told_too(
    service: RunningService, scheduled: CaseFile
) -> None:
    """The form of a part depends on its workflow. The published body accepts any of the forms."""
    definition = json.loads(RULES.current("case").definition.to_canonical_json())
    definition["triggers"]["open_table"]["form"] = "comment@1"
    rules = RULES.with_older([Definition.from_canonical_json(json.dumps(definition))])

    assert faults_of_step(service, scheduled.id, "esra", faulty_table(), rules=rules) == {
        *NOT_HEARD,
        ("date_type", "/form/heldOn"),
    }
    formless = {"trigger": "open_table", "grounds": 7}
    assert faults_of_step(service, scheduled.id, "esra", formless, rules=rules) == {("missing", "/form")}
    assert faults_of_step(service, scheduled.id, "esra", formless) == set(), "with one form it is missing by type"


def test_an_organisation_that_does_not_exist_is_told_with_the_types(service: RunningService, people: People) -> None:
    case = CaseFile.submitted(people).go_to("advice_drafted")
    form = filled("advice@1", provider_id=str(uuid4())) | {"contactPerson": 7}
    told_faults = faults_of_step(service, case.id, "esra", {"trigger": "issue_advice", "form": form})
    assert {code for code, _ in told_faults} >= {"unknown_organisation"}
    assert not {fault for fault in told_faults if fault[1].startswith("/form/contactPerson")}


def test_i18_a_rule_about_the_age_of_the_child_is_silent_where_reading_the_age_is_not_logged(
    service: RunningService, people: People
) -> None:
    """I18: the fault of such a rule depends on earlier content."""
    case = CaseFile.submitted(people).go_to("in_triage")
    form = filled("consent_given@1")
    form["consents"] = [
        {**form["consents"][0], "by": {"code": "relative"}, "givenOn": "2099-01-01"},
    ]
    body = {"trigger": "record_consent", "form": form, "grounds": 7}
    assert "consent_not_theirs" not in {code for code, _ in faults_of_step(service, case.id, "carla", body)}


def test_a_submitter_is_told_faults_by_rules_and_by_types(service: RunningService) -> None:
    form = form_for("case", "submit", child_voice={}) or {}
    body = {"trigger": "submit", "form": form | {"question": 7}}

    assert faults_of_submission(service, "anna", body) == {("voice_missing", "/form/childVoice")}
    assert faults_of_submission(service, "anna", {**body, "form": {**form, "residence": 7}}) == {
        ("voice_missing", "/form/childVoice")
    }
    consult = {
        "trigger": "ask_consult",
        "form": {**filled("consult_request@1", contact={"name": "Anna"}), "askedBy": 7},
    }
    assert faults_of_submission(service, "anna", consult) == {("nowhere_to_call_back", "/form/contact/reachableAt")}
    assert faults_of_submission(service, "tom", body) == set(), "who may not submit"
    assert faults_of_submission(service, "anna", {**body, "trigger": "start_triage"}) == set()


def test_a_submitted_draft_is_told_all_its_faults(service: RunningService, people: People) -> None:
    draft = people.anna.post("/drafts", {"form": {"question": 7, "childVoice": {}}}).json()
    body = {"trigger": "submit", "draftId": draft["id"], "grounds": 7}

    told_faults = faults_of_submission(service, "anna", body)
    assert told_faults >= {("voice_missing", "/form/childVoice"), ("string_type", "/form/question")}
    assert faults_of_submission(service, "bram", body) == set(), "nobody else's draft is looked at"
    without_grounds = people.anna.post("/cases", {"trigger": "submit", "draftId": draft["id"]})
    assert faults(without_grounds) == told_faults


@contextmanager
def read_only(service: RunningService) -> Iterator[None]:
    def check_statement(_connection: Any, _cursor: Any, statement: str, *_others: Any) -> None:
        assert statement.lstrip().split()[0].upper() in ("SELECT", "WITH", "PRAGMA", "BEGIN"), statement

    event.listen(service.built.database.engine, "before_cursor_execute", check_statement)
    try:
        yield
    finally:
        event.remove(service.built.database.engine, "before_cursor_execute", check_statement)


def test_no_body_breaks_the_check_or_writes(service: RunningService, scheduled: CaseFile) -> None:
    triggers = ("open_table", "amend", "add_note", "submit", "ask_consult")
    members = {
        "trigger": st.sampled_from(triggers) | ANYTHING,
        "form": st.just(form_for("case", "open_table")) | st.just(form_for("case", "submit")) | ANYTHING,
        "grounds": ANYTHING,
        "occurredAt": st.sampled_from(["2026-02-30T00:00:00Z", "2026-01-01T00:00:00+99:99"]) | ANYTHING,
        "draftId": st.uuids().map(str) | ANYTHING,
    }

    @settings(max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(body=st.fixed_dictionaries({}, optional=members) | ANYTHING)
    def send(body: object) -> None:
        faults_of_step(service, scheduled.id, "esra", body)
        faults_of_submission(service, "anna", body)

    with read_only(service):
        send()


@broken_by(
    "The refusal of an amendment names faults of types and faults of rules together",
    "service/cases/use_cases/check_step.py",
    "if faults := (*reading.faults, *amendment.faults, *rules):",
    "if faults := (*reading.faults, *amendment.faults) or rules:",
)
def test_an_amendment_is_told_the_faults_by_types_and_by_rules_of_its_result(people: People) -> None:
    case = CaseFile.submitted(people)
    changes = {
        "question": None,
        "childVoice": {"ownWords": None, "whyNotHeard": None},
        "residence": {"sinceOn": "2099-01-01"},
    }
    form = {"amends": 1, "changes": changes, "reason": "Verkeerd opgeschreven."}

    assert faults(case.attempt("amend", by="anna", form=form)) == {
        ("missing", "/form/changes/question"),
        ("voice_missing", "/form/changes/childVoice"),
        ("day_in_future", "/form/changes/residence/sinceOn"),
    }
