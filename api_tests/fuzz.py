"""Send the API what its document allows and what it does not, and expect nothing to be wrong (`make fuzz`).

Schemathesis makes the requests, as many as the budget says and the same each time; somebody with every role of the
region sends them, to the real service on each database. The exit code is the number of engines with something wrong.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from api_tests.access.scene import SOME_TIME_AGO, newcomer
from api_tests.conftest import ENGINES
from api_tests.databases import new_postgresql
from api_tests.people_and_cases import CaseFile, everybody
from api_tests.postgres import Cluster
from api_tests.running import Running, running, settings_for
from service.domain.roles import Role
from service.logs import configure

CONFIGURATION = Path(__file__).with_name("schemathesis.toml")
BUDGET = 4  # examples of each operation in each phase that makes them up
SEED = 20250622
PHASES = "examples,coverage,fuzzing,stateful"
# Every role that looks for help, decides, answers or watches over it, at the organisations of one region.
HELD = (
    ("team-haarlem", Role.LOCAL_TEAM),
    *(("ret", role) for role in (Role.COORDINATOR, Role.SCREENER, Role.CHAIR, Role.PROCESS_DIRECTOR, Role.FACILITATOR)),
    ("ret", Role.DATA_PROTECTION_OFFICER),
    ("de-veste", Role.PROVIDER),
    ("gemeente-haarlem", Role.MUNICIPALITY),
    ("cce", Role.CCE_LIAISON),
    ("ret", Role.ADMINISTRATOR),
)


def fuzzed(service: Running) -> bool:
    """Whether nothing was found. A case stands there to be found by lists."""
    CaseFile.submitted(everybody(service.url))
    with newcomer(service, *((organisation, role, SOME_TIME_AGO, None) for organisation, role in HELD)) as somebody:
        command = [
            str(Path(sys.executable).with_name("schemathesis")),
            *("--config-file", str(CONFIGURATION), "--no-color"),
            *("run", f"{service.url}/v1/openapi.json", "--url", f"{service.url}/v1"),
            *("--header", f"Authorization: {somebody.client.headers['Authorization']}"),
            *("--checks", "all", "--phases", PHASES, "--max-examples", str(BUDGET), "--seed", str(SEED)),
            *("--generation-deterministic", "--continue-on-failure", "--workers", "2"),
        ]
        return subprocess.run(command, check=False).returncode == 0


def main() -> None:
    configure("ERROR")
    found = 0
    with tempfile.TemporaryDirectory() as folder, Cluster() as cluster:
        urls = {"sqlite": f"sqlite:///{folder}/fuzzed.db", "postgresql": new_postgresql(cluster, "fuzzed")}
        for engine in ENGINES:
            with running(settings_for(Path(folder), urls[engine], log_level="ERROR")) as service:
                found += not fuzzed(service)
    raise SystemExit(found)


if __name__ == "__main__":
    main()
