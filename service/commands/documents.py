"""The commands that write generated documents: the OpenAPI document, the drawings and the schema of workflows."""

import json
from pathlib import Path

from service.app import read_rulebook
from service.kinds import KINDS
from service.routes import create_api
from service.workflows.rules.diagram import workflow_page
from service.workflows.rules.workflow_file import workflow_json_schema

ROOT = Path(__file__).parents[2]


def write_openapi() -> None:
    """Write openapi/openapi.json."""
    (ROOT / "openapi" / "openapi.json").write_text(openapi_text(), encoding="utf-8")


def openapi_text() -> str:
    """Returns the text of openapi/openapi.json, the document of a service at an example URL."""
    api = create_api(read_rulebook(ROOT / "workflows"), "https://casusroute.example")
    return json.dumps(api.openapi(), indent=2, ensure_ascii=False) + "\n"


def draw() -> None:
    """Draw the workflows into docs/reference/workflows.md, and write the JSON Schema of workflows."""
    page = ROOT / "docs" / "reference" / "workflows.md"
    page.write_text(workflows_page(), encoding="utf-8")
    (ROOT / "workflows" / "workflow.schema.json").write_text(workflow_json_schema(KINDS), encoding="utf-8")


def workflows_page() -> str:
    """Returns the text of docs/reference/workflows.md."""
    definitions = [workflow.definition for workflow in read_rulebook(ROOT / "workflows").newest.values()]
    return f"<!-- Generated: `python -m service draw` writes this page. -->\n\n{workflow_page(definitions)}\n"
