"""/v1/cases/{caseId}/access-log and /v1/access-log: who saw which file, when, in which role and why, in plain words."""

import json
from collections.abc import Iterable
from datetime import datetime, time, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response
from pydantic import Field

from service.audit.rules import REGISTER, in_words, sentence, who
from service.database.paging import Page
from service.database.transaction import Transaction
from service.file_rights.store.access_log import Line, Wanted
from service.file_rights.use_cases.access_overview import Seen, oversee, who_saw
from service.http.edge import PREFIX
from service.http.house import TheHouse
from service.http.json_models import InTwoLanguages, Labelled, Named, Utc, View
from service.http.openapi import also_as, may_refuse
from service.http.parameters import CaseId, PageQuery, TheCaller, TheMediaType
from service.http.strict_route import StrictRouter
from service.identity.caller import Caller
from service.people.store.people import People
from service.vocabulary.calendar import AMSTERDAM, in_utc_text
from service.vocabulary.fields import Day
from service.vocabulary.messages import MESSAGES
from service.vocabulary.roles import ROLE_LABELS

router = StrictRouter("access")
NDJSON = "application/x-ndjson"


class LogQuery(PageQuery):
    """How many, and from where."""

    def wanted(self) -> Wanted:
        return Wanted(limit=self.limit, cursor=self.cursor)


class OverseeQuery(LogQuery):
    """Everything narrows the list down. `from` and `until` are days in Europe/Amsterdam, both included."""

    case: UUID | None = None
    person: UUID | None = None
    from_: Annotated[Day | None, Field(alias="from")] = None
    until: Day | None = None
    emergency: bool | None = None

    def wanted(self) -> Wanted:
        return Wanted(
            case_id=self.case,
            person_id=self.person,
            since=datetime.combine(self.from_, time(), AMSTERDAM) if self.from_ else None,
            before=datetime.combine(self.until + timedelta(days=1), time(), AMSTERDAM) if self.until else None,
            emergency=self.emergency,
            limit=self.limit,
            cursor=self.cursor,
        )


class LineView(View):
    """One look at a file. `reference` is what to name when you ask the data-protection officer about it."""

    at: Utc
    sentence: InTwoLanguages = Field(description="All of it in one sentence.")
    person: Named | None = Field(description="Null where only role and organisation are told; the officer knows who.")
    role: Labelled
    organisation: Named
    activity: str = Field(description="As in /v1/processing-activities.")
    what: InTwoLanguages
    purpose: Labelled
    emergency: bool = Field(description="Whether emergency access was used for it.")
    exported: bool = Field(description="Whether it was taken out, as a whole.")
    reference: str


class LineOfOfficer(LineView):
    """One look at a file, and at which; null where it was at figures or histories of many."""

    case_id: UUID | None
    number: str | None


class AccessLogPage(View):
    """Who saw this file, the newest first. `nextCursor` is null on the last page."""

    items: list[LineView]
    next_cursor: str | None


class OverseenPage(View):
    """Who saw which file, the newest first. `nextCursor` is null on the last page."""

    items: list[LineOfOfficer]
    next_cursor: str | None


class ActivityView(View):
    """One processing activity: what is done with the data of a case, and on what it rests."""

    id: str
    label: InTwoLanguages
    ground: InTwoLanguages
    of_one_case: bool


class Activities(View):
    """The register of processing activities (AVG art. 30) that the log of access names."""

    items: list[ActivityView]


@router.get("/cases/{caseId}/access-log", responses=may_refuse(403))
async def list_access(
    case_id: CaseId, house: TheHouse, caller: TheCaller, wanted: Annotated[LogQuery, Query()]
) -> AccessLogPage:
    """Who saw this file, when, in which role, for whom and why: for the family, who brought it, and who answers for it.

    Looking here is written down as well.
    """
    return await house.database.write(lambda transaction: view_access(transaction, caller, case_id, wanted))


def view_access(transaction: Transaction, caller: Caller, case_id: UUID, wanted: LogQuery) -> AccessLogPage:
    """Who saw this file, as this caller is told. The transaction writes: looking is logged."""
    seen = who_saw(transaction, caller, case_id, wanted.wanted())
    return AccessLogPage(items=lines_of(transaction, seen), next_cursor=seen.page.next_cursor)


@router.get("/access-log", response_model=OverseenPage, responses=also_as(NDJSON) | may_refuse(403, 404))
async def oversee_access(
    request: Request,
    house: TheHouse,
    caller: TheCaller,
    wanted: Annotated[OverseeQuery, Query()],
    media_type: TheMediaType,
) -> Response | OverseenPage:
    """The log over all cases of your teams, for their data-protection officer; no content.

    With `Accept: application/x-ndjson` a page of records of the Logboek Dataverwerkingen with the fields of NEN 7513;
    the header Link leads to the next page.
    """
    if media_type != NDJSON:
        return await house.database.write(lambda transaction: view_overseen(transaction, caller, wanted))
    page = await house.database.write(lambda transaction: oversee(transaction, caller, wanted.wanted(), exported=True))
    return _records(request, house.address, page)


def view_overseen(transaction: Transaction, caller: Caller, wanted: OverseeQuery) -> OverseenPage:
    """The log over all cases of this officer's teams. The transaction writes: looking is logged."""
    page = oversee(transaction, caller, wanted.wanted(), exported=False)
    lines = lines_of(transaction, Seen(page, lambda _: True))
    items = [
        LineOfOfficer(**dict(view), case_id=it.case_id, number=it.number)
        for view, it in zip(lines, page.items, strict=True)
    ]
    return OverseenPage(items=items, next_cursor=page.next_cursor)


@router.get("/processing-activities")
async def list_processing_activities() -> Activities:
    """The register of processing activities: everything that the log of access can name, in plain words."""
    return view_processing_activities()


def view_processing_activities() -> Activities:
    """The register, the same for everybody."""
    items = [
        ActivityView(
            id=it.activity,
            label=InTwoLanguages.of(it.words),
            ground=InTwoLanguages.of(it.why),
            of_one_case=it.of_one_case,
        )
        for it in REGISTER.values()
    ]
    return Activities(items=items)


def lines_of(transaction: Transaction, seen: Seen) -> list[LineView]:
    """The lines as this reader is told them."""
    lines = seen.page.items
    names = People(transaction).names({it.person_id for it in lines} | {it.organisation_id for it in lines})
    return [_view(it, names.get(it.person_id) if seen.by_name(it) else None, names) for it in lines]


def _view(it: Line, name: str | None, names: dict[UUID, str]) -> LineView:
    role, organisation = ROLE_LABELS[it.role], names.get(it.organisation_id, "?")
    told = sentence(who(name, role, organisation), it.activity, it.purpose, it.detail, emergency=it.emergency)
    return LineView(
        at=it.at,
        sentence=InTwoLanguages.of(told),
        person=Named(id=it.person_id, name=name) if name else None,
        role=Labelled.of(it.role, role),
        organisation=Named(id=it.organisation_id, name=organisation),
        activity=it.activity,
        what=InTwoLanguages.of(in_words(it.detail)),
        purpose=Labelled.of(it.purpose, MESSAGES["purposes"][it.purpose]),
        emergency=it.emergency,
        exported=it.action == "E",
        reference=it.trace_id,
    )


def _records(request: Request, address: str, page: Page[Line]) -> Response:
    """A page as NDJSON, one record a line: never more in memory than a page."""
    body = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in _as_records(page.items, address))
    following = {}
    if page.next_cursor:
        query = request.url.include_query_params(cursor=page.next_cursor).query
        following = {"Link": f'<{PREFIX}/access-log?{query}>; rel="next"'}
    return Response(body, headers=following, media_type=NDJSON)


def _as_records(lines: Iterable[Line], address: str) -> Iterable[dict[str, object]]:
    """Logboek Dataverwerkingen 1.0 with its extension for NEN 7513."""
    for it in lines:
        about = {"participantObjectIDTypeCode": "case", "participantObjectID": it.case_id and str(it.case_id)}
        by = {"userID": str(it.person_id), "roleIDCode": str(it.role), "purposeOfUse": it.purpose}
        yield {
            "trace_id": it.trace_id,
            "name": it.action,
            "start_time": in_utc_text(it.at),
            "status_code": "OK",
            "attributes": {
                "dpl.core.processing_activity_id": f"{address}{PREFIX}/processing-activities#{it.activity}",
                "dpl.core.data_subject_id": it.case_id and str(it.case_id),
                "dpl.core.data_subject_id_type": "case",
                "dpl.nen7513.users": [by | {"userIsRequestor": True}],
                "dpl.nen7513.participants": [about | {"participantObjectDetail": it.detail}],
                "dpl.nen7513.controles": "emergency" if it.emergency else None,
                "dpl.casusroute.organisation_id": str(it.organisation_id),
            },
        }
