"""The story: ten chapters that play cases from start to end over the published API (`make story`).

It prints an account. The exit status is 0 only if the service did everything as the chapters say.
"""

import argparse
import io
import sys
from contextlib import nullcontext
from datetime import UTC, datetime

import httpx

from examples import narrator
from examples.answers import StoryMismatch, require, require_ready
from examples.chapters import CHAPTERS, Chapter
from examples.observations.any_case import report_history
from examples.scenes import read_chapter
from examples.stage import Stage
from examples.temporary_service import temporary_service


def play(base_url: str, chapter: Chapter) -> None:
    """Play a chapter on the service at this address. Raises StoryMismatch, and httpx's errors when nothing answers."""
    scenes = read_chapter(chapter.folder, datetime.now(UTC))
    require(
        chapter.observations.keys() <= {scene.name for scene in scenes},
        f"A file that {chapter.slug} looks at is not there",
    )
    narrator.title(f"{chapter.letter}. {chapter.title}")
    with Stage(base_url) as stage:
        for scene in scenes:
            narrator.scene(stage, stage.play(scene))
            if scene.name in chapter.observations:
                chapter.observations[scene.name](stage)
        report_history(stage)


def main() -> None:
    """Play the chosen chapters. The result is the last line and the exit status."""
    parser = argparse.ArgumentParser(prog="python -m examples.story", description=__doc__)
    parser.add_argument("--base-url", metavar="URL", help="a service in demonstration mode; its own when left out")
    parser.add_argument("--chapter", choices=CHAPTERS, help="one chapter, by its letter; all of them when left out")
    options = parser.parse_args()
    base_url: str | None = options.base_url
    chapters = [chapter for chapter in CHAPTERS.values() if options.chapter in (None, chapter.letter)]
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")  # names have accents that the terminal's encoding may lack
    narrator.print_titles(f"{chapter.letter}. {chapter.title}" for chapter in chapters)
    try:
        with nullcontext(base_url.rstrip("/")) if base_url else temporary_service() as url:
            require_ready(httpx.get(f"{url}/v1/health", timeout=30), url)
            for chapter in chapters:
                play(url, chapter)
    except StoryMismatch as difference:
        sys.exit(f"\nThe story stops here. {difference}.")
    except (httpx.TransportError, httpx.InvalidURL) as error:
        sys.exit(f"\nThe story stops here. No service answers at {base_url or 'its own address'} ({error}).")
    subject = "All ten chapters" if len(chapters) == len(CHAPTERS) else f"Chapter {options.chapter}"
    print(f"\n{subject} went as told.")


if __name__ == "__main__":
    main()
