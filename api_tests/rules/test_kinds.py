"""The registry of kinds equals a table written by hand: sight, parties, place beside the file, payment."""

import ast
from dataclasses import dataclass

import pytest

from api_tests.support.checkout import ROOT
from api_tests.support.sabotages import broken_by
from api_tests.support.workflows import RULES
from service.kinds import KINDS
from service.workflows.rules.definition import Definition, Edge


@dataclass(frozen=True)
class Expected:
    """Properties of a kind, written by hand."""

    begins: str = "opened"
    seen_by: frozenset[str] = frozenset()
    parties: frozenset[str] = frozenset()
    beside_the_file: bool = False
    known_to_guards: bool = True


OFFICER = frozenset({"data_protection_officer"})
BY_HAND = {
    "case": Expected("with_the_case"),
    "placement": Expected(),
    "commitment": Expected(seen_by=frozenset({"provider"}), parties=frozenset({"provider"})),
    "funding": Expected(
        seen_by=frozenset({"municipality"}), parties=frozenset({"municipality"}), known_to_guards=False
    ),
    "escalation": Expected(
        seen_by=frozenset({"expertise_network", "cce_liaison"}), parties=frozenset({"expertise_network", "cce_liaison"})
    ),
    "question": Expected(seen_by=frozenset({"national_support"}), parties=frozenset({"national_support"})),
    "reconsideration": Expected(seen_by=frozenset({"provider", "municipality"})),
    "follow_up": Expected(),
    "file_request": Expected("by_itself", OFFICER, beside_the_file=True, known_to_guards=False),
    "emergency_access": Expected("by_itself", OFFICER, OFFICER, beside_the_file=True, known_to_guards=False),
    "entry_destruction": Expected("by_itself", OFFICER, OFFICER, beside_the_file=True, known_to_guards=False),
}
# Steps that ask for help anew, and ended parts that may be revived while the case itself has ended: who pays has a life
# of its own (I2), the check after closing may be held again, and a question belongs to an escalation that goes on.
ASK_FOR_HELP_ANEW = {
    ("commitment", "reopen"),
    ("commitment", "ask_again"),
    ("placement", "reopen"),
    ("placement", "search_again"),
}
MOVE_AFTER_THE_END = {("case", "reopen"), ("funding", "reopen"), ("follow_up", "reopen"), ("question", "reopen")}

# Rules that name two kinds for a reason of their own; none of them is a list of kinds.
ALLOWED = [
    ("service/cases/rules/acting_memberships.py", ["case", "question"]),  # in which a liaison has a say
    ("service/cases/rules/attention.py", ["escalation", "placement"]),  # the ends at which a table is held again
    ("service/workflows/rules/kinds.py", ["follow_up", "placement"]),  # phases of the same names
]


@broken_by(
    "I2: only funding is about payment, and it gives guards no facts",
    "service/commitments/rules/kinds.py",
    "about_payment=True,\n    facts_rule=None,",
    "about_payment=True,\n    facts_rule=lambda facts, _: facts,",
)
def test_every_kind_is_what_the_table_written_by_hand_says() -> None:
    registered = {
        name: Expected(
            kind.begins,
            frozenset(map(str, kind.addressee_roles)),
            frozenset(map(str, kind.parties)),
            not kind.belongs_to_file,
            kind.facts_rule is not None,
        )
        for name, kind in KINDS.items()
    }

    assert registered == BY_HAND
    assert [name for name, kind in KINDS.items() if kind.about_payment] == ["funding"]


@broken_by(
    "T20: each step that asks for help anew waits until an ended case is reopened, under every definition",
    "service/placements/rules/kinds.py",
    '"reopen": (CASE_GOES_ON,), ',
    "",
)
def test_the_steps_that_wait_for_the_case_to_go_on_are_those_of_the_table_written_by_hand() -> None:
    waiting = {
        (name, trigger)
        for name, kind in KINDS.items()
        for trigger, guards in kind.fixed_guards.items()
        if [guard.name for guard in guards] == ["case_goes_on"]
    }
    revived = {
        (name, edge.trigger)
        for name in KINDS
        for edge in RULES.current(name).definition.edges()
        if revives(RULES.current(name).definition, edge)
    }

    assert waiting == ASK_FOR_HELP_ANEW
    assert revived - waiting == MOVE_AFTER_THE_END


@broken_by(
    "T20: a commitment that runs on an older definition waits for its case too",
    "service/workflows/rules/rulebook.py",
    "definition.hash: _workflow(definition, self.kinds)",
    "definition.hash: Workflow(definition, self.kinds.guards)",
)
def test_the_guards_of_a_kind_hold_under_an_older_definition_too() -> None:
    definition = RULES.current("commitment").definition
    triggers = {name: trigger for name, trigger in definition.triggers.items() if name != "request_reconsideration"}
    older = Definition(name="commitment", label=definition.label, states=definition.states, triggers=triggers)

    workflow = RULES.with_older([older]).pinned(older.hash)

    assert older.hash != definition.hash
    assert [guard.name for guard in workflow.guards["reopen"]] == ["case_goes_on"]


def revives(definition: Definition, edge: Edge) -> bool:
    """True for an edge from an end to an open state."""
    states = definition.states
    return edge.source in states and not states[edge.source].is_open and states[edge.target].is_open


@pytest.mark.parametrize("name", BY_HAND)
def test_a_workflow_asks_forms_and_names_guards_of_its_own_kind(name: str) -> None:
    kind, triggers = KINDS[name], RULES.current(name).definition.triggers.values()
    guards, forms = {guard.name for guard in kind.guards}, {form.form_name for form in kind.forms}

    assert {guard for trigger in triggers for guard in trigger.guards} <= guards
    assert {trigger.form for trigger in triggers if trigger.form} <= forms


@broken_by(
    "The registry is the only list of kinds",
    "service/cases/use_cases/opening_question.py",
    "\n\ndef opening_question(",
    '\n_BEYOND = ("escalation", "question")\n\n\ndef opening_question(',
)
def test_no_module_keeps_a_list_of_kinds_beside_the_registry() -> None:
    lists = []
    for file in sorted((ROOT / "service").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            values = node.elts if isinstance(node, ast.Tuple | ast.List | ast.Set) else []
            kinds = {value.value for value in values if isinstance(value, ast.Constant) and value.value in BY_HAND}
            lists += [(str(file.relative_to(ROOT)), sorted(kinds))] if len(kinds) > 1 else []

    assert lists == ALLOWED
