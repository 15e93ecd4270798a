"""The chapters of the story in order, with the observations after their scenes."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from examples.observations.any_case import Observation
from examples.observations.beyond import ASKED, KEPT_MOVING
from examples.observations.families import ANSWERED, SEVENTEEN
from examples.observations.in_the_region import RECONSIDERED, REFUSED, REOPENED, SOLVED
from examples.observations.learning import PULLED

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Chapter:
    """A folder of scenes in order. `observations`: scene -> check after it."""

    slug: str
    title: str
    observations: Mapping[str, Observation]

    @property
    def letter(self) -> str:
        return self.slug[0]

    @property
    def folder(self) -> Path:
        return FOLDER / self.slug


CHAPTERS: Mapping[str, Chapter] = {
    chapter.letter: chapter
    for chapter in (
        Chapter("a-solved-in-the-region", "Solved in the region: a boy of ten who wants to build huts again", SOLVED),
        Chapter(
            "b-refused-and-disputed",
            "A provider refuses, funding is disputed, help starts all the same: a girl who wants a door of her own",
            REFUSED,
        ),
        Chapter(
            "c-a-place-elsewhere",
            "The network finds no fit, a place elsewhere is asked nationally, with the CCE beside it: a boy who bakes",
            ASKED,
        ),
        Chapter(
            "d-declined-and-withdrawn",
            "Declined with somebody who took it over; and withdrawn, because grandmother moved in: two cases",
            {},
        ),
        Chapter(
            "e-asked-at-the-kitchen-table",
            "A mother asks a question, is answered, and later asks for the table",
            ANSWERED,
        ),
        Chapter("f-kept-moving", "The liaison signals, escalates, waits, nudges and records the answer", KEPT_MOVING),
        Chapter("g-looked-back-on", "Five small questions, and what a learning table may see of them", PULLED),
        Chapter("h-seventeen", "A girl of seventeen decides who reads along, and what comes after eighteen", SEVENTEEN),
        Chapter("i-reconsidered", "An advice is looked at again by another chair, and help goes on", RECONSIDERED),
        Chapter("j-reopened", "A case is reopened after closing, with everything that was there", REOPENED),
    )
}
