"""A case that the region solves itself, from submission to closure (story a)."""

from api_tests.support.case_file import CaseFile
from api_tests.support.people import People
from api_tests.support.sabotages import broken_by

# The person who takes each step of the shortest road, written by hand.
TAKEN_BY = {
    "submit": ("Anna Visser", "local_team", "Wijkteam Haarlem-Noord (demonstratie)"),
    "start_triage": ("Carla de Boer", "coordinator", "Expertteam Zuid-Kennemerland en IJmond (demonstratie)"),
    "schedule": ("Daan Mulder", "screener", "Expertteam Zuid-Kennemerland en IJmond (demonstratie)"),
    "open_table": ("Esra Yilmaz", "chair", "Expertteam Zuid-Kennemerland en IJmond (demonstratie)"),
    "draft_advice": ("Esra Yilmaz", "chair", "Expertteam Zuid-Kennemerland en IJmond (demonstratie)"),
    "issue_advice": ("Esra Yilmaz", "chair", "Expertteam Zuid-Kennemerland en IJmond (demonstratie)"),
    "start_arranging": ("Hanna Smit", "process_director", "Expertteam Zuid-Kennemerland en IJmond (demonstratie)"),
    "report_help_started": ("Hanna Smit", "process_director", "Expertteam Zuid-Kennemerland en IJmond (demonstratie)"),
    "start_monitoring": ("Hanna Smit", "process_director", "Expertteam Zuid-Kennemerland en IJmond (demonstratie)"),
    "close": ("Esra Yilmaz", "chair", "Expertteam Zuid-Kennemerland en IJmond (demonstratie)"),
}
THE_ROAD = [
    ("start", "submitted"),
    ("submitted", "in_triage"),
    ("in_triage", "scheduled"),
    ("scheduled", "in_review"),
    ("in_review", "advice_drafted"),
    ("advice_drafted", "advice_issued"),
    ("advice_issued", "arranging_placement"),
    ("arranging_placement", "help_started"),
    ("help_started", "monitored"),
    ("monitored", "closed"),
]


def test_a_case_goes_from_submission_to_closure_and_every_step_stands_in_its_history(case: CaseFile) -> None:
    case.go_to("monitored").go_to("closed")

    steps = [entry["trigger"] for entry in case.history() if entry["partKind"] == "case"]
    assert steps == case.triggers_on_case


@broken_by(
    "Each step is recorded with the role in which the person took it",
    "service/cases/rules/steps.py",
    "role=decision.acting.role",
    "role=decision.trigger.roles[-1]",
)
def test_each_step_tells_who_took_it_in_which_role_for_whom_and_from_which_state_to_which(people: People) -> None:
    case = CaseFile.submitted(people).go_to("monitored")

    case.go_to("closed")

    steps = [entry for entry in case.history() if entry["partKind"] == "case"]
    actors = {
        step["trigger"]: (step["by"]["person"]["name"], step["by"]["role"], step["by"]["organisation"]["name"])
        for step in steps
    }
    assert actors == TAKEN_BY
    assert [(step["source"], step["target"]) for step in steps] == THE_ROAD


def test_a_closed_case_asks_nothing_of_anybody_and_its_whole_history_verifies(people: People) -> None:
    case = CaseFile.submitted(people).go_to("monitored")
    assert case.view()["waitingDays"] == 0

    case.go_to("closed")

    view = case.view()
    assert (view["main"]["party"], view["main"]["nextAction"], view["main"]["dueOn"]) == (None, None, None)
    assert (view["waitingDays"], view["main"]["late"]) == (None, False)
    entries = case.history()
    verification = people.esra.get(f"{case.path}/verification").json()
    assert (verification["sound"], verification["entries"], verification["head"]) == (
        True,
        len(entries),
        view["digest"],
    )
    assert [entry["sequence"] for entry in entries] == list(range(1, len(entries) + 1))


def test_the_submitter_follows_the_case_to_its_end_and_reads_every_document(people: People) -> None:
    case = CaseFile.submitted(people).go_to("monitored").go_to("closed")

    documents = people.anna.get(f"{case.path}/file").json()["documents"]

    forms = [
        document["entry"]["form"]
        for document in documents
        if document["entry"]["partKind"] == "case" and document["form"]
    ]
    assert forms == [
        "referral@1",
        "triage_start@1",
        "triage@1",
        "table@1",
        "analysis@1",
        "advice@1",
        "help_report@1",
        "monitoring@1",
        "closure@1",
    ]
