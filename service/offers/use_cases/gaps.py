"""What help is missing in a region, for its own team and the facilitator of its learning table (domain.md 2.2, 2.8)."""

from service.cases.store.cases import Cases
from service.database.transaction import Transaction
from service.identity.caller import Caller
from service.offers.rules.gap_table import GapCount, gap_table
from service.offers.store.kept_figures import KeptFigures
from service.people.use_cases.identify import allow_rows_of, identify
from service.vocabulary.calendar import day_in_amsterdam
from service.vocabulary.refusals import NotAllowed, NotFound
from service.vocabulary.roles import TEAM_ROLES, Role
from service.workflows.rules.rulebook import Rulebook
from service.workflows.use_cases import settings_in_force

COUNTING = TEAM_ROLES | {Role.FACILITATOR}


def count_gaps(
    transaction: Transaction, caller: Caller, region: str, year: int | None, *, rules: Rulebook
) -> tuple[int, int, tuple[GapCount, ...]]:
    """The year, the smallest number that is told, and the missing functions of a region that this person works for.

    Raises NotAllowed for other roles, NotFound for other regions.
    """
    actor = identify(transaction, caller)
    mine = [held for held in actor.memberships if held.role in COUNTING]
    if not mine:
        raise NotAllowed
    if not any(region in held.regions for held in mine):
        raise NotFound
    allow_rows_of(transaction, actor, regions={region})
    today = day_in_amsterdam(transaction.now)
    k = settings_in_force(transaction, rules, region).small_cell
    year = today.year if year is None else year
    kept = KeptFigures(transaction).missing(region, year)
    return year, k, gap_table(Cases(transaction).gaps(region), year=year, k=k, kept=kept)
