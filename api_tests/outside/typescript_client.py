"""A generated client in TypeScript with the defaults of its generator: it compiles strictly, and works."""

import json
import shutil
from pathlib import Path
from typing import Any

from api_tests.outside.others import install_with_npm, run_program
from api_tests.support.checkout import ROOT
from api_tests.support.servers import running, settings_for
from api_tests.support.workflows import form_for

PACKAGES = ("openapi-typescript@7.13.0", "openapi-fetch@0.17.0", "typescript@5.9.3", "@types/node@20.19.43")
CONVERSATION = Path(__file__).with_name("conversation.ts")
DOCUMENT = ROOT / "openapi" / "openapi.json"
# The obligatory fields of a form, for the compiler to check against the generated types.
REFERRAL = """import type {{ components }} from "./api.js";

export const referral: components["schemas"]["SubmitBody"]["form"] = {form};
"""


def check(folder: Path) -> str:
    """Generate the client, compile it, run the conversation, and return a line about the result."""
    programs = install_with_npm(folder, *PACKAGES) / ".bin"
    run_program(programs / "openapi-typescript", DOCUMENT, "--output", "api.ts", folder=folder)
    (folder / "referral.ts").write_text(REFERRAL.format(form=json.dumps(_obligatory(), default=str)), encoding="utf-8")
    shutil.copy(CONVERSATION, folder)
    options = ("--strict", "--target", "es2022", "--module", "nodenext", "--types", "node")
    run_program(programs / "tsc", *options, CONVERSATION.name, folder=folder)
    with running(settings_for(folder, f"sqlite:///{folder / 'casusroute.db'}", log_level="ERROR")) as service:
        output = run_program("node", CONVERSATION.with_suffix(".js").name, f"{service.url}/v1", folder=folder)
    return f"TypeScript by {PACKAGES[0]} compiles (strict) and acts: {output.strip()}"


def _obligatory() -> dict[str, Any]:
    required = json.loads(DOCUMENT.read_text(encoding="utf-8"))["components"]["schemas"]["Referral"]["required"]
    return {name: value for name, value in (form_for("case", "submit") or {}).items() if name in required}
