"""A kind of part, as its subject declares it, and the registry of all of them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType
from typing import TypeVar

from typing_extensions import override

from service.cases.rules.facts import FactsRule
from service.cases.rules.forms.base import Form, Sought
from service.vocabulary.roles import Role
from service.workflows.rules.guard import Guard
from service.workflows.rules.kinds import Beginning, PartKind, Registry

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of part: what lives a life of its own in a case. Its workflow stands in workflows/<name>.toml."""

    name: PartKind
    #: How it begins: with the case; opened by a step of another part; or by itself, by a trigger of its own on a case
    #: in any state.
    begins: Beginning = "opened"
    #: A part beside the file changes nothing of the case, and is no change of its file.
    of_the_file: bool = True
    #: The roles that see the part, and hear of it, when it is put to their organisation.
    seen_by: frozenset[Role] = frozenset()
    #: The roles outside the team and the submitter whose turn it may be (I1).
    parties: frozenset[Role] = frozenset()
    #: The organisations that the system finds for whoever opens it.
    seeks: frozenset[Sought] = frozenset()
    #: An organisation is asked once for a line of the advice, in one round of the case.
    once_a_line: bool = False
    #: The fields, by their JSON names, of the forms that led to the part: whoever it is put to reads these, and nothing
    #: else of the case (R22, I23).
    shows: tuple[str, ...] = ()
    #: Its guards may be about payment, and it gives guards of others nothing (I2).
    about_payment: bool = False
    #: A step of a part about payment may open it: asking to look again is no help that waits for money.
    opened_by_payment: bool = False
    #: The facts of the case that an entry changes; None where guards may know nothing of the kind.
    facts: FactsRule | None
    #: The guards that triggers of its workflow may name.
    guards: tuple[Guard, ...] = ()
    #: The forms that triggers of its workflow ask, in every version that was released.
    forms: tuple[type[Form], ...]


class Kinds(Registry[Kind]):
    """The registry: every kind by its name, in the order of the API's document. Immutable. Raises ValueError."""

    def __init__(self, *kinds: Kind) -> None:
        self._kinds = {kind.name: kind for kind in kinds}
        if len(self._kinds) != len(kinds):
            raise ValueError("two kinds have one name")
        # Both are looked at now, so that two of one name stop the start.
        _ = self.guards, self.forms

    def __getitem__(self, name: PartKind) -> Kind:
        return self._kinds[name]

    def __iter__(self) -> Iterator[PartKind]:
        return iter(self._kinds)

    def __len__(self) -> int:
        return len(self._kinds)

    @cached_property
    def parts(self) -> tuple[PartKind, ...]:
        """Every kind but the case itself."""
        return tuple(kind.name for kind in self.values() if kind.begins != "with_the_case")

    @cached_property
    def beside_the_file(self) -> frozenset[PartKind]:
        return frozenset(kind.name for kind in self.values() if not kind.of_the_file)

    @cached_property
    def seen_by(self) -> Mapping[Role, tuple[PartKind, ...]]:
        """By role, the kinds that are seen in it when they are put to one's organisation."""
        roles = sorted({role for kind in self.values() for role in kind.seen_by})
        return MappingProxyType(
            {role: tuple(sorted(kind.name for kind in self.values() if role in kind.seen_by)) for role in roles}
        )

    @cached_property
    @override
    def guards(self) -> Mapping[str, Guard]:
        users: dict[str, frozenset[PartKind]] = {}
        for kind in self.values():
            for guard in kind.guards:
                users[guard.name] = users.get(guard.name, frozenset()) | {kind.name}
        named = _by_name("guards", ((guard.name, guard) for kind in self.values() for guard in kind.guards))
        return MappingProxyType({name: replace(guard, kinds=users[name]) for name, guard in named.items()})

    @cached_property
    @override
    def forms(self) -> Mapping[str, type[Form]]:
        return MappingProxyType(
            _by_name("forms", ((form.form_name, form) for kind in self.values() for form in kind.forms))
        )


def _by_name(what: str, named: Iterable[tuple[str, T]]) -> dict[str, T]:
    """Several kinds may share one. Raises ValueError when two of one name differ: stored content names its form."""
    found: dict[str, T] = {}
    for name, value in named:
        if found.setdefault(name, value) is not value:
            raise ValueError(f"two {what} have one name: {name}")
    return found
