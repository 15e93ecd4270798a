"""How programs of others are had and asked: by npm and pip, in a folder that is thrown away."""

import shutil
import subprocess
import sys
from pathlib import Path


class Failed(Exception):
    """Somebody else found something wrong; the message says what."""


class NotRun(Exception):
    """It cannot be run here; the message says why."""


def installed(folder: Path, *packages: str) -> Path:
    """The folder of these packages, installed by npm with whatever settings it has here; none of their scripts ran."""
    if not shutil.which("node") or not shutil.which("npm"):
        raise NotRun("node and npm are not on this machine")
    folder.mkdir()
    (folder / "package.json").write_text('{"private": true, "type": "module"}', encoding="utf-8")
    how = ("--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts", "--loglevel=error")
    done = subprocess.run(
        ["npm", "install", *how, "--prefix", str(folder), *packages], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise NotRun(f"npm could not install {' '.join(packages)}:\n{done.stderr.strip()}")
    return folder / "node_modules"


def installed_with_pip(folder: Path, *packages: str) -> Path:
    """The folder of the programs of these packages, in an environment of their own; pip's settings here hold."""
    folder.mkdir()
    environment = folder / "environment"
    said(sys.executable, "-m", "venv", environment, folder=folder)
    programs = environment / "bin"
    install = [str(programs / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages]
    done = subprocess.run(install, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotRun(f"pip could not install {' '.join(packages)}:\n{done.stderr.strip()}")
    return programs


def said(*command: str | Path, folder: Path) -> str:
    """What a program says that must succeed."""
    done = subprocess.run([*map(str, command)], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failed((done.stdout + done.stderr).strip())
    return done.stdout
