"""Retention from the command line: proposing what may go, and sweeping up after what went."""

import sys
from collections import Counter
from functools import partial

from service.commands.database import opened
from service.database.engine import open_engine
from service.identity.caller import Caller
from service.retention.store.sweep import sweep
from service.retention.use_cases.proposals import Considered, ended_cases, propose_if_due
from service.settings import Settings
from service.vocabulary.messages import MESSAGES
from service.vocabulary.references import with_steps
from service.vocabulary.refusals import NotAllowed, NotKnown
from service.workflows.rules.rulebook import Rulebook


def propose_destructions(caller: tuple[str, str]) -> None:
    """Propose to destroy the cases whose term has passed, as this data-protection officer; for every night."""
    who = Caller(*caller, trace_id="")
    told: Counter[str] = Counter()
    with opened() as (database, rules):
        try:
            ended = database.read_now(lambda transaction: ended_cases(transaction, who))
        except (NotKnown, NotAllowed):
            raise SystemExit("not done: --as names no data-protection officer of a team") from None
        for case_id in ended:
            found = database.write_now(partial(propose_if_due, caller=who, case_id=case_id, rules=rules))
            told["proposed" if found.proposal else "term_runs" if found.obstacles == ("term_runs",) else "not"] += 1
            if line := told_of(found, rules):
                sys.stdout.write(line + "\n")
    sys.stdout.write(
        f"{told['proposed']} proposed, {told['not']} not for another reason, {told['term_runs']} still in their term\n"
    )


def told_of(it: Considered, rules: Rulebook) -> str:
    """A line for a case that was proposed, or that would be but for something in its way."""
    if it.proposal:
        return f"{it.case_id} proposed: kept until {it.keep_until}"
    told = (with_steps(MESSAGES["obstacles"][code], rules.step_label) for code in it.obstacles if code != "term_runs")
    reasons = [words.en for words in told]
    return f"{it.case_id} not proposed: {' '.join(reasons)}" if reasons else ""


def sweep_up() -> None:
    """Remove what was destroyed from the files of the database, as the owner of its tables; after destructions."""
    engine = open_engine(Settings().as_owner)
    try:
        left = sweep(engine)
    finally:
        engine.dispose()
    sys.stdout.write("swept\n" + "".join(f"left to do: {it}\n" for it in left))
