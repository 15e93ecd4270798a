"""Ten chapters about cases from start to end, as their people live them: `make story`.

Everything goes over the published API. The account is printed; exit status 0 only if all went as told.
"""

import argparse
import io
import sys
from contextlib import nullcontext
from datetime import UTC, datetime

import httpx

from examples import telling
from examples.answers import NotAsTold, insist, insist_on_ready
from examples.chapters import CHAPTERS, Chapter
from examples.looks.any_case import look_back
from examples.own_service import own_service
from examples.scenes import read_chapter
from examples.stage import Stage


def play(base_url: str, chapter: Chapter) -> None:
    """Play a chapter on the service at this address. Raises NotAsTold, and httpx's errors when nothing answers."""
    scenes = read_chapter(chapter.folder, datetime.now(UTC))
    insist(chapter.looks.keys() <= {it.name for it in scenes}, f"A file that {chapter.slug} looks at is not there")
    telling.title(f"{chapter.letter}. {chapter.title}")
    with Stage(base_url) as stage:
        for scene in scenes:
            telling.scene(stage, stage.play(scene))
            if scene.name in chapter.looks:
                chapter.looks[scene.name](stage)
        look_back(stage)


def main() -> None:
    """Say in the end how it went, in a sentence and in the exit status."""
    parser = argparse.ArgumentParser(prog="python -m examples.story", description=__doc__)
    parser.add_argument("--base-url", metavar="URL", help="a service in demonstration mode; its own when left out")
    parser.add_argument("--chapter", choices=CHAPTERS, help="one chapter, by its letter; all of them when left out")
    wanted = parser.parse_args()
    base_url: str | None = wanted.base_url
    chapters = [it for it in CHAPTERS.values() if wanted.chapter in (None, it.letter)]
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")  # names have accents, whatever the terminal
    telling.contents(f"{it.letter}. {it.title}" for it in chapters)
    try:
        with nullcontext(base_url.rstrip("/")) if base_url else own_service() as url:
            insist_on_ready(httpx.get(f"{url}/v1/health", timeout=30), url)
            for chapter in chapters:
                play(url, chapter)
    except NotAsTold as difference:
        sys.exit(f"\nThe story stops here. {difference}.")
    except (httpx.TransportError, httpx.InvalidURL) as error:
        sys.exit(f"\nThe story stops here. No service answers at {base_url or 'its own address'} ({error}).")
    told = "All ten chapters" if len(chapters) == len(CHAPTERS) else f"Chapter {wanted.chapter}"
    print(f"\n{told} went as told.")


if __name__ == "__main__":
    main()
