"""What help is missing in a region, for its own team and the facilitator of its learning table (domain.md 2.2, 2.8)."""

from service.database.transaction import Unit
from service.offers.rules.gap_table import GapCount, gap_table
from service.people.use_cases.identify import Asker, known
from service.vocabulary.calendar import day_in_amsterdam
from service.vocabulary.refusals import NotAllowed, NotFound
from service.vocabulary.roles import TEAM_ROLES, Role
from service.workflows.rules.rulebook import Rulebook
from service.workflows.use_cases import settings_in_force

COUNTING = TEAM_ROLES | {Role.FACILITATOR}


def count_gaps(
    unit: Unit, asker: Asker, region: str, year: int | None, *, rules: Rulebook
) -> tuple[int, int, tuple[GapCount, ...]]:
    """The year, the smallest number that is told, and the missing functions of a region that this person works for.

    Raises NotAllowed for other roles, NotFound for other regions.
    """
    actor = known(unit, asker)
    mine = [held for held in actor.memberships if held.role in COUNTING]
    if not mine:
        raise NotAllowed
    if not any(region in held.regions for held in mine):
        raise NotFound
    unit.sees(actor, regions={region})
    today = day_in_amsterdam(unit.now)
    k = settings_in_force(unit, rules, region).small_cell
    year = today.year if year is None else year
    kept = unit.kept_figures.missing(region, year)
    return year, k, gap_table(unit.cases.gaps(region), year=year, k=k, kept=kept)
