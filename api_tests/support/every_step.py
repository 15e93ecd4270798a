"""Each trigger of each workflow, in a case in which it may be fired."""

from collections.abc import Callable
from typing import Any

from api_tests.support.case_file import CaseFile
from api_tests.support.demonstration import PERSON_IDS
from api_tests.support.forms import filled
from api_tests.support.workflows import RULES
from service.workflows.rules.kinds import PartKind

Part = dict[str, Any] | None
Take = Callable[[CaseFile, str, Part], None]


def take_every_step(begin: Callable[[], CaseFile], ask: Callable[[], CaseFile], take: Take) -> None:
    """Walk along roads that together fire each trigger but those that begin a case; `take` fires the step, or more.

    `begin` submits a case, `ask` begins one with a question for a consult.
    """
    for road in (_closed_after_help, _closed_after_consult, _declined, _transferred, _withdrawn):
        road(begin(), take)
    _consult_referred(ask(), take)


def _closed_after_help(case: CaseFile, take: Take) -> None:
    _to_the_table(case, take)
    for trigger in ("issue_advice", "revise_advice", "start_arranging", "seek_placement"):
        take(case, trigger, None)
    _commitments(case, take)
    _part(case, "funding", "A", take, "dispute report_obstacle amend add_note reassign confirm reopen confirm")
    _reconsiderations(case, take)
    _part(case, "funding", "B", take, "hand_over")
    _part(case, "placement", "A", take, "agree search_again agree start_stay amend add_note reassign confirm_stable")
    _part(case, "placement", "A", take, "end_placement reopen agree")
    _escalations(case, take)
    for trigger in ("report_help_started", "resume_arranging", "report_help_started", "start_monitoring", "plan_check"):
        take(case, trigger, None)
    _part(case, "follow_up", None, take, "reschedule_check amend add_note reassign cancel_check reopen record_check")
    for trigger in ("record_gap", "close", "reopen"):
        take(case, trigger, None)
    case.go_to("arranging_placement")
    take(case, "return_to_table", None)


def _reconsiderations(case: CaseFile, take: Take) -> None:
    for part, triggers in (
        (None, "take_up amend add_note reassign hand_back take_up confirm_advice"),
        (_on_line(case, "commitment", "A"), "take_up"),
        (_on_line(case, "funding", "B"), "withdraw"),
    ):
        take(case, "request_reconsideration", part)
        _part(case, "reconsideration", None, take, triggers)
        if triggers == "take_up":
            case.fire("revise_advice")
            _part(case, "reconsideration", None, take, "conclude_revised")


def _on_line(case: CaseFile, kind: str, line: str) -> dict[str, Any]:
    return next(part for part in case.parts(kind) if part["line"] == line)


def _to_the_table(case: CaseFile, take: Take) -> None:
    for trigger in (
        *("add_note", "amend", "reassign", "request_information", "supply_information", "request_information"),
        *("proceed_without", "give_consult", "ask_for_table", "propose_decline", "schedule", "reschedule"),
        *("open_table", "add_note", "amend", "reassign", "draft_advice", "comment", "return_to_review"),
        "draft_advice",
    ):
        take(case, trigger, None)


def _commitments(case: CaseFile, take: Take) -> None:
    _part(case, "commitment", "A", take, "accept amend add_note reassign start_help report_progress end_help reopen")
    _part(case, "commitment", "A", take, "accept start_help")
    _part(case, "commitment", "B", take, "refuse ask_again replace")
    _part(case, "commitment", "C", take, "accept")


def _escalations(case: CaseFile, take: Take) -> None:
    take(case, "ask_network", None)
    _part(case, "escalation", None, take, "remind amend add_note reassign record_network_answer bring_back")
    take(case, "request_escalation", None)
    _part(case, "escalation", None, take, "escalate remind amend add_note reassign")
    _part(case, "question", None, take, "remind amend add_note reassign record_answer reopen withdraw")
    _part(case, "escalation", None, take, "record_answer bring_back")
    take(case, "add_note", None)
    take(case, "request_escalation", None)
    take(case, "signal_escalation", None)
    _part(case, "escalation", None, take, "acknowledge withdraw withdraw")


def _part(case: CaseFile, kind: PartKind, line: str | None, take: Take, triggers: str) -> None:
    for trigger in triggers.split():
        sources = {source for source, _ in RULES.current(kind).definition.triggers[trigger].edges}
        parts = [part for part in case.parts(kind) if part["line"] == line and part["state"]["code"] in sources]
        take(case, trigger, parts[0])


def _closed_after_consult(case: CaseFile, take: Take) -> None:
    for trigger in ("start_triage", "give_consult", "confirm_helped"):
        take(case, trigger, None)


def _declined(case: CaseFile, take: Take) -> None:
    for trigger in ("start_triage", "propose_decline", "decline"):
        take(case, trigger, None)


def _transferred(case: CaseFile, take: Take) -> None:
    for trigger in ("propose_transfer", "transfer"):
        take(case, trigger, None)


def _consult_referred(case: CaseFile, take: Take) -> None:
    for trigger in ("give_consult", "refer", "record_consent", "withdraw_consent"):
        take(case, trigger, None)


def _withdrawn(case: CaseFile, take: Take) -> None:
    take(case, "withdraw", None)
    # Requests and emergency access are also possible on a case that has ended.
    for triggers in ("postpone amend add_note reassign grant correct carry_out", "refuse", "withdraw"):
        case.ask_about_file("correction", by=_submitter_of(case))
        _part(case, "file_request", None, take, triggers)
    case.read_in_an_emergency()
    _part(case, "emergency_access", None, take, "amend add_note reassign review")
    for triggers in ("amend add_note reassign withdraw", "destroy_content"):
        # The request has ended. What a canary marked must stay, so only an entry without marks is destroyed.
        case.propose_destruction(partId=case.parts("file_request")[0]["id"])
        _part(case, "entry_destruction", None, take, triggers)


def _submitter_of(case: CaseFile) -> str:
    return "wilma" if case.history()[0]["by"]["role"] == "parent" else "anna"


# The amendment per kind of part: the author, the trigger of the form, and one of its text fields.
_AMENDED: dict[str, tuple[str, str, str]] = {
    "case": ("anna", "submit", "question"),
    "commitment": ("ivo", "accept", "how"),
    "funding": ("karim", "dispute", "explanation"),
    "placement": ("hanna", "agree", "agreements"),
    "escalation": ("mila", "escalate", "explanation"),
    "network": ("hanna", "remind", "whatWasSaid"),
    "question": ("mila", "remind", "whatWasSaid"),
    "reconsideration": ("vera", "take_up", "plannedOn"),
    "follow_up": ("hanna", "reschedule_check", "because"),
    "file_request": ("anna", "ask_about_file", "about"),
    "emergency_access": ("petra", "take_emergency_access", "explanation"),
    "entry_destruction": ("carla", "propose_destruction", "whatRemains"),
}


def step_arguments(case: CaseFile, trigger: str, part: Part, text: str = "Zo was het niet helemaal.") -> dict[str, Any]:
    """The person who takes this step, and the form where it depends on the case."""
    # The process director acts on a line without addressee, and reminds the network.
    party = (part["party"] or {}).get("role") if part else None
    if trigger == "amend":
        by, amended, name = _AMENDED["network" if party == "expertise_network" else part["kind"] if part else "case"]
        number = _first(case, part, amended)
        changes = {name: "2030-03-16" if name.endswith("On") else text}
        return {"by": by, "form": {"amends": number, "changes": changes, "reason": text}}
    for_the_director = (party, trigger) in {("process_director", "accept"), ("expertise_network", "remind")}
    if trigger == "take_up":
        return {"form": filled("reconsideration_start@1", chair_id=PERSON_IDS["vera"])}
    if part and (part["kind"], trigger) == ("reconsideration", "withdraw"):
        return {"by": "karim"}  # the payer asked for the one that is withdrawn here
    return {"by": "hanna"} if for_the_director else {}


def _first(case: CaseFile, part: Part, trigger: str) -> int:
    history = case.people.esra.get(f"{case.address(part)}/transitions").json()["transitions"]
    entries = (entry for entry in history if entry["partId"] == (part["id"] if part else case.id))
    return int(next(entry["partSequence"] for entry in entries if entry["trigger"] == trigger))
