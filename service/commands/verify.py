"""The commands verify and digest. Both only read, and also work on a database that may not be served."""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

from pydantic_core import to_jsonable_python

from service.app import NotMigrated, open_database
from service.audit.store.seals import LogSeals
from service.cases.store.cases import Cases
from service.database.administration_seals import AdministrationSeals
from service.database.migrations import current_revision, expected_revision
from service.database.outage import outage_cause
from service.database.transaction import Transaction
from service.database.worker_threads import Database
from service.http.json_models import Labelled
from service.integrity.api import VerificationView, verification_view
from service.integrity.rules.digest import (
    Head,
    NotADigest,
    SealHead,
    read_heads,
    read_seals,
    verify_root,
    write_digest,
)
from service.integrity.rules.register import Register
from service.integrity.store.heads import PAGE_SIZE, HeadMismatch, Heads
from service.integrity.store.installation import InstallationCheck
from service.integrity.store.unused_keys import UnusedKeys
from service.integrity.use_cases import verify_stored_case
from service.settings import Settings
from service.vocabulary.messages import MESSAGES, render_message
from service.vocabulary.refusals import Unavailable

_SEALS: Mapping[str, type[LogSeals] | type[AdministrationSeals]] = {
    "log": LogSeals,
    "administration": AdministrationSeals,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationLine:
    """The verdict on a case, or a finding outside the cases."""

    case: str = ""
    number: str = ""
    sequence: int | None = None
    finding: Labelled | None
    verdict: VerificationView | None = None

    def as_json(self) -> str:
        finding = {"sound": False, "firstBadSequence": self.sequence, "finding": self.finding}
        members = to_jsonable_python(self.verdict or finding)
        return json.dumps({"case": self.case, "number": self.number, **members}, ensure_ascii=False)

    def as_row(self) -> str:
        sentence = self.finding.label.en if self.finding else ""
        return f"{self.number:<9}  {self.case:<36}  {self.sequence or '':>5}  {sentence}"


def digest() -> None:
    """Print the digest of all heads and of the last seals, with a root hash; keep it elsewhere."""
    with _open_unchecked() as database:
        heads = (head for page in _pages(database) for head in page)
        seals = database.read_sync(_last_seals)
        sys.stdout.writelines(write_digest(heads, database.now(), expected_revision(), seals))


def verify(case: str | None, against: Path | None, *, as_json: bool) -> None:
    """Verify all cases or one, the data that must agree with them, and an earlier digest. Changes nothing."""
    root = _root(against) if against else None
    cases = entries = findings = unused_keys = 0
    unsealed = administration_seals = None
    with _open_unchecked() as database:
        case_id = case and database.read_sync(lambda transaction: Heads(transaction).case_id_of(case))
        case_ids = [case_id] if case_id else [] if case else (head.case for page in _pages(database) for head in page)
        for line in _lines(database, case_ids, case and (case_id or case), against):
            findings += line.finding is not None
            if line.verdict:
                cases, entries = cases + 1, entries + line.verdict.entries
            if as_json or line.finding:
                sys.stdout.write((line.as_json() if as_json else line.as_row()) + "\n")
        if case is None:
            unused_keys = database.read_sync(lambda transaction: UnusedKeys(transaction).count())
            unsealed = database.read_sync(lambda transaction: LogSeals(transaction).count_unsealed())
            administration_seals = database.read_sync(_last_seals)["administration"].seal
    if case and not cases and not findings:
        raise SystemExit("not done: no case has this number or id")
    summary = {
        "cases": cases,
        "entries": entries,
        "findings": findings,
        "unsealed": unsealed,
        "root": root,
    }
    advice = MESSAGES["verification_next"]["unsound" if findings else "compared" if root else "sound"].en
    if unused_keys:
        summary["unusedKeys"] = unused_keys
    if unused_keys and not findings:
        advice += "\n" + render_message("verification_next", "unused_keys", {"count": unused_keys}).en
    if administration_seals == 0:
        summary["administrationSeals"] = administration_seals
        advice += "\n" + MESSAGES["verification_next"]["administration_not_sealed"].en
    text = "; ".join(f"{name} {value}" for name, value in summary.items() if value is not None)
    sys.stdout.write((json.dumps({"sound": not findings, **summary}) if as_json else f"{text}\n{advice}") + "\n")
    if findings:
        raise SystemExit(1)


def verification_lines(database: Database) -> Iterator[VerificationLine]:
    """Returns a line for each case, and one for each finding outside the cases."""
    yield from _lines(database, (head.case for page in _pages(database) for head in page), None, None)


def _lines(
    database: Database, case_ids: Iterable[str], only: str | None, against: Path | None
) -> Iterator[VerificationLine]:
    register = Register()
    for case_id in case_ids:
        yield database.read_sync(partial(_case_line, case_id=case_id, register=register))
    if against:
        yield from _departure_lines(database, only, against)
        if only is None:
            yield from _seal_lines(database, against)
    if only is None:
        for code, where in database.read_sync(
            lambda transaction: list(InstallationCheck(transaction).faults_of_installation())
        ):
            yield VerificationLine(finding=Labelled.of(code, render_message("verification", code, {"where": where})))


def _case_line(transaction: Transaction, case_id: str, register: Register) -> VerificationLine:
    verdict, number = (
        verification_view(verify_stored_case(transaction, case_id, register)),
        Cases(transaction).case_number(case_id),
    )
    sequence = verdict.first_bad_sequence
    return VerificationLine(case=case_id, number=number, sequence=sequence, finding=verdict.finding, verdict=verdict)


def _departure_lines(database: Database, only: str | None, against: Path) -> Iterator[VerificationLine]:
    """A line for each head of the digest that the present history does not lead to."""
    with against.open(encoding="utf-8-sig") as lines:
        heads = (head for head in read_heads(lines) if only in (None, head.case))
        while page := list(islice(heads, PAGE_SIZE)):
            for departure in database.read_sync(partial(_departures, page=page)):
                finding = Labelled.of(departure.fault, MESSAGES["verification"][departure.fault])
                yield VerificationLine(case=departure.case, sequence=departure.sequence, finding=finding)


def _seal_lines(database: Database, against: Path) -> Iterator[VerificationLine]:
    """A line for each chain of seals that does not lead on from the seal in the digest."""
    with against.open(encoding="utf-8-sig") as lines:
        seals = read_seals(lines)
    present = database.read_sync(partial(_digests_of, seals=seals))
    for chain, seal in seals.items():
        if seal.seal and present[chain] != seal.digest:
            code = f"{chain}_cut_off" if present[chain] is None else f"{chain}_rewritten"
            yield VerificationLine(finding=Labelled.of(code, MESSAGES["verification"][code]))


def _last_seals(transaction: Transaction) -> dict[str, SealHead]:
    last_seals = {chain: seals(transaction).last() for chain, seals in _SEALS.items()}
    return {chain: SealHead(last.number, last.digest) for chain, last in last_seals.items()}


def _digests_of(transaction: Transaction, seals: Mapping[str, SealHead]) -> dict[str, str | None]:
    """Returns the digest that each of these seals has now, by chain."""
    return {chain: _SEALS[chain](transaction).digest_of(seal.seal) for chain, seal in seals.items()}


def _departures(transaction: Transaction, page: Sequence[Head]) -> list[HeadMismatch]:
    return list(Heads(transaction).mismatches(page))


def _pages(database: Database) -> Iterator[list[Head]]:
    """Pages of heads, each in a short transaction of its own: a long read keeps the database from freeing space."""
    page = database.read_sync(lambda transaction: Heads(transaction).heads_after(None))
    while page:
        yield page
        page = database.read_sync(partial(_next_page, last=page[-1].case))


def _next_page(transaction: Transaction, last: str) -> list[Head]:
    return Heads(transaction).heads_after(last)


def _root(against: Path) -> str:
    """Check that the digest in a file is complete. Returns its root hash.

    The file is read twice and never held in memory, since a digest may be large.
    """
    try:
        with against.open(encoding="utf-8-sig") as lines:
            return verify_root(lines)
    except (NotADigest, UnicodeDecodeError) as error:
        raise SystemExit(f"not done: {against}: {error}") from None


@contextmanager
def _open_unchecked() -> Iterator[Database]:
    """Open the database of the settings without preparing it or requiring its protections, which are verified here."""
    database = open_database(Settings())
    database.all_rows_reason = "verification"
    try:
        database.read_sync(_require_readable)
        yield database
    except Unavailable as refusal:
        raise SystemExit(f"not done: {outage_cause(refusal)}") from None
    finally:
        database.close()


def _require_readable(transaction: Transaction) -> None:
    if current_revision(transaction.connection) != expected_revision():
        raise NotMigrated("the database needs `python -m service migrate` first")
    transaction.keyring.require_matching_master_key(transaction.connection)
