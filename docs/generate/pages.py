"""All generated pages and lists, by their file name."""

from collections.abc import Mapping
from pathlib import Path

from docs.generate.commands import commands_page
from docs.generate.decisions import decisions_page
from docs.generate.glossary import glossary_page
from docs.generate.licences import licences_page
from docs.generate.promises import promises_page
from docs.generate.requirements import requirements_page
from docs.generate.sbom import sbom
from docs.generate.settings import settings_page
from service.commands.documents import workflows_page

DOCS = Path(__file__).parents[1]
GENERATED = "<!-- Generated: `python -m docs.generate` writes this page. -->"


def pages() -> Mapping[str, str]:
    """Returns the text of each page by its path in docs/."""
    written = {
        "decisions/index.md": decisions_page(),
        "reference/commands.md": commands_page(),
        "reference/glossary.md": glossary_page(),
        "reference/licences.md": licences_page(),
        "reference/promises.md": promises_page(),
        "reference/requirements.md": requirements_page(),
        "reference/settings.md": settings_page(),
    }
    marked = {name: f"{GENERATED}\n\n{text.rstrip()}\n" for name, text in written.items()}
    return marked | {"reference/workflows.md": workflows_page(), "reference/sbom.json": sbom()}
