"""A generated client in Python: it has each operation, its types hold, and it works."""

import json
import shutil
from pathlib import Path

from pydantic.alias_generators import to_snake

from api_tests.outside.others import Failed, install_with_pip, run_program
from api_tests.support.checkout import ROOT
from api_tests.support.openapi_documents import operations
from api_tests.support.servers import running, settings_for
from api_tests.support.workflows import form_for

PACKAGES = ("openapi-python-client==0.29.1", "mypy==2.4.1")
CONVERSATION = Path(__file__).with_name("conversation.py")
DOCUMENT = ROOT / "openapi" / "openapi.json"
CLIENT = "casusroute_client"
# Without hooks, which only format. `Histories` has a member `histories`: one variable for both, and types clash.
SETTINGS = {
    "post_hooks": [],
    "class_overrides": {"Histories": {"class_name": "HistoriesView", "module_name": "histories_view"}},
}


def check(folder: Path) -> str:
    """Generate the client, check its types, run the conversation, and return a line about the result."""
    programs = install_with_pip(folder, *PACKAGES)
    (folder / "settings.json").write_text(json.dumps(SETTINGS), encoding="utf-8")
    options = ("--meta", "none", "--output-path", CLIENT, "--config", "settings.json", "--fail-on-warning")
    run_program(programs / "openapi-python-client", "generate", "--path", DOCUMENT, *options, folder=folder)
    number = _operations(folder / CLIENT)
    shutil.copy(CONVERSATION, folder)
    run_program(programs / "python", "-m", "compileall", "-q", CLIENT, folder=folder)
    run_program(programs / "mypy", CLIENT, folder=folder)
    run_program(programs / "mypy", "--strict", CONVERSATION.name, folder=folder)
    (folder / "referral.json").write_text(json.dumps(form_for("case", "submit"), default=str), encoding="utf-8")
    with running(settings_for(folder, f"sqlite:///{folder / 'casusroute.db'}", log_level="ERROR")) as service:
        output = run_program(programs / "python", CONVERSATION.name, f"{service.url}/v1", folder=folder)
    return f"Python by {PACKAGES[0]} has all {number} operations, compiles (mypy) and acts: {output.strip()}"


def _operations(client: Path) -> int:
    """The number of operations of the client, after a check that none is missing."""
    expected = {
        to_snake(operation["operationId"])
        for _, _, operation in operations(json.loads(DOCUMENT.read_text(encoding="utf-8")))
    }
    if missing := expected - {file.stem for file in client.glob("api/*/*.py")}:
        raise Failed(f"the generated client has no {', '.join(sorted(missing))}")
    return len(expected)
