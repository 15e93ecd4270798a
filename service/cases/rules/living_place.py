"""Where the child lives and how often it moved: told by the referral and the placements (R38, design decision 4)."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from service.cases.rules.model import Transition

HOME = "own_home"


@dataclass(frozen=True, slots=True)
class Living:
    """`at_home`: as far as is known. `moves`: since the referral."""

    at_home: bool = False
    moves: int = 0


def living(history: Iterable[Transition]) -> Living:
    """Every stay that began is a move, and so is going back home; staying at home is a placement and no move."""
    at_home, moves = True, 0
    sought: dict[int, str] = {}
    kind_of: dict[UUID, str | None] = {}
    known = False
    for entry in history:
        if entry.form == "referral@1" and (place := entry.codes.get("current_living_place")):
            at_home, known = "at_home" in place, True
        if kinds := entry.codes.get("placement_kind"):
            sought[entry.sequence] = kinds[0]
        if entry.part_kind != "placement":
            continue
        kind_of.setdefault(entry.part_id, sought.get(entry.cause or 0))
        to_home = _to_home(entry, kind_of[entry.part_id])
        if to_home is not None:
            moves += not (at_home and to_home)
            at_home, known = to_home, True
    return Living(at_home=at_home and known, moves=moves)


def _to_home(entry: Transition, kind: str | None) -> bool | None:
    """Whether this step brings the child home, or somewhere else; None where it stays where it was.

    A stay elsewhere that ends is followed by the next, which is counted then.
    """
    if entry.trigger == "start_stay":
        return kind == HOME
    back = entry.trigger == "end_placement" and "at_home" in entry.codes.get("current_living_place", ())
    return True if back else None
