"""Each way in which one workflow can be wrong, in the words of its author."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from api_tests.support.written_workflows import REMOVED


@dataclass(frozen=True)
class BrokenWorkflow:
    """A change that breaks the workflow, the code of the fault and its path. `also`: codes of faults it implies."""

    story: str
    code: str
    path: str
    changes: Mapping[str, Any]
    further_codes: frozenset[str] = field(default_factory=frozenset)


LABEL = {"nl": "Iets", "en": "Something"}
LOST_STATE = {"phase": "review", "party": "chair", "term": "triage", "next": "leave", "label": LABEL}
LEAVE = {"from": ["lost"], "to": "closed", "roles": ["chair"], "label": LABEL}
TRAP_STATE = {"phase": "review", "party": "chair", "term": "triage", "next": "turn", "label": LABEL}
TRIGGER_INTO_TRAP = {"from": ["in_triage"], "to": "trap", "roles": ["chair"], "label": LABEL}
TRIGGER_IN_TRAP = {"from": ["trap"], "to": "=", "roles": ["chair"], "label": LABEL}

BROKEN_WORKFLOWS = (
    BrokenWorkflow("a state without a phase", "missing_key", "states.closed.phase", {"states.closed.phase": REMOVED}),
    BrokenWorkflow(
        "a trigger that leads nowhere", "missing_key", "triggers.submit.to", {"triggers.submit.to": REMOVED}
    ),
    BrokenWorkflow("a file that does not say what it is for", "missing_key", "name", {"name": REMOVED}),
    BrokenWorkflow(
        "a typing error in a key", "unknown_key", "triggers.decide.guard", {"triggers.decide.guard": ["goals_checked"]}
    ),
    BrokenWorkflow(
        "a label in a third language", "unknown_key", "states.closed.label.de", {"states.closed.label.de": "Fertig"}
    ),
    BrokenWorkflow("a key that nobody knows", "unknown_key", "version", {"version": 2}),
    BrokenWorkflow(
        "a name with a capital and a space", "bad_name", "states.In Triage", {"states.In Triage": LOST_STATE}
    ),
    BrokenWorkflow("a name that is a sign", "bad_name", "triggers.*", {"triggers.*": LEAVE}),
    BrokenWorkflow(
        "one word where a list belongs", "malformed", "triggers.submit.from", {"triggers.submit.from": "start"}
    ),
    BrokenWorkflow("an empty list of states", "malformed", "triggers.submit.from", {"triggers.submit.from": []}),
    BrokenWorkflow(
        "a word that is not a choice", "malformed", "triggers.submit.grounds", {"triggers.submit.grounds": "sometimes"}
    ),
    BrokenWorkflow("a number for a role", "malformed", "triggers.submit.roles.0", {"triggers.submit.roles": [7]}),
    BrokenWorkflow("a label of two lines", "malformed", "label", {"label": {"nl": "twee\nregels", "en": "two\nlines"}}),
    BrokenWorkflow(
        "a file under another name",
        "wrong_file_name",
        "name",
        {"name": "placement"},
        frozenset({"guard_of_another_kind"}),
    ),
    BrokenWorkflow(
        "a kind that does not exist",
        "unknown_kind",
        "name",
        {"name": "dossier"},
        frozenset({"wrong_file_name", "guard_of_another_kind"}),
    ),
    BrokenWorkflow(
        "a step that opens a kind that does not exist",
        "unknown_kind",
        "triggers.seek_placement.opens",
        {"triggers.seek_placement.opens": ["house"]},
    ),
    BrokenWorkflow(
        "a step that opens a second case",
        "unknown_kind",
        "triggers.seek_placement.opens",
        {"triggers.seek_placement.opens": ["case"]},
    ),
    BrokenWorkflow(
        "a step that opens a kind without a file",
        "kind_without_file",
        "triggers.seek_placement.opens",
        {"triggers.seek_placement.opens": ["escalation"]},
    ),
    BrokenWorkflow(
        "a step that opens parts without a form",
        "opens_without_form",
        "triggers.seek_placement.opens",
        {"triggers.seek_placement.form": REMOVED},
    ),
    BrokenWorkflow(
        "a role that does not exist",
        "unknown_role",
        "triggers.submit.roles",
        {"triggers.submit.roles": ["mayor", "local_team"]},
    ),
    BrokenWorkflow(
        "a party that does not exist",
        "unknown_role",
        "states.submitted.party",
        {"states.submitted.party": "mayor"},
    ),
    BrokenWorkflow(
        "a phase that does not exist", "unknown_phase", "states.submitted.phase", {"states.submitted.phase": "waiting"}
    ),
    BrokenWorkflow(
        "a form that does not exist", "unknown_form", "triggers.submit.form", {"triggers.submit.form": "referral@9"}
    ),
    BrokenWorkflow(
        "a guard that does not exist",
        "unknown_guard",
        "triggers.decide.guards",
        {"triggers.decide.guards": ["os.getcwd"]},
    ),
    BrokenWorkflow(
        "a term that the settings do not have",
        "unknown_term",
        "states.submitted.term",
        {"states.submitted.term": "someday"},
    ),
    BrokenWorkflow(
        "a step to a state that does not exist", "unknown_state", "triggers.decide.to", {"triggers.decide.to": "done"}
    ),
    BrokenWorkflow(
        "a step from a state that does not exist",
        "unknown_state",
        "triggers.withdraw.from",
        {"triggers.withdraw.from": ["in_triage", "lost"]},
    ),
    BrokenWorkflow(
        "a beginning that stays where it is",
        "unknown_state",
        "triggers.seek_placement.to",
        {"triggers.seek_placement.from": ["start", "in_triage"]},
    ),
    BrokenWorkflow(
        "a state that is called start",
        "reserved_name",
        "states.start",
        {"states.start": {"phase": "ended", "label": LABEL}},
        frozenset({"exit_from_end"}),
    ),
    BrokenWorkflow(
        "a trigger that is called as every plan's",
        "reserved_trigger",
        "triggers.adopt_workflow",
        {"triggers.adopt_workflow": {"from": ["in_triage"], "to": "=", "roles": ["chair"], "label": LABEL}},
    ),
    BrokenWorkflow(
        "a guard of another kind of part",
        "guard_of_another_kind",
        "triggers.decide.guards",
        {"triggers.decide.guards": ["place_found"]},
    ),
    BrokenWorkflow(
        "a turn of somebody to whom a case is not put",
        "party_of_another_kind",
        "states.in_triage.party",
        {"states.in_triage.party": "provider", "triggers.decide.roles": ["screener", "provider"]},
    ),
    BrokenWorkflow(
        "a guard about payment before help",
        "payment_blocks_help",
        "triggers.decide.guards",
        {"triggers.decide.guards": ["payer_confirmed"]},
    ),
    BrokenWorkflow(
        "a payment that opens help",
        "payment_opens_help",
        "triggers.seek_placement.opens",
        {"name": "funding"},
        frozenset({"wrong_file_name", "guard_of_another_kind"}),
    ),
    BrokenWorkflow("a workflow without a label", "missing_label", "label", {"label": REMOVED}),
    BrokenWorkflow(
        "a state without an English label",
        "missing_label",
        "states.closed.label",
        {"states.closed.label": {"nl": "Afgesloten"}},
    ),
    BrokenWorkflow(
        "a trigger with a blank label",
        "missing_label",
        "triggers.submit.label",
        {"triggers.submit.label": {"nl": " ", "en": "Submit"}},
    ),
    BrokenWorkflow(
        "a trigger for nobody", "trigger_without_role", "triggers.submit.roles", {"triggers.submit.roles": []}
    ),
    BrokenWorkflow(
        "nobody who must act", "missing_duty", "states.submitted.party", {"states.submitted.party": REMOVED}
    ),
    BrokenWorkflow("no date by which", "missing_duty", "states.submitted.term", {"states.submitted.term": REMOVED}),
    BrokenWorkflow("no next action", "missing_duty", "states.submitted.next", {"states.submitted.next": REMOVED}),
    BrokenWorkflow(
        "an end where somebody must act", "duty_at_an_end", "states.closed.party", {"states.closed.party": "chair"}
    ),
    BrokenWorkflow("an end with a term", "duty_at_an_end", "states.closed.term", {"states.closed.term": "triage"}),
    BrokenWorkflow(
        "an end with a next action", "duty_at_an_end", "states.closed.next", {"states.closed.next": "reopen"}
    ),
    BrokenWorkflow(
        "a next action of another state",
        "next_not_possible",
        "states.submitted.next",
        {"states.submitted.next": "decide"},
    ),
    BrokenWorkflow(
        "a next action that does not exist",
        "next_not_possible",
        "states.submitted.next",
        {"states.submitted.next": "dream"},
    ),
    BrokenWorkflow(
        "a next action that is possible everywhere",
        "next_not_possible",
        "states.submitted.next",
        {"states.submitted.next": "add_note"},
    ),
    BrokenWorkflow(
        "a next action for somebody else",
        "next_not_for_party",
        "states.in_triage.next",
        {"states.in_triage.next": "withdraw"},
    ),
    BrokenWorkflow(
        "a party that can only wait",
        "party_has_no_exit",
        "states.in_triage.party",
        {"states.in_triage.party": "expert"},
        frozenset({"next_not_for_party"}),
    ),
    BrokenWorkflow(
        "a state where no note can be added",
        "everyday_trigger_missing",
        "states.in_triage",
        {"triggers.add_note.from": ["submitted"]},
    ),
    BrokenWorkflow(
        "a state that cannot be reassigned",
        "everyday_trigger_missing",
        "states.submitted",
        {"triggers.reassign": REMOVED},
    ),
    BrokenWorkflow(
        "an amendment that moves the case",
        "everyday_trigger_missing",
        "states.submitted",
        {"triggers.amend.to": "in_triage"},
    ),
    BrokenWorkflow("a workflow without a beginning", "no_start", "triggers", {"triggers.submit": REMOVED}),
    BrokenWorkflow(
        "a state that nothing leads to",
        "unreachable_state",
        "states.lost",
        {"states.lost": LOST_STATE, "triggers.leave": LEAVE},
        frozenset({"dead_transition"}),
    ),
    BrokenWorkflow(
        "a step from where nobody comes",
        "dead_transition",
        "triggers.leave.from",
        {"states.lost": LOST_STATE, "triggers.leave": LEAVE},
        frozenset({"unreachable_state"}),
    ),
    BrokenWorkflow(
        "a step from every open state when none is open",
        "dead_transition",
        "triggers.add_note.from",
        {"states": {"closed": {"phase": "ended", "label": LABEL}}, "triggers.submit.to": "closed"},
        frozenset({"unknown_state"}),
    ),
    BrokenWorkflow(
        "a trap",
        "no_way_to_an_end",
        "states.trap",
        {"states.trap": TRAP_STATE, "triggers.fall": TRIGGER_INTO_TRAP, "triggers.turn": TRIGGER_IN_TRAP},
    ),
    BrokenWorkflow(
        "a state where every way out has a condition",
        "every_exit_guarded",
        "states.in_triage",
        {"triggers.withdraw.from": ["submitted"]},
    ),
    BrokenWorkflow(
        "an end that is left without reopening",
        "exit_from_end",
        "states.closed",
        {"triggers.withdraw.from": ["in_triage", "closed"]},
    ),
    BrokenWorkflow(
        "an end that is left by taking a consent back",
        "exit_from_end",
        "states.closed",
        {"triggers.withdraw_consent": {"from": ["closed"], "to": "in_triage", "roles": ["chair"], "label": LABEL}},
    ),
    BrokenWorkflow(
        "an end where something still happens",
        "exit_from_end",
        "states.closed",
        {"triggers.seek_placement.from": ["in_triage", "closed"]},
    ),
    BrokenWorkflow(
        "a trigger that is there twice",
        "ambiguous_trigger",
        "triggers.add_note.from",
        {"triggers.add_note.from": ["*", "submitted"]},
    ),
)
