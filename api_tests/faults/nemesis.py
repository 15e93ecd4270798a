"""The strikes against a running service. Each runs between acknowledged requests, until it occurred often enough."""

import itertools
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from threading import Event, Thread

import httpx
from sqlalchemy import update

from api_tests.faults.disks import filled, no_file_may_grow, said_to_be_full
from api_tests.faults.scene import Scene
from api_tests.support.demonstration import PERSON_IDS
from api_tests.support.load_clients import Client, LoadState
from service.database.columns import NO_DUE_DAY
from service.database.engine import open_engine
from service.people.store.tables import memberships

Strike = Callable[[Scene], None]
LONG_AGO = "2000-01-01"


def load_alone(scene: Scene) -> None:
    """Do nothing: the load is the fault, with duplicates, rivals, late requests and wrong order."""
    scene.wait_for_more(10)


def kill(scene: Scene) -> None:
    scene.wait_for_more(scene.chance.randint(3, 15))
    scene.chance.choice(scene.replicas).signal(signal.SIGKILL)
    scene.count("kills")


def freeze(scene: Scene) -> None:
    """Stop the only process until clients have given up on it, and continue it."""
    scene.wait_for_more(scene.chance.randint(3, 15))
    scene.replicas[0].signal(signal.SIGSTOP)
    _wait_for_silence(scene, 3)
    scene.replicas[0].signal(signal.SIGCONT)
    scene.count("freezes")


def take_sight_away(scene: Scene) -> None:
    """End all roles of a person after a step, and repeat the step. The roles of the previous person are restored.

    One person has no roles at the end.
    """
    scene.wait_for_more(scene.chance.randint(2, 6))
    answers = list(scene.ledger.acknowledged.values())
    # Esra reads for all clients, and keeps her roles.
    candidates = [pair for pair in answers if pair[0].kind != "draft" and pair[0].person != "esra"]
    if not candidates:
        return
    request, first = scene.chance.choice(candidates)
    engine = open_engine(scene.database_url)
    with engine.begin() as connection:
        connection.execute(update(memberships).values(valid_until=NO_DUE_DAY))
        of_person = memberships.c.person_id == str(PERSON_IDS[request.person])
        connection.execute(update(memberships).where(of_person).values(valid_until=LONG_AGO))
    engine.dispose()
    scene.count("lost sight")
    client = Client(LoadState([replica.port for replica in scene.replicas], scene.ledger), number=98)
    client.repeat_late(request, first)
    client.close()


def thaw(scene: Scene) -> None:
    """Continue a process that stopped with a lock, after the others went on without it."""
    if not scene.ledger.wait(scene.replicas[0].is_frozen, 30):
        return
    # Clients that wait for the frozen process or its locked case cannot tell. A client of the other processes can.
    client = Client(LoadState([replica.port for replica in scene.replicas[1:]], scene.ledger), number=99)
    count_before = scene.acknowledged
    for _ in range(3):
        client.submit()
    client.close()
    if scene.acknowledged >= count_before + 3 and scene.replicas[0].is_frozen():
        scene.count("went on without it")
    _wait_for_silence(scene, 1)
    scene.replicas[0].signal(signal.SIGCONT)
    scene.count("freezes")


def crash_the_database(scene: Scene) -> None:
    """Kill by turns all processes of PostgreSQL, as when the machine fails, and one session.

    After the second the postmaster ends all other sessions. PostgreSQL recovers from its log.
    """
    assert scene.cluster
    scene.wait_for_more(scene.chance.randint(5, 20))
    scene.count("crashes")
    if scene.strikes["crashes"] % 2:
        scene.signal_cluster(signal.SIGKILL)
        scene.cluster.kill()  # records that the server has ended
        scene.cluster.start()
    else:
        scene.kill_a_session()


def pause_the_database(scene: Scene) -> None:
    scene.wait_for_more(scene.chance.randint(5, 20))
    scene.signal_cluster(signal.SIGSTOP)
    _wait_for_silence(scene, 3)
    scene.signal_cluster(signal.SIGCONT)
    scene.count("pauses")


def cut_off_the_database(scene: Scene) -> None:
    """By turns: hold all traffic back and release it; hold it back and reset connections; refuse connections."""
    assert scene.proxy
    scene.wait_for_more(scene.chance.randint(5, 20))
    scene.count("outages")
    kind = scene.strikes["outages"] % 3
    if kind:
        with scene.proxy.silence():
            _wait_for_silence(scene, 3)
            if kind == 1:
                scene.proxy.cut()
        return
    with scene.proxy.refusal():
        count_before = scene.ledger.counts["not now (POST)"]
        scene.ledger.wait(lambda: scene.ledger.counts["not now (POST)"] >= count_before + 3, 10)


def reset_after_commit(scene: Scene) -> None:
    assert scene.proxy
    scene.proxy.resetting = 0.08
    scene.wait_for_more(10)
    scene.strikes["resets"] = scene.proxy.resets


def send_bad_tokens(scene: Scene) -> None:
    """Send bad tokens from the address of the clients, more than it may. Honest requests go on meanwhile."""
    scene.wait_for_more(3)
    for replica in scene.replicas:
        with httpx.Client(base_url=f"http://127.0.0.1:{replica.port}/v1", timeout=30) as line:
            token = line.post("/demonstration/tokens", json={"person": "esra"}).json()["accessToken"]
            stop = Event()
            stranger = Thread(target=_guess_until, args=(scene, replica.port, stop), daemon=True)
            stranger.start()
            turned_away = scene.ledger.wait(lambda: scene.strikes.get("bad tokens turned away", 0) > 0, 30)
            for _ in range(20 if turned_away else 0):
                status = line.get("/me", headers={"Authorization": f"Bearer {token}"}).status_code
                if status == HTTPStatus.OK:
                    scene.count("honest reads")
                else:
                    scene.ledger.add_fault(f"bad tokens of an address held back an honest one: {status}")
            stop.set()
            stranger.join()


def _guess_until(scene: Scene, port: int, stop: Event) -> None:
    with httpx.Client(base_url=f"http://127.0.0.1:{port}/v1", timeout=30) as line:
        for guess in itertools.takewhile(lambda _: not stop.is_set(), itertools.count()):
            answer = line.get("/me", headers={"Authorization": f"Bearer guess-{guess}"})
            if answer.status_code == HTTPStatus.TOO_MANY_REQUESTS:
                scene.count("bad tokens turned away")
            elif answer.status_code != HTTPStatus.UNAUTHORIZED:
                scene.ledger.add_fault(f"a bad token was answered with {answer.status_code}")


def fill_the_disk(scene: Scene) -> None:
    """Fill the disk. Changes are put off, reading continues, and all works again with free space, without a restart."""
    scene.wait_for_more(5)
    counts = scene.ledger.counts
    put_off_before, failed_reads_before = counts["not now (POST)"], counts["not now (GET)"]
    with _full_disk(scene):
        if scene.ledger.wait(lambda: counts["not now (POST)"] >= put_off_before + 5, 30):
            scene.count("changes put off: 5")
        if counts["not now (GET)"] > failed_reads_before or not _reading_works(scene):
            scene.ledger.add_fault("reading was refused while the disk was full")
    if not scene.wait_for_more(5, 30):
        scene.ledger.add_fault("nothing was acknowledged after there was room again")
    if any(replica.deaths for replica in scene.replicas):
        scene.ledger.add_fault("a process ended while the disk was full")
    scene.count("full disks")


@contextmanager
def _full_disk(scene: Scene) -> Iterator[None]:
    if scene.disk:
        with filled(scene.disk):
            yield
    elif scene.cluster:
        scene.count("only said to be full")
        with said_to_be_full(scene.database_url):
            yield
    else:
        assert scene.replicas[0].pid
        with no_file_may_grow(scene.replicas[0].pid):
            yield


def _reading_works(scene: Scene) -> bool:
    """True when cases were read meanwhile."""
    count_before = scene.ledger.counts["seen"]
    return scene.ledger.wait(lambda: scene.ledger.counts["seen"] >= count_before + 5, 20)


def _wait_for_silence(scene: Scene, more: int) -> None:
    """Wait until so many more requests had no answer."""
    count_before = scene.ledger.counts["no answer"]
    scene.ledger.wait(lambda: scene.ledger.counts["no answer"] >= count_before + more, 20)
