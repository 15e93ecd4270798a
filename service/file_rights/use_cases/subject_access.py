"""Everything that is held about the child and the family of one case, for them: taken off the model (AVG 15, T22)."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from service.cases.rules.amendments import AMENDS, amendments_of, as_it_reads
from service.cases.rules.consents import Agreed
from service.cases.rules.facts import fold
from service.cases.rules.forms.notes import Amendment
from service.cases.rules.model import Case, Content, Part, Transition
from service.cases.store.cases import Cases
from service.cases.store.contents import Contents
from service.cases.use_cases.read import whole_case
from service.cases.use_cases.reading_rights import Reader
from service.database.transaction import Transaction
from service.file_rights.rules.answers import Told, told_by
from service.file_rights.rules.personal_data import Tells, column_of
from service.file_rights.store.access_log import Wanted
from service.file_rights.store.stored_rows import Record, Records
from service.file_rights.use_cases.access_overview import Seen, acting_as, as_told_to, record
from service.identity.caller import Caller
from service.kinds import KINDS
from service.people.store.people import People
from service.people.use_cases.identify import identify
from service.retention.use_cases.terms import Kept, kept
from service.vocabulary.actor import Membership, Seat
from service.vocabulary.organisation_kinds import OrganisationKind
from service.vocabulary.refusals import NotAllowed
from service.vocabulary.roles import FAMILY_ROLES, Role
from service.workflows.rules.rulebook import Rulebook

# Who hands it over after a request was granted; and the family itself.
HANDED_OVER_BY = frozenset({Role.COORDINATOR, Role.CHAIR})
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What was written at one entry, answer by answer; `reads_now` after its amendments. Nothing when withheld."""

    entry: Transition
    answers: tuple[Told, ...] = ()
    grounds: str | None = None
    reads_now: tuple[Told, ...] = ()
    withheld: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """All of it. `records`: the rows of the tables; `categories`: what kinds of things are told here of whom."""

    case: Case
    acting: Membership
    parts: tuple[Part, ...]
    history: tuple[Transition, ...]
    written: tuple[Written, ...]
    records: Mapping[str, Sequence[Record]]
    seen: Seen
    agreed: Mapping[str, Agreed]
    kept: Kept
    categories: tuple[Tells, ...]

    @property
    def for_family(self) -> bool:
        return self.acting.role in FAMILY_ROLES


def subject_access(transaction: Transaction, caller: Caller, case_id: UUID, rules: Rulebook) -> Bundle:
    """Everything held about a case, but what is withheld from this reader. It is written down as taken out.

    Raises NotFound for whoever may not see all of it, NotAllowed for who does and does not hand it over, and the
    refusal of a parent where the young person decides.
    """
    actor = identify(transaction, caller)
    sight = whole_case(transaction, actor, case_id)
    acting = acting_as(actor, sight.case, HANDED_OVER_BY | FAMILY_ROLES)
    if acting is None:
        raise NotAllowed
    history = Cases(transaction).history(case_id)
    reader = Reader(transaction, actor, Seat(acting), history)
    reader.insist_on_file()
    written = tuple(_written(transaction, reader, history))
    transaction.allow_all_rows(
        "subject access"
    )  # also what others asked of this case, and which webhooks of others were told of it
    member = actor.person_id if acting.role in FAMILY_ROLES else None
    records = Records(transaction).of_case(case_id) | _of_family(transaction, sight.case, member)
    seen = as_told_to(transaction, acting, case_id, Wanted())
    record(transaction, caller, actor.person_id, acting, "export_subject_access", case_id=case_id, action="E")
    return Bundle(
        case=sight.case,
        acting=acting,
        parts=(sight.part, *Cases(transaction).parts(case_id, seen_by=actor)),
        history=history,
        written=written,
        records=records,
        seen=seen,
        agreed=fold(history, KINDS).agreed,
        kept=kept(transaction, rules, sight.case, history),
        categories=_categories(records, written),
    )


def _written(transaction: Transaction, reader: Reader, history: Sequence[Transition]) -> Iterator[Written]:
    """Every entry at which something was written, in order."""
    contents = Contents(transaction).open(history[0].case_id)
    names = {str(id_): name for id_, name in People(transaction).names(_ids_in(contents)).items()}
    for entry in history:
        if entry.sequence in contents and not reader.may_read(entry):
            yield Written(entry=entry, withheld=True)
        elif entry.sequence in contents:
            body = contents[entry.sequence].body
            amendments = amendments_of(entry, history)
            reads_now = as_it_reads(entry, amendments, contents) if amendments else {}
            yield Written(
                entry=entry,
                answers=tuple(_answers(entry, body.get("form", {}), history, names)),
                grounds=body.get("grounds"),
                reads_now=tuple(_answers(entry, reads_now, history, names)),
            )


def _answers(
    entry: Transition, form: Mapping[str, Any], history: Sequence[Transition], names: Mapping[str, str]
) -> Iterator[Told]:
    """The answers of a form; of an amendment also what it changes, in the words of the form that it amends."""
    if not entry.form or not form:
        return
    if KINDS.forms[entry.form] is not Amendment:
        yield from told_by(KINDS.forms[entry.form], form, names)
        return
    (number,) = entry.codes[AMENDS]
    amended = next(it for it in history if (it.part_id, it.part_sequence) == (entry.part_id, int(number)))
    yield from told_by(Amendment, {name: it for name, it in form.items() if name != "changes"}, names)
    yield from told_by(KINDS.forms[amended.form or ""], form["changes"], names)


def _of_family(transaction: Transaction, case: Case, member: UUID | None) -> dict[str, tuple[Record, ...]]:
    """A family that brought its case itself is known by name. How somebody is known is told to themselves alone."""
    if People(transaction).kinds({case.submitter_id}).get(case.submitter_id) != OrganisationKind.FAMILY:
        return {}
    return Records(transaction).of_family(case.submitter_id, member)


def _categories(records: Mapping[str, Sequence[Record]], written: Sequence[Written]) -> tuple[Tells, ...]:
    of_rows = {column_of(table, name) for table, rows in records.items() for row in rows for name in row}
    of_answers = {told.tells for it in written for told in it.answers}
    return tuple(sorted(of_rows | of_answers, key=lambda it: (it.about, it.kind)))


def _ids_in(contents: Mapping[int, Content]) -> set[UUID]:
    """Whatever is written as an id, to be told by name."""
    return {UUID(found[0]) for it in contents.values() for found in _ID.finditer(str(it.body))}
