"""Diagram and table of a workflow, generated from its definition for the documentation."""

from collections.abc import Iterable, Iterator
from html import escape
from typing import get_args

from service.vocabulary.language import Language
from service.vocabulary.messages import render_message
from service.vocabulary.roles import ROLE_LABELS
from service.workflows.rules.checks import shortest_paths
from service.workflows.rules.checks.check_context import EVERYDAY_TRIGGERS
from service.workflows.rules.definition import Definition, State, Trigger
from service.workflows.rules.kinds import START, Phase

_PHASES = get_args(Phase)
_PLAIN_IN_MERMAID = " ,.()'/-"

_INTRODUCTION = """\
# Workflows

The case and each kind of part has a workflow of its own: its states, and the triggers that lead from one to another.
This page is made from the files in `workflows/`; a code host shows the Mermaid blocks as pictures."""

_COLUMNS = ("trigger", "from", "to", "roles", "form", "guards")


def draw_diagram(definition: Definition, language: Language = "nl") -> str:
    """Returns the state diagram of a definition in Mermaid."""
    lines = ["stateDiagram-v2", f"    %% {_label(_caption(definition, language))}"]
    for state in _states_in_order(definition):
        lines += [f"    {line}" for line in _box(definition, state, language)]
    lines += [f"    {line}" for line in _arrows(definition, language)]
    lines += [f"    {_id(state.name)} --> [*]" for state in _states_in_order(definition) if not state.is_open]
    return "\n".join(lines)


def draw_trigger_table(definition: Definition, language: Language = "nl") -> str:
    """Returns a Markdown table with one row for each trigger."""
    rows = [[_text_of(column, language) for column in _COLUMNS], ["---"] * len(_COLUMNS)]
    rows += [_row(definition, trigger, language) for trigger in _triggers_in_order(definition)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def workflow_page(definitions: Iterable[Definition], language: Language = "en") -> str:
    """Returns the page of docs/reference that shows each workflow with its diagram and its table."""
    sections = [f"## {definition.name}\n\n{_section(definition, language)}" for definition in definitions]
    return "\n\n".join([_INTRODUCTION, *sections])


def _section(definition: Definition, language: Language) -> str:
    caption = _escaped(f"{_caption(definition, language)} {_text_of('inside_a_state', language)}")
    diagram = f"```mermaid\n{draw_diagram(definition, language)}\n```"
    return f"{diagram}\n\n{caption}\n\n{draw_trigger_table(definition, language)}"


def _caption(definition: Definition, language: Language) -> str:
    everyday = [definition.triggers[name] for name in EVERYDAY_TRIGGERS if name in definition.triggers]
    labels = ", ".join(trigger.label.in_(language) for trigger in everyday)
    return _text_of("left_out", language, triggers=labels)


def _text_of(code: str, language: Language, **params: str) -> str:
    return render_message("drawing", code, params).in_(language)


# -- Diagram ---------------------------------------------------------------------------------------------------------


def _box(definition: Definition, state: State, language: Language) -> Iterator[str]:
    yield f'state "{_label(state.label.in_(language))}" as {_id(state.name)}'
    if state.party:
        party = _text_of("to_act", language, role=ROLE_LABELS[state.party].in_(language))
        yield f"{_id(state.name)} : {_label(party)}"
    for trigger in _drawn(definition):
        if (state.name, state.name) in trigger.edges:
            yield f"{_id(state.name)} : {_label(trigger.label.in_(language))}"


def _arrows(definition: Definition, language: Language) -> Iterator[str]:
    rank = _rank(definition)
    for trigger in _drawn(definition):
        for source, target in sorted(trigger.edges, key=lambda move: rank.get(move.source, len(rank))):
            if source != target:
                begin = "[*]" if source == START else _id(source)
                yield f"{begin} --> {_id(target)} : {_label(trigger.label.in_(language))}"


def _drawn(definition: Definition) -> Iterator[Trigger]:
    return (trigger for trigger in _triggers_in_order(definition) if trigger.name not in EVERYDAY_TRIGGERS)


def _id(state: str) -> str:
    """Returns an id with a prefix, since Mermaid reserves words such as `end`."""
    return f"state_{state}"


def _label(text: str) -> str:
    """Returns the text with every character that Mermaid could interpret written as a character code."""
    return "".join(char if char.isalnum() or char in _PLAIN_IN_MERMAID else f"#{ord(char)};" for char in text)


# -- Table -----------------------------------------------------------------------------------------------------------


def _row(definition: Definition, trigger: Trigger, language: Language) -> list[str]:
    return [
        f"{_codes([trigger.name])} {_escaped(trigger.label.in_(language))}",
        _sources(definition, trigger, language),
        _targets(trigger, language),
        _codes(trigger.roles),
        _codes([trigger.form] if trigger.form else []),
        _codes(trigger.guards),
    ]


def _sources(definition: Definition, trigger: Trigger, language: Language) -> str:
    sources = {move.source for move in trigger.edges}
    if sources == {state.name for state in definition.states.values() if state.is_open}:
        return _text_of("everywhere", language)
    beginning = _text_of("beginning", language) if START in sources else ""
    codes = _codes(state.name for state in _states_in_order(definition) if state.name in sources)
    return ", ".join(filter(None, (beginning, codes)))


def _targets(trigger: Trigger, language: Language) -> str:
    if all(move.source == move.target for move in trigger.edges):
        return _text_of("stays", language)
    return _codes(sorted({move.target for move in trigger.edges}))


def _codes(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _escaped(text: str) -> str:
    return "".join(f"\\{char}" if char in r"\`*_[]|#" else char for char in escape(text, quote=False))


# -- Order: as a case goes through the workflow ------------------------------------------------------------------------


def _states_in_order(definition: Definition) -> list[State]:
    distance = {state: len(path) for state, path in shortest_paths(definition).items()}

    def sort_key(state: State) -> tuple[int, int, str]:
        phase = _PHASES.index(state.phase) if state.phase in _PHASES else len(_PHASES)
        return phase, distance.get(state.name, len(distance)), state.name

    return sorted(definition.states.values(), key=sort_key)


def _rank(definition: Definition) -> dict[str, int]:
    return {START: -1} | {state.name: position for position, state in enumerate(_states_in_order(definition))}


def _triggers_in_order(definition: Definition) -> list[Trigger]:
    rank = _rank(definition)

    def sort_key(trigger: Trigger) -> tuple[bool, int, int, str]:
        first = min((rank.get(move.source, len(rank)) for move in trigger.edges), default=len(rank))
        furthest = max((rank.get(move.target, len(rank)) for move in trigger.edges), default=len(rank))
        return trigger.name in EVERYDAY_TRIGGERS, first, furthest, trigger.name

    return sorted(definition.triggers.values(), key=sort_key)
