"""Every command in the documents is typed as it stands there, or says why it is not run."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from api_tests.support.checkout import ROOT
from api_tests.support.documents import PAGES, SHELLS, Block, Reader, blocks

if TYPE_CHECKING:
    from api_tests.support.postgres import Cluster


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def blocks_of(page: Path) -> list[Block]:
    return blocks(page.read_text(encoding="utf-8"))


PAGES_THAT_RUN = [page for page in PAGES if any(block.kind == "run" for block in blocks_of(page))]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_command_is_marked_as_run_or_gives_a_reason(page: Path) -> None:
    unmarked = [
        f"line {block.line}"
        for block in blocks_of(page)
        if block.language == "indented"
        or (block.language in SHELLS) != (block.kind in {"run", "not run"})
        or (block.kind == "not run" and len(block.rest) < 10)
    ]

    assert unmarked == []


def test_the_tutorials_and_the_readme_are_typed() -> None:
    typed = {name_of(page) for page in PAGES_THAT_RUN}

    assert typed >= {"README.md", "docs/tutorial/first-case.md", "docs/tutorial/first-region.md"}


@pytest.mark.server
@pytest.mark.parametrize("page", PAGES_THAT_RUN, ids=name_of)
def test_the_commands_of_a_page_do_what_the_page_says(page: Path, tmp_path: Path, cluster: "Cluster") -> None:
    with Reader(tmp_path, {"5432": cluster.port}) as reader:
        for block in blocks_of(page):
            if block.kind == "run" and block.rest.startswith("background "):
                reader.start(block.text, block.rest.removeprefix("background "))
            elif block.kind == "run":
                reader.type(block.text)
            elif block.kind == "shows":
                assert reader.sees(block.text), f"line {block.line} expects\n{block.text}\nin\n{reader.printed()}"
