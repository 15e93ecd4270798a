"""The commands propose-destructions and sweep."""

import sys
from collections import Counter
from functools import partial

from service.commands.database import open_command_database
from service.database.engine import open_engine
from service.database.outage import unavailable_when_down
from service.identity.caller import Caller
from service.retention.store.sweep import sweep_database
from service.retention.use_cases.proposals import DestructionReview, ended_case_ids, propose_if_due
from service.settings import Settings
from service.vocabulary.messages import MESSAGES
from service.vocabulary.references import insert_step_labels
from service.vocabulary.refusals import NotAllowed, NotKnown
from service.workflows.rules.rulebook import Rulebook


def propose_destructions(caller: tuple[str, str]) -> None:
    """Propose to destroy the cases whose retention term has passed, as this data-protection officer; run it nightly."""
    officer = Caller(*caller, trace_id="")
    counts: Counter[str] = Counter()
    with open_command_database() as (database, rules):
        try:
            case_ids = database.read_sync(lambda transaction: ended_case_ids(transaction, officer))
        except (NotKnown, NotAllowed):
            raise SystemExit("not done: --as does not name a data-protection officer of a team") from None
        for case_id in case_ids:
            review = database.write_sync(partial(propose_if_due, caller=officer, case_id=case_id, rules=rules))
            in_term = review.obstacles == ("term_runs",)
            counts["proposed" if review.proposal else "term_runs" if in_term else "not"] += 1
            if line := report_line(review, rules):
                sys.stdout.write(line + "\n")
    sys.stdout.write(
        f"{counts['proposed']} proposed, {counts['not']} not proposed for another reason, "
        f"{counts['term_runs']} still in their term\n"
    )


def report_line(review: DestructionReview, rules: Rulebook) -> str:
    """Returns the line of a proposed case, or of one with an obstacle other than its running term; else empty text."""
    if review.proposal:
        return f"{review.case_id} proposed: kept until {review.keep_until}"
    codes = [code for code in review.obstacles if code != "term_runs"]
    reasons = [insert_step_labels(MESSAGES["obstacles"][code], rules.step_label).en for code in codes]
    return f"{review.case_id} not proposed: {' '.join(reasons)}" if reasons else ""


def sweep_up() -> None:
    """Remove destroyed data from the files of the database, as the owner of its tables; run it after destructions."""
    engine = open_engine(Settings().owner_database_url)
    try:
        with unavailable_when_down():
            remaining = sweep_database(engine)
    finally:
        engine.dispose()
    sys.stdout.write("swept\n" + "".join(f"left to do: {task}\n" for task in remaining))
