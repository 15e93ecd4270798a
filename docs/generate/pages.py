"""All generated pages, by their file name."""

from collections.abc import Mapping
from pathlib import Path

from docs.generate.commands import commands_page
from docs.generate.glossary import glossary_page
from docs.generate.licences import licences_page
from docs.generate.promises import promises_page
from docs.generate.requirements import requirements_page
from docs.generate.settings import settings_page
from service.commands.documents import workflows_page

REFERENCE = Path(__file__).parents[1] / "reference"
GENERATED = "<!-- Generated: `python -m docs.generate` writes this page. -->"


def pages() -> Mapping[str, str]:
    """Returns the text of each page by its file name in docs/reference/."""
    written = {
        "commands.md": commands_page(),
        "glossary.md": glossary_page(),
        "licences.md": licences_page(),
        "promises.md": promises_page(),
        "requirements.md": requirements_page(),
        "settings.md": settings_page(),
    }
    marked = {name: f"{GENERATED}\n\n{text.rstrip()}\n" for name, text in written.items()}
    return marked | {"workflows.md": workflows_page()}
