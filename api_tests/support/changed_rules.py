"""A copy of workflows/ with changes, and a service of its own that runs on it."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from api_tests.support.checkout import ROOT
from api_tests.support.people import People, everybody
from api_tests.support.servers import RunningService, running, settings_for


def copy_workflows(folder: Path, **appended: str) -> Path:
    """Copy the workflow files to a folder, and append these texts to them."""
    rules = folder / "workflows"
    shutil.copytree(ROOT / "workflows", rules, dirs_exist_ok=True)
    for name, text in appended.items():
        file = rules / f"{name}.toml"
        file.write_text(file.read_text(encoding="utf-8") + text, encoding="utf-8")
    return rules


def replace_in_workflow(rules: Path, name: str, old: str, new: str) -> None:
    """Replace one text that occurs once in a workflow file."""
    file = rules / f"{name}.toml"
    text = file.read_text(encoding="utf-8")
    assert len(re.findall(re.escape(old), text)) == 1
    file.write_text(text.replace(old, new), encoding="utf-8")


@contextmanager
def service_with_people(
    folder: Path, database_url: str, rules: Path | None = None
) -> Iterator[tuple[RunningService, People]]:
    """A service of its own on this database, with a clock of its own, and the people of the region."""
    changes = {} if rules is None else {"workflows": rules}
    with running(settings_for(folder, database_url, **changes)) as service:
        people = everybody(service.url)
        yield service, people
        for person in people.values():
            person.client.close()
