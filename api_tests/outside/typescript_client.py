"""A client in TypeScript, generated as its generator does by default: it compiles strictly, and acts."""

import json
import shutil
from pathlib import Path
from typing import Any

from api_tests.outside.others import installed, said
from api_tests.support.checkout import ROOT
from api_tests.support.servers import running, settings_for
from api_tests.support.workflows import form_for

PACKAGES = ("openapi-typescript@7.13.0", "openapi-fetch@0.17.0", "typescript@5.9.3", "@types/node@20.19.43")
CONVERSATION = Path(__file__).with_name("conversation.ts")
DOCUMENT = ROOT / "openapi" / "openapi.json"
# A form as in practice, for the compiler to hold against the generated types, and no more of it than is obligatory.
REFERRAL = """import type {{ components }} from "./api.js";

export const referral: components["schemas"]["SubmitBody"]["form"] = {form};
"""


def checked(folder: Path) -> str:
    """The last words of the client to a service in demonstration mode."""
    programs = installed(folder, *PACKAGES) / ".bin"
    said(programs / "openapi-typescript", DOCUMENT, "--output", "api.ts", folder=folder)
    (folder / "referral.ts").write_text(REFERRAL.format(form=json.dumps(_obligatory(), default=str)), encoding="utf-8")
    shutil.copy(CONVERSATION, folder)
    strictly = ("--strict", "--target", "es2022", "--module", "nodenext", "--types", "node")
    said(programs / "tsc", *strictly, CONVERSATION.name, folder=folder)
    with running(settings_for(folder, f"sqlite:///{folder / 'casusroute.db'}", log_level="ERROR")) as service:
        heard = said("node", CONVERSATION.with_suffix(".js").name, f"{service.url}/v1", folder=folder)
    return f"TypeScript by {PACKAGES[0]} compiles (strict) and acts: {heard.strip()}"


def _obligatory() -> dict[str, Any]:
    required = json.loads(DOCUMENT.read_text(encoding="utf-8"))["components"]["schemas"]["Referral"]["required"]
    return {name: it for name, it in (form_for("case", "submit") or {}).items() if name in required}
