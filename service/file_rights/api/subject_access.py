"""/v1/cases/{caseId}/subject-access: all data held about a child and family, as JSON or as readable text."""

from typing import Literal
from uuid import UUID

from fastapi import Request, Response
from pydantic.alias_generators import to_camel

from service.audit.rules import detail_in_words
from service.database.transaction import Transaction
from service.file_rights.api.access_log import LineView, entry_views
from service.file_rights.api.readable_text import Chapters, chapters_to_text, readable_chapters
from service.file_rights.rules.answers import FormAnswer
from service.file_rights.rules.personal_data import DataCategory
from service.file_rights.use_cases.subject_access import EntryContent, SubjectAccessBundle, collect_subject_access
from service.http.app_context import AppContextDependency
from service.http.json_models import InTwoLanguages, OptionalDay, UtcDateTime, View
from service.http.negotiation import preferred_language
from service.http.openapi import media_type_responses, refusal_responses
from service.http.parameters import CallerDependency, CaseId, MediaTypeDependency
from service.http.strict_route import StrictRouter
from service.identity.caller import Caller
from service.retention.api.terms import RetentionView, retention_view
from service.vocabulary.language import Language
from service.workflows.rules.rulebook import Rulebook

router = StrictRouter("access")
PLAIN_TEXT = "text/plain"


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
    destroyed_on: OptionalDay = None
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
    made_at: UtcDateTime
    made_for: Literal["family", "team"]
    categories: list[CategoryView]
    written: list[WrittenView]
    access_log: list[LineView]
    retention: RetentionView
    records: dict[str, list[dict[str, object]]]
    readable: list[SectionView]


@router.get(
    "/cases/{caseId}/subject-access",
    response_model=SubjectAccessView,
    responses=media_type_responses(PLAIN_TEXT) | refusal_responses(403),
)
async def get_subject_access(
    request: Request,
    case_id: CaseId,
    context: AppContextDependency,
    caller: CallerDependency,
    media_type: MediaTypeDependency,
) -> Response | SubjectAccessView:
    """All data held about the child and family of a case: steps, content, reads of the file and recipients of events.

    For the family as far as they may read, and for the coordinator or chair who hands it over. JSON, or with
    `Accept: text/plain` a text in the language of Accept-Language. The export is logged.
    """
    if media_type != PLAIN_TEXT:
        return await context.database.write(
            lambda transaction: view_subject_access(transaction, caller, case_id, rules=context.rules)
        )
    language = preferred_language(dict(request.scope["headers"]))
    text = await context.database.write(
        lambda transaction: text_of_subject_access(transaction, caller, case_id, language, rules=context.rules)
    )
    return Response(text, headers={"Content-Language": language}, media_type=f"{PLAIN_TEXT}; charset=utf-8")


def view_subject_access(
    transaction: Transaction, caller: Caller, case_id: UUID, *, rules: Rulebook
) -> SubjectAccessView:
    """All data of a case that this caller may have. The transaction writes: the export is logged."""
    bundle = collect_subject_access(transaction, caller, case_id, rules)
    views = entry_views(transaction, bundle.access_overview)
    return _view(transaction, bundle, views, readable_chapters(transaction, rules, bundle, views))


def text_of_subject_access(
    transaction: Transaction, caller: Caller, case_id: UUID, language: Language, *, rules: Rulebook
) -> str:
    """The same data as readable text. The transaction writes: the export is logged."""
    bundle = collect_subject_access(transaction, caller, case_id, rules)
    views = entry_views(transaction, bundle.access_overview)
    return chapters_to_text(readable_chapters(transaction, rules, bundle, views), language)


def _view(
    transaction: Transaction, bundle: SubjectAccessBundle, views: list[LineView], chapters: Chapters
) -> SubjectAccessView:
    return SubjectAccessView(
        case_id=bundle.case.id,
        number=bundle.case.number,
        made_at=transaction.now,
        made_for="family" if bundle.for_family else "team",
        categories=[_category_view(category) for category in bundle.categories],
        written=[_written_view(content) for content in bundle.contents],
        access_log=views,
        retention=retention_view(bundle.retention_term),
        records={
            to_camel(table): [{to_camel(name): value for name, value in row.items()} for row in rows]
            for table, rows in bundle.stored_rows.items()
        },
        readable=[
            SectionView(title=InTwoLanguages.of(title), lines=[InTwoLanguages.of(line) for line in lines])
            for title, lines in chapters.items()
        ],
    )


def _category_view(category: DataCategory) -> CategoryView:
    label, why = InTwoLanguages.of(category.label), InTwoLanguages.of(category.ground_text)
    return CategoryView(about=category.about, kind=category.kind, label=label, why=why)


def _written_view(content: EntryContent) -> WrittenView:
    return WrittenView(
        sequence=content.entry.sequence,
        what=InTwoLanguages.of(detail_in_words(content.entry.form or "grounds")),
        withheld=content.is_withheld,
        destroyed_on=content.destroyed_on,
        grounds=content.grounds,
        answers=[_answer_view(answer) for answer in content.answers],
        reads_now=[_answer_view(answer) for answer in content.reads_now],
    )


def _answer_view(answer: FormAnswer) -> AnswerView:
    return AnswerView(
        place=answer.place,
        label=InTwoLanguages.of(answer.label),
        says=InTwoLanguages.of(answer.words),
        about=answer.category.about,
        kind=answer.category.kind,
    )
