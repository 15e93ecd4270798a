"""A workflow as a picture and as a table, so that what people read is drawn from the file that decides."""

from collections.abc import Iterable, Iterator
from html import escape
from typing import get_args

from service.vocabulary.language import Language
from service.vocabulary.messages import say
from service.vocabulary.roles import ROLE_LABELS
from service.workflows.rules.checks import ways
from service.workflows.rules.checks.subject import IN_EVERY_OPEN_STATE
from service.workflows.rules.definition import Definition, State, Trigger
from service.workflows.rules.kinds import START, Phase

_PHASES = get_args(Phase)
_PLAIN_IN_MERMAID = " ,.()'/-"

_COLUMNS = ("trigger", "from", "to", "roles", "form", "guards")


def mermaid(definition: Definition, language: Language = "nl") -> str:
    """Draw the states and the triggers between them, in Mermaid's language for state diagrams."""
    lines = ["stateDiagram-v2", f"    %% {_label(_caption(definition, language))}"]
    for state in _states_in_order(definition):
        lines += [f"    {line}" for line in _box(definition, state, language)]
    lines += [f"    {line}" for line in _arrows(definition, language)]
    lines += [f"    {_id(state.name)} --> [*]" for state in _states_in_order(definition) if not state.is_open]
    return "\n".join(lines)


def trigger_table(definition: Definition, language: Language = "nl") -> str:
    """Tell every trigger in one row of a Markdown table."""
    rows = [[_said(column, language) for column in _COLUMNS], ["---"] * len(_COLUMNS)]
    rows += [_row(definition, trigger, language) for trigger in _triggers_in_order(definition)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def markers(kind: str) -> tuple[str, str]:
    return f"<!-- workflow:{kind} -->", f"<!-- /workflow:{kind} -->"


def redraw(readme_text: str, definitions: Iterable[Definition], language: Language = "en") -> str:
    """Put the picture and the table of each definition between its markers; a text without them is refused."""
    for definition in definitions:
        begin, end = markers(definition.name)
        before, found_begin, rest = readme_text.partition(begin)
        _, found_end, after = rest.partition(end)
        if not (found_begin and found_end):
            raise LookupError(f"nowhere to draw the workflow: the text lacks {begin} or {end}")
        readme_text = f"{before}{begin}\n{_section(definition, language)}\n{end}{after}"
    return readme_text


def _section(definition: Definition, language: Language) -> str:
    caption = _text(f"{_caption(definition, language)} {_said('inside_a_state', language)}")
    return f"```mermaid\n{mermaid(definition, language)}\n```\n\n{caption}\n\n{trigger_table(definition, language)}"


def _caption(definition: Definition, language: Language) -> str:
    everyday = [definition.triggers[name] for name in IN_EVERY_OPEN_STATE if name in definition.triggers]
    return _said("left_out", language, triggers=", ".join(it.label.in_(language) for it in everyday))


def _said(code: str, language: Language, **params: str) -> str:
    return say("drawing", code, params).in_(language)


# -- The picture -----------------------------------------------------------------------------------------------------


def _box(definition: Definition, state: State, language: Language) -> Iterator[str]:
    yield f'state "{_label(state.label.in_(language))}" as {_id(state.name)}'
    if state.party:
        told = _said("to_act", language, role=ROLE_LABELS[state.party].in_(language))
        yield f"{_id(state.name)} : {_label(told)}"
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
    return (it for it in _triggers_in_order(definition) if it.name not in IN_EVERY_OPEN_STATE)


def _id(state: str) -> str:
    """Some names of states are words of Mermaid: `state_end` is not."""
    return f"state_{state}"


def _label(text: str) -> str:
    """Write as a code every sign that could mean something to Mermaid."""
    return "".join(sign if sign.isalnum() or sign in _PLAIN_IN_MERMAID else f"#{ord(sign)};" for sign in text)


# -- The table -------------------------------------------------------------------------------------------------------


def _row(definition: Definition, trigger: Trigger, language: Language) -> list[str]:
    return [
        f"{_codes([trigger.name])} {_text(trigger.label.in_(language))}",
        _sources(definition, trigger, language),
        _targets(trigger, language),
        _codes(trigger.roles),
        _codes([trigger.form] if trigger.form else []),
        _codes(trigger.guards),
    ]


def _sources(definition: Definition, trigger: Trigger, language: Language) -> str:
    sources = {move.source for move in trigger.edges}
    if sources == {state.name for state in definition.states.values() if state.is_open}:
        return _said("everywhere", language)
    codes = _codes(state.name for state in _states_in_order(definition) if state.name in sources)
    return ", ".join(it for it in (_said("beginning", language) if START in sources else "", codes) if it)


def _targets(trigger: Trigger, language: Language) -> str:
    if all(move.source == move.target for move in trigger.edges):
        return _said("stays", language)
    return _codes(sorted({move.target for move in trigger.edges}))


def _codes(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _text(text: str) -> str:
    return "".join(f"\\{sign}" if sign in r"\`*_[]|#" else sign for sign in escape(text, quote=False))


# -- The order in which a case lives through it ------------------------------------------------------------------------


def _states_in_order(definition: Definition) -> list[State]:
    distance = {state: len(way) for state, way in ways(definition).items()}

    def place(state: State) -> tuple[int, int, str]:
        phase = _PHASES.index(state.phase) if state.phase in _PHASES else len(_PHASES)
        return phase, distance.get(state.name, len(distance)), state.name

    return sorted(definition.states.values(), key=place)


def _rank(definition: Definition) -> dict[str, int]:
    return {START: -1} | {state.name: place for place, state in enumerate(_states_in_order(definition))}


def _triggers_in_order(definition: Definition) -> list[Trigger]:
    rank = _rank(definition)

    def place(trigger: Trigger) -> tuple[bool, int, int, str]:
        first = min((rank.get(move.source, len(rank)) for move in trigger.edges), default=len(rank))
        furthest = max((rank.get(move.target, len(rank)) for move in trigger.edges), default=len(rank))
        return trigger.name in IN_EVERY_OPEN_STATE, first, furthest, trigger.name

    return sorted(definition.triggers.values(), key=place)
