"""Two cases from start to end, as their people live them: `python -m examples.story [--base-url URL]`.

Everything goes over the published API. The account is printed; exit status 0 only if all went as told.
"""

import argparse
import io
import sys
from collections.abc import Mapping
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path

import httpx

from examples import telling
from examples.answers import NotAsTold, insist, insist_on_ready
from examples.looks import ESCALATED, SOLVED, Look, look_back
from examples.own_service import own_service
from examples.scenes import read_story
from examples.stage import Stage

FOLDER = Path(__file__).parent
STORIES: Mapping[str, tuple[str, Mapping[str, Look]]] = {
    "solved-in-the-region": ("Solved in the region: a boy of ten who wants to build huts again", SOLVED),
    "escalated-and-brought-back": (
        "Escalated and brought back: a girl of fifteen who wants a door of her own",
        ESCALATED,
    ),
}


def play(base_url: str, folder: str) -> None:
    """Play one story on the service at this address. Raises NotAsTold, and httpx's errors when nothing answers."""
    title, looks = STORIES[folder]
    scenes = read_story(FOLDER / folder, datetime.now(UTC))
    insist(looks.keys() <= {it.name for it in scenes}, f"A file that {folder} looks at is not there")
    telling.title(title)
    with Stage(base_url) as stage:
        for scene in scenes:
            telling.scene(stage, stage.play(scene))
            if scene.name in looks:
                looks[scene.name](stage)
        look_back(stage, sum(it.refusal is None for it in scenes))


def main() -> None:
    """Say in the end how it went, in a sentence and in the exit status."""
    parser = argparse.ArgumentParser(prog="python -m examples.story", description=__doc__)
    parser.add_argument("--base-url", metavar="URL", help="a service in demonstration mode; its own when left out")
    base_url: str | None = parser.parse_args().base_url
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")  # names have accents, whatever the terminal
    try:
        with nullcontext(base_url.rstrip("/")) if base_url else own_service() as url:
            insist_on_ready(httpx.get(f"{url}/v1/health", timeout=30), url)
            for folder in STORIES:
                play(url, folder)
    except NotAsTold as difference:
        sys.exit(f"\nThe story stops here. {difference}.")
    except (httpx.TransportError, httpx.InvalidURL) as error:
        sys.exit(f"\nThe story stops here. No service answers at {base_url or 'its own address'} ({error}).")
    print("\nBoth stories went as told.")


if __name__ == "__main__":
    main()
