"""Send the API what its document allows and what it does not, and expect nothing to be wrong (`make fuzz`).

Schemathesis makes the requests, for as long as the budget says, the same in the same order; somebody with every role
of the region sends them, to the real service on each database. The exit code is the number of engines on which
something was found.
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
from api_tests.support.servers import Running, running, settings_for
from api_tests.support.shared_case import SOME_TIME_AGO, newcomer
from service.logs import configure
from service.vocabulary.roles import Role

CONFIGURATION = Path(__file__).with_name("schemathesis.toml")
# What is made up at random and followed from answer to answer, and what stands at the edges of each schema.
PHASES = ("examples,fuzzing,stateful", "coverage")
SECONDS = 15  # for each of them on each engine
EXAMPLES = 10  # of each operation
SEED = 20250622
WITHOUT_LIMITS = {"person_per_minute": 0, "address_per_minute": 0, "failures_per_minute": 0, "log_level": "ERROR"}
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
        asked = [
            *("run", f"{service.url}/v1/openapi.json", "--url", f"{service.url}/v1"),
            *("--header", f"Authorization: {somebody.client.headers['Authorization']}"),
            *("--checks", "all", "--max-examples", str(EXAMPLES), "--seed", str(SEED), "--generation-deterministic"),
            *("--max-time", str(SECONDS), "--continue-on-failure"),
        ]
        sound = [_finds_nothing([*asked, "--phases", phases]) for phases in PHASES]
    return all(sound)


def _finds_nothing(asked: list[str]) -> bool:
    program = str(Path(sys.executable).with_name("schemathesis"))
    command = [program, "--config-file", str(CONFIGURATION), "--no-color", *asked]
    return subprocess.run(command, check=False).returncode == 0


def main() -> None:
    configure("ERROR")
    found = 0
    with tempfile.TemporaryDirectory() as folder, Cluster() as cluster:
        urls = {"sqlite": f"sqlite:///{folder}/fuzzed.db", "postgresql": new_postgresql(cluster, "fuzzed")}
        for engine in ENGINES:
            with running(settings_for(Path(folder), urls[engine], **WITHOUT_LIMITS)) as service:
                found += not fuzzed(service)
    raise SystemExit(found)


if __name__ == "__main__":
    main()
