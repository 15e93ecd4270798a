"""Every command in the documents is typed as it stands there, or says why it is not run."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from api_tests.support.checkout import ROOT
from api_tests.support.documents import PAGES, SHELLS, Block, Reader, blocks
from api_tests.support.postgres import SUPERUSER, Cluster
from api_tests.support.sabotages import broken_by


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


# What a page expects to be there before its first block.
PREPARED = {
    "docs/how-to/backup.md": """
        psql postgresql://postgres@127.0.0.1:5432/postgres -q -c 'CREATE DATABASE casusroute'
        (
        export CASUSROUTE_DATABASE_URL=postgresql+psycopg://casusroute_application@127.0.0.1:5432/casusroute
        export CASUSROUTE_OWNER_URL=postgresql+psycopg://casusroute_owner@127.0.0.1:5432/casusroute
        .venv/bin/python -m service roles | psql postgresql://postgres@127.0.0.1:5432/casusroute -q
        .venv/bin/python -m service migrate
        )
    """
}


@contextmanager
def reader_of(page: Path, folder: Path) -> Iterator[Reader]:
    """A reader with the PostgreSQL that the page speaks of, on a disk that keeps what it is told."""
    if "5432" not in page.read_text(encoding="utf-8"):
        with Reader(folder, {}) as reader:
            yield reader
        return
    with Cluster(durable=True) as cluster, Reader(folder, {"5432": cluster.port}, cluster.programs) as reader:
        cluster.run(
            "createuser", "-h", "127.0.0.1", "-p", str(cluster.port), "-U", SUPERUSER, "--superuser", "postgres"
        )
        reader.type(PREPARED.get(name_of(page), ""))
        yield reader


@pytest.mark.server
@broken_by(
    "The tutorial on a region contains the setting that sign-in needs",
    "docs/tutorial/first-region.md",
    'export CASUSROUTE_ISSUERS=\'[{"name": "http://127.0.0.1:9000", "kinds": ["people", "machines"]}]\'',
    "",
    case="docs/tutorial/first-region.md",
)
@broken_by(
    "The issuer for trying out names the machine itself as the client in a machine token",
    "examples/issuer.py",
    'subject if kind == "machine" else "trying-out"',
    '"trying-out"',
    case="docs/tutorial/first-region.md",
)
@broken_by(
    "The issuer for trying out publishes its keys at the address that discovery names",
    "examples/issuer.py",
    '"jwks_uri": f"{self.name}/keys"',
    '"jwks_uri": f"{self.name}/key"',
    case="docs/tutorial/first-region.md",
)
@broken_by(
    "The README shows the output of its commands",
    "README.md",
    '    "target": "in_triage",',
    '    "target": "scheduled",',
    case="README.md",
)
@pytest.mark.takes_turns
@pytest.mark.parametrize("page", PAGES_THAT_RUN, ids=name_of)
def test_the_commands_of_a_page_do_what_the_page_says(page: Path, tmp_path: Path) -> None:
    with reader_of(page, tmp_path) as reader:
        for block in blocks_of(page):
            if block.kind == "run" and block.rest.startswith("background "):
                reader.start(block.text, block.rest.removeprefix("background "))
            elif block.kind == "run":
                reader.type(block.text)
            elif block.kind == "shows":
                assert reader.sees(block.text), f"line {block.line} expects\n{block.text}\nin\n{reader.printed()}"
