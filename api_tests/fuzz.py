"""Send the API requests that its document allows, and others, and expect no fault (`make fuzz`).

Schemathesis makes the requests for a fixed time, in the same order each run. A person with all roles of the region
sends them to the real service on each database. The exit code is the number of engines with a fault.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from api_tests.support.case_file import CaseFile
from api_tests.support.databases import new_postgresql
from api_tests.support.engines import ENGINES
from api_tests.support.people import everybody
from api_tests.support.postgres import Cluster
from api_tests.support.servers import RunningService, running, settings_for
from api_tests.support.shared_case import SOME_TIME_AGO, newcomer
from service.logs import configure_logging
from service.vocabulary.roles import Role

CONFIGURATION = Path(__file__).with_name("schemathesis.toml")
# First random requests that follow from earlier answers, then values at the edges of each schema.
PHASES = ("examples,fuzzing,stateful", "coverage")
SECONDS = 15  # per phase and engine
EXAMPLES = 10  # per operation
SEED = 20250622
WITHOUT_LIMITS = {
    "person_per_minute": 0,
    "address_per_minute": 0,
    "failures_per_minute": 0,
    "numbers_per_minute": 0,
    "log_level": "ERROR",
}
# The roles that ask for help, decide, answer or supervise, at the organisations of one region.
MEMBERSHIPS = (
    ("team-haarlem", Role.LOCAL_TEAM),
    *(("ret", role) for role in (Role.COORDINATOR, Role.SCREENER, Role.CHAIR, Role.PROCESS_DIRECTOR, Role.FACILITATOR)),
    ("ret", Role.DATA_PROTECTION_OFFICER),
    ("de-veste", Role.PROVIDER),
    ("gemeente-haarlem", Role.MUNICIPALITY),
    ("cce", Role.CCE_LIAISON),
    ("ret", Role.ADMINISTRATOR),
)


def is_sound(service: RunningService) -> bool:
    """True when no fault was found. A case exists, so that lists are not empty."""
    CaseFile.submitted(everybody(service.url))
    with newcomer(
        service, *((organisation, role, SOME_TIME_AGO, None) for organisation, role in MEMBERSHIPS)
    ) as person:
        arguments = [
            *("run", f"{service.url}/v1/openapi.json", "--url", f"{service.url}/v1"),
            *("--header", f"Authorization: {person.client.headers['Authorization']}"),
            *("--checks", "all", "--max-examples", str(EXAMPLES), "--seed", str(SEED), "--generation-deterministic"),
            *("--max-time", str(SECONDS), "--continue-on-failure"),
        ]
        results = [_run_schemathesis([*arguments, "--phases", phases]) for phases in PHASES]
    return all(results)


def _run_schemathesis(arguments: list[str]) -> bool:
    program = str(Path(sys.executable).with_name("schemathesis"))
    command = [program, "--config-file", str(CONFIGURATION), "--no-color", *arguments]
    return subprocess.run(command, check=False).returncode == 0


def main() -> None:
    configure_logging("ERROR")
    failed_engines = 0
    with tempfile.TemporaryDirectory() as folder, Cluster() as cluster:
        urls = {"sqlite": f"sqlite:///{folder}/fuzzed.db", "postgresql": new_postgresql(cluster, "fuzzed")}
        for engine in ENGINES:
            with running(settings_for(Path(folder), urls[engine], **WITHOUT_LIMITS)) as service:
                failed_engines += not is_sound(service)
    raise SystemExit(failed_engines)


if __name__ == "__main__":
    main()
