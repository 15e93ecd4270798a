"""The filter of a work list by state."""

from collections.abc import Collection, Iterable

from service.vocabulary.input_faults import unknown_query_value
from service.vocabulary.language import BilingualText
from service.workflows.rules.definition import Definition


def require_known_state(state: str | None, definitions: Iterable[Definition], kinds: Collection[str]) -> None:
    """Raises Invalid for a state that no part of these kinds can have; it lists those that exist. No kinds: all kinds.

    `definitions` are all that parts may run on, so that a state of an older workflow is accepted.
    """
    labels: dict[str, BilingualText] = {}
    for definition in definitions:
        if not kinds or definition.name in kinds:
            labels |= {name: state.label for name, state in definition.states.items()}
    if state is not None and state not in labels:
        raise unknown_query_value("state", dict(sorted(labels.items())))
