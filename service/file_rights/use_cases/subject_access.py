"""Subject access: all data held about the child and the family of one case, following the data model (AVG 15, T22)."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from service.cases.rules.amendments import amended_form, amended_place, amendments_of, place_of
from service.cases.rules.consents import PurposeConsent
from service.cases.rules.facts import fold_facts
from service.cases.rules.forms.notes import Amendment
from service.cases.rules.model import Case, Content, Part, Transition
from service.cases.store.cases import Cases
from service.cases.store.contents import Contents
from service.cases.use_cases.read_content import destroyed_contents, require_whole_case
from service.cases.use_cases.reading_rights import Reader
from service.database.transaction import Transaction
from service.file_rights.rules.answers import FormAnswer, answers_of_form
from service.file_rights.rules.personal_data import DataCategory, category_of_column
from service.file_rights.store.access_log import AccessLogFilter
from service.file_rights.store.stored_rows import StoredRow, StoredRows
from service.file_rights.use_cases.access_overview import (
    AccessOverview,
    access_overview_for,
    log_access,
    membership_at_case,
)
from service.identity.caller import Caller
from service.kinds import KINDS
from service.people.store.people import People
from service.people.use_cases.identify import identify
from service.retention.use_cases.terms import RetentionTerm, retention_term
from service.vocabulary.actor import Membership, SightBasis
from service.vocabulary.organisation_kinds import OrganisationKind
from service.vocabulary.refusals import NotAllowed
from service.vocabulary.roles import FAMILY_ROLES, Role
from service.workflows.rules.rulebook import Rulebook

# Roles that hand the data over after a request is granted. The family may take it itself.
HANDOVER_ROLES = frozenset({Role.COORDINATOR, Role.CHAIR})
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryContent:
    """The content of one entry, answer by answer. `reads_now` is after its amendments. Withheld content is empty.

    `destroyed_on`: the day in Amsterdam on which the content was destroyed; it is empty since then.
    """

    entry: Transition
    answers: tuple[FormAnswer, ...] = ()
    grounds: str | None = None
    reads_now: tuple[FormAnswer, ...] = ()
    is_withheld: bool = False
    destroyed_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectAccessBundle:
    """All data of a subject access, with the stored rows per table and the categories of data that occur in it."""

    case: Case
    membership: Membership
    parts: tuple[Part, ...]
    history: tuple[Transition, ...]
    contents: tuple[EntryContent, ...]
    stored_rows: Mapping[str, Sequence[StoredRow]]
    access_overview: AccessOverview
    consents: Mapping[str, PurposeConsent]
    retention_term: RetentionTerm
    categories: tuple[DataCategory, ...]

    @property
    def for_family(self) -> bool:
        return self.membership.role in FAMILY_ROLES


def collect_subject_access(
    transaction: Transaction, caller: Caller, case_id: UUID, rules: Rulebook
) -> SubjectAccessBundle:
    """All data held about a case, except content withheld from this reader. The export is logged.

    Raises NotFound for a person who may not see the whole case, NotAllowed for a person who sees it and does not hand
    it over, and the refusal of `Reader.require_file`, as for a parent where the young person decides.
    """
    actor = identify(transaction, caller)
    sight = require_whole_case(transaction, actor, case_id)
    membership = membership_at_case(actor, sight.case, HANDOVER_ROLES | FAMILY_ROLES)
    if membership is None:
        raise NotAllowed
    history = Cases(transaction).history(case_id)
    reader = Reader(transaction, actor, SightBasis(membership), history)
    reader.require_file()
    contents = tuple(_contents(transaction, reader, history))
    # All rows: requests by other people about this case and webhook deliveries to other organisations are included.
    transaction.allow_all_rows("subject access")
    member = actor.person_id if membership.role in FAMILY_ROLES else None
    rows = StoredRows(transaction).of_case(case_id) | _rows_of_family(transaction, sight.case, member)
    overview = access_overview_for(transaction, membership, case_id, AccessLogFilter())
    log_access(transaction, caller, actor.person_id, membership, "export_subject_access", case_id=case_id, action="E")
    return SubjectAccessBundle(
        case=sight.case,
        membership=membership,
        parts=(sight.part, *Cases(transaction).other_parts(case_id, seen_by=actor)),
        history=history,
        contents=contents,
        stored_rows=rows,
        access_overview=overview,
        consents=fold_facts(history, KINDS).consents,
        retention_term=retention_term(transaction, rules, sight.case, history),
        categories=_categories(rows, contents),
    )


def _contents(transaction: Transaction, reader: Reader, history: Sequence[Transition]) -> Iterator[EntryContent]:
    """The content of every entry that has content, in order."""
    case_id = history[0].case_id
    contents = Contents(transaction).open(case_id)
    destroyed = destroyed_contents(transaction, case_id, contents)
    names = {str(id_): name for id_, name in People(transaction).names(_ids_in(contents)).items()}
    for entry in history:
        if entry.sequence in contents and not reader.may_read(entry):
            yield EntryContent(entry=entry, is_withheld=True)
        elif entry.sequence in contents:
            body = contents[entry.sequence].body
            amendments = amendments_of(entry, history)
            reads_now = amended_form(entry, amendments, contents) if amendments else {}
            yield EntryContent(
                entry=entry,
                answers=tuple(_answers(entry, body.get("form", {}), history, names)),
                grounds=body.get("grounds"),
                reads_now=tuple(_answers(entry, reads_now, history, names)),
                destroyed_on=destroyed[entry.sequence].day if entry.sequence in destroyed else None,
            )


def _answers(
    entry: Transition, form: Mapping[str, Any], history: Sequence[Transition], names: Mapping[str, str]
) -> Iterator[FormAnswer]:
    """The answers of a form. An amendment also gives its changes, labelled as in the form that it amends."""
    if not entry.form or not form:
        return
    model = KINDS.forms[entry.form]
    if not issubclass(model, Amendment):
        yield from answers_of_form(model, form, names)
        return
    place = amended_place(entry)
    amended = next(candidate for candidate in history if place_of(candidate) == place)
    yield from answers_of_form(model, {name: value for name, value in form.items() if name != "changes"}, names)
    yield from answers_of_form(KINDS.forms[amended.form or ""], form["changes"], names)


def _rows_of_family(transaction: Transaction, case: Case, member: UUID | None) -> dict[str, tuple[StoredRow, ...]]:
    """Returns the rows per table name about a family that submitted the case itself, and about this member of it."""
    if (
        People(transaction).kinds_of_organisations({case.submitter_id}).get(case.submitter_id)
        != OrganisationKind.FAMILY
    ):
        return {}
    return StoredRows(transaction).of_family(case.submitter_id, member)


def _categories(
    rows_by_table: Mapping[str, Sequence[StoredRow]], contents: Sequence[EntryContent]
) -> tuple[DataCategory, ...]:
    of_rows = {category_of_column(table, name) for table, rows in rows_by_table.items() for row in rows for name in row}
    of_answers = {answer.category for content in contents for answer in content.answers}
    return tuple(sorted(of_rows | of_answers, key=lambda category: (category.about, category.kind)))


def _ids_in(contents: Mapping[int, Content]) -> set[UUID]:
    """Every id in these contents, to be shown as a name."""
    return {UUID(match[0]) for content in contents.values() for match in _ID.finditer(str(content.body))}
