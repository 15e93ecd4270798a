"""Faults of a workflow file: each is named at its place, all at once, in two languages."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api_tests.support.broken_workflows import (
    BROKEN_WORKFLOWS,
    TRAP_STATE,
    TRIGGER_IN_TRAP,
    TRIGGER_INTO_TRAP,
    BrokenWorkflow,
)
from api_tests.support.checkout import ROOT
from api_tests.support.sabotages import broken_by
from api_tests.support.written_workflows import (
    GUARDS_IN_TEST,
    PAYMENT_GUARD,
    REMOVED,
    TERMS,
    Document,
    changed_document,
    definition_of,
    diagnostics_of,
    diagnostics_together,
    placement,
    places_in,
    some_settings,
    valid_document,
)
from service.kinds import KINDS
from service.vocabulary.messages import MESSAGES
from service.workflows.rules.checks import check_definitions
from service.workflows.rules.kinds import PartKind
from service.workflows.rules.rulebook import read_rules
from service.workflows.rules.workflow_file import MAX_CHARACTERS, parse_workflow

# Faults of a text that is no workflow, and of workflows that do not fit together; each has a test below.
OF_THE_TEXT = {"too_large", "not_toml"}
TOGETHER = {"no_case", "two_files_for_one_kind", "part_cannot_begin", "role_cannot_begin", "never_opened"}


def test_the_small_workflow_of_these_tests_has_no_faults() -> None:
    assert diagnostics_of(valid_document()) == ()
    assert diagnostics_together(valid_document(), placement()) == ()


@broken_by(
    "The check of a workflow finds an end that a withdrawal of consent leaves",
    "service/workflows/rules/checks/reachability.py",
    "edge.trigger in CONSENT_TRIGGERS and edge.target == state.name",
    "edge.trigger in CONSENT_TRIGGERS",
    case="an end that is left by taking a consent back",
)
@broken_by(
    "I1: the check of a workflow finds a party that its kind of part cannot have",
    "service/workflows/rules/checks/names.py",
    "elif state.party in _ROLES_OF_SOME_KINDS and kind and state.party not in kind.parties:",
    "elif False:",
    case="a turn of somebody to whom a case is not put",
)
@pytest.mark.parametrize("broken", BROKEN_WORKFLOWS, ids=lambda broken: broken.story)
def test_each_fault_is_named_where_it_stands_and_nothing_else_is_blamed(broken: BrokenWorkflow) -> None:
    diagnostics = diagnostics_of(changed_document(valid_document(), broken.changes))

    assert (broken.code, broken.path) in {(diagnostic.code, diagnostic.path) for diagnostic in diagnostics}
    assert {diagnostic.code for diagnostic in diagnostics} == {broken.code, *broken.further_codes}


@broken_by(
    "decision 0032: the service still serves a workflow that an earlier release served",
    "service/workflows/rules/checks/names.py",
    'replace(fault, severity="warning")',
    "fault",
)
def test_a_party_that_a_kind_of_part_cannot_have_is_a_warning_and_no_refusal() -> None:
    files = {file.name: file.read_text(encoding="utf-8") for file in (ROOT / "workflows").glob("*.toml")}
    for word, instead in (('party = "', 'party = "provider" # '), ("roles = [", 'roles = ["provider", ')):
        files["placement.toml"] = files["placement.toml"].replace(word, instead)

    rules = read_rules(files, KINDS)
    diagnostics = rules.check_candidate(files["placement.toml"], "placement").diagnostics

    assert {(diagnostic.code, diagnostic.severity) for diagnostic in diagnostics} == {
        ("party_of_another_kind", "warning")
    }


def test_every_fault_has_an_example_and_a_sentence_in_two_languages() -> None:
    assert {broken.code for broken in BROKEN_WORKFLOWS} | OF_THE_TEXT | TOGETHER == set(MESSAGES["diagnostics"])
    for broken in BROKEN_WORKFLOWS:
        for diagnostic in diagnostics_of(changed_document(valid_document(), broken.changes)):
            assert diagnostic.words.nl
            assert diagnostic.words.en
            assert "{" not in diagnostic.words.nl + diagnostic.words.en


def test_a_text_that_is_no_workflow_is_refused_with_a_reason() -> None:
    too_large = parse_workflow("#" * (MAX_CHARACTERS + 1), "case.toml")
    twice = parse_workflow('name = "case"\nname = "case"', "case.toml")
    deep = parse_workflow("deep = " + "[" * 50_000, "case.toml")

    assert [diagnostic.code for diagnostic in too_large.diagnostics] == ["too_large"]
    assert [diagnostic.code for diagnostic in twice.diagnostics] == ["not_toml"]
    assert [diagnostic.code for diagnostic in deep.diagnostics] == ["not_toml"]
    assert "overwrite" in twice.diagnostics[0].words.nl


def test_all_faults_of_a_file_are_told_at_once() -> None:
    many = changed_document(
        valid_document(),
        {
            "triggers.submit.roles": ["mayor"],
            "triggers.submit.form": "referral@9",
            "states.submitted.term": "someday",
            "states.in_triage.party": REMOVED,
            "label": REMOVED,
        },
    )
    misshapen = changed_document(
        valid_document(), {"version": 2, "triggers.decide.to": REMOVED, "states.closed.phase": 5}
    )

    assert {diagnostic.code for diagnostic in diagnostics_of(many)} == {
        "unknown_role",
        "unknown_form",
        "unknown_term",
        "missing_duty",
        "missing_label",
    }
    assert {diagnostic.code for diagnostic in diagnostics_of(misshapen)} == {"unknown_key", "missing_key", "malformed"}


def test_a_trap_is_shown_with_the_steps_that_lead_into_it() -> None:
    trap = changed_document(
        valid_document(),
        {"states.trap": TRAP_STATE, "triggers.fall": TRIGGER_INTO_TRAP, "triggers.turn": TRIGGER_IN_TRAP},
    )

    (diagnostic,) = diagnostics_of(trap)

    assert diagnostic.witness == ("submit", "start_triage", "fall")
    assert diagnostic.words.nl == "Vanuit 'trap' is geen einde te bereiken."
    assert diagnostic.words.en == "No end can be reached from 'trap'."


def test_a_way_out_that_waits_for_parts_that_can_always_end_is_no_trap() -> None:
    waiting = {"triggers.withdraw.from": ["submitted"], "triggers.decide.guards": ["no_open_placement"]}
    also = {**waiting, "triggers.decide.guards": ["no_open_placement", "goals_checked"]}

    assert diagnostics_of(changed_document(valid_document(), waiting)) == ()
    assert {diagnostic.code for diagnostic in diagnostics_of(changed_document(valid_document(), also))} == {
        "every_exit_guarded"
    }


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "funding"])
def test_a_guard_about_payment_is_refused_wherever_help_is_decided(kind: PartKind) -> None:
    guarded = changed_document(placement(), {"name": kind, "triggers.start_triage.guards": [PAYMENT_GUARD.name]})

    codes = {diagnostic.code for diagnostic in diagnostics_of(guarded, file_name=f"{kind}.toml")}

    assert codes == {"payment_blocks_help"}


def test_a_guard_about_payment_is_allowed_where_the_payer_answers() -> None:
    guarded = changed_document(placement(), {"name": "funding", "triggers.start_triage.guards": [PAYMENT_GUARD.name]})

    assert diagnostics_of(guarded, file_name="funding.toml") == ()


def test_no_guard_of_the_house_that_is_about_payment_serves_another_kind_too() -> None:
    """Everybody may ask for a reconsideration, also a payer; its guards know no payment."""
    shared = {guard.name for guard in KINDS.guards.values() if "funding" in guard.kinds and len(guard.kinds) > 1}
    assert shared == {"no_open_reconsideration", "advice_in_force"}


def test_settings_that_lack_a_term_are_named_with_the_workflow_that_needs_it() -> None:
    in_force = {"JZ01 2026-01-01": some_settings(TERMS), "JZ25 2026-07-01": some_settings({"another_term"})}

    diagnostics = check_definitions(
        [definition_of(valid_document()), definition_of(placement())],
        in_force,
        guards=GUARDS_IN_TEST,
        forms=KINDS.forms,
        kinds=KINDS,
    )

    assert {(diagnostic.code, diagnostic.settings) for diagnostic in diagnostics} == {
        ("unknown_term", "JZ25 2026-07-01")
    }
    assert {(diagnostic.workflow, diagnostic.path) for diagnostic in diagnostics} == {
        (kind, f"states.{state}.term") for kind in ("case", "placement") for state in ("submitted", "in_triage")
    }


def test_a_part_begins_only_by_the_step_that_opens_it() -> None:
    another_name = changed_document(placement(), {"triggers.place": placement()["triggers"]["seek_placement"]})
    another_name = changed_document(another_name, {"triggers.seek_placement": REMOVED})
    another_role = placement({"triggers.seek_placement.roles": ["process_director"]})

    def faults(*documents: Document) -> set[tuple[str, str, str]]:
        return {
            (diagnostic.code, diagnostic.workflow, diagnostic.path) for diagnostic in diagnostics_together(*documents)
        }

    assert faults(valid_document(), another_name) == {
        ("part_cannot_begin", "case", "triggers.seek_placement.opens"),
        ("never_opened", "placement", "triggers.place"),
    }
    assert faults(valid_document(), another_role) == {("role_cannot_begin", "case", "triggers.seek_placement.opens")}
    assert faults(valid_document(), placement(), placement()) == {("two_files_for_one_kind", "placement", "name")}
    assert faults(placement()) == {("no_case", "case", ""), ("never_opened", "placement", "triggers.seek_placement")}
    assert faults(valid_document()) == {("kind_without_file", "case", "triggers.seek_placement.opens")}


def test_faults_of_the_whole_set_have_sentences_too() -> None:
    for diagnostic in diagnostics_together(
        valid_document(), placement({"triggers.seek_placement.roles": ["expert"]}), placement()
    ):
        assert "placement" in diagnostic.words.nl
        assert "placement" in diagnostic.words.en


JUNK = st.sampled_from(
    [REMOVED, "", "start", "*", "=", "closed", "\U0001f9d2", 7, 1.5, True, [], ["*"], [[]], {}, {"nl": "x"}]
)


@settings(deadline=None)
@given(st.data())
def test_whatever_is_written_is_answered_with_sentences_and_never_with_an_exception(data: st.DataObject) -> None:
    places = data.draw(
        st.lists(st.sampled_from(list(places_in(valid_document()))), min_size=1, max_size=3, unique=True)
    )
    document = valid_document()
    for place in sorted(places, key=len, reverse=True):  # the inner ones first
        document = changed_document(document, {place: data.draw(JUNK)})

    for diagnostic in diagnostics_of(document):
        assert diagnostic.words.nl
        assert diagnostic.words.en
        json.dumps([diagnostic.path, *diagnostic.witness])
