"""This checkout, and the code of other commits beside it."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def tree_of(commit: str, folder: Path) -> Path:
    """The code of a commit, in a new folder."""
    folder.mkdir()
    archive = subprocess.run(["git", "archive", commit], cwd=ROOT, stdout=subprocess.PIPE, check=True)
    subprocess.run(["tar", "-x", "-C", str(folder)], input=archive.stdout, check=True)
    return folder
