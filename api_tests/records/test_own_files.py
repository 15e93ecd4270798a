"""Files with cases, keys and certificates, and their folders, are open to their owner alone, whatever the umask.

A file of an earlier release that others may read is closed to them; a file of another user is refused.
"""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from api_tests.support.checkout import ROOT
from api_tests.support.destructions import destroy_case, withdrawn_case
from api_tests.support.people import everybody
from api_tests.support.sabotages import broken_by
from api_tests.support.servers import running, settings_for

pytestmark = pytest.mark.server

PLACE = Path("made", "for", "us")
FILES = {"casusroute.db", "casusroute.db.keys", "master.key", "master.key.tokens", "destructions.jsonl"}
SQLITE_LOGS = {f"casusroute.db{middle}{end}" for middle in ("", ".keys") for end in ("-wal", "-shm")}


@pytest.fixture
def careless() -> Iterator[None]:
    """A umask of 0: a new file is open to everybody unless the process restricts it."""
    before = os.umask(0)
    yield
    os.umask(before)


def modes(folder: Path) -> Mapping[str, int]:
    return {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}


def served_with_a_destruction(folder: Path) -> Mapping[str, int]:
    """Returns the mode of each file by its name, while a service runs that has destroyed a case."""
    with running(settings_for(folder, f"sqlite:///{folder / 'casusroute.db'}")) as service:
        people = everybody(service.url)
        destroy_case(withdrawn_case(people))
        for person in people.values():
            person.client.close()
        return modes(folder)


@broken_by(
    "The database and its keys are private to their owner, whatever the umask",
    "service/database/engine.py",
    "        make_private_file(file)\n",
    "",
)
@broken_by(
    "Every folder that the service makes is private to its owner",
    "service/database/private_files.py",
    "        folder.mkdir(_FOLDER_MODE)",
    "        folder.mkdir()",
)
@pytest.mark.usefixtures("careless")
def test_what_the_service_makes_is_its_own_alone_whatever_the_umask(tmp_path: Path) -> None:
    folder = tmp_path / PLACE

    file_modes = served_with_a_destruction(folder)

    assert file_modes.keys() == FILES | SQLITE_LOGS
    assert set(file_modes.values()) == {0o600}
    above = [parent for parent in (folder, *folder.parents) if parent != tmp_path and parent.is_relative_to(tmp_path)]
    assert {stat.S_IMODE(parent.stat().st_mode) for parent in above} == {0o700}


@pytest.mark.usefixtures("careless")
def test_a_backup_and_the_folders_above_it_are_its_own_alone_whatever_the_umask(tmp_path: Path) -> None:
    data, backups = tmp_path / "data", tmp_path / "backups"
    served_with_a_destruction(data)
    environment = os.environ | {
        "CASUSROUTE_DATABASE_URL": f"sqlite:///{data / 'casusroute.db'}",
        "CASUSROUTE_MASTER_KEY_FILE": str(data / "master.key"),
        "CASUSROUTE_DESTRUCTION_LIST": str(data / "destructions.jsonl"),
    }

    subprocess.run(
        [sys.executable, "-m", "service", "backup", backups / "first"], cwd=ROOT, env=environment, check=True
    )

    assert modes(tmp_path)["backups"] == 0o700
    assert modes(backups) == {"first": 0o700}
    assert set(modes(backups / "first").values()) == {0o600}


@broken_by(
    "The service closes a database file of an earlier release to other users",
    "service/database/private_files.py",
    "        if _is_open_to_others(file):\n            file.chmod(_FILE_MODE)\n    except FileNotFoundError:",
    "        file.stat()\n    except FileNotFoundError:",
)
@broken_by(
    "The service closes a key file of an earlier release to other users",
    "service/database/keyring.py",
    "            restrict_to_owner_if_ours(file)",
    "            pass",
)
def test_what_others_could_read_is_taken_from_them_and_the_folder_that_was_there_stays(tmp_path: Path) -> None:
    served_with_a_destruction(tmp_path)
    for file in tmp_path.iterdir():
        file.chmod(0o644)
    tmp_path.chmod(0o755)

    after = served_with_a_destruction(tmp_path)

    assert after.keys() == FILES | SQLITE_LOGS
    assert set(after.values()) == {0o600}
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


SOMEBODY_ELSE = """
import os, sys
from pathlib import Path
from service.database.private_files import FileNotPrivate, restrict_to_owner, restrict_to_owner_if_ours
file = Path(sys.argv[1])
if os.geteuid() == 0:
    os.setuid(65534)
restrict_to_owner_if_ours(file)
try:
    restrict_to_owner(file)
except FileNotPrivate as refusal:
    print(refusal)
"""


@broken_by(
    "The service refuses a file of another user that others may read",
    "service/database/private_files.py",
    "    except PermissionError:\n        raise",
    "    except PermissionError:\n        return\n        raise",
)
def test_a_file_of_another_user_is_refused_with_what_to_do_but_a_key_that_was_put_there_is_taken() -> None:
    """The file /etc/passwd belongs to root and is readable by everybody on every system."""
    file = Path("/etc/passwd")
    before = file.stat().st_mode

    process = subprocess.run(
        [sys.executable, "-c", SOMEBODY_ELSE, file], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert process.stdout == (
        "other users of this machine can open /etc/passwd, and it belongs to another user than this service; "
        "let its owner run: chmod 600 /etc/passwd\n"
    )
    assert file.stat().st_mode == before
