"""What is done to a running service: one blow each, paced by what was acknowledged, again and again until enough."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import update

from api_tests.faults.disks import filled, no_file_may_grow, said_to_be_full
from api_tests.faults.scene import Scene
from api_tests.support.demonstration import PERSON_IDS
from api_tests.support.load_clients import Client, World
from service.database.columns import NO_DAY
from service.database.engine import open_engine
from service.people.store.tables import memberships

Strike = Callable[[Scene], None]
LONG_AGO = "2000-01-01"


def nothing(scene: Scene) -> None:
    """The load is the fault: duplicates, rivals, what comes late or in another order."""
    scene.after(10)


def kill(scene: Scene) -> None:
    scene.after(scene.chance.randint(3, 15))
    scene.chance.choice(scene.replicas).signal(signal.SIGKILL)
    scene.count("kills")


def freeze(scene: Scene) -> None:
    """The only process stops in the middle of what it does, until clients have given up on it, and goes on."""
    scene.after(scene.chance.randint(3, 15))
    scene.replicas[0].signal(signal.SIGSTOP)
    _unanswered(scene, 3)
    scene.replicas[0].signal(signal.SIGCONT)
    scene.count("freezes")


def take_sight_away(scene: Scene) -> None:
    """Somebody loses every role after a step, and takes the same step again; then the one before gets them back. One
    stays without in the end.
    """
    scene.after(scene.chance.randint(2, 6))
    settled = list(scene.ledger.acknowledged.values())
    # Esra looks for everybody.
    others = [it for it in settled if it[0].kind != "draft" and it[0].person != "esra"]
    if not others:
        return
    request, first = scene.chance.choice(others)
    engine = open_engine(scene.database_url)
    with engine.begin() as connection:
        connection.execute(update(memberships).values(valid_until=NO_DAY))
        lost = memberships.c.person_id == str(PERSON_IDS[request.person])
        connection.execute(update(memberships).where(lost).values(valid_until=LONG_AGO))
    engine.dispose()
    scene.count("lost sight")
    again = Client(World([replica.port for replica in scene.replicas], scene.ledger), number=98)
    again.say_again(request, first)
    again.close()


def thaw(scene: Scene) -> None:
    """One process stopped where it holds a lock; the others go on without it, and then so does it."""
    if not scene.ledger.wait(scene.replicas[0].is_frozen, 30):
        return
    # Those who wait for an answer of the one that is frozen, or for the case that it holds, cannot tell: others can.
    others = Client(World([replica.port for replica in scene.replicas[1:]], scene.ledger), number=99)
    before = scene.acknowledged
    for _ in range(3):
        others.submit()
    others.close()
    if scene.acknowledged >= before + 3 and scene.replicas[0].is_frozen():
        scene.count("went on without it")
    _unanswered(scene, 1)
    scene.replicas[0].signal(signal.SIGCONT)
    scene.count("freezes")


def crash_the_database(scene: Scene) -> None:
    """By turns: the postmaster and every session at once, as when the machine fails; one session, for which the
    postmaster ends all others. Then it recovers from its log.
    """
    assert scene.cluster
    scene.after(scene.chance.randint(5, 20))
    scene.count("crashes")
    if scene.done["crashes"] % 2:
        scene.of_the_cluster(signal.SIGKILL)
        scene.cluster.kill()  # nothing is left to kill: it is told that it ended
        scene.cluster.start()
    else:
        scene.kill_a_session()


def pause_the_database(scene: Scene) -> None:
    scene.after(scene.chance.randint(5, 20))
    scene.of_the_cluster(signal.SIGSTOP)
    _unanswered(scene, 3)
    scene.of_the_cluster(signal.SIGCONT)
    scene.count("pauses")


def cut_off_the_database(scene: Scene) -> None:
    """By turns: nothing gets through and then all of it does; nothing does and connections break; nobody gets in."""
    assert scene.proxy
    scene.after(scene.chance.randint(5, 20))
    scene.count("outages")
    kind = scene.done["outages"] % 3
    if kind:
        with scene.proxy.silence():
            _unanswered(scene, 3)
            if kind == 1:
                scene.proxy.cut()
        return
    with scene.proxy.refusal():
        before = scene.ledger.met["not now (POST)"]
        scene.ledger.wait(lambda: scene.ledger.met["not now (POST)"] >= before + 3, 10)


def reset_after_commit(scene: Scene) -> None:
    assert scene.proxy
    scene.proxy.resetting = 0.08
    scene.after(10)
    scene.done["resets"] = scene.proxy.resets


def fill_the_disk(scene: Scene) -> None:
    """Changes are put off, reading goes on, and all is well again as soon as there is room: without a restart."""
    scene.after(5)
    met = scene.ledger.met
    put_off, reading = met["not now (POST)"], met["not now (GET)"]
    with _full(scene):
        if scene.ledger.wait(lambda: met["not now (POST)"] >= put_off + 5, 30):
            scene.count("changes put off: 5")
        if met["not now (GET)"] > reading or not _seen(scene):
            scene.ledger.complain("reading was refused while the disk was full")
    if not scene.after(5, 30):
        scene.ledger.complain("nothing was acknowledged after there was room again")
    if any(replica.deaths for replica in scene.replicas):
        scene.ledger.complain("a process ended while the disk was full")
    scene.count("full disks")


@contextmanager
def _full(scene: Scene) -> Iterator[None]:
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


def _seen(scene: Scene) -> bool:
    """Whether cases were looked at meanwhile."""
    before = scene.ledger.met["seen"]
    return scene.ledger.wait(lambda: scene.ledger.met["seen"] >= before + 5, 20)


def _unanswered(scene: Scene, more: int) -> None:
    """Wait until so many more requests got no answer."""
    before = scene.ledger.met["no answer"]
    scene.ledger.wait(lambda: scene.ledger.met["no answer"] >= before + more, 20)
