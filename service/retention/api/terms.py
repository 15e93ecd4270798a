"""/v1/cases/{caseId}/retention: until when the file is kept."""

from datetime import date
from typing import Literal
from uuid import UUID

from service.database.transaction import Transaction
from service.http.house import TheHouse
from service.http.json_models import InTwoLanguages, View
from service.http.parameters import CaseId, TheCaller
from service.http.strict_route import StrictRouter
from service.identity.caller import Caller
from service.retention.rules.terms import RetentionClass
from service.retention.use_cases.terms import Kept, read_retention
from service.vocabulary.messages import say
from service.workflows.rules.rulebook import Rulebook

router = StrictRouter("cases")


class RetentionView(View):
    """How long the file is kept, counted from where, and on which ground."""

    retention_class: RetentionClass
    counted_from: Literal["last_change", "majority"]
    starts_on: date
    keep_until: date
    ground: InTwoLanguages


@router.get("/cases/{caseId}/retention")
async def get_retention(case_id: CaseId, house: TheHouse, caller: TheCaller) -> RetentionView:
    """Until when the file is kept."""
    return await house.database.write(
        lambda transaction: view_retention(transaction, caller, case_id, rules=house.rules)
    )


def view_retention(transaction: Transaction, caller: Caller, case_id: UUID, *, rules: Rulebook) -> RetentionView:
    """Until when the file is kept. The transaction writes: a reading that tells an age is logged."""
    return retention_view(read_retention(transaction, caller, case_id, rules))


def retention_view(kept: Kept) -> RetentionView:
    found, settings = kept.retention, kept.settings
    years = {"years": settings.retention_years, "after_majority": settings.retention_years_after_majority}
    return RetentionView(
        retention_class=found.retention_class,
        counted_from=found.counted_from,
        starts_on=found.starts_on,
        keep_until=found.keep_until,
        ground=InTwoLanguages.of(say("retention", found.retention_class, years)),
    )
