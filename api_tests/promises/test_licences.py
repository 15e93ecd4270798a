"""The licence of each locked library: complete, as the library itself states it, and accepted by decision 0038."""

import json
import re
from importlib.metadata import distribution

import pytest
from packaging.licenses import canonicalize_license_expression
from packaging.markers import Marker

from api_tests.support.checkout import ROOT
from api_tests.support.sabotages import broken_by
from docs.generate.lock import CHECKS, SERVICE, Library, read_licences, read_lock
from docs.generate.sbom import sbom

STATED: dict[str, str] = read_licences()["licences"]
PERMISSIVE = frozenset(read_licences()["accepted"]["permissive"])
# Copyleft by library, as decision 0038 names them.
COPYLEFT = {
    "certifi": "MPL-2.0",
    "docutils": "GPL-3.0-or-later",
    "hypothesis": "MPL-2.0",
    "pathspec": "MPL-2.0",
    "psycopg": "LGPL-3.0-only",
    "psycopg-binary": "LGPL-3.0-only",
}
# Words by which libraries without an SPDX expression name their licence.
FAMILIES = {
    "Apache": r"\bApache\b",
    "BSD": r"\bBSD\b",
    "GPL": r"\bGPL\b",
    "LGPL": r"\bLGPL\b",
    "MIT": r"\bMIT\b",
    "MPL": r"\bMPL\b",
    "PSF": r"\bPSF\b",
    "public domain": r"\bpublic.domain\b",
}


def families(text: str) -> set[str]:
    return {name for name, words in FAMILIES.items() if re.search(words, text, re.IGNORECASE)}


def is_needed_here(library: Library) -> bool:
    """True unless the lock leaves the library out on this platform and version of Python."""
    return any(not marker or Marker(marker).evaluate() for marker in library.markers)


def test_each_locked_library_has_a_licence_and_no_other() -> None:
    assert STATED.keys() == read_lock(CHECKS).keys()
    assert read_lock(SERVICE).keys() <= read_lock(CHECKS).keys()


@broken_by(
    "A library is listed under the licence that it states itself",
    "docs/licences.toml",
    'psycopg = "LGPL-3.0-only"',
    'psycopg = "MIT"',
)
@pytest.mark.parametrize("name", [name for name, library in read_lock(CHECKS).items() if is_needed_here(library)])
def test_a_library_has_the_licence_that_it_states(name: str) -> None:
    metadata = distribution(name).metadata
    classifiers = [line for line in metadata.get_all("Classifier", []) if line.startswith("License ::")]

    if expression := metadata["License-Expression"]:
        assert STATED[name] == expression
    else:
        assert families(STATED[name]) == families("\n".join([metadata["License"] or "", *classifiers]))


@broken_by(
    "A library under a licence that no decision accepts is refused",
    "docs/licences.toml",
    '"PSF-2.0",\n]',
    "]",
)
@pytest.mark.parametrize("name", STATED)
def test_the_licence_of_a_library_is_accepted(name: str) -> None:
    """One of alternatives is enough. Of licences that hold together each must be accepted."""
    accepted = PERMISSIVE | {COPYLEFT.get(name)}
    expression = STATED[name]

    assert canonicalize_license_expression(expression) == expression
    assert not (" AND " in expression and " OR " in expression)
    assert any(all(part in accepted for part in choice.split(" AND ")) for choice in expression.split(" OR "))


def test_copyleft_is_accepted_for_named_libraries_only() -> None:
    accepted = {
        library: licence
        for licence, libraries in read_licences()["accepted"].items()
        if licence != "permissive"
        for library in libraries
    }

    decision = (ROOT / "docs" / "decisions" / "0038-licences-accepted.md").read_text(encoding="utf-8")

    assert accepted == COPYLEFT
    assert [name for name in COPYLEFT if f"`{name}`" not in decision] == []
    assert [name for name in PERMISSIVE if families(name) & {"GPL", "LGPL", "MPL"}] == []


@broken_by(
    "The bill of materials names every library of the service",
    "docs/generate/sbom.py",
    "for name, library in libraries.items()],",
    'for name, library in libraries.items() if name != "certifi"],',
)
def test_the_bill_of_materials_names_what_the_image_installs() -> None:
    bill = json.loads(sbom())
    components = {component["name"]: component["version"] for component in bill["components"]}
    references = {component["bom-ref"] for component in bill["components"]}
    needs = {entry["ref"].split("@")[0]: entry["dependsOn"] for entry in bill["dependencies"]}

    assert {name: (version,) for name, version in components.items()} == {
        name: library.versions for name, library in read_lock(SERVICE).items()
    }
    assert {reference for entry in bill["dependencies"] for reference in entry["dependsOn"]} == references
    assert any(reference.startswith("pkg:pypi/httpcore@") for reference in needs["pkg:pypi/httpx"])
    assert "://" not in sbom()
