"""The official ruleset of the Dutch API Design Rules, judged by the program it was written for."""

import json
import subprocess
from pathlib import Path
from typing import Any

from api_tests.outside.others import Failed, NotRun, installed
from api_tests.support.checkout import ROOT
from api_tests.support.openapi_documents import is_mapping

SPECTRAL = "@stoplight/spectral-cli@6.16.3"
WHERE = "media/linter.yaml of Logius-standaarden/API-Design-Rules, branch main"


def checked(folder: Path, ruleset: Path | None) -> str:
    """How many rules found nothing in the document. The ruleset is on no registry: whoever runs this brings it."""
    if ruleset is None:
        raise NotRun(f"say where the ruleset is, with RULESET=FILE ({WHERE})")
    command = [installed(folder, SPECTRAL) / ".bin" / "spectral", "lint", "--ruleset", ruleset.resolve()]
    command += [ROOT / "openapi" / "openapi.json", "--format", "json", "--fail-severity", "hint"]
    done = subprocess.run([*map(str, command)], cwd=folder, capture_output=True, text=True, check=False)
    try:
        found: list[dict[str, Any]] = json.loads(done.stdout)
    except ValueError as error:
        raise Failed((done.stdout + done.stderr).strip()) from error
    if true := [it for it in found if not _is_no_operation(it)]:
        raise Failed("\n".join(f"{it['code']} at {'.'.join(map(str, it['path']))}: {it['message']}" for it in true))
    return f"{SPECTRAL} finds nothing; {len(found)} names of triggers were taken for operations"


def _is_no_operation(finding: dict[str, Any]) -> bool:
    """`dispute` has "put" in it and `postpone` "post": the rule takes whatever is called so for an operation."""
    place = "/".join(map(str, finding["path"][:-1]))
    return is_mapping(place) and finding["code"] == "nlgov:problem-invalid-input"
