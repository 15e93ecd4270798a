"""A client in Python that is generated: it has every operation, its types hold, and it acts."""

import json
import shutil
from pathlib import Path

from pydantic.alias_generators import to_snake

from api_tests.outside.others import Failed, installed_with_pip, said
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


def checked(folder: Path) -> str:
    """The last words of the client to a service in demonstration mode."""
    programs = installed_with_pip(folder, *PACKAGES)
    (folder / "settings.json").write_text(json.dumps(SETTINGS), encoding="utf-8")
    how = ("--meta", "none", "--output-path", CLIENT, "--config", "settings.json", "--fail-on-warning")
    said(programs / "openapi-python-client", "generate", "--path", DOCUMENT, *how, folder=folder)
    number = _operations(folder / CLIENT)
    shutil.copy(CONVERSATION, folder)
    said(programs / "python", "-m", "compileall", "-q", CLIENT, folder=folder)
    said(programs / "mypy", CLIENT, folder=folder)
    said(programs / "mypy", "--strict", CONVERSATION.name, folder=folder)
    (folder / "referral.json").write_text(json.dumps(form_for("case", "submit"), default=str), encoding="utf-8")
    with running(settings_for(folder, f"sqlite:///{folder / 'casusroute.db'}", log_level="ERROR")) as service:
        heard = said(programs / "python", CONVERSATION.name, f"{service.url}/v1", folder=folder)
    return f"Python by {PACKAGES[0]} has all {number} operations, compiles (mypy) and acts: {heard.strip()}"


def _operations(client: Path) -> int:
    """The number of operations that the client has; none of the document may be missing."""
    wanted = {to_snake(it["operationId"]) for _, _, it in operations(json.loads(DOCUMENT.read_text(encoding="utf-8")))}
    if missing := wanted - {file.stem for file in client.glob("api/*/*.py")}:
        raise Failed(f"the generated client has no {', '.join(sorted(missing))}")
    return len(wanted)
