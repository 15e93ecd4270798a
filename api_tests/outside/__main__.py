"""Have others judge it: the official ruleset, two generated clients, a certified provider (`make check-outside`).

Their programs are not ours to ship: they are installed into a folder that is thrown away. Exit code 1: something
failed. What cannot be run here is told with its reason.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from api_tests.outside import python_client, ruleset, typescript_client
from api_tests.outside.others import Failed, NotRun, installed, said
from api_tests.support.checkout import ROOT
from service.logs import configure

PROVIDER = "oidc-provider@9.13.3"


def certified_provider(folder: Path) -> str:
    modules = installed(folder, PROVIDER)
    return said(sys.executable, "-m", "api_tests.outside.oidc_provider", modules, folder=ROOT).strip()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m api_tests.outside", description=__doc__)
    parser.add_argument("--ruleset", type=Path, metavar="FILE", help=ruleset.WHERE)
    checks: dict[str, Callable[[Path], str]] = {
        "official ruleset of the Dutch API Design Rules": partial(ruleset.checked, ruleset=parser.parse_args().ruleset),
        "generated client in TypeScript": typescript_client.checked,
        "generated client in Python": python_client.checked,
        "certified OpenID provider": certified_provider,
    }
    configure("ERROR")
    failed = False
    with tempfile.TemporaryDirectory(prefix="casusroute-outside-") as top:
        for number, (name, check) in enumerate(checks.items()):
            try:
                outcome, told = "passed", check(Path(top) / str(number))
            except NotRun as reason:
                outcome, told = "not run", str(reason)
            except Failed as found:
                failed, outcome, told = True, "FAILED", str(found)
            sys.stdout.write(f"{outcome}: {name}\n    " + told.replace("\n", "\n    ") + "\n")
            sys.stdout.flush()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
