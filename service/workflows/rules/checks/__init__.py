"""The checks that a workflow must pass before a case may run on it. All faults are reported at once, with a witness.

A case is in one state at a time, so the checks are a plain search in a graph; they evaluate no guard.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import chain

from service.workflows.rules.checks import combination, duties, names, routes
from service.workflows.rules.checks.subject import KnownGuard, Subject, ways
from service.workflows.rules.definition import Definition, Diagnostic
from service.workflows.rules.kinds import KnownKind, PartKind
from service.workflows.rules.region_settings import RegionSettings

__all__ = ["KnownGuard", "check", "check_all", "ways"]

_CHECKS = (*names.LOOKS, *duties.LOOKS, *routes.LOOKS)


def check(
    definition: Definition,
    *,
    settings_terms: Collection[str],
    guards: Mapping[str, KnownGuard],
    forms: Collection[str],
    kinds: Mapping[PartKind, KnownKind],
    written: Collection[PartKind],
) -> tuple[Diagnostic, ...]:
    """Returns all faults of one definition. `kinds_with_file`: the kinds that have a workflow file."""
    subject = Subject(
        definition=definition, guards=guards, forms=forms, kinds=kinds, written=written, ways=ways(definition)
    )
    faults = chain.from_iterable(run_check(subject) for run_check in _CHECKS)
    return (*faults, *_unknown_terms(definition, settings_terms, settings=None))


def check_all(
    definitions: Iterable[Definition],
    settings: Mapping[str, RegionSettings],
    *,
    guards: Mapping[str, KnownGuard],
    forms: Collection[str],
    kinds: Mapping[PartKind, KnownKind],
) -> tuple[Diagnostic, ...]:
    """Returns all faults of a set of definitions: of each alone, of the set, and of each under every settings.

    The key of `settings` is a name for people: the region and the first day.
    """
    all_definitions = tuple(definitions)
    written = {definition.name for definition in all_definitions}
    faults = list(combination.faults(all_definitions, kinds))
    for definition in all_definitions:
        terms = {state.term for state in definition.states.values() if state.term}
        faults += check(definition, settings_terms=terms, guards=guards, forms=forms, kinds=kinds, written=written)
        for name, region_settings in settings.items():
            faults += _unknown_terms(definition, region_settings.terms, settings=name)
    return tuple(faults)


def _unknown_terms(definition: Definition, terms: Collection[str], *, settings: str | None) -> Iterator[Diagnostic]:
    for state in definition.states.values():
        if state.term and state.term not in terms:
            params = {"state": state.name, "term": state.term, "settings": settings or "settings.toml"}
            path = f"states.{state.name}.term"
            yield Diagnostic("unknown_term", definition.name, path, params, settings=settings)
