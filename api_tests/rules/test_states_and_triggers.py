"""Every state and every trigger of every workflow over HTTP: the possible steps and the refusals.

The expectations are written by hand in expected_moves.py, so that no edge of a file changes unnoticed.
"""

import pytest

from api_tests.support.case_file import CaseFile
from api_tests.support.edges import case_begun_by, case_in, current_part, entries_of, fire_and_observe, fire_every_edge
from api_tests.support.expected_moves import BEGINNINGS, ENDS, MOVES, edges, possible_from, triggers
from api_tests.support.people import People
from api_tests.support.sabotages import broken_by
from api_tests.support.workflows import form_for

STATES = [(kind, state) for kind, moves in MOVES.items() for state in moves]
# The question of an escalation is written at the case; the part has no form of its own before somebody acts on it.
NOTHING_TO_AMEND = {
    ("escalation", "requested", "amend"),
    ("escalation", "network_asked", "amend"),
    ("escalation", "signalled", "amend"),
}
# Steps that give a part a form to amend in its first state.
OUT_AND_BACK = {
    "commitment": ("refuse", "ask_again"),
    "funding": ("confirm", "reopen"),
    "placement": ("agree", "search_again"),
    "question": ("record_answer", "reopen"),
    "reconsideration": ("take_up", "hand_back"),
    "follow_up": ("reschedule_check",),
}
# Triggers that begin a part without a step of the case.
WITHOUT_THE_CASE = ("ask_about_file", "take_emergency_access", "propose_destruction")
# A case that was referred is not referred again: the test of questions below takes these edges.
REFERRED = {("case", state, "refer") for state in ("submitted", "in_triage", "consulted")}


@broken_by(
    "Every state allows each step that the domain knows",
    "workflows/case.toml",
    'from = ["help_started", "monitored"]\nto = "arranging_placement"',
    'from = ["monitored"]\nto = "arranging_placement"',
    case="sqlite-case",
)
@pytest.mark.parametrize("kind", MOVES)
def test_a_workflow_that_is_published_has_exactly_the_edges_that_the_domain_knows(people: People, kind: str) -> None:
    expected = set(edges(kind))

    published = people.anna.get(f"/workflows/{kind}").json()

    published_edges = {
        (trigger["code"], move["source"], move["target"])
        for trigger in published["triggers"]
        for move in trigger["moves"]
    }
    assert published_edges == expected
    assert {state["code"] for state in published["states"] if state["phase"] == "ended"} == ENDS[kind]


@broken_by(
    "No state allows a step that the domain does not know",
    "workflows/commitment.toml",
    'from = ["requested"]\nto = "accepted"',
    'from = ["requested", "refused"]\nto = "accepted"',
    case="sqlite-commitment-refused",
)
@broken_by(
    "The refusal of an impossible step names the possible steps",
    "service/workflows/rules/machine.py",
    "raise TransitionNotAllowed(trigger, state, self.triggers_from(state), self._labels)",
    "raise TransitionNotAllowed(trigger, state, (), self._labels)",
    case="sqlite-case-submitted",
)
@broken_by(
    "I20: a person can take back consent after the case ended",
    "workflows/case.toml",
    '[triggers.withdraw_consent]\nfrom = ["*", "closed", "declined", "withdrawn", "transferred"]',
    '[triggers.withdraw_consent]\nfrom = ["*"]',
    case="sqlite-case-closed",
)
@pytest.mark.parametrize(("kind", "state"), STATES)
def test_what_a_state_does_not_know_is_refused_with_what_it_does_know_and_nothing_changes(
    people: People, kind: str, state: str
) -> None:
    case, part = case_in(people, kind, state)
    expected = set(possible_from(kind, state))
    before, entries = current_part(case, part), case.history()

    offer = people.esra.get(f"{case.address(part)}/possible-transitions").json()
    refused = {
        trigger: case.attempt(trigger, part=part, by="esra", version=before["version"])
        for trigger in sorted(triggers(kind) - expected)
    }

    assert {transition["trigger"]: transition["target"] for transition in offer["transitions"]} == possible_from(
        kind, state
    )
    for trigger, answer in refused.items():
        assert (trigger, answer.status_code) == (trigger, 409)
        problem = answer.json()
        assert problem["code"] == "transition_not_allowed"
        assert (problem["trigger"], problem["state"]) == (trigger, state)
        assert set(problem["allowedTriggers"]) == expected
    assert current_part(case, part) == before
    assert case.history() == entries


@pytest.mark.parametrize("kind", MOVES)
def test_every_edge_of_a_workflow_can_be_taken_with_a_valid_form_by_a_fitting_person(people: People, kind: str) -> None:
    expected = {
        (state, trigger): _expected_refusal(kind, state, trigger) or (201, target)
        for state in MOVES[kind]
        for trigger, target in possible_from(kind, state).items()
    }

    case, part = case_in(people, kind, next(iter(MOVES[kind])))
    for trigger in OUT_AND_BACK.get(kind, ()):
        case.fire(trigger, part=part)
    taken = fire_every_edge(case, kind, part)
    for state, trigger in expected.keys() - taken.keys():
        taken[state, trigger] = fire_and_observe(
            *case_in(people, kind, state, None if kind == "case" else case), trigger
        )

    assert taken == expected


def _expected_refusal(kind: str, state: str, trigger: str) -> tuple[int, str] | None:
    if (kind, state, trigger) in NOTHING_TO_AMEND:
        return 400, state
    return (409, state) if (kind, state, trigger) in REFERRED else None


def test_a_question_is_referred_to_the_table_from_wherever_it_stands_in_triage(people: People) -> None:
    for road in ((), ("start_triage",), ("give_consult",)):
        case = CaseFile.ask_consult(people)
        for trigger in road:
            case.fire(trigger)
        case.fire("refer")

        assert case.state == "submitted"


@pytest.mark.parametrize(
    ("kind", "trigger"), [(kind, trigger) for kind, begins in BEGINNINGS.items() for trigger in begins]
)
def test_a_part_begins_with_a_step_of_its_case_and_nobody_begins_it_again(
    people: People, kind: str, trigger: str
) -> None:
    case, part = case_begun_by(people, kind, trigger)
    version = current_part(case, part)["version"]
    form = form_for({"question": "escalation"}.get(kind, kind if trigger in WITHOUT_THE_CASE else "case"), trigger)

    again = people.esra.post(f"{case.address(part)}/transitions", {"trigger": trigger, "form": form}, version=version)

    first = entries_of(case, part)[0]
    assert (first["source"], first["trigger"], first["target"]) == ("start", trigger, BEGINNINGS[kind][trigger])
    assert again.status_code == 400
    assert current_part(case, part)["version"] == version
