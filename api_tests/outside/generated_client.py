"""A client that was generated in another language: it compiles, and speaks with a running service."""

import json
import shutil
from pathlib import Path

from api_tests.outside.others import installed, said
from api_tests.support.checkout import ROOT
from api_tests.support.servers import running, settings_for
from api_tests.support.workflows import form_for

PACKAGES = ("openapi-typescript@7.13.0", "openapi-fetch@0.17.0", "typescript@5.9.3", "@types/node@20.19.43")
CONVERSATION = Path(__file__).with_name("conversation.ts")
# A form as in practice, for the compiler to hold against the generated types.
REFERRAL = """import type {{ components }} from "./api.js";

export const referral: components["schemas"]["SubmitBody"]["form"] = {form};
"""


def checked(folder: Path) -> str:
    """What the client heard from a service in demonstration mode."""
    programs = installed(folder, *PACKAGES) / ".bin"
    # What has a default may be left out of a request; this generator says otherwise unless it is asked not to.
    how = ("--output", "api.ts", "--default-non-nullable=false")
    said(programs / "openapi-typescript", ROOT / "openapi" / "openapi.json", *how, folder=folder)
    form = json.dumps(form_for("case", "submit"), ensure_ascii=False, default=str)
    (folder / "referral.ts").write_text(REFERRAL.format(form=form), encoding="utf-8")
    shutil.copy(CONVERSATION, folder)
    strictly = ("--strict", "--target", "es2022", "--module", "nodenext", "--types", "node")
    said(programs / "tsc", *strictly, CONVERSATION.name, folder=folder)
    with running(settings_for(folder, f"sqlite:///{folder / 'casusroute.db'}", log_level="ERROR")) as service:
        heard = said("node", CONVERSATION.with_suffix(".js").name, f"{service.url}/v1", folder=folder)
    return f"TypeScript by {PACKAGES[0]} compiles (strict) and speaks: {heard.strip()}"
