"""A kind of part, as its subject declares it, and the registry of all of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType

from typing_extensions import override

from service.cases.rules.facts import FactsRule
from service.cases.rules.forms.base import Form, Sought
from service.vocabulary.roles import Role
from service.workflows.rules.guard import Guard
from service.workflows.rules.kinds import Beginning, PartKind, Registry


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What lives a life of its own in a case: its workflow stands in workflows/<name>.toml.

    `begins`: with the case; opened by a step of another part; or by itself, by a trigger of its own on a case in any
    state. `of_the_file`: a part beside the file changes nothing of the case and is no change of its file.
    `seen_by`: roles that see the part when it is put to their organisation, and hear of it. `parties`: roles whose turn
    it may be. `seeks`: what the system finds for whoever opens it. `once_a_line`: an organisation is asked once for a
    line of the advice, in one round of the case. `shows_question`: whoever is asked reads the question it began with.
    `about_payment`: it alone may read who pays (I2).
    `facts`: what an entry tells of the case; None where guards may know nothing of it.
    """

    name: PartKind
    begins: Beginning = "opened"
    of_the_file: bool = True
    seen_by: frozenset[Role] = frozenset()
    parties: frozenset[Role]
    seeks: frozenset[Sought] = frozenset()
    once_a_line: bool = False
    shows_question: bool = False
    about_payment: bool = False
    facts: FactsRule | None
    guards: tuple[Guard, ...] = ()
    forms: tuple[type[Form], ...]


class Kinds(Registry[Kind]):
    """The registry: every kind by its name, in the order of the API's document. Immutable."""

    def __init__(self, *kinds: Kind) -> None:
        self._kinds = {kind.name: kind for kind in kinds}
        if len(self._kinds) != len(kinds):
            raise ValueError("two kinds have one name")

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
        found: dict[str, Guard] = {}
        for kind in self.values():
            for guard in kind.guards:
                users[guard.name] = users.get(guard.name, frozenset()) | {kind.name}
                found[guard.name] = guard
        return MappingProxyType({name: replace(guard, kinds=users[name]) for name, guard in found.items()})

    @cached_property
    @override
    def forms(self) -> Mapping[str, type[Form]]:
        return MappingProxyType({form.form_name: form for kind in self.values() for form in kind.forms})
