"""The commands that write generated documents: the OpenAPI document, the drawings and the table of settings."""

import json
from pathlib import Path

from service.app import read_folder
from service.kinds import KINDS
from service.routes import create_api
from service.settings import table
from service.workflows.rules.diagram import redraw
from service.workflows.rules.workflow_file import json_schema

ROOT = Path(__file__).parents[2]


def write_openapi() -> None:
    """Write openapi/openapi.json."""
    (ROOT / "openapi" / "openapi.json").write_text(published(), encoding="utf-8")


def published() -> str:
    """Returns the text of openapi/openapi.json, the document of a service at an example URL."""
    api = create_api(read_folder(ROOT / "workflows"), "https://casusroute.example")
    return json.dumps(api.openapi(), indent=2, ensure_ascii=False) + "\n"


def draw() -> None:
    """Draw the workflows and the settings into the README, and write the JSON Schema of workflows."""
    readme = ROOT / "README.md"
    try:
        text = drawn(readme.read_text(encoding="utf-8"))
    except LookupError as missing:
        raise SystemExit(f"not done: {missing} in {readme.name}; add both where the drawing belongs") from None
    readme.write_text(text, encoding="utf-8")
    (ROOT / "workflows" / "workflow.schema.json").write_text(json_schema(KINDS), encoding="utf-8")


def drawn(readme: str) -> str:
    """Returns the text of the README with its drawings and its table of settings made again."""
    definitions = [workflow.definition for workflow in read_folder(ROOT / "workflows").newest.values()]
    before, rest = redraw(readme, definitions).split("<!-- settings -->")
    return f"{before}<!-- settings -->\n{table()}\n<!-- /settings -->{rest.split('<!-- /settings -->')[1]}"
