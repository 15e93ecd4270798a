"""What must be true of a workflow before a case may run on it: every fault at once, with the way that leads to it.

A case is in one state at a time, so that all of this is plain search in a graph; no guard is ever tried.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import chain

from service.workflows.rules.checks import combination, duties, names, routes
from service.workflows.rules.checks.subject import KnownGuard, Subject, ways
from service.workflows.rules.definition import Definition, Diagnostic
from service.workflows.rules.kinds import KnownKind, PartKind
from service.workflows.rules.region_settings import RegionSettings

__all__ = ["KnownGuard", "check", "check_all", "ways"]

_LOOKS = (*names.LOOKS, *duties.LOOKS, *routes.LOOKS)


def check(
    definition: Definition,
    *,
    settings_terms: Collection[str],
    guards: Mapping[str, KnownGuard],
    forms: Collection[str],
    kinds: Mapping[PartKind, KnownKind],
    written: Collection[PartKind],
) -> tuple[Diagnostic, ...]:
    """Everything wrong with one definition; `written` are the kinds that have a workflow."""
    subject = Subject(
        definition=definition, guards=guards, forms=forms, kinds=kinds, written=written, ways=ways(definition)
    )
    found = chain.from_iterable(look(subject) for look in _LOOKS)
    return (*found, *_unknown_terms(definition, settings_terms, settings=None))


def check_all(
    definitions: Iterable[Definition],
    settings: Mapping[str, RegionSettings],
    *,
    guards: Mapping[str, KnownGuard],
    forms: Collection[str],
    kinds: Mapping[PartKind, KnownKind],
) -> tuple[Diagnostic, ...]:
    """Everything wrong with a set of definitions: each by itself, all together, and each with each of the settings.

    `settings` are named as people know them: the region, and the day from which they hold.
    """
    every = tuple(definitions)
    written = {definition.name for definition in every}
    found = list(combination.faults(every, kinds))
    for definition in every:
        terms = {state.term for state in definition.states.values() if state.term}
        found += check(definition, settings_terms=terms, guards=guards, forms=forms, kinds=kinds, written=written)
        for name, chosen in settings.items():
            found += _unknown_terms(definition, chosen.terms, settings=name)
    return tuple(found)


def _unknown_terms(definition: Definition, terms: Collection[str], *, settings: str | None) -> Iterator[Diagnostic]:
    for state in definition.states.values():
        if state.term and state.term not in terms:
            params = {"state": state.name, "term": state.term, "settings": settings or "settings.toml"}
            path = f"states.{state.name}.term"
            yield Diagnostic("unknown_term", definition.name, path, params, settings=settings)
