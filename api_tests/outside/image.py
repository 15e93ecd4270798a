"""The image, built from the Dockerfile and started (`make image-check`). It needs no registry of images.

buildah builds on a Debian with Python, which mmdebstrap makes, and runc starts the result.
"""

import argparse
import json
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path

import httpx

import service
from api_tests.outside.container import Container, ImageSettings, container
from api_tests.outside.others import Failed, run_program
from api_tests.support.checkout import ROOT
from service.logs import configure_logging

# The names of the programs are also those of their Debian packages. The last one makes a base, if none is given.
PROGRAMS = ("buildah", "runc", "mmdebstrap")
DEBIAN = "bookworm"
PACKAGES = "python3,python3-venv,python3-pip,python-is-python3,ca-certificates"
CERTIFICATES = "/etc/ssl/certs"
BASE, IMAGE = "localhost/casusroute-base", "localhost/casusroute"


def check(folder: Path, base: str | None = None) -> str:
    """Build the image on a base, start it twice, and return a line about the result. Without a base, make one.

    Raises Failed also when a program or the right to run it is missing.
    """
    _require_builder(*PROGRAMS[: 2 if base else 3])
    folder.mkdir()
    builder = Builder(folder)
    image = builder.build(base or builder.make_base())
    with builder.files(IMAGE) as files:
        _check_installation(folder / "installation", files, image)
        _check_demonstration(folder / "demonstration", files, image)
    return (
        f"built on {base or f'Debian {DEBIAN}'}; serves, keeps to its rights, plays a chapter, and stops in good order"
    )


def _require_builder(*programs: str) -> None:
    missing = [name for name in programs if not shutil.which(name)]
    if missing:
        raise Failed(f"missing: {', '.join(missing)} (packages of Debian with these names)")
    if os.geteuid():
        raise Failed("missing: the rights of root, without which no file system can be mounted here")


class Builder:
    """buildah with all its files in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def make_base(self) -> str:
        """Make a Debian with Python, from the sources of packages that this machine knows."""
        archive = self._folder / "base.tar"
        options = ("--quiet", "--variant=minbase", f"--include={PACKAGES}")
        run_program("mmdebstrap", *options, DEBIAN, archive, folder=self._folder)
        working = self._run("from", "scratch")
        self._run("add", "--quiet", working, archive, "/")
        self._run("commit", "--quiet", "--rm", working, BASE)
        archive.unlink()
        return BASE

    def build(self, base: str) -> ImageSettings:
        """Build the Dockerfile as it is. The step that installs trusts whom this machine trusts."""
        isolation = ("--isolation", "chroot", "--format", "docker")
        trust = ("--volume", f"{CERTIFICATES}:{CERTIFICATES}:ro") if Path(CERTIFICATES).exists() else ()
        self._run("build", "--quiet", *isolation, *trust, "--build-arg", f"BASE={base}", "--tag", IMAGE, ROOT)
        inspected = json.loads(self._run("inspect", "--type", "image", IMAGE))
        return ImageSettings.of(inspected["Docker"]["config"])

    @contextmanager
    def files(self, image: str) -> Iterator[Path]:
        """The root file system of an image."""
        working = self._run("from", image)
        try:
            yield Path(self._run("mount", working))
        finally:
            self._run("umount", working)

    def _run(self, act: str, *arguments: str | Path) -> str:
        places = ("--root", self._folder / "storage", "--runroot", self._folder / "run")
        return run_program("buildah", *places, act, *arguments, folder=self._folder).strip()


def _check_installation(folder: Path, files: Path, image: ImageSettings) -> None:
    """The command of the image migrates and serves, on another port than its own, and no more than it must."""
    port = _free_port()
    settings = {
        "CASUSROUTE_PORT": str(port),
        "CASUSROUTE_PUBLIC_URL": "https://casusroute.example",
        "CASUSROUTE_ISSUERS": '[{"name": "https://login.example"}]',
    }
    with container(folder, files, image, image.command, settings) as running:
        running.wait_until_healthy()
        ready = httpx.get(f"http://127.0.0.1:{port}/v1/ready")
        _expect("it is ready", ready.status_code == HTTPStatus.OK, ready.text)
        version = running.output("python", "-c", "import service; print(service.__version__)")
        _expect("it has the version of this checkout", version == service.__version__, version)
        _expect("it does not run as root", running.output("id", "-u") != "0")
        _expect("it cannot write beside its code", running.exit_code("touch", "/srv/casusroute/file") != 0)
        _expect("it can write its data", running.exit_code("touch", "/data/file") == 0)
        _expect("it has no pip", running.exit_code("python", "-m", "pip", "--version") != 0)
        _expect("it verifies its histories", running.exit_code("python", "-m", "service", "verify") == 0)
        _expect_stop(running)


def _check_demonstration(folder: Path, files: Path, image: ImageSettings) -> None:
    """The demonstration of the image plays a chapter of the story."""
    port = _free_port()
    settings = {"CASUSROUTE_PORT": str(port), "CASUSROUTE_DEMONSTRATION_FOR_OTHERS": "true"}
    with container(folder, files, image, ["python", "-m", "service", "run"], settings) as running:
        running.wait_until_healthy()
        address = f"http://127.0.0.1:{port}"
        story = [sys.executable, "-m", "examples.story", "--base-url", address, "--chapter", "e"]
        run_program(*story, folder=ROOT)
        _expect("it verifies its histories", running.exit_code("python", "-m", "service", "verify") == 0)
        _expect_stop(running)


def _expect_stop(running: Container) -> None:
    code = running.stop()
    _expect("it stops in good order", code == 0, f"exit code {code}\n{running.log()[-2000:]}")


def _expect(sentence: str, holds: bool, observed: object = "") -> None:
    if not holds:
        raise Failed(f"expected of the container: {sentence}. {observed}".strip())


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def main() -> None:
    """Check the image alone."""
    parser = argparse.ArgumentParser(prog="python -m api_tests.outside.image", description=__doc__)
    parser.add_argument(
        "--base", metavar="IMAGE", help="build on this image of a registry, instead of a Debian made here"
    )
    base = parser.parse_args().base
    configure_logging("ERROR")
    with tempfile.TemporaryDirectory(prefix="casusroute-image-") as parent:
        try:
            report = check(Path(parent) / "image", base)
        except Failed as fault:
            raise SystemExit(f"FAILED: {fault}") from None
    sys.stdout.write(f"passed: {report}\n")


if __name__ == "__main__":
    main()
