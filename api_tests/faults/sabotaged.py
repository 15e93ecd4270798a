"""Sabotages of the promises of the service, under each of which the campaign must fail."""

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
from starlette.types import Scope

from service.cases.api import steps
from service.cases.rules import steps as moves
from service.cases.rules.model import PartAddress
from service.cases.rules.steps import Situation
from service.cases.store import cases
from service.cases.store.cases import Cases
from service.cases.use_cases import take_step as transition
from service.cases.use_cases.take_step import StepReceipt, StepResult
from service.database import engine, idempotency
from service.database import worker_threads as database
from service.database.idempotency import AnswerReference, IdempotentResult
from service.database.keyring import Keyring
from service.database.tables import case_keys
from service.database.transaction import Transaction
from service.database.worker_threads import Database
from service.http.edge import EdgeMiddleware
from service.http.rate_limit import client_address
from service.identity.caller import Caller
from service.vocabulary.refusals import NotFound

T = TypeVar("T")
_CHANCE = Random(1)


def replace_attributes(owner: object, **values: Any) -> None:
    """Replace attributes of an object for good. Raises AttributeError for one that does not exist."""
    for name, value in values.items():
        getattr(owner, name)  # raises AttributeError where there is nothing to replace
        setattr(owner, name, value)


def answer_before_commit() -> None:
    """The answer leaves before its transaction is committed."""

    async def write(self: Database, work: Callable[[Transaction], T]) -> T:
        loop, answer = asyncio.get_running_loop(), asyncio.get_running_loop().create_future()

        def settle(setter: Callable[..., None], value: Any) -> None:
            loop.call_soon_threadsafe(lambda: None if answer.done() else setter(value))

        def work_and_answer(transaction: Transaction) -> T:
            result = work(transaction)
            settle(answer.set_result, result)
            time.sleep(0.02)
            return result

        def run() -> None:
            try:
                self.write_sync(work_and_answer)
            except BaseException as error:  # noqa: BLE001 - handed on
                settle(answer.set_exception, error)

        loop.run_in_executor(self._writers, run)
        result_of_work: T = await answer
        return result_of_work

    replace_attributes(Database, write=write)


def answered_without_commit() -> None:
    """One commit in ten does not happen."""
    commit: Any = DefaultDialect.do_commit

    def committed(self: DefaultDialect, connection: Any) -> None:
        if _CHANCE.random() < 0.1:
            connection.rollback()
        else:
            commit(self, connection)

    replace_attributes(DefaultDialect, do_commit=committed)


def no_key_lookup() -> None:
    """A repeated request is not recognised."""
    replace_attributes(idempotency._Requests, answered=lambda *_: None, remember=lambda *_: None)  # noqa: SLF001 - broken on purpose


def outbox_skipped() -> None:
    """One entry in ten is missing in the outbox."""
    record = Cases.record

    class Deaf:
        def __init__(self, connection: Connection) -> None:
            self._connection = connection

        def execute(self, statement: Any, *values: Any) -> Any:
            if statement is cases._ADD_EVENTS and _CHANCE.random() < 0.1:  # noqa: SLF001 - broken on purpose
                return None
            return self._connection.execute(statement, *values)

    def recorded(self: Cases, *args: Any) -> None:
        replace_attributes(self, _connection=Deaf(self._connection))
        record(self, *args)

    replace_attributes(Cases, record=recorded)


def keys_after_data() -> None:
    """Keys stay in memory until the data that needs them is committed."""
    pending: dict[str, list[dict[str, Any]]] = {}
    run_once: Any = Database._once  # noqa: SLF001 - broken on purpose

    def create(self: Keyring, _: Connection, owner_id: UUID, classes: tuple[str, ...]) -> None:
        names = [name for name in classes if (str(owner_id), name) not in self._unwrapped]
        keys = {name: os.urandom(32) for name in names}
        self._unwrapped |= {(str(owner_id), name): key for name, key in keys.items()}
        pending[str(owner_id)] = [
            {"owner_id": str(owner_id), "content_class": name, "wrapped": self.wrap(key)} for name, key in keys.items()
        ]

    def run_with_late_keys(
        self: Database, engine: Any, work: Callable[[Transaction], T], keyring: Keyring | None = None
    ) -> T:
        recorded: set[str] = set()

        def watched(transaction: Transaction) -> T:
            result = work(transaction)
            if transaction.has_new_events:
                recorded.update(pending)
            return result

        result: T = run_once(self, engine, watched, keyring)
        time.sleep(0.02 if recorded else 0)
        for owner in recorded:
            if rows := pending.pop(owner, None):
                run_once(self, self.engine, partial(_add_keys, rows=rows))
        return result

    replace_attributes(Keyring, create_keys=create)
    replace_attributes(Database, _once=run_with_late_keys)


def _add_keys(transaction: Transaction, rows: list[dict[str, Any]]) -> None:
    transaction.connection.execute(insert(case_keys), rows)


def commits_not_synced() -> None:
    """A commit returns before it is on disk."""
    engine.SQLITE_PRAGMAS["synchronous"] = "NORMAL"

    def connected(connection: Any, _: object) -> None:
        if isinstance(connection, psycopg.Connection):
            connection.execute("SET synchronous_commit = off")
            connection.commit()

    event.listen(Engine, "connect", connected)


def waiting_is_a_mistake() -> None:
    """A database that is down, locked or full is answered as an internal error."""
    replace_attributes(database, _is_temporary=lambda _: False)


def time_runs_backwards() -> None:
    """Entries carry the time of the process, also when it is before the last entry."""
    move = moves.build_transitions

    def stamped(situation: Situation, *args: Any, **kwargs: Any) -> Any:
        return tuple(replace(entry, recorded_at=situation.now) for entry in move(situation, *args, **kwargs))

    replace_attributes(transition, build_transitions=stamped)


def sight_before_the_key() -> None:
    """A person who lost sight gets the answer to a new request."""
    original = transition._rebuild_result  # noqa: SLF001 - broken on purpose

    def answer_again(*args: Any, **kwargs: Any) -> StepResult | StepReceipt:
        result = original(*args, **kwargs)
        if isinstance(result, StepReceipt):
            raise NotFound
        return result

    replace_attributes(transition, _rebuild_result=answer_again)


def told_out_of_sight() -> None:
    """A repeated request gets its full answer, also after loss of sight."""

    def answer_again(transaction: Transaction, first: AnswerReference, **_: Any) -> StepResult:
        transaction.allow_all_rows("broken on purpose")
        assert first.case_id
        assert first.sequence
        entry, *opened = Cases(transaction).entry_and_effects(first.case_id, first.sequence)
        return StepResult(entry, Cases(transaction).case_number(first.case_id), tuple(opened))

    replace_attributes(transition, _rebuild_result=answer_again)


def done_without_looking() -> None:
    """A person without sight gets the number alone, without a check that the step was taken."""
    take = transition.perform_transition

    def take_unchecked(
        transaction: Transaction, caller: Caller, address: PartAddress, *args: Any, version: int | None, **kw: Any
    ) -> IdempotentResult[StepResult | StepReceipt]:
        try:
            return take(transaction, caller, address, *args, version=version, **kw)
        except NotFound:
            return IdempotentResult(StepReceipt(address.case_id, (version or 0) + 1), repeated=True)

    replace_attributes(steps, perform_transition=take_unchecked)


def bad_tokens_hold_back_all() -> None:
    """Bad tokens of an address hold back everybody there."""
    seconds_to_wait = EdgeMiddleware._seconds_to_wait  # noqa: SLF001 - broken on purpose

    async def held_back(self: EdgeMiddleware, scope: Scope) -> int:
        seconds = await seconds_to_wait(self, scope)
        return seconds or self._unknown.seconds_to_wait(client_address(scope))

    replace_attributes(EdgeMiddleware, _seconds_to_wait=held_back)


SABOTAGES: dict[str, Callable[[], None]] = {
    sabotage.__name__: sabotage
    for sabotage in (
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
        bad_tokens_hold_back_all,
    )
}
