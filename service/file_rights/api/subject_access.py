"""/v1/cases/{caseId}/subject-access: everything held about a child and family, as JSON or as a text to read."""

from typing import Literal
from uuid import UUID

from fastapi import Request, Response
from pydantic.alias_generators import to_camel

from service.audit.rules import in_words
from service.database.transaction import Transaction
from service.file_rights.api.access_log import LineView, lines_of
from service.file_rights.api.readable_text import Readable, as_text, readable
from service.file_rights.rules.answers import Told
from service.file_rights.rules.personal_data import Tells
from service.file_rights.use_cases.subject_access import Bundle, Written, subject_access
from service.http.house import TheHouse
from service.http.json_models import InTwoLanguages, Utc, View
from service.http.negotiation import language_of
from service.http.openapi import also_as, may_refuse
from service.http.parameters import CaseId, TheCaller, TheMediaType
from service.http.strict_route import StrictRouter
from service.identity.caller import Caller
from service.retention.api.terms import RetentionView, retention_view
from service.vocabulary.language import Language
from service.workflows.rules.rulebook import Rulebook

router = StrictRouter("access")
TEXT = "text/plain"


class AnswerView(View):
    """One answer of a form. `about` and `kind` say what it tells of whom, so that others' privacy can be weighed."""

    place: str
    label: InTwoLanguages
    says: InTwoLanguages
    about: str
    kind: str


class WrittenView(View):
    """What was written at one step, answer by answer; `readsNow` after its amendments, when there were any."""

    sequence: int
    what: InTwoLanguages
    withheld: bool
    grounds: str | None
    answers: list[AnswerView]
    reads_now: list[AnswerView]


class CategoryView(View):
    """One kind of data about somebody, and why it is held."""

    about: str
    kind: str
    label: InTwoLanguages
    why: InTwoLanguages


class SectionView(View):
    """A chapter of the same, to read."""

    title: InTwoLanguages
    lines: list[InTwoLanguages]


class SubjectAccessView(View):
    """Everything that is held about one case. `records`: the rows of the database, by table, without its technique."""

    case_id: UUID
    number: str
    made_at: Utc
    made_for: Literal["family", "team"]
    categories: list[CategoryView]
    written: list[WrittenView]
    access_log: list[LineView]
    retention: RetentionView
    records: dict[str, list[dict[str, object]]]
    readable: list[SectionView]


@router.get(
    "/cases/{caseId}/subject-access", response_model=SubjectAccessView, responses=also_as(TEXT) | may_refuse(403)
)
async def get_subject_access(
    request: Request, case_id: CaseId, house: TheHouse, caller: TheCaller, media_type: TheMediaType
) -> Response | SubjectAccessView:
    """Everything held about the child and family of a case: what happened, what was written, who saw it, who was told.

    For the family as far as they may read, and for the coordinator or chair who hands it over. JSON, or with
    `Accept: text/plain` a text in the language of Accept-Language. Taking it out is logged.
    """
    if media_type != TEXT:
        return await house.database.write(
            lambda transaction: view_subject_access(transaction, caller, case_id, rules=house.rules)
        )
    language = language_of(dict(request.scope["headers"]))
    text = await house.database.write(
        lambda transaction: text_of_subject_access(transaction, caller, case_id, language, rules=house.rules)
    )
    return Response(text, headers={"Content-Language": language}, media_type=f"{TEXT}; charset=utf-8")


def view_subject_access(
    transaction: Transaction, caller: Caller, case_id: UUID, *, rules: Rulebook
) -> SubjectAccessView:
    """Everything held, as this caller may have it. The transaction writes: taking it out is logged."""
    bundle = subject_access(transaction, caller, case_id, rules)
    lines = lines_of(transaction, bundle.seen)
    return _view(transaction, bundle, lines, readable(transaction, rules, bundle, lines))


def text_of_subject_access(
    transaction: Transaction, caller: Caller, case_id: UUID, language: Language, *, rules: Rulebook
) -> str:
    """The same as a text to read. The transaction writes: taking it out is logged."""
    bundle = subject_access(transaction, caller, case_id, rules)
    lines = lines_of(transaction, bundle.seen)
    return as_text(readable(transaction, rules, bundle, lines), language)


def _view(transaction: Transaction, bundle: Bundle, lines: list[LineView], chapters: Readable) -> SubjectAccessView:
    return SubjectAccessView(
        case_id=bundle.case.id,
        number=bundle.case.number,
        made_at=transaction.now,
        made_for="family" if bundle.for_family else "team",
        categories=[_category(it) for it in bundle.categories],
        written=[_written(it) for it in bundle.written],
        access_log=lines,
        retention=retention_view(bundle.kept),
        records={
            to_camel(table): [{to_camel(name): it for name, it in row.items()} for row in rows]
            for table, rows in bundle.records.items()
        },
        readable=[
            SectionView(title=InTwoLanguages.of(title), lines=[InTwoLanguages.of(it) for it in some])
            for title, some in chapters.items()
        ],
    )


def _category(tells: Tells) -> CategoryView:
    label, why = InTwoLanguages.of(tells.words), InTwoLanguages.of(tells.why)
    return CategoryView(about=tells.about, kind=tells.kind, label=label, why=why)


def _written(it: Written) -> WrittenView:
    return WrittenView(
        sequence=it.entry.sequence,
        what=InTwoLanguages.of(in_words(it.entry.form or "grounds")),
        withheld=it.withheld,
        grounds=it.grounds,
        answers=[_answer(one) for one in it.answers],
        reads_now=[_answer(one) for one in it.reads_now],
    )


def _answer(told: Told) -> AnswerView:
    return AnswerView(
        place=told.place,
        label=InTwoLanguages.of(told.label),
        says=InTwoLanguages.of(told.words),
        about=told.tells.about,
        kind=told.tells.kind,
    )
