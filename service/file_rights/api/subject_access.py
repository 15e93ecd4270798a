"""/v1/cases/{caseId}/subject-access: all data held about a child and family, as JSON or as readable text."""

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
    """One answer of a form. `about` and `kind` classify it, so that the privacy of other people can be weighed."""

    place: str
    label: InTwoLanguages
    says: InTwoLanguages
    about: str
    kind: str


class WrittenView(View):
    """The content of one step, answer by answer. `readsNow` is the content after its amendments, when it has any."""

    sequence: int
    what: InTwoLanguages
    withheld: bool
    grounds: str | None
    answers: list[AnswerView]
    reads_now: list[AnswerView]


class CategoryView(View):
    """One category of personal data: whom it is about, its kind, and why it is held."""

    about: str
    kind: str
    label: InTwoLanguages
    why: InTwoLanguages


class SectionView(View):
    """A chapter of the readable text."""

    title: InTwoLanguages
    lines: list[InTwoLanguages]


class SubjectAccessView(View):
    """All data held about one case. `records` are the database rows by table, without technical columns."""

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
    """All data held about the child and family of a case: steps, content, reads of the file and recipients of events.

    For the family as far as they may read, and for the coordinator or chair who hands it over. JSON, or with
    `Accept: text/plain` a text in the language of Accept-Language. The export is logged.
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
    """All data of a case that this caller may have. The transaction writes: the export is logged."""
    bundle = subject_access(transaction, caller, case_id, rules)
    views = lines_of(transaction, bundle.seen)
    return _view(transaction, bundle, views, readable(transaction, rules, bundle, views))


def text_of_subject_access(
    transaction: Transaction, caller: Caller, case_id: UUID, language: Language, *, rules: Rulebook
) -> str:
    """The same data as readable text. The transaction writes: the export is logged."""
    bundle = subject_access(transaction, caller, case_id, rules)
    views = lines_of(transaction, bundle.seen)
    return as_text(readable(transaction, rules, bundle, views), language)


def _view(transaction: Transaction, bundle: Bundle, views: list[LineView], chapters: Readable) -> SubjectAccessView:
    return SubjectAccessView(
        case_id=bundle.case.id,
        number=bundle.case.number,
        made_at=transaction.now,
        made_for="family" if bundle.for_family else "team",
        categories=[_category_view(category) for category in bundle.categories],
        written=[_written_view(content) for content in bundle.written],
        access_log=views,
        retention=retention_view(bundle.kept),
        records={
            to_camel(table): [{to_camel(name): value for name, value in row.items()} for row in rows]
            for table, rows in bundle.records.items()
        },
        readable=[
            SectionView(title=InTwoLanguages.of(title), lines=[InTwoLanguages.of(line) for line in lines])
            for title, lines in chapters.items()
        ],
    )


def _category_view(category: Tells) -> CategoryView:
    label, why = InTwoLanguages.of(category.words), InTwoLanguages.of(category.why)
    return CategoryView(about=category.about, kind=category.kind, label=label, why=why)


def _written_view(content: Written) -> WrittenView:
    return WrittenView(
        sequence=content.entry.sequence,
        what=InTwoLanguages.of(in_words(content.entry.form or "grounds")),
        withheld=content.withheld,
        grounds=content.grounds,
        answers=[_answer_view(answer) for answer in content.answers],
        reads_now=[_answer_view(answer) for answer in content.reads_now],
    )


def _answer_view(answer: Told) -> AnswerView:
    return AnswerView(
        place=answer.place,
        label=InTwoLanguages.of(answer.label),
        says=InTwoLanguages.of(answer.words),
        about=answer.tells.about,
        kind=answer.tells.kind,
    )
