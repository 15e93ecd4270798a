"""The bill of materials, held against the schema of CycloneDX by its own library."""

from pathlib import Path

from api_tests.outside.others import install_with_pip, run_program
from api_tests.support.checkout import ROOT

LIBRARY = "cyclonedx-python-lib[json-validation]==11.12.0"
BILL = ROOT / "docs" / "reference" / "sbom.json"
_PROGRAM = """
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

with open(sys.argv[1], encoding="utf-8") as bill:
    fault = JsonStrictValidator(SchemaVersion.V1_6).validate_str(bill.read())
sys.exit(f"the bill is not as the schema says: {fault}" if fault else 0)
"""


def check(folder: Path) -> str:
    programs = install_with_pip(folder, LIBRARY)
    run_program(programs / "python", "-c", _PROGRAM, BILL, folder=folder)
    return f"{LIBRARY} accepts docs/reference/sbom.json"
