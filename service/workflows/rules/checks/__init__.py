"""The checks that a workflow must pass before a case may run on it. All faults are reported at once, with a witness.

A case is in one state at a time, so the checks are a plain search in a graph; they evaluate no guard.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import chain

from service.workflows.rules.checks import combination, duties, names, reachability
from service.workflows.rules.checks.check_context import CheckableGuard, CheckContext, shortest_paths
from service.workflows.rules.definition import Definition, Diagnostic
from service.workflows.rules.kinds import CheckableKind, PartKind
from service.workflows.rules.region_settings import RegionSettings

__all__ = ["CheckableGuard", "check_definition", "check_definitions", "shortest_paths"]

_CHECKS = (*names.CHECKS, *duties.CHECKS, *reachability.CHECKS)


def check_definition(
    definition: Definition,
    *,
    settings_terms: Collection[str],
    guards: Mapping[str, CheckableGuard],
    forms: Collection[str],
    kinds: Mapping[PartKind, CheckableKind],
    kinds_with_file: Collection[PartKind],
) -> tuple[Diagnostic, ...]:
    """Returns all faults of one definition. `kinds_with_file`: the kinds that have a workflow file."""
    subject = CheckContext(
        definition=definition,
        guards=guards,
        forms=forms,
        kinds=kinds,
        kinds_with_file=kinds_with_file,
        paths=shortest_paths(definition),
    )
    faults = chain.from_iterable(run_check(subject) for run_check in _CHECKS)
    return (*faults, *_unknown_terms(definition, settings_terms, settings=None))


def check_definitions(
    definitions: Iterable[Definition],
    settings: Mapping[str, RegionSettings],
    *,
    guards: Mapping[str, CheckableGuard],
    forms: Collection[str],
    kinds: Mapping[PartKind, CheckableKind],
) -> tuple[Diagnostic, ...]:
    """Returns all faults of a set of definitions: of each alone, of the set, and of each under every settings.

    The key of `settings` is a name for people: the region and the first day.
    """
    all_definitions = tuple(definitions)
    written = {definition.name for definition in all_definitions}
    faults = list(combination.check_combination(all_definitions, kinds))
    for definition in all_definitions:
        terms = {state.term for state in definition.states.values() if state.term}
        faults += check_definition(
            definition, settings_terms=terms, guards=guards, forms=forms, kinds=kinds, kinds_with_file=written
        )
        for name, region_settings in settings.items():
            faults += _unknown_terms(definition, region_settings.terms, settings=name)
    return tuple(faults)


def _unknown_terms(definition: Definition, terms: Collection[str], *, settings: str | None) -> Iterator[Diagnostic]:
    for state in definition.states.values():
        if state.term and state.term not in terms:
            params = {"state": state.name, "term": state.term, "settings": settings or "settings.toml"}
            path = f"states.{state.name}.term"
            yield Diagnostic("unknown_term", definition.name, path, params, settings=settings)
