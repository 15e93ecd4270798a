"""/v1/cases/{caseId}/subject-access: everything held about a child and family, as JSON or as a text to read."""

from typing import Literal
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic.alias_generators import to_camel

from service.audit.rules import in_words
from service.database.transaction import Transaction
from service.file_rights.api.access_log import LineView, lines_of
from service.file_rights.api.readable_text import Readable, as_text, readable
from service.file_rights.rules.answers import Told
from service.file_rights.rules.personal_data import Tells
from service.file_rights.use_cases.subject_access import Bundle, Written, subject_access
from service.http.context import TheCaller, TheHouse, accepted
from service.http.json_models import InTwoLanguages, Utc, View
from service.http.negotiation import language_of
from service.http.openapi import may_refuse
from service.http.request_faults import CheckedRoute
from service.http.responses import answer
from service.retention.api.terms import RetentionView, retention_view

router = APIRouter(tags=["access"], route_class=CheckedRoute)
JSON, TEXT = "application/json", "text/plain"


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
    "/cases/{case_id}/subject-access",
    response_model=SubjectAccessView,
    responses={200: {"content": {TEXT: {"schema": {"type": "string"}}}}, **may_refuse(400, 401, 403, 404, 503)},
)
async def get_subject_access(request: Request, case_id: UUID, house: TheHouse, caller: TheCaller) -> Response:
    """Everything held about the child and family of a case: what happened, what was written, who saw it, who was told.

    For the family as far as they may read, and for the coordinator or chair who hands it over. JSON, or with
    `Accept: text/plain` a text in the language of Accept-Language. Taking it out is logged.
    """

    def work(transaction: Transaction) -> Response:
        bundle = subject_access(transaction, caller, case_id, house.rules)
        lines = lines_of(transaction, bundle.seen)
        chapters = readable(transaction, house.rules, bundle, lines)
        if accepted(request, (JSON, TEXT)) == TEXT:
            language = language_of(dict(request.scope["headers"]))
            headers = {"Content-Language": language}
            return Response(as_text(chapters, language), headers=headers, media_type=f"{TEXT}; charset=utf-8")
        return answer(_view(transaction, bundle, lines, chapters))

    return await house.database.write(work)


get_subject_access.offers = (JSON, TEXT)  # type: ignore[attr-defined]  # read by dependencies.check_request


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
