"""What a learning table may look at: histories of its own regions, released by the ladder and logged as an export.

A learning view needs consent or must not be traceable (Jeugdwet 7.3.11, 7.3.12; domain.md 2.11). This is the second:
whatever leaves here looks like at least k cases. Consent to learning is recorded and does not select the cases: those
who consented would be another, kinder picture, and being in it or not would itself tell something of a family.
Whatever shows more than the ladder lets through must ask for that consent first.
"""

from collections.abc import Callable

from service.audit.store.access_log import AccessLog, Reading
from service.cases.store.cases import Cases
from service.cases.use_cases.read import PURPOSES
from service.database.transaction import Transaction
from service.identity.caller import Caller
from service.learning.rules.release_ladder import Release, release
from service.learning.rules.routes import routes
from service.people.use_cases.identify import allow_rows_of, identify
from service.people.use_cases.known_regions import insist_on_region
from service.vocabulary.refusals import NotAllowed, NotFound
from service.vocabulary.roles import Role
from service.workflows.rules.rulebook import Rulebook
from service.workflows.use_cases import settings_in_force


def pull_histories(
    transaction: Transaction, caller: Caller, region: str | None, *, rules: Rulebook, reference: Callable[[], str]
) -> Release:
    """The histories of a region, or of all regions of this facilitator, as far as k allows (I24).

    k is the strictest of the regions' settings. Raises NotAllowed for other roles, NotFound for other regions.
    """
    actor = identify(transaction, caller)
    acting = actor.holding(Role.FACILITATOR)
    if acting is None:
        raise NotAllowed
    insist_on_region(transaction, region)
    mine = actor.regions(Role.FACILITATOR)
    wanted = mine if region is None else mine & {region}
    if region is not None and not wanted:
        raise NotFound
    facilitating = (it for it in actor.memberships if it.role == Role.FACILITATOR and wanted <= it.regions)
    acting = next(facilitating, acting)
    small_cells = (settings_in_force(transaction, rules, it).small_cell for it in wanted)
    k = max(small_cells, default=rules.settings.default.small_cell)
    allow_rows_of(transaction, actor, regions=wanted)
    histories = Cases(transaction).histories(wanted)
    # The clock that recorded the last step may run ahead of ours.
    as_of = max((transaction.now, *(entry.occurred_at for history in histories for entry in history)))
    found = release(routes(histories, as_of=as_of), k=k, reference=reference)
    AccessLog(transaction).record(
        Reading(
            person_id=actor.person_id,
            acting=acting,
            activity="pull_learning_histories",
            purpose=PURPOSES[Role.FACILITATOR],
            case_id=None,
            detail="regions " + " ".join(sorted(wanted)),
            trace_id=caller.trace_id,
            action="E",
        )
    )
    return found
