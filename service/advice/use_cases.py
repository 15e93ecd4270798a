"""Reading the advice: every version of it, as far as one may see it (I13, I17, I23)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from service.advice.rules.own_lines import asked_by, own_part
from service.cases.rules.facts import fold
from service.cases.rules.model import Part, Transition
from service.cases.rules.point_in_time import When
from service.cases.store.cases import Cases, Sight
from service.cases.store.contents import Contents
from service.cases.use_cases.look_back import Then, looked_at
from service.cases.use_cases.read import as_of, log, reader_of, seat_of
from service.cases.use_cases.reading_rights import SHARED_FOR
from service.database.transaction import Transaction
from service.identity.caller import Asker
from service.kinds import KINDS
from service.people.use_cases.identify import known
from service.vocabulary.actor import Actor
from service.vocabulary.refusals import NotFound
from service.vocabulary.roles import Role

ADVICE_TRIGGERS = ("issue_advice", "revise_advice")


@dataclass(frozen=True, slots=True, kw_only=True)
class AdviceVersion:
    """One version of the advice: `form` is all of it for those who may read the case, their lines for a provider."""

    version: int
    entry: Transition
    whole: bool
    form: Mapping[str, Any]
    then: Then | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AdviceVersions:
    """The versions of the advice that somebody may read, by number, with the entry that issued each."""

    issued: Mapping[int, Transition]
    then: Then | None = None


def advice_versions(transaction: Transaction, asker: Asker, case_id: UUID, when: When | None = None) -> AdviceVersions:
    """The versions that this person may read. Raises NotFound."""
    actor = known(transaction, asker)
    sight, mine = _some_part(transaction, actor, case_id)
    history, then = looked_at(transaction, actor, case_id, when)
    return AdviceVersions(issued=_shown(history, sight, mine), then=then)


def read_advice(
    transaction: Transaction, asker: Asker, case_id: UUID, version: int, when: When | None = None
) -> AdviceVersion:
    """One version of the advice, with dissent and the family's statement beside it for whoever sees it (I17).

    A provider sees its own lines and their goals, once sharing with providers was consented to or has a legal ground;
    until then the lines in codes, without words (I23). A payer sees what it is asked to pay for, without aim or goals.
    """
    actor = known(transaction, asker)
    sight, mine = _some_part(transaction, actor, case_id)
    history, then = looked_at(transaction, actor, case_id, when)
    entry = _shown(history, sight, mine).get(version)
    if entry is None:
        raise NotFound
    seat = seat_of(transaction, then.rights if then else actor, sight)
    if sight.whole:
        reader_of(transaction, actor, sight, history, then, seat=seat).insist_on(entry)
    form = Contents(transaction).open(case_id, [entry.sequence])[entry.sequence].body["form"]
    log(transaction, asker, actor, sight, "read_advice", as_of(f"advice version {version}", then), seat=seat)
    if not sight.whole:
        shared = SHARED_FOR[Role.PROVIDER] in fold(history, KINDS).consented
        form = own_part(form, mine, asked_by(entry, history), shared=shared)
    return AdviceVersion(version=version, entry=entry, whole=sight.whole, form=form, then=then)


def _shown(history: Collection[Transition], sight: Sight, mine: Collection[Part]) -> dict[int, Transition]:
    """Every version of the advice, or those with a line that was put to this person's organisation."""
    issued = [it for it in history if it.part_kind == "case" and it.trigger in ADVICE_TRIGGERS]
    own = {part.line for part in mine}
    return {
        number: it for number, it in enumerate(issued, 1) if sight.whole or not own.isdisjoint(it.codes.get("line", ()))
    }


def _some_part(transaction: Transaction, actor: Actor, case_id: UUID) -> tuple[Sight, tuple[Part, ...]]:
    """The case as far as this person sees any of it: its main part, or else the first part put to them."""
    mine = Cases(transaction).parts(case_id, seen_by=actor)
    for part_id in (case_id, *(part.id for part in mine)):
        if sight := Cases(transaction).find(case_id, part_id, seen_by=actor):
            return sight, mine
    raise NotFound
