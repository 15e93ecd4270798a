"""The root of this checkout, and the code of other commits."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def tree_of(commit: str, folder: Path) -> Path:
    """Write the code of a commit to a new folder."""
    folder.mkdir()
    archive = subprocess.run(["git", "archive", commit], cwd=ROOT, stdout=subprocess.PIPE, check=True)
    subprocess.run(["tar", "-x", "-C", str(folder)], input=archive.stdout, check=True)
    return folder
