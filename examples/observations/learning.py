"""Observations of the learning table: histories that at least k cases share, and a band for the number withheld."""

import json
from collections import Counter
from collections.abc import Mapping

from examples import narrator
from examples.answers import require
from examples.observations.any_case import FORBIDDEN, NOT_FOUND, Observation, require_refusal
from examples.scenes import Json
from examples.stage import Stage

HISTORIES = "/learning/histories"
ROAD = ("ask_consult", "give_consult", "confirm_helped")


def _four_are_not_yet_enough(stage: Stage) -> None:
    released = _release(stage)
    alike = _alike(released)
    require(not 0 < len(alike) < released["k"], "what fewer than k cases have in common is held back")
    held_back = released["dropped"]
    noor = stage.player("noor")
    narrator.remark(
        f"{noor.name}, learning-table facilitator, pulls the histories of her regions. Only what at least"
        f" {released['k']} cases have in common is released: today {len(released['histories'])} histories;"
        f" {held_back['atLeast']} to {held_back['below'] - 1} are held back, and not even their number is told exactly."
    )


def _five_may_be_looked_at(stage: Stage) -> None:
    released = _release(stage)
    alike = _alike(released)
    require(len(alike) >= released["k"], f"{len(stage.cases)} cases that look the same are released")
    steps, held_back = alike[0]["steps"], released["dropped"]
    narrator.remark(
        f"Now {len(alike)} histories look the same, and Noor may bring them to the table: the order,"
        " the waits in bands, who acted by role, an age band. No day, no name, no number, no word of what was written:",
        *(f"{step['role']}: {step['trigger']} -> {step['target']}{_wait(step)}" for step in steps),
        f"age {alike[0]['ageBand']}, ended {alike[0]['endState']}",
        f"{held_back['atLeast']} to {held_back['below'] - 1} others are held back: too few went their way, and who"
        " knows the family would know the road.",
    )
    _nobody_is_found_back(stage, released)
    _not_for_everybody(stage)


def _release(stage: Stage) -> Json:
    """Returns a release, after the check that at least k cases share every history in it (I24)."""
    released = stage.player("noor").read(HISTORIES)
    histories = (json.dumps({**history, "reference": None}, sort_keys=True) for history in released["histories"])
    sizes = Counter(histories).values()
    require(all(size >= released["k"] for size in sizes), "every history that is shown looks like k others")
    return released


def _alike(released: Json) -> list[Json]:
    """Returns the histories of a question that was asked, answered and helpful, at the finest level of detail."""
    finest = [history for history in released["histories"] if history["level"] == 1]
    return [history for history in finest if tuple(step["trigger"] for step in history["steps"]) == ROAD]


def _wait(step: Json) -> str:
    return f", {step['waitBand'].replace('_', ' ')} later" if step["waitBand"] else ""


def _nobody_is_found_back(stage: Stage, released: Json) -> None:
    text = json.dumps(released)
    identifiers = [identifier for case in stage.cases for identifier in (case.id, case.number) if identifier in text]
    require(not identifiers, f"no history leads back to a case, but {identifiers} stand in the release")


def _not_for_everybody(stage: Stage) -> None:
    noor = stage.player("noor")
    require_refusal(noor, stage.path, NOT_FOUND, "not_found")
    require_refusal(noor, f"{HISTORIES}?region=JZ14", NOT_FOUND, "not_found")
    require_refusal(stage.player("esra"), HISTORIES, FORBIDDEN, "not_allowed")
    narrator.remark(
        f"{noor.name} cannot open any of the cases (404), nor pull histories of another region (404); and Esra, who"
        " chairs the table of the cases, cannot pull histories at all (403). Learning is not settling accounts."
    )


PULLED: Mapping[str, Observation] = {
    "12-bram-tells-that-it-helped": _four_are_not_yet_enough,
    "15-anna-tells-that-it-helped": _five_may_be_looked_at,
}
