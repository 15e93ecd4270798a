"""Reading the advice: every version of it, as far as one may see it (I13, I17, I23)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from service.advice.rules.own_lines import asked_by, own_part
from service.cases.rules.facts import fold
from service.cases.rules.model import Part, Transition
from service.cases.rules.point_in_time import Past, When
from service.cases.store.cases import Sight
from service.cases.store.contents import Contents
from service.cases.use_cases.case_reading import CaseReading, read_case
from service.cases.use_cases.read import as_of, log, reader_of, seat_of
from service.cases.use_cases.reading_rights import SHARED_FOR
from service.database.transaction import Transaction
from service.identity.caller import Caller
from service.kinds import KINDS
from service.people.use_cases.identify import identify
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
    past: Past | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AdviceVersions:
    """The versions of the advice that somebody may read, by number, with the entry that issued each."""

    issued: Mapping[int, Transition]
    past: Past | None = None


def advice_versions(
    transaction: Transaction, caller: Caller, case_id: UUID, when: When | None = None
) -> AdviceVersions:
    """The versions that this person may read. Raises NotFound."""
    reading = read_case(transaction, identify(transaction, caller), case_id, when)
    sight, mine = _some_part(reading)
    return AdviceVersions(issued=_shown(reading.history, sight, mine), past=reading.past)


def read_advice(
    transaction: Transaction, caller: Caller, case_id: UUID, version: int, when: When | None = None
) -> AdviceVersion:
    """One version of the advice, with dissent and the family's statement beside it for whoever sees it (I17).

    A provider sees its own lines and their goals, once sharing with providers was consented to or has a legal ground;
    until then the lines in codes, without words (I23). A payer sees what it is asked to pay for, without aim or goals.
    """
    actor = identify(transaction, caller)
    reading = read_case(transaction, actor, case_id, when)
    sight, mine = _some_part(reading)
    history = reading.history
    entry = _shown(history, sight, mine).get(version)
    if entry is None:
        raise NotFound
    seat = seat_of(transaction, reading.rights, sight)
    if sight.whole:
        reader_of(transaction, actor, sight, reading, seat=seat).insist_on(entry)
    form = Contents(transaction).open(case_id, [entry.sequence])[entry.sequence].body["form"]
    log(transaction, caller, actor, sight, "read_advice", as_of(f"advice version {version}", reading.past), seat=seat)
    if not sight.whole:
        shared = SHARED_FOR[Role.PROVIDER] in fold(history, KINDS).consented
        form = own_part(form, mine, asked_by(entry, history), shared=shared)
    return AdviceVersion(version=version, entry=entry, whole=sight.whole, form=form, past=reading.past)


def _shown(history: Collection[Transition], sight: Sight, mine: Collection[Part]) -> dict[int, Transition]:
    """Every version of the advice, or those with a line that was put to this person's organisation."""
    issued = [it for it in history if it.part_kind == "case" and it.trigger in ADVICE_TRIGGERS]
    own = {part.line for part in mine}
    return {
        number: it for number, it in enumerate(issued, 1) if sight.whole or not own.isdisjoint(it.codes.get("line", ()))
    }


def _some_part(reading: CaseReading) -> tuple[Sight, tuple[Part, ...]]:
    """The case as far as the reader sees any of it: its main part, or else the first part put to them."""
    mine = reading.parts
    return reading.sight or reading.of_part(mine[0].id), mine
