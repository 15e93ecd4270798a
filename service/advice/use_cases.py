"""Reading the versions of the advice, limited to what the reader may see (I13, I17, I23)."""

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
    """A version of the advice. `form` is the whole form for readers of the whole case, else the addressee's lines.

    `whole`: the reader sees the whole case. `entry`: the history entry that issued the version.
    """

    version: int
    entry: Transition
    whole: bool
    form: Mapping[str, Any]
    past: Past | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AdviceVersions:
    """The versions of the advice that a reader may see: number, from 1 -> history entry that issued it."""

    issued: Mapping[int, Transition]
    past: Past | None = None


def advice_versions(
    transaction: Transaction, caller: Caller, case_id: UUID, when: When | None = None
) -> AdviceVersions:
    """Returns the versions that the caller may read. Raises NotFound."""
    reading = read_case(transaction, identify(transaction, caller), case_id, when)
    sight, parts = _sight_and_parts(reading)
    return AdviceVersions(issued=_visible_versions(reading.history, sight, parts), past=reading.past)


def read_advice(
    transaction: Transaction, caller: Caller, case_id: UUID, version: int, when: When | None = None
) -> AdviceVersion:
    """Returns a version of the advice, with dissent and the family's statement (I17). Raises NotFound.

    A provider sees its own lines with their goals if there is consent or a legal ground to share with providers.
    Without one it sees its lines in codes, without free text (I23). A payer sees the lines that it is asked to pay for,
    without aim and goals.
    """
    actor = identify(transaction, caller)
    reading = read_case(transaction, actor, case_id, when)
    sight, parts = _sight_and_parts(reading)
    history = reading.history
    entry = _visible_versions(history, sight, parts).get(version)
    if entry is None:
        raise NotFound
    seat = seat_of(transaction, reading.rights, sight)
    if sight.whole:
        reader_of(transaction, actor, sight, reading, seat=seat).insist_on(entry)
    form = Contents(transaction).open(case_id, [entry.sequence])[entry.sequence].body["form"]
    log(transaction, caller, actor, sight, "read_advice", as_of(f"advice version {version}", reading.past), seat=seat)
    if not sight.whole:
        shared = SHARED_FOR[Role.PROVIDER] in fold(history, KINDS).consented
        form = own_part(form, parts, asked_by(entry, history), shared=shared)
    return AdviceVersion(version=version, entry=entry, whole=sight.whole, form=form, past=reading.past)


def _visible_versions(history: Collection[Transition], sight: Sight, parts: Collection[Part]) -> dict[int, Transition]:
    """Returns number -> entry of all versions, or of those with a line addressed to the reader's organisation."""
    issued = [entry for entry in history if entry.part_kind == "case" and entry.trigger in ADVICE_TRIGGERS]
    lines = {part.line for part in parts}
    return {
        number: entry
        for number, entry in enumerate(issued, 1)
        if sight.whole or not lines.isdisjoint(entry.codes.get("line", ()))
    }


def _sight_and_parts(reading: CaseReading) -> tuple[Sight, tuple[Part, ...]]:
    """Returns the reader's sight of the main part, else of the first part addressed to them, and all such parts."""
    parts = reading.parts
    return reading.sight or reading.of_part(parts[0].id), parts
