"""The states that a list can be narrowed down to."""

from collections.abc import Collection, Iterable

from service.vocabulary.input_faults import unknown_value
from service.vocabulary.language import Words
from service.workflows.rules.definition import Definition


def insist_on_state(state: str | None, definitions: Iterable[Definition], kinds: Collection[str]) -> None:
    """Raises Invalid, with the states of these kinds, when the query asks for another. No kinds: those of all.

    `definitions` are all that parts may run on, so that a state of an older workflow is still found.
    """
    known: dict[str, Words] = {}
    for definition in definitions:
        if not kinds or definition.name in kinds:
            known |= {name: it.label for name, it in definition.states.items()}
    if state is not None and state not in known:
        raise unknown_value("state", dict(sorted(known.items())))
