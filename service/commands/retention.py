"""The commands propose-destructions and sweep."""

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
    """Propose to destroy the cases whose retention term has passed, as this data-protection officer; run it nightly."""
    officer = Caller(*caller, trace_id="")
    counts: Counter[str] = Counter()
    with opened() as (database, rules):
        try:
            case_ids = database.read_now(lambda transaction: ended_cases(transaction, officer))
        except (NotKnown, NotAllowed):
            raise SystemExit("not done: --as does not name a data-protection officer of a team") from None
        for case_id in case_ids:
            review = database.write_now(partial(propose_if_due, caller=officer, case_id=case_id, rules=rules))
            in_term = review.obstacles == ("term_runs",)
            counts["proposed" if review.proposal else "term_runs" if in_term else "not"] += 1
            if line := told_of(review, rules):
                sys.stdout.write(line + "\n")
    sys.stdout.write(
        f"{counts['proposed']} proposed, {counts['not']} not proposed for another reason, "
        f"{counts['term_runs']} still in their term\n"
    )


def told_of(review: Considered, rules: Rulebook) -> str:
    """Returns the line of a proposed case, or of one with an obstacle other than its running term; else empty text."""
    if review.proposal:
        return f"{review.case_id} proposed: kept until {review.keep_until}"
    codes = [code for code in review.obstacles if code != "term_runs"]
    reasons = [with_steps(MESSAGES["obstacles"][code], rules.step_label).en for code in codes]
    return f"{review.case_id} not proposed: {' '.join(reasons)}" if reasons else ""


def sweep_up() -> None:
    """Remove destroyed data from the files of the database, as the owner of its tables; run it after destructions."""
    engine = open_engine(Settings().as_owner)
    try:
        remaining = sweep(engine)
    finally:
        engine.dispose()
    sys.stdout.write("swept\n" + "".join(f"left to do: {task}\n" for task in remaining))
