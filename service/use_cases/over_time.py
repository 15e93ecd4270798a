"""What the years ask of a case, as of today: duties of an age, and how long its file is kept. They only show."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from service.domain.case import Case, Transition
from service.domain.coming_of_age import ComingOfAge, coming_of_age
from service.domain.destruction import last_change
from service.domain.facts import fold
from service.domain.refusals import NotAllowed
from service.domain.region_settings import RegionSettings
from service.domain.retention import Retention, retention
from service.domain.roles import TEAM_ROLES, Role
from service.domain.rulebook import Rulebook
from service.domain.terms import day_in_amsterdam
from service.storage.unit import Unit
from service.use_cases.asking import Asker, known
from service.use_cases.child import birth_month
from service.use_cases.reading import log, seat_of, whole_case
from service.use_cases.region_settings import settings_in_force

# Whose work it is to ask again and to plan, and whose life it is.
ASKED_OF = TEAM_ROLES | {Role.LOCAL_TEAM, Role.YOUNG_PERSON}


@dataclass(frozen=True, slots=True)
class Kept:
    """How long the file is kept, and the settings that say so."""

    retention: Retention
    settings: RegionSettings


def read_coming_of_age(unit: Unit, asker: Asker, case_id: UUID) -> ComingOfAge:
    """The duties of the child's age today. Reading them reads the month of birth, and is logged. Raises NotAllowed."""
    actor = known(unit, asker)
    sight = whole_case(unit, actor, case_id)
    if seat_of(unit, actor, sight).acting.role not in ASKED_OF:
        raise NotAllowed
    history = unit.cases.history(case_id)
    log(unit, asker, actor, sight, "read_coming_of_age", "month of birth")
    return coming_of_age(fold(history), birth_month(unit, history), day_in_amsterdam(unit.now))


def read_retention(unit: Unit, asker: Asker, case_id: UUID, rules: Rulebook) -> Kept:
    """Until when the file is kept. Only under a measure that depends on age, whose reading is logged."""
    actor = known(unit, asker)
    sight = whole_case(unit, actor, case_id)
    history = unit.cases.history(case_id)
    if fold(history).under_measure:
        log(unit, asker, actor, sight, "read_retention", "month of birth")
    return kept(unit, rules, sight.case, history)


def kept(unit: Unit, rules: Rulebook, case: Case, history: Sequence[Transition]) -> Kept:
    """Until when the file is kept, as of today. Under a measure this reads the month of birth: whoever asks logs it."""
    measure = fold(history).under_measure
    settings = settings_in_force(unit, rules, case.region)
    found = retention(
        settings,
        day_in_amsterdam(last_change(history).recorded_at),
        measure=measure,
        birth_month=birth_month(unit, history) if measure else None,
    )
    return Kept(found, settings)
