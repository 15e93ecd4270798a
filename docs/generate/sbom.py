"""docs/reference/sbom.json: what the image holds of Python libraries, as a CycloneDX bill of materials."""

import json
import tomllib
from typing import Any

from docs.generate.lock import ROOT, SERVICE, Library, read_licences, read_lock


def sbom() -> str:
    """Returns the bill as JSON. It holds no time and no random id: the same lock file gives the same bill."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    licences, libraries = read_licences()["licences"], read_lock(SERVICE)
    product = f"{project['name']}@{project['version']}"
    bill = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": product,
                "name": project["name"],
                "version": project["version"],
                "licenses": [{"license": {"id": project["license"]}}],
            },
        },
        "components": [_component(library, licences[name]) for name, library in libraries.items()],
        "dependencies": [
            {"ref": product, "dependsOn": [_purl(library) for library in libraries.values()]},
            *(
                {
                    "ref": _purl(library),
                    "dependsOn": [_purl(other) for other in libraries.values() if library.name in other.needed_by],
                }
                for library in libraries.values()
            ),
        ],
    }
    return json.dumps(bill, indent=2, ensure_ascii=False) + "\n"


def _component(library: Library, licence: str) -> dict[str, Any]:
    is_expression = " " in licence
    return {
        "type": "library",
        "bom-ref": _purl(library),
        "name": library.name,
        "version": _version(library),
        "purl": _purl(library),
        "licenses": [{"expression": licence} if is_expression else {"license": {"id": licence}}],
    }


def _purl(library: Library) -> str:
    return f"pkg:pypi/{library.name}@{_version(library)}"


def _version(library: Library) -> str:
    (version,) = library.versions  # the service has one version of each, for all versions of Python
    return version
