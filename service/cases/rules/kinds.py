"""The declaration of a kind of part, and the registry of all kinds."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import TypeVar

from typing_extensions import override

from service.cases.rules.facts import FactsRule
from service.cases.rules.forms.base import AddresseeRole, Form
from service.vocabulary.roles import Role
from service.workflows.rules.guard import Guard
from service.workflows.rules.kinds import Beginning, PartKind, Registry

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of part with a workflow of its own, which stands in workflows/<name>.toml."""

    name: PartKind
    #: How a part begins: with the case, opened by a step of another part, or by a trigger of its own on a case in any
    #: state.
    begins: Beginning = "opened"
    #: False for a part outside the file: its steps change neither the case nor its file.
    belongs_to_file: bool = True
    #: Roles that may see the part and get its events when their organisation is the addressee.
    addressee_roles: frozenset[Role] = frozenset()
    #: Roles, besides the team and the submitter, that may have to act in the part (I1).
    parties: frozenset[Role] = frozenset()
    #: Addressees that the system looks up when the part is opened.
    looked_up_addressees: frozenset[AddresseeRole] = frozenset()
    #: True if an organisation gets at most one such part per line of the advice, in one round of the case.
    once_per_line: bool = False
    #: JSON names of fields in the forms that led to the part. The addressee reads these fields and nothing else of the
    #: case (R22, I23).
    shown_fields: tuple[str, ...] = ()
    #: True if its guards may read payment. Such a kind adds no facts for guards of other kinds (I2).
    about_payment: bool = False
    #: True if a step of a part about payment may open it. A reconsideration is no help that waits for money.
    opened_by_payment: bool = False
    #: The role that judges the part, where one asks and another judges. The part may be passed to a person with this
    #: role in another team, and who asked for it has no say in it in this role.
    judged_by: Role | None = None
    #: The role that decides on the part, where one person proposes and another one decides.
    decided_by: Role | None = None
    #: True if a member of a family asks for themselves, so that no other member acts in the part.
    asked_personally: bool = False
    #: Triggers of the outcome. It counts for all parts of the kind that the same judge took up: they are joined.
    outcomes: tuple[str, ...] = ()
    #: Rule that applies an entry to the facts of the case; None for a kind that guards may not read.
    facts_rule: FactsRule | None
    #: Guards by trigger that hold under every definition of its workflow, also for parts that run on an older one.
    fixed_guards: Mapping[str, tuple[Guard, ...]] = field(default_factory=dict)
    #: Guards that triggers of its workflow may name.
    guards: tuple[Guard, ...] = ()
    #: Forms that triggers of its workflow may require, in every released version.
    forms: tuple[type[Form], ...]

    @property
    def all_guards(self) -> tuple[Guard, ...]:
        return (*self.guards, *(guard for guards in self.fixed_guards.values() for guard in guards))


class Kinds(Registry[Kind]):
    """The registry of kinds by name, in the order of the OpenAPI document. Immutable.

    Raises ValueError when two kinds, guards or forms share a name.
    """

    def __init__(self, *kinds: Kind) -> None:
        self._kinds = {kind.name: kind for kind in kinds}
        if len(self._kinds) != len(kinds):
            raise ValueError("two kinds have one name")
        # Evaluated now, so that a duplicate name stops the start.
        _ = self.guards, self.forms

    def __getitem__(self, name: PartKind) -> Kind:
        return self._kinds[name]

    def __iter__(self) -> Iterator[PartKind]:
        return iter(self._kinds)

    def __len__(self) -> int:
        return len(self._kinds)

    @cached_property
    def part_kinds(self) -> tuple[PartKind, ...]:
        """Names of all kinds except the case itself."""
        return tuple(kind.name for kind in self.values() if kind.begins != "with_the_case")

    @cached_property
    def kinds_outside_file(self) -> frozenset[PartKind]:
        return frozenset(kind.name for kind in self.values() if not kind.belongs_to_file)

    @cached_property
    def judges(self) -> Mapping[PartKind, Role]:
        """Returns the role that judges, by name of each kind that is judged."""
        return MappingProxyType({kind.name: kind.judged_by for kind in self.values() if kind.judged_by})

    @cached_property
    def kinds_by_addressee_role(self) -> Mapping[Role, tuple[PartKind, ...]]:
        """Returns the sorted names, by role, of the kinds that the role sees as addressee."""
        roles = sorted({role for kind in self.values() for role in kind.addressee_roles})
        return MappingProxyType(
            {role: tuple(sorted(kind.name for kind in self.values() if role in kind.addressee_roles)) for role in roles}
        )

    @cached_property
    @override
    def guards(self) -> Mapping[str, Guard]:
        users: dict[str, frozenset[PartKind]] = {}
        for kind in self.values():
            for guard in kind.all_guards:
                users[guard.name] = users.get(guard.name, frozenset()) | {kind.name}
        guards = _by_name("guards", ((guard.name, guard) for kind in self.values() for guard in kind.all_guards))
        return MappingProxyType({name: replace(guard, kinds=users[name]) for name, guard in guards.items()})

    @cached_property
    @override
    def forms(self) -> Mapping[str, type[Form]]:
        return MappingProxyType(
            _by_name("forms", ((form.form_name, form) for kind in self.values() for form in kind.forms))
        )


def _by_name(plural: str, pairs: Iterable[tuple[str, T]]) -> dict[str, T]:
    """Returns the values by name. Kinds may share a value.

    Raises ValueError when two values with one name differ: stored content refers to its form by name.
    """
    values: dict[str, T] = {}
    for name, value in pairs:
        if values.setdefault(name, value) is not value:
            raise ValueError(f"two {plural} have one name: {name}")
    return values
