"""Checks by outside programs, from the official ruleset of the API to a pooler and an image (`make check-outside`).

The programs are not shipped: they are installed into a temporary folder, but for the builder of the image. Exit code 1:
a check failed, or no builder is here. Another check that cannot run here is reported with its reason.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from api_tests.outside import (
    bill_of_materials,
    database_functions,
    image,
    nginx,
    pooler,
    python_client,
    ruleset,
    typescript_client,
)
from api_tests.outside.others import Failed, NotRun, install_with_npm, run_program
from api_tests.support.checkout import ROOT
from service.logs import configure_logging

PROVIDER = "oidc-provider@9.13.3"


def certified_provider(folder: Path) -> str:
    modules = install_with_npm(folder, PROVIDER)
    return run_program(sys.executable, "-m", "api_tests.outside.oidc_provider", modules, folder=ROOT).strip()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m api_tests.outside", description=__doc__)
    parser.add_argument("--ruleset", type=Path, metavar="FILE", help=ruleset.WHERE)
    checks: dict[str, Callable[[Path], str]] = {
        "official ruleset of the Dutch API Design Rules": partial(ruleset.check, ruleset=parser.parse_args().ruleset),
        "generated client in TypeScript": typescript_client.check,
        "generated client in Python": python_client.check,
        "certified OpenID provider": certified_provider,
        "schema of CycloneDX": bill_of_materials.check,
        "nginx as the how-to configures it": nginx.check,
        "PgBouncer in transaction mode": pooler.check,
        "functions of the database, by plpgsql_check": database_functions.check,
        "image, built and started": image.check,
    }
    configure_logging("ERROR")
    failed = False
    with tempfile.TemporaryDirectory(prefix="casusroute-outside-") as parent:
        for number, (name, check) in enumerate(checks.items()):
            try:
                outcome, report = "passed", check(Path(parent) / str(number))
            except NotRun as reason:
                outcome, report = "not run", str(reason)
            except Failed as fault:
                failed, outcome, report = True, "FAILED", str(fault)
            sys.stdout.write(f"{outcome}: {name}\n    " + report.replace("\n", "\n    ") + "\n")
            sys.stdout.flush()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
