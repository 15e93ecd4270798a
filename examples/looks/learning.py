"""What a learning table may see: histories that look like at least k others, and of the rest a band of how many."""

import json
from collections import Counter
from collections.abc import Mapping

from examples import telling
from examples.answers import insist
from examples.looks.any_case import FORBIDDEN, NOT_FOUND, Look, insist_on_no
from examples.scenes import Json
from examples.stage import Stage

HISTORIES = "/learning/histories"
ROAD = ("ask_consult", "give_consult", "confirm_helped")


def _four_are_not_yet_enough(stage: Stage) -> None:
    released = _pulled(stage)
    alike = _alike(released)
    insist(not 0 < len(alike) < released["k"], "what fewer than k cases have in common is held back")
    held_back = released["dropped"]
    noor = stage.player("noor")
    telling.aside(
        f"{noor.name}, learning-table facilitator, pulls the histories of her regions. Only what at least"
        f" {released['k']} cases have in common is released: today {len(released['histories'])} histories;"
        f" {held_back['atLeast']} to {held_back['below'] - 1} are held back, and not even their number is told exactly."
    )


def _five_may_be_looked_at(stage: Stage) -> None:
    released = _pulled(stage)
    alike = _alike(released)
    insist(len(alike) >= released["k"], f"{len(stage.cases)} cases that look the same are released")
    steps, held_back = alike[0]["steps"], released["dropped"]
    telling.aside(
        f"Now {len(alike)} histories look the same, and Noor may bring them to the table: the order,"
        " the waits in bands, who acted by role, an age band. No day, no name, no number, no word of what was written:",
        *(f"{it['role']}: {it['trigger']} -> {it['target']}{_after(it)}" for it in steps),
        f"age {alike[0]['ageBand']}, ended {alike[0]['endState']}",
        f"{held_back['atLeast']} to {held_back['below'] - 1} others are held back: too few went their way, and who"
        " knows the family would know the road.",
    )
    _nobody_is_found_back(stage, released)
    _not_for_everybody(stage)


def _pulled(stage: Stage) -> Json:
    """A release, in which whatever is shown is shown of at least k cases (I24)."""
    released = stage.player("noor").read(HISTORIES)
    looks = Counter(json.dumps({**it, "reference": None}, sort_keys=True) for it in released["histories"])
    insist(all(size >= released["k"] for size in looks.values()), "every history that is shown looks like k others")
    return released


def _alike(released: Json) -> list[Json]:
    """The histories of questions that were asked, answered and helped, at the finest level."""
    finest = [it for it in released["histories"] if it["level"] == 1]
    return [it for it in finest if tuple(step["trigger"] for step in it["steps"]) == ROAD]


def _after(step: Json) -> str:
    return f", {step['waitBand'].replace('_', ' ')} later" if step["waitBand"] else ""


def _nobody_is_found_back(stage: Stage, released: Json) -> None:
    text = json.dumps(released)
    told = [it for case in stage.cases for it in (case.id, case.number) if it in text]
    insist(not told, f"no history leads back to a case, but {told} stand in the release")


def _not_for_everybody(stage: Stage) -> None:
    noor = stage.player("noor")
    insist_on_no(noor, stage.path, NOT_FOUND, "not_found")
    insist_on_no(noor, f"{HISTORIES}?region=JZ14", NOT_FOUND, "not_found")
    insist_on_no(stage.player("esra"), HISTORIES, FORBIDDEN, "not_allowed")
    telling.aside(
        f"{noor.name} cannot open any of the cases (404), nor pull histories of another region (404); and Esra, who"
        " chairs the table of the cases, cannot pull histories at all (403). Learning is not settling accounts."
    )


PULLED: Mapping[str, Look] = {
    "12-bram-tells-that-it-helped": _four_are_not_yet_enough,
    "15-anna-tells-that-it-helped": _five_may_be_looked_at,
}
