"""The promises of the service, each broken on purpose: under which the campaign must turn red."""

import asyncio
import os
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from random import Random
from typing import Any, TypeVar
from uuid import UUID

import psycopg
from sqlalchemy import Connection, Engine, event, insert
from sqlalchemy.engine.default import DefaultDialect

from service.cases.api import steps
from service.cases.rules import steps as moves
from service.cases.rules.steps import Situation
from service.cases.store import cases
from service.cases.store.cases import Cases
from service.cases.use_cases import take_step as transition
from service.cases.use_cases.take_step import Made, StepNumber
from service.database import engine, idempotency
from service.database import worker_threads as database
from service.database.idempotency import Answered, Outcome
from service.database.keyring import Keyring
from service.database.tables import case_keys
from service.database.transaction import Transaction
from service.database.worker_threads import Database
from service.identity.caller import Caller
from service.vocabulary.refusals import NotFound

T = TypeVar("T")
_CHANCE = Random(1)


def put(owner: object, **ours: Any) -> None:
    """In the place of what stands there under these names."""
    for name, it in ours.items():
        setattr(owner, name, it)


def answer_before_commit() -> None:
    """The answer leaves, and a moment later what it says is committed."""

    async def write(self: Database, work: Callable[[Transaction], T]) -> T:
        loop, told = asyncio.get_running_loop(), asyncio.get_running_loop().create_future()

        def first(done: Callable[..., None], what: Any) -> None:
            loop.call_soon_threadsafe(lambda: None if told.done() else done(what))

        def worked(transaction: Transaction) -> T:
            done = work(transaction)
            first(told.set_result, done)
            time.sleep(0.02)
            return done

        def whole() -> None:
            try:
                self.write_now(worked)
            except BaseException as error:  # noqa: BLE001 - handed on
                first(told.set_exception, error)

        loop.run_in_executor(self._writers, whole)
        found: T = await told
        return found

    put(Database, write=write)


def answered_without_commit() -> None:
    """One commit in ten does not happen."""
    commit: Any = DefaultDialect.do_commit

    def committed(self: DefaultDialect, connection: Any) -> None:
        if _CHANCE.random() < 0.1:
            connection.rollback()
        else:
            commit(self, connection)

    put(DefaultDialect, do_commit=committed)


def no_key_lookup() -> None:
    """A request is not known again."""
    put(idempotency._Requests, answered=lambda *_: None, remember=lambda *_: None)  # noqa: SLF001 - broken on purpose


def outbox_skipped() -> None:
    """One entry in ten is no news."""
    record = Cases.record

    class Deaf:
        def __init__(self, connection: Connection) -> None:
            self._connection = connection

        def execute(self, statement: Any, *values: Any) -> Any:
            if statement is cases._ADD_NEWS and _CHANCE.random() < 0.1:  # noqa: SLF001 - broken on purpose
                return None
            return self._connection.execute(statement, *values)

    def recorded(self: Cases, *args: Any) -> None:
        put(self, _connection=Deaf(self._connection))
        record(self, *args)

    put(Cases, record=recorded)


def keys_after_data() -> None:
    """Keys are kept in memory until the data that needs them is committed."""
    late: dict[str, list[dict[str, Any]]] = {}
    once: Any = Database._once  # noqa: SLF001 - broken on purpose

    def create(self: Keyring, _: Connection, owner_id: UUID, classes: tuple[str, ...]) -> None:
        names = [name for name in classes if (str(owner_id), name) not in self._unwrapped]
        made = {name: os.urandom(32) for name in names}
        self._unwrapped |= {(str(owner_id), name): key for name, key in made.items()}
        late[str(owner_id)] = [
            {"owner_id": str(owner_id), "content_class": name, "wrapped": self.wrapped(key)}
            for name, key in made.items()
        ]

    def done(self: Database, engine: Any, work: Callable[[Transaction], T]) -> T:
        recorded: set[str] = set()

        def watched(transaction: Transaction) -> T:
            found = work(transaction)
            if transaction.recorded:
                recorded.update(late)
            return found

        found: T = once(self, engine, watched)
        time.sleep(0.02 if recorded else 0)
        for owner in recorded:
            if rows := late.pop(owner, None):
                once(self, self.engine, partial(_add_keys, rows=rows))
        return found

    put(Keyring, create=create)
    put(Database, _once=done)


def _add_keys(transaction: Transaction, rows: list[dict[str, Any]]) -> None:
    transaction.connection.execute(insert(case_keys), rows)


def commits_not_synced() -> None:
    """A commit is written, and nobody waits until it is on disk."""
    engine.SQLITE_PRAGMAS["synchronous"] = "NORMAL"

    def connected(connection: Any, _: object) -> None:
        if isinstance(connection, psycopg.Connection):
            connection.execute("SET synchronous_commit = off")
            connection.commit()

    event.listen(Engine, "connect", connected)


def waiting_is_a_mistake() -> None:
    """A database that is down, locked or full is answered as our own mistake."""
    put(database, _is_operational=lambda _: False)


def time_runs_backwards() -> None:
    """Entries are stamped with whatever the clock of the process says."""
    move = moves.move

    def stamped(situation: Situation, *args: Any, **kwargs: Any) -> Any:
        return tuple(replace(it, recorded_at=situation.now) for it in move(situation, *args, **kwargs))

    put(transition, move=stamped)


def sight_before_the_key() -> None:
    """A person who lost sight is answered as if nothing had been done."""
    again = transition._told_again  # noqa: SLF001 - broken on purpose

    def told(*args: Any, **kwargs: Any) -> Made | StepNumber:
        found = again(*args, **kwargs)
        if isinstance(found, StepNumber):
            raise NotFound
        return found

    put(transition, _told_again=told)


def told_out_of_sight() -> None:
    """A repeated request is answered the same, whatever the person may see by now."""

    def told(transaction: Transaction, first: Answered, **_: Any) -> Made:
        transaction.allow_all_rows("broken on purpose")
        assert first.case_id
        assert first.sequence
        entry, *opened = Cases(transaction).entries_from(first.case_id, first.sequence)
        return Made(entry, Cases(transaction).number(first.case_id), tuple(opened))

    put(transition, _told_again=told)


def done_without_looking() -> None:
    """A person without sight is told that it was done, and nobody looks whether it was."""
    take = transition.perform_transition

    def taken(
        transaction: Transaction, caller: Caller, address: tuple[UUID, UUID], *args: Any, version: int | None, **kw: Any
    ) -> Outcome[Made | StepNumber]:
        try:
            return take(transaction, caller, address, *args, version=version, **kw)
        except NotFound:
            return Outcome(StepNumber(address[0], (version or 0) + 1), repeated=True)

    put(steps, perform_transition=taken)


SABOTAGES: dict[str, Callable[[], None]] = {
    it.__name__: it
    for it in (
        answer_before_commit,
        answered_without_commit,
        no_key_lookup,
        outbox_skipped,
        keys_after_data,
        commits_not_synced,
        waiting_is_a_mistake,
        time_runs_backwards,
        sight_before_the_key,
        told_out_of_sight,
        done_without_looking,
    )
}
