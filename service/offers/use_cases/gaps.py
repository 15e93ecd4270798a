"""The gaps of a region, for its team and the facilitator of its learning table."""

from service.cases.store.cases import Cases
from service.database.transaction import Transaction
from service.identity.caller import Caller
from service.offers.rules.gap_table import GapCount, gap_table
from service.offers.store.destroyed_case_figures import DestroyedCaseFigures
from service.people.use_cases.identify import allow_rows_of, identify
from service.vocabulary.calendar import day_in_amsterdam
from service.vocabulary.refusals import NotAllowed, NotFound
from service.vocabulary.roles import TEAM_ROLES, Role
from service.workflows.rules.rulebook import Rulebook
from service.workflows.use_cases import settings_in_force

GAP_ROLES = TEAM_ROLES | {Role.FACILITATOR}


def count_gaps(
    transaction: Transaction, caller: Caller, region: str, year: int | None, *, rules: Rulebook
) -> tuple[int, int, tuple[GapCount, ...]]:
    """Returns (year, smallest number of cases that is shown, gaps by domain and function) of a region.

    `year`: None for the current year in Amsterdam.
    Raises NotAllowed for other roles, NotFound for other regions.
    """
    actor = identify(transaction, caller)
    memberships = [membership for membership in actor.memberships if membership.role in GAP_ROLES]
    if not memberships:
        raise NotAllowed
    if not any(region in membership.regions for membership in memberships):
        raise NotFound
    allow_rows_of(transaction, actor, regions={region})
    today = day_in_amsterdam(transaction.now)
    k = settings_in_force(transaction, rules, region).small_cell
    year = today.year if year is None else year
    from_destroyed_cases = DestroyedCaseFigures(transaction).read_gaps(region, year)
    return (
        year,
        k,
        gap_table(Cases(transaction).recorded_gaps(region), year=year, k=k, from_destroyed_cases=from_destroyed_cases),
    )
