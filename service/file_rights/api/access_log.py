"""/v1/cases/{caseId}/access-log, /v1/access-log and /v1/processing-activities: reads of files, in plain words."""

import json
from collections.abc import Iterable
from datetime import datetime, time, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response
from pydantic import Field

from service.audit.rules import REGISTER, detail_in_words, entry_in_words, reader_in_words
from service.database.paging import ListPage
from service.database.transaction import Transaction
from service.file_rights.store.access_log import AccessLogEntry, AccessLogFilter
from service.file_rights.use_cases.access_overview import AccessOverview, read_access_log, read_team_access_log
from service.http.app_context import AppContextDependency
from service.http.edge import API_PREFIX
from service.http.json_models import InTwoLanguages, Labelled, Named, UtcDateTime, View
from service.http.openapi import media_type_responses, refusal_responses
from service.http.parameters import CallerDependency, CaseId, MediaTypeDependency, PageQuery
from service.http.strict_route import StrictRouter
from service.identity.caller import Caller
from service.people.store.people import People
from service.vocabulary.calendar import AMSTERDAM, utc_text
from service.vocabulary.fields import Day
from service.vocabulary.messages import MESSAGES
from service.vocabulary.roles import ROLE_LABELS

router = StrictRouter("access")
NDJSON = "application/x-ndjson"


class LogQuery(PageQuery):
    """Page of the access log."""

    def to_filter(self) -> AccessLogFilter:
        return AccessLogFilter(limit=self.limit, cursor=self.cursor)


class OverseeQuery(LogQuery):
    """Filter and page of the access log. `from` and `until` are days in Europe/Amsterdam, both included."""

    case: UUID | None = None
    person: UUID | None = None
    from_: Annotated[Day | None, Field(alias="from")] = None
    until: Day | None = None
    emergency: bool | None = None

    def to_filter(self) -> AccessLogFilter:
        return AccessLogFilter(
            case_id=self.case,
            person_id=self.person,
            since=datetime.combine(self.from_, time(), AMSTERDAM) if self.from_ else None,
            before=datetime.combine(self.until + timedelta(days=1), time(), AMSTERDAM) if self.until else None,
            emergency=self.emergency,
            limit=self.limit,
            cursor=self.cursor,
        )


class LineView(View):
    """One read of a file. Name its `reference` when you ask the data-protection officer about it."""

    at: UtcDateTime
    sentence: InTwoLanguages = Field(description="This read in one sentence.")
    person: Named | None = Field(
        description="Null if only role and organisation are shown. The data-protection officer knows the person."
    )
    role: Labelled
    organisation: Named
    activity: str = Field(description="The activity, as in /v1/processing-activities.")
    what: InTwoLanguages
    purpose: Labelled
    emergency: bool = Field(description="Whether emergency access was used for it.")
    exported: bool = Field(description="Whether the whole file was exported.")
    reference: str


class LineOfOfficer(LineView):
    """One read of a file, with its case. The case is null for a read of figures or histories of many cases."""

    case_id: UUID | None
    number: str | None


class AccessLogPage(View):
    """A page of the reads of this file, newest first. `nextCursor` is null on the last page."""

    items: list[LineView]
    next_cursor: str | None


class OverseenPage(View):
    """A page of the reads of all files of the teams, newest first. `nextCursor` is null on the last page."""

    items: list[LineOfOfficer]
    next_cursor: str | None


class ActivityView(View):
    """One processing activity with its legal ground."""

    id: str
    label: InTwoLanguages
    ground: InTwoLanguages
    of_one_case: bool


class Activities(View):
    """The register of processing activities (AVG art. 30) that the access log refers to."""

    items: list[ActivityView]


@router.get("/cases/{caseId}/access-log", responses=refusal_responses(403))
async def list_access(
    case_id: CaseId, context: AppContextDependency, caller: CallerDependency, query: Annotated[LogQuery, Query()]
) -> AccessLogPage:
    """List the reads of this file with time, role, organisation and purpose.

    For the family, the submitter, and the team that answers for the file. Reading this list is logged as well.
    """
    return await context.database.write(lambda transaction: view_access(transaction, caller, case_id, query))


def view_access(transaction: Transaction, caller: Caller, case_id: UUID, query: LogQuery) -> AccessLogPage:
    """The reads of this file, with the names that this caller may know. The transaction writes: this read is logged."""
    overview = read_access_log(transaction, caller, case_id, query.to_filter())
    return AccessLogPage(items=entry_views(transaction, overview), next_cursor=overview.page.next_cursor)


@router.get(
    "/access-log", response_model=OverseenPage, responses=media_type_responses(NDJSON) | refusal_responses(403, 404)
)
async def oversee_access(
    request: Request,
    context: AppContextDependency,
    caller: CallerDependency,
    query: Annotated[OverseeQuery, Query()],
    media_type: MediaTypeDependency,
) -> Response | OverseenPage:
    """List the reads of all cases of your teams, for their data-protection officer, without content.

    With `Accept: application/x-ndjson` a page of records of the Logboek Dataverwerkingen with the fields of NEN 7513.
    The header Link leads to the next page.
    """
    if media_type != NDJSON:
        return await context.database.write(lambda transaction: view_overseen(transaction, caller, query))
    page = await context.database.write(
        lambda transaction: read_team_access_log(transaction, caller, query.to_filter(), exported=True)
    )
    return _ndjson_response(request, context.base_url, page)


def view_overseen(transaction: Transaction, caller: Caller, query: OverseeQuery) -> OverseenPage:
    """The reads of all cases of the teams of this officer. The transaction writes: this read is logged."""
    page = read_team_access_log(transaction, caller, query.to_filter(), exported=False)
    views = entry_views(transaction, AccessOverview(page, lambda _: True))
    items = [
        LineOfOfficer(**dict(view), case_id=entry.case_id, number=entry.number)
        for view, entry in zip(views, page.items, strict=True)
    ]
    return OverseenPage(items=items, next_cursor=page.next_cursor)


@router.get("/processing-activities")
async def list_processing_activities() -> Activities:
    """List the processing activities that the access log can name, in plain words."""
    return view_processing_activities()


def view_processing_activities() -> Activities:
    """The register of processing activities, the same for every caller."""
    items = [
        ActivityView(
            id=processing.activity,
            label=InTwoLanguages.of(processing.label),
            ground=InTwoLanguages.of(processing.ground_text),
            of_one_case=processing.of_one_case,
        )
        for processing in REGISTER.values()
    ]
    return Activities(items=items)


def entry_views(transaction: Transaction, overview: AccessOverview) -> list[LineView]:
    """The entries as views, with a name only where this reader may know it."""
    entries = overview.page.items
    names = People(transaction).names({id_ for entry in entries for id_ in (entry.person_id, entry.organisation_id)})
    return [_view(entry, names.get(entry.person_id) if overview.may_name(entry) else None, names) for entry in entries]


def _view(entry: AccessLogEntry, name: str | None, names: dict[UUID, str]) -> LineView:
    role, organisation = ROLE_LABELS[entry.role], names.get(entry.organisation_id, "?")
    reader = reader_in_words(name, role, organisation)
    text = entry_in_words(reader, entry.activity, entry.purpose, entry.detail, emergency=entry.emergency)
    return LineView(
        at=entry.at,
        sentence=InTwoLanguages.of(text),
        person=Named(id=entry.person_id, name=name) if name else None,
        role=Labelled.of(entry.role, role),
        organisation=Named(id=entry.organisation_id, name=organisation),
        activity=entry.activity,
        what=InTwoLanguages.of(detail_in_words(entry.detail)),
        purpose=Labelled.of(entry.purpose, MESSAGES["purposes"][entry.purpose]),
        emergency=entry.emergency,
        exported=entry.action == "E",
        reference=entry.trace_id,
    )


def _ndjson_response(request: Request, address: str, page: ListPage[AccessLogEntry]) -> Response:
    """A page as NDJSON, one record per line. Pages bound the memory of an export."""
    body = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in _to_records(page.items, address))
    headers = {}
    if page.next_cursor:
        query = request.url.include_query_params(cursor=page.next_cursor).query
        headers = {"Link": f'<{API_PREFIX}/access-log?{query}>; rel="next"'}
    return Response(body, headers=headers, media_type=NDJSON)


def _to_records(entries: Iterable[AccessLogEntry], address: str) -> Iterable[dict[str, object]]:
    """Records of the Logboek Dataverwerkingen 1.0 with its extension for NEN 7513."""
    for entry in entries:
        case_id = entry.case_id and str(entry.case_id)
        case = {"participantObjectIDTypeCode": "case", "participantObjectID": case_id}
        user = {"userID": str(entry.person_id), "roleIDCode": str(entry.role), "purposeOfUse": entry.purpose}
        yield {
            "trace_id": entry.trace_id,
            "name": entry.action,
            "start_time": utc_text(entry.at),
            "status_code": "OK",
            "attributes": {
                "dpl.core.processing_activity_id": f"{address}{API_PREFIX}/processing-activities#{entry.activity}",
                "dpl.core.data_subject_id": case_id,
                "dpl.core.data_subject_id_type": "case",
                "dpl.nen7513.users": [user | {"userIsRequestor": True}],
                "dpl.nen7513.participants": [case | {"participantObjectDetail": entry.detail}],
                "dpl.nen7513.controles": "emergency" if entry.emergency else None,
                "dpl.casusroute.organisation_id": str(entry.organisation_id),
            },
        }
