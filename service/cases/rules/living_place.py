"""The living situation of the child and its moves, from the referral and the placements (R38, decision 0011)."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from service.cases.rules.model import Transition

OWN_HOME = "own_home"


@dataclass(frozen=True, slots=True)
class LivingSituation:
    """`at_home` is False when unknown. `moves` counts moves since the referral."""

    at_home: bool = False
    moves: int = 0


def living_situation(history: Iterable[Transition]) -> LivingSituation:
    """Returns the living situation after these entries.

    The start of a stay and a return home are moves. A placement at home of a child who lives at home is none.
    """
    at_home, moves = True, 0
    requested_kinds: dict[int, str] = {}
    placement_kinds: dict[UUID, str | None] = {}
    known = False
    for entry in history:
        if entry.form == "referral@1" and (place := entry.codes.get("current_living_place")):
            at_home, known = "at_home" in place, True
        if kinds := entry.codes.get("placement_kind"):
            requested_kinds[entry.sequence] = kinds[0]
        if entry.part_kind != "placement":
            continue
        placement_kinds.setdefault(entry.part_id, requested_kinds.get(entry.cause or 0))
        leads_home = _leads_home(entry, placement_kinds[entry.part_id])
        if leads_home is not None:
            moves += not (at_home and leads_home)
            at_home, known = leads_home, True
    return LivingSituation(at_home=at_home and known, moves=moves)


def _leads_home(entry: Transition, kind: str | None) -> bool | None:
    """True if this step brings the child home, False if elsewhere, None if it changes no living place.

    The end of a stay elsewhere gives None: the start of the next stay is counted instead.
    """
    if entry.trigger == "start_stay":
        return kind == OWN_HOME
    returns_home = entry.trigger == "end_placement" and "at_home" in entry.codes.get("current_living_place", ())
    return True if returns_home else None
