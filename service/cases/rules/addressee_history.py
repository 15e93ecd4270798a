"""The entries of a case that a person may know who sees only the parts that are addressed to their organisations."""

from collections.abc import Iterable

from service.cases.rules.kinds import Kinds
from service.cases.rules.model import Transition
from service.vocabulary.actor import Actor

ADVICE_TRIGGERS = ("issue_advice", "revise_advice")


def history_for_addressee(history: Iterable[Transition], actor: Actor, kinds: Kinds) -> tuple[Transition, ...]:
    """Returns the entries of their parts, and each version of the advice with a line that is put to them (I23)."""
    addressed = {
        (kind, organisation)
        for role, names in kinds.kinds_by_addressee_role.items()
        for kind in names
        for organisation in actor.organisations({role})
    }
    entries = tuple(history)
    own = {entry.part_id for entry in entries if (entry.part_kind, entry.addressee_id) in addressed}
    lines = {entry.line for entry in entries if entry.part_id in own}
    return tuple(
        entry
        for entry in entries
        if entry.part_id in own
        or (entry.trigger in ADVICE_TRIGGERS and not lines.isdisjoint(entry.codes.get("line", ())))
    )
