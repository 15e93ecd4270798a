"""The official ruleset of the Dutch API Design Rules, applied by the program it was written for."""

import json
import subprocess
from pathlib import Path
from typing import Any

from api_tests.outside.others import Failed, NotRun, install_with_npm
from api_tests.support.checkout import ROOT
from api_tests.support.openapi_documents import is_mapping

SPECTRAL = "@stoplight/spectral-cli@6.16.3"
WHERE = "media/linter.yaml of Logius-standaarden/API-Design-Rules, branch main"


def check(folder: Path, ruleset: Path | None) -> str:
    """Lint the document, and return a line about the result. No registry has the ruleset: the caller gives its file."""
    if ruleset is None:
        raise NotRun(f"say where the ruleset is, with RULESET=FILE ({WHERE})")
    command = [install_with_npm(folder, SPECTRAL) / ".bin" / "spectral", "lint", "--ruleset", ruleset.resolve()]
    command += [ROOT / "openapi" / "openapi.json", "--format", "json", "--fail-severity", "hint"]
    result = subprocess.run([*map(str, command)], cwd=folder, capture_output=True, text=True, check=False)
    try:
        findings: list[dict[str, Any]] = json.loads(result.stdout)
    except ValueError as error:
        raise Failed((result.stdout + result.stderr).strip()) from error
    if faults := [finding for finding in findings if not _is_no_operation(finding)]:
        raise Failed(
            "\n".join(
                f"{finding['code']} at {'.'.join(map(str, finding['path']))}: {finding['message']}"
                for finding in faults
            )
        )
    return f"{SPECTRAL} finds nothing; {len(findings)} names of triggers were taken for operations"


def _is_no_operation(finding: dict[str, Any]) -> bool:
    """True when the rule takes a trigger for an operation: `dispute` holds "put", `postpone` "post"."""
    place = "/".join(map(str, finding["path"][:-1]))
    return is_mapping(place) and finding["code"] == "nlgov:problem-invalid-input"
