"""Programs of third parties: their installation by npm and pip in a temporary folder, and their output."""

import shutil
import subprocess
import sys
from pathlib import Path


class Failed(Exception):
    """A program found a fault, which the message names."""


class NotRun(Exception):
    """A check that cannot run here, for the reason in the message."""


def install_with_npm(folder: Path, *packages: str) -> Path:
    """Install packages by npm with the settings of this machine, without their scripts, and return their folder."""
    if not shutil.which("node") or not shutil.which("npm"):
        raise NotRun("node and npm are not on this machine")
    folder.mkdir()
    (folder / "package.json").write_text('{"private": true, "type": "module"}', encoding="utf-8")
    options = ("--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts", "--loglevel=error")
    result = subprocess.run(
        ["npm", "install", *options, "--prefix", str(folder), *packages], capture_output=True, text=True, check=False
    )
    if result.returncode:
        raise NotRun(f"npm could not install {' '.join(packages)}:\n{result.stderr.strip()}")
    return folder / "node_modules"


def install_with_pip(folder: Path, *packages: str) -> Path:
    """Install packages by pip in an environment of their own, and return the folder of their programs."""
    folder.mkdir()
    environment = folder / "environment"
    run_program(sys.executable, "-m", "venv", environment, folder=folder)
    programs = environment / "bin"
    install = [str(programs / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages]
    result = subprocess.run(install, capture_output=True, text=True, check=False)
    if result.returncode:
        raise NotRun(f"pip could not install {' '.join(packages)}:\n{result.stderr.strip()}")
    return programs


def run_program(*command: str | Path, folder: Path) -> str:
    """Run a program that must succeed, and return its output."""
    result = subprocess.run([*map(str, command)], cwd=folder, capture_output=True, text=True, check=False)
    if result.returncode:
        raise Failed((result.stdout + result.stderr).strip())
    return result.stdout
