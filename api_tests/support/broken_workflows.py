"""Each way in which one workflow can be wrong, in the words of its author."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from api_tests.support.written_workflows import GONE


@dataclass(frozen=True)
class Broken:
    """A change that breaks the workflow, the code of the fault and its path. `also`: codes of faults it implies."""

    story: str
    code: str
    path: str
    changes: Mapping[str, Any]
    also: frozenset[str] = field(default_factory=frozenset)


LABEL = {"nl": "Iets", "en": "Something"}
LOST = {"phase": "review", "party": "chair", "term": "triage", "next": "leave", "label": LABEL}
LEAVE = {"from": ["lost"], "to": "closed", "roles": ["chair"], "label": LABEL}
TRAP = {"phase": "review", "party": "chair", "term": "triage", "next": "turn", "label": LABEL}
FALL = {"from": ["in_triage"], "to": "trap", "roles": ["chair"], "label": LABEL}
TURN = {"from": ["trap"], "to": "=", "roles": ["chair"], "label": LABEL}

BROKEN = (
    Broken("a state without a phase", "missing_key", "states.closed.phase", {"states.closed.phase": GONE}),
    Broken("a trigger that leads nowhere", "missing_key", "triggers.submit.to", {"triggers.submit.to": GONE}),
    Broken("a file that does not say what it is for", "missing_key", "name", {"name": GONE}),
    Broken(
        "a typing error in a key", "unknown_key", "triggers.decide.guard", {"triggers.decide.guard": ["goals_checked"]}
    ),
    Broken(
        "a label in a third language", "unknown_key", "states.closed.label.de", {"states.closed.label.de": "Fertig"}
    ),
    Broken("a key that nobody knows", "unknown_key", "version", {"version": 2}),
    Broken("a name with a capital and a space", "bad_name", "states.In Triage", {"states.In Triage": LOST}),
    Broken("a name that is a sign", "bad_name", "triggers.*", {"triggers.*": LEAVE}),
    Broken("one word where a list belongs", "malformed", "triggers.submit.from", {"triggers.submit.from": "start"}),
    Broken("an empty list of states", "malformed", "triggers.submit.from", {"triggers.submit.from": []}),
    Broken(
        "a word that is not a choice", "malformed", "triggers.submit.grounds", {"triggers.submit.grounds": "sometimes"}
    ),
    Broken("a number for a role", "malformed", "triggers.submit.roles.0", {"triggers.submit.roles": [7]}),
    Broken("a label of two lines", "malformed", "label", {"label": {"nl": "twee\nregels", "en": "two\nlines"}}),
    Broken(
        "a file under another name",
        "wrong_file_name",
        "name",
        {"name": "placement"},
        frozenset({"guard_of_another_kind"}),
    ),
    Broken(
        "a kind that does not exist",
        "unknown_kind",
        "name",
        {"name": "dossier"},
        frozenset({"wrong_file_name", "guard_of_another_kind"}),
    ),
    Broken(
        "a step that opens a kind that does not exist",
        "unknown_kind",
        "triggers.seek_placement.opens",
        {"triggers.seek_placement.opens": ["house"]},
    ),
    Broken(
        "a step that opens a second case",
        "unknown_kind",
        "triggers.seek_placement.opens",
        {"triggers.seek_placement.opens": ["case"]},
    ),
    Broken(
        "a step that opens a kind without a file",
        "kind_without_file",
        "triggers.seek_placement.opens",
        {"triggers.seek_placement.opens": ["escalation"]},
    ),
    Broken(
        "a step that opens parts without a form",
        "opens_without_form",
        "triggers.seek_placement.opens",
        {"triggers.seek_placement.form": GONE},
    ),
    Broken(
        "a role that does not exist",
        "unknown_role",
        "triggers.submit.roles",
        {"triggers.submit.roles": ["mayor", "local_team"]},
    ),
    Broken(
        "a party that does not exist",
        "unknown_role",
        "states.submitted.party",
        {"states.submitted.party": "mayor"},
    ),
    Broken(
        "a phase that does not exist", "unknown_phase", "states.submitted.phase", {"states.submitted.phase": "waiting"}
    ),
    Broken(
        "a form that does not exist", "unknown_form", "triggers.submit.form", {"triggers.submit.form": "referral@9"}
    ),
    Broken(
        "a guard that does not exist",
        "unknown_guard",
        "triggers.decide.guards",
        {"triggers.decide.guards": ["os.getcwd"]},
    ),
    Broken(
        "a term that the settings do not have",
        "unknown_term",
        "states.submitted.term",
        {"states.submitted.term": "someday"},
    ),
    Broken(
        "a step to a state that does not exist", "unknown_state", "triggers.decide.to", {"triggers.decide.to": "done"}
    ),
    Broken(
        "a step from a state that does not exist",
        "unknown_state",
        "triggers.withdraw.from",
        {"triggers.withdraw.from": ["in_triage", "lost"]},
    ),
    Broken(
        "a beginning that stays where it is",
        "unknown_state",
        "triggers.seek_placement.to",
        {"triggers.seek_placement.from": ["start", "in_triage"]},
    ),
    Broken(
        "a state that is called start",
        "reserved_name",
        "states.start",
        {"states.start": {"phase": "ended", "label": LABEL}},
        frozenset({"exit_from_end"}),
    ),
    Broken(
        "a trigger that is called as every plan's",
        "reserved_trigger",
        "triggers.adopt_workflow",
        {"triggers.adopt_workflow": {"from": ["in_triage"], "to": "=", "roles": ["chair"], "label": LABEL}},
    ),
    Broken(
        "a guard of another kind of part",
        "guard_of_another_kind",
        "triggers.decide.guards",
        {"triggers.decide.guards": ["place_found"]},
    ),
    Broken(
        "a turn of somebody to whom a case is not put",
        "party_of_another_kind",
        "states.in_triage.party",
        {"states.in_triage.party": "provider", "triggers.decide.roles": ["screener", "provider"]},
    ),
    Broken(
        "a guard about payment before help",
        "payment_blocks_help",
        "triggers.decide.guards",
        {"triggers.decide.guards": ["payer_confirmed"]},
    ),
    Broken(
        "a payment that opens help",
        "payment_opens_help",
        "triggers.seek_placement.opens",
        {"name": "funding"},
        frozenset({"wrong_file_name", "guard_of_another_kind"}),
    ),
    Broken("a workflow without a label", "missing_label", "label", {"label": GONE}),
    Broken(
        "a state without an English label",
        "missing_label",
        "states.closed.label",
        {"states.closed.label": {"nl": "Afgesloten"}},
    ),
    Broken(
        "a trigger with a blank label",
        "missing_label",
        "triggers.submit.label",
        {"triggers.submit.label": {"nl": " ", "en": "Submit"}},
    ),
    Broken("a trigger for nobody", "trigger_without_role", "triggers.submit.roles", {"triggers.submit.roles": []}),
    Broken("nobody who must act", "missing_duty", "states.submitted.party", {"states.submitted.party": GONE}),
    Broken("no date by which", "missing_duty", "states.submitted.term", {"states.submitted.term": GONE}),
    Broken("no next action", "missing_duty", "states.submitted.next", {"states.submitted.next": GONE}),
    Broken("an end where somebody must act", "duty_at_an_end", "states.closed.party", {"states.closed.party": "chair"}),
    Broken("an end with a term", "duty_at_an_end", "states.closed.term", {"states.closed.term": "triage"}),
    Broken("an end with a next action", "duty_at_an_end", "states.closed.next", {"states.closed.next": "reopen"}),
    Broken(
        "a next action of another state",
        "next_not_possible",
        "states.submitted.next",
        {"states.submitted.next": "decide"},
    ),
    Broken(
        "a next action that does not exist",
        "next_not_possible",
        "states.submitted.next",
        {"states.submitted.next": "dream"},
    ),
    Broken(
        "a next action that is possible everywhere",
        "next_not_possible",
        "states.submitted.next",
        {"states.submitted.next": "add_note"},
    ),
    Broken(
        "a next action for somebody else",
        "next_not_for_party",
        "states.in_triage.next",
        {"states.in_triage.next": "withdraw"},
    ),
    Broken(
        "a party that can only wait",
        "party_has_no_exit",
        "states.in_triage.party",
        {"states.in_triage.party": "expert"},
        frozenset({"next_not_for_party"}),
    ),
    Broken(
        "a state where no note can be added",
        "everyday_trigger_missing",
        "states.in_triage",
        {"triggers.add_note.from": ["submitted"]},
    ),
    Broken(
        "a state that cannot be reassigned", "everyday_trigger_missing", "states.submitted", {"triggers.reassign": GONE}
    ),
    Broken(
        "an amendment that moves the case",
        "everyday_trigger_missing",
        "states.submitted",
        {"triggers.amend.to": "in_triage"},
    ),
    Broken("a workflow without a beginning", "no_start", "triggers", {"triggers.submit": GONE}),
    Broken(
        "a state that nothing leads to",
        "unreachable_state",
        "states.lost",
        {"states.lost": LOST, "triggers.leave": LEAVE},
        frozenset({"dead_transition"}),
    ),
    Broken(
        "a step from where nobody comes",
        "dead_transition",
        "triggers.leave.from",
        {"states.lost": LOST, "triggers.leave": LEAVE},
        frozenset({"unreachable_state"}),
    ),
    Broken(
        "a step from every open state when none is open",
        "dead_transition",
        "triggers.add_note.from",
        {"states": {"closed": {"phase": "ended", "label": LABEL}}, "triggers.submit.to": "closed"},
        frozenset({"unknown_state"}),
    ),
    Broken(
        "a trap", "no_way_to_an_end", "states.trap", {"states.trap": TRAP, "triggers.fall": FALL, "triggers.turn": TURN}
    ),
    Broken(
        "a state where every way out has a condition",
        "every_exit_guarded",
        "states.in_triage",
        {"triggers.withdraw.from": ["submitted"]},
    ),
    Broken(
        "an end that is left without reopening",
        "exit_from_end",
        "states.closed",
        {"triggers.withdraw.from": ["in_triage", "closed"]},
    ),
    Broken(
        "an end that is left by taking a consent back",
        "exit_from_end",
        "states.closed",
        {"triggers.withdraw_consent": {"from": ["closed"], "to": "in_triage", "roles": ["chair"], "label": LABEL}},
    ),
    Broken(
        "an end where something still happens",
        "exit_from_end",
        "states.closed",
        {"triggers.seek_placement.from": ["in_triage", "closed"]},
    ),
    Broken(
        "a trigger that is there twice",
        "ambiguous_trigger",
        "triggers.add_note.from",
        {"triggers.add_note.from": ["*", "submitted"]},
    ),
)
