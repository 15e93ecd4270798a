"""The README describes the product: its drawings, settings, promises and story are compared with it."""

import re

import pytest

from api_tests.support.checkout import ROOT
from service.commands.documents import drawn

README = (ROOT / "README.md").read_text(encoding="utf-8")
LINKS = sorted(set(re.findall(r"\]\(([^)#:]+)\)", README)))


def test_the_drawings_and_settings_are_those_of_the_files_and_the_code() -> None:
    assert drawn(README) == README


@pytest.mark.parametrize("link", LINKS)
def test_every_file_that_the_readme_links_to_exists(link: str) -> None:
    assert (ROOT / link).exists()
