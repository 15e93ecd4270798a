"""Reading the versions of the advice, limited to what the reader may see (I13, I17, I23)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from service.advice.rules.addressee_lines import addressee_extract, payers_asked_by
from service.cases.rules.amendments import amended_form, amendments_of
from service.cases.rules.facts import fold_facts
from service.cases.rules.forms.form_reader import read_form
from service.cases.rules.model import Part, Transition
from service.cases.rules.point_in_time import HistoryUntil, PointInTime
from service.cases.store.cases import VisiblePart
from service.cases.store.contents import Contents
from service.cases.use_cases.case_reading import CaseReading, read_case
from service.cases.use_cases.read_content import log_detail, log_reading, reader_of, require_seat
from service.cases.use_cases.reading_rights import SHARING_PURPOSES
from service.database.transaction import Transaction
from service.identity.caller import Caller
from service.kinds import KINDS
from service.people.use_cases.identify import identify
from service.vocabulary.refusals import ContentDestroyed, NotFound
from service.vocabulary.roles import Role

ADVICE_TRIGGERS = ("issue_advice", "revise_advice")


@dataclass(frozen=True, slots=True, kw_only=True)
class AdviceVersion:
    """A version of the advice. `form` is the whole form for readers of the whole case, else the addressee's lines.

    `current` is the same after the corrections on request; None without any. `whole`: the reader sees the whole case.
    `entry`: the history entry that issued the version.
    """

    version: int
    entry: Transition
    whole: bool
    form: Mapping[str, Any]
    current: Mapping[str, Any] | None = None
    past: HistoryUntil | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AdviceVersions:
    """The versions of the advice that a reader may see: number, from 1 -> history entry that issued it."""

    issued: Mapping[int, Transition]
    past: HistoryUntil | None = None


def list_advice_versions(
    transaction: Transaction, caller: Caller, case_id: UUID, when: PointInTime | None = None
) -> AdviceVersions:
    """Returns the versions that the caller may read. Raises NotFound."""
    reading = read_case(transaction, identify(transaction, caller), case_id, when)
    sight, parts = _sight_and_parts(reading)
    return AdviceVersions(issued=_visible_versions(reading.history_without_notes, sight, parts), past=reading.past)


def read_advice(
    transaction: Transaction, caller: Caller, case_id: UUID, version: int, when: PointInTime | None = None
) -> AdviceVersion:
    """Returns a version of the advice, with dissent and the family's statement (I17). Raises NotFound.

    A provider sees its own lines with their goals if there is consent or a legal ground to share with providers.
    Without one it sees its lines in codes, without free text (I23). A payer sees the lines that it is asked to pay for,
    without aim and goals.
    """
    actor = identify(transaction, caller)
    reading = read_case(transaction, actor, case_id, when)
    sight, parts = _sight_and_parts(reading)
    history = reading.history_without_notes
    entry = _visible_versions(history, sight, parts).get(version)
    if entry is None:
        raise NotFound
    seat = require_seat(transaction, reading.entitled_actor, sight)
    if sight.may_read_case:
        reader_of(transaction, actor, sight, reading, seat=seat).require_entry(entry)
    corrections = amendments_of(entry, history)
    contents = Contents(transaction).open(case_id, [event.sequence for event in (entry, *corrections)])
    content = contents[entry.sequence]
    if content.is_destroyed:
        certificate = Contents(transaction).certificates(case_id)[entry.sequence]
        raise ContentDestroyed(certificate.day, certificate.ground)
    log_reading(
        transaction,
        caller,
        actor,
        sight,
        "read_advice",
        log_detail(f"advice version {version}", reading.past),
        seat=seat,
    )
    form = content.body["form"]
    current = _in_shape(entry, amended_form(entry, corrections, contents)) if corrections else None
    if not sight.may_read_case:
        shared = SHARING_PURPOSES[Role.PROVIDER] in fold_facts(history, KINDS).consented_purposes
        payers_asked = payers_asked_by(entry, history)
        extract = partial(addressee_extract, parts=parts, payers_asked=payers_asked, shared=shared)
        form, current = extract(form), extract(current) if current else None
        current = None if current == form else current  # A correction of what they do not read tells nothing.
    return AdviceVersion(
        version=version, entry=entry, whole=sight.may_read_case, form=form, current=current, past=reading.past
    )


def _in_shape(entry: Transition, form: dict[str, Any]) -> dict[str, Any]:
    """Returns the form with the optional answers that it leaves out, as an issued one has them.

    A form of an older release that is refused today stays as it is.
    """
    reading = read_form(KINDS.forms[entry.form or ""], form)
    return reading.form.to_content() if reading.form and not reading.faults else form


def _visible_versions(
    history: Collection[Transition], sight: VisiblePart, parts: Collection[Part]
) -> dict[int, Transition]:
    """Returns number -> entry of all versions, or of those with a line addressed to the reader's organisation."""
    issued = [entry for entry in history if entry.part_kind == "case" and entry.trigger in ADVICE_TRIGGERS]
    lines = {part.line for part in parts}
    return {
        number: entry
        for number, entry in enumerate(issued, 1)
        if sight.may_read_case or not lines.isdisjoint(entry.codes.get("line", ()))
    }


def _sight_and_parts(reading: CaseReading) -> tuple[VisiblePart, tuple[Part, ...]]:
    """Returns the reader's sight of the main part, else of the first part addressed to them, and all such parts."""
    parts = reading.parts
    return reading.sight or reading.require_part(parts[0].id), parts
