"""The release of histories to a learning table: those of its own regions, by the release ladder, logged as an export.

Use of files for learning needs consent, or the data must not be traceable to a person (Jeugdwet 7.3.11, 7.3.12).
This release is the second: each history in it is like at least k - 1 others. Consent to learning is
recorded but does not select the cases: those with consent would give a biased picture, and their presence in it would
tell something of a family. Anything that shows more than the ladder releases must ask for that consent first.
"""

from collections.abc import Callable

from service.audit.store.access_log import AccessLog, ContentRead
from service.cases.store.cases import Cases
from service.cases.use_cases.read_content import PURPOSE_BY_ROLE
from service.database.transaction import Transaction
from service.identity.caller import Caller
from service.learning.rules.case_routes import build_routes
from service.learning.rules.release_ladder import Release, release
from service.people.use_cases.identify import allow_rows_of, identify
from service.people.use_cases.require_known_region import require_known_region
from service.vocabulary.refusals import NotAllowed, NotFound
from service.vocabulary.roles import Role
from service.workflows.rules.rulebook import Rulebook
from service.workflows.use_cases import settings_in_force


def release_histories(
    transaction: Transaction, caller: Caller, region: str | None, *, rules: Rulebook, reference: Callable[[], str]
) -> Release:
    """Release the histories of a region, or of all regions of this facilitator, as far as k allows (I24).

    k is the strictest of the regions' settings. `reference` draws a random reference for a case. Raises NotAllowed for
    other roles, NotFound for other regions.
    """
    actor = identify(transaction, caller)
    acting = actor.membership_with_role(Role.FACILITATOR)
    if acting is None:
        raise NotAllowed
    require_known_region(transaction, region)
    own_regions = actor.regions(Role.FACILITATOR)
    regions = own_regions if region is None else own_regions & {region}
    if region is not None and not regions:
        raise NotFound
    memberships = (
        membership
        for membership in actor.memberships
        if membership.role == Role.FACILITATOR and regions <= membership.regions
    )
    acting = next(memberships, acting)
    small_cells = (settings_in_force(transaction, rules, code).small_cell for code in regions)
    k = max(small_cells, default=rules.settings.default.small_cell)
    allow_rows_of(transaction, actor, regions=regions)
    histories = Cases(transaction).histories(regions)
    # The clock that recorded the last step may run ahead of the clock of this server.
    as_of = max((transaction.now, *(entry.occurred_at for history in histories for entry in history)))
    released = release(build_routes(histories, as_of=as_of), k=k, reference=reference)
    AccessLog(transaction).record(
        ContentRead(
            person_id=actor.person_id,
            membership=acting,
            activity="pull_learning_histories",
            purpose=PURPOSE_BY_ROLE[Role.FACILITATOR],
            case_id=None,
            detail="regions " + " ".join(sorted(regions)),
            trace_id=caller.trace_id,
            action="E",
        )
    )
    return released
