"""Verifying a whole installation, and the digest of all heads: both only read, also what may not be served."""

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

from pydantic_core import to_jsonable_python

from service.app import NotMigrated, open_database
from service.cases.store.cases import Cases
from service.database.migrations import expected_revision, revision_of
from service.database.transaction import Transaction
from service.database.worker_threads import Database
from service.http.json_models import Labelled
from service.integrity.api import VerificationView, verification_view
from service.integrity.rules import Head, NotADigest, heads_in, root_of, written
from service.integrity.store.heads import PAGE, Departure, Heads
from service.integrity.store.installation import Surroundings
from service.integrity.use_cases import verified
from service.settings import Settings
from service.vocabulary.messages import MESSAGES, say
from service.vocabulary.refusals import Unavailable


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What was looked at: a case with its verdict, or something that is wrong elsewhere."""

    case: str = ""
    number: str = ""
    sequence: int | None = None
    finding: Labelled | None
    verdict: VerificationView | None = None

    def as_json(self) -> str:
        found = {"sound": False, "firstBadSequence": self.sequence, "finding": self.finding}
        told = self.verdict or found
        return json.dumps({"case": self.case, "number": self.number, **to_jsonable_python(told)}, ensure_ascii=False)

    def as_row(self) -> str:
        words = self.finding.label.en if self.finding else ""
        return f"{self.number:<9}  {self.case:<36}  {self.sequence or '':>5}  {words}"


def digest() -> None:
    """Print how far every case has come, one line per case, and a root over it all: to keep elsewhere."""
    with _looked_at() as database:
        heads = (head for page in _pages(database) for head in page)
        sys.stdout.writelines(written(heads, database.now(), expected_revision()))


def verify(case: str | None, against: Path | None, *, as_json: bool) -> None:
    """Verify all cases or one, and what must agree with them, also with an earlier digest. Changes nothing."""
    root = _root(against) if against else None
    cases = entries = wrong = 0
    with _looked_at() as database:
        one = case and database.read_now(lambda transaction: Heads(transaction).named(case))
        ids = [one] if one else [] if case else (head.case for page in _pages(database) for head in page)
        for line in _lines(database, ids, case and (one or case), against):
            wrong += line.finding is not None
            if line.verdict:
                cases, entries = cases + 1, entries + line.verdict.entries
            if as_json or line.finding:
                sys.stdout.write((line.as_json() if as_json else line.as_row()) + "\n")
    if case and not cases and not wrong:
        raise SystemExit("not done: no case has this number or id")
    summary = {"cases": cases, "entries": entries, "findings": wrong, "root": root}
    following = MESSAGES["verification_next"]["unsound" if wrong else "compared" if root else "sound"].en
    told = "; ".join(f"{name} {value}" for name, value in summary.items() if value is not None)
    sys.stdout.write((json.dumps({"sound": not wrong, **summary}) if as_json else f"{told}\n{following}") + "\n")
    if wrong:
        raise SystemExit(1)


def everything(database: Database) -> Iterator[Line]:
    """Every case with its verdict, and what is wrong around them."""
    yield from _lines(database, (head.case for page in _pages(database) for head in page), None, None)


def _lines(database: Database, ids: Iterable[str], only: str | None, against: Path | None) -> Iterator[Line]:
    for case_id in ids:
        yield database.read_now(partial(_of_case, case_id=case_id))
    if against:
        yield from _departures(database, only, against)
    if only is None:
        for code, where in database.read_now(lambda transaction: list(Surroundings(transaction).of_installation())):
            yield Line(finding=Labelled.of(code, say("verification", code, {"where": where})))


def _of_case(transaction: Transaction, case_id: str) -> Line:
    verdict, number = verification_view(verified(transaction, case_id)), Cases(transaction).number(case_id)
    at = verdict.first_bad_sequence
    return Line(case=case_id, number=number, sequence=at, finding=verdict.finding, verdict=verdict)


def _departures(database: Database, only: str | None, against: Path) -> Iterator[Line]:
    """Where the present is not what the digest led to."""
    with against.open(encoding="utf-8") as lines:
        kept = (head for head in heads_in(lines) if only in (None, head.case))
        while page := list(islice(kept, PAGE)):
            for it in database.read_now(partial(_departed, page=page)):
                finding = Labelled.of(it.fault, MESSAGES["verification"][it.fault])
                yield Line(case=it.case, sequence=it.sequence, finding=finding)


def _departed(transaction: Transaction, page: Sequence[Head]) -> list[Departure]:
    return list(Heads(transaction).departures(page))


def _pages(database: Database) -> Iterator[list[Head]]:
    """Each in a short transaction of its own: a reading that takes long keeps the database from tidying up."""
    page = database.read_now(lambda transaction: Heads(transaction).after(None))
    while page:
        yield page
        page = database.read_now(partial(_next, last=page[-1].case))


def _next(transaction: Transaction, last: str) -> list[Head]:
    return Heads(transaction).after(last)


def _root(against: Path) -> str:
    """The root of the digest in a file, which is whole. Read twice, and never held: a digest may be large."""
    try:
        with against.open(encoding="utf-8") as lines:
            return root_of(lines)
    except (NotADigest, UnicodeDecodeError) as wrong:
        raise SystemExit(f"not done: {against}: {wrong}") from None


@contextmanager
def _looked_at() -> Iterator[Database]:
    """The database of the settings, as it is: nothing is made ready in it, and what no longer protects it is told."""
    database = open_database(Settings())
    database.all_rows_for = "verification"
    try:
        database.read_now(_insist)
        yield database
    except Unavailable:
        raise SystemExit("not done: the database does not answer") from None
    finally:
        database.close()


def _insist(transaction: Transaction) -> None:
    if revision_of(transaction.connection) != expected_revision():
        raise NotMigrated("the database needs `python -m service migrate` first")
    transaction.keyring.insist(transaction.connection)
