"""Every read of content leaves exactly one line: who, in which role, for whom, why, of which case, what, when (I18)."""

import re
from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import uuid4

import httpx
import pytest

from api_tests.support.case_file import CaseFile
from api_tests.support.demonstration import ORGANISATION_IDS
from api_tests.support.people import People
from api_tests.support.sabotages import broken_by
from api_tests.support.servers import RunningService
from api_tests.support.shared_case import SharedCase, help_arranged, in_days, newcomer, rows
from service.vocabulary.roles import Role

Line = dict[str, Any]
TEAM_WORK = "work_of_the_expert_team"


@pytest.fixture(scope="module")
def scene(people: People) -> SharedCase:
    """A case whose parts hold content to read."""
    scene = help_arranged(people)
    case = scene.case
    for line, by in (("A", "ivo"), ("B", "joke")):
        case.fire("accept", part=scene.parts[f"commitment {line}"], by=by)
    for line, by in (("A", "karim"), ("B", "lotte")):
        case.fire("dispute", part=scene.parts[f"funding {line}"], by=by)
    case.fire("agree", part=scene.parts["placement A"])
    case.fire("escalate", part=scene.parts["escalation"])
    return SharedCase(case)


def lines_of(service: RunningService, ask: Callable[[], httpx.Response]) -> tuple[httpx.Response, list[Line]]:
    """Returns the answer, and the lines that the log gained."""
    last = rows(service, "SELECT coalesce(max(id), 0) AS id FROM access_log")[0]["id"]
    answer = ask()
    return answer, rows(service, f"SELECT * FROM access_log WHERE id > {last} ORDER BY id")


@broken_by(
    "I18: the service logs each reading of a case file",
    "service/cases/use_cases/read_content.py",
    (
        '    log_reading(transaction, caller, actor, sight, "read_case_file", '
        "log_detail(detail, reading.past), seat=seat)\n"
    ),
    "",
)
@pytest.mark.parametrize(
    ("key", "path", "role", "organisation", "purpose", "activity", "detail"),
    [
        ("esra", "{case}/file", "chair", "ret", TEAM_WORK, "read_case_file", "whole file"),
        ("anna", "{case}/file", "local_team", "team-haarlem", "directing_help_locally", "read_case_file", "whole file"),
        ("mila", "{case}/file", "cce_liaison", "cce", "escalation", "read_case_file", "whole file"),
        ("carla", "{case}/transitions/1", "coordinator", "ret", TEAM_WORK, "read_entry", "referral@1#1"),
        ("mila", "{case}/transitions/1", "cce_liaison", "cce", "escalation", "read_entry", "referral@1#1"),
        ("hanna", "{commitment A}/transitions/2", "process_director", "ret", TEAM_WORK, "read_entry", "acceptance@1#"),
        *(
            ("mila", f"{{{part}}}/transitions/2", "cce_liaison", "cce", "escalation", "read_entry", form)
            for part, form in {
                "commitment A": "acceptance@1#",
                "funding B": "payment_obstacle@1#",
                "placement A": "agreement@1#",
                "escalation": "escalation@2#",
            }.items()
        ),
        (
            "anna",
            "{placement A}/transitions/2",
            "local_team",
            "team-haarlem",
            "directing_help_locally",
            "read_entry",
            "agre",
        ),
        *(
            (key, f"{{{part}}}/transitions/2", role, organisation, "answering_for_an_advice_line", "read_entry", form)
            for key, part, role, organisation, form in (
                ("ivo", "commitment A", "provider", "de-veste", "acceptance@1#"),
                ("joke", "commitment B", "provider", "duinhuis", "acceptance@1#"),
                ("karim", "funding A", "municipality", "gemeente-haarlem", "payment_obstacle@1#"),
            )
        ),
        *(
            (key, "{case}/advices/1", role, organisation, purpose, "read_advice", "advice version 1")
            for key, role, organisation, purpose in (
                ("daan", "screener", "ret", TEAM_WORK),
                ("mila", "cce_liaison", "cce", "escalation"),
                ("ivo", "provider", "de-veste", "answering_for_an_advice_line"),
                ("lotte", "municipality", "gemeente-velsen", "answering_for_an_advice_line"),
            )
        ),
    ],
)
def test_i18_one_read_of_content_is_one_line_that_says_who_why_and_what(
    service: RunningService,
    people: People,
    scene: SharedCase,
    key: str,
    path: str,
    role: str,
    organisation: str,
    purpose: str,
    activity: str,
    detail: str,
) -> None:
    trace = uuid4().hex
    address = re.sub(r"\{(.+?)\}", lambda match: scene.path(match[1]), path)

    answer, lines = lines_of(
        service, lambda: people[key].get(address, headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"})
    )

    assert answer.status_code == 200
    assert len(lines) == 1
    line = lines[0]
    assert line["object_detail"].startswith(detail)
    assert {name: line[name] for name in ("user_id", "role", "organisation_id", "purpose", "case_id", "action")} == {
        "user_id": str(people[key].id),
        "role": role,
        "organisation_id": str(ORGANISATION_IDS[organisation]),
        "purpose": purpose,
        "case_id": scene.case.id,
        "action": "R",
    }
    assert (line["processing_activity"], line["trace_id"]) == (activity, trace)
    assert abs(line["event_at"] / 1e6 - service.clock().timestamp()) < 60


def test_i18_an_expert_at_the_table_reads_for_the_table(service: RunningService, people: People) -> None:
    case = CaseFile.submitted(people).go_to("in_review")

    answers = [lines_of(service, partial(people[key].get, f"{case.path}/file")) for key in ("floor", "gijs")]

    assert [(line["role"], line["purpose"]) for _, lines in answers for line in lines] == [
        ("expert", "review_at_the_table"),
        ("expert_by_experience", "review_at_the_table"),
    ]


def test_i18_lists_heads_histories_and_ones_own_draft_leave_no_line(
    service: RunningService, people: People, scene: SharedCase
) -> None:
    """A draft is not part of a file yet. Only its writer can read it."""
    draft = people.anna.post("/drafts", {"form": {"question": "Hoe verder?"}}).json()["id"]
    paths = [
        f"{path}{suffix}" for path in (scene.case.path, scene.path("commitment A")) for suffix in ("", "/transitions")
    ]
    paths += [
        f"{scene.case.path}{suffix}" for suffix in ("/possible-transitions", "/verification", "/advices", "/placements")
    ]
    paths += ["/cases", "/work-items?whose=all", "/drafts", f"/drafts/{draft}", "/me", "/organisations"]

    readings = [lines_of(service, partial(people.anna.get, path)) for path in paths]

    assert [answer.status_code for answer, _ in readings] == [200] * len(paths)
    assert [lines for _, lines in readings if lines] == []


def test_i18_an_entry_in_which_nothing_was_written_and_a_refused_read_leave_no_line(
    service: RunningService, people: People, scene: SharedCase
) -> None:
    empty, lines_of_empty = lines_of(service, lambda: people.ivo.get(f"{scene.path('commitment A')}/transitions/1"))
    refusal, lines_of_refused = lines_of(service, lambda: people.petra.get(f"{scene.case.path}/file"))

    assert (empty.status_code, empty.json()["form"], lines_of_empty) == (200, None, [])
    assert (refusal.status_code, lines_of_refused) == (404, [])


def test_i18_an_amendment_reads_what_it_amends_and_says_so(service: RunningService, people: People) -> None:
    case = CaseFile.submitted(people)
    form = {"amends": 1, "changes": {"question": "Anders gevraagd."}, "reason": "Zo bedoelden zij het."}

    answer, lines = lines_of(service, lambda: case.attempt("amend", by="anna", form=form))

    assert answer.status_code == 201
    assert [(line["role"], line["processing_activity"], line["object_detail"]) for line in lines] == [
        ("local_team", "amend_case", "referral@1#1")
    ]


def test_i18_histories_for_learning_are_logged_as_taken_out(service: RunningService, people: People) -> None:
    answer, lines = lines_of(service, lambda: people.noor.get("/learning/histories", params={"region": "JZ11"}))

    assert answer.status_code == 200
    assert [
        (line["action"], line["role"], line["purpose"], line["case_id"], line["object_detail"]) for line in lines
    ] == [("E", "facilitator", "learning", None, "regions JZ11")]


@broken_by(
    "I18: the access log names a role that shows the content on its own",
    "service/cases/use_cases/read_content.py",
    "if sight_alone and sight_alone.may_read_case == sight.may_read_case:",
    "if not sight_alone or sight_alone:",
)
@pytest.mark.parametrize(
    ("memberships", "path", "role"),
    [
        ((("ret", Role.EXPERT), ("de-veste", Role.PROVIDER)), "{commitment A}/transitions/2", "provider"),
        ((("ret", Role.ADMINISTRATOR), ("ret", Role.CHAIR)), "{case}/file", "chair"),
        ((("ret", Role.EXPERT), ("team-haarlem", Role.LOCAL_TEAM)), "{case}/file", "local_team"),
        ((("ret-twente", Role.CHAIR), ("ret", Role.SCREENER)), "{case}/file", "screener"),
        ((("gemeente-haarlem", Role.MUNICIPALITY), ("ret", Role.PROCESS_DIRECTOR)), "{funding A}/transitions/2", None),
        ((("duinhuis", Role.PROVIDER), ("gemeente-haarlem", Role.MUNICIPALITY)), "{case}/advices/1", None),
    ],
)
def test_i18_the_logged_role_is_one_that_shows_the_content_alone(
    service: RunningService, scene: SharedCase, memberships: tuple[tuple[str, Role], ...], path: str, role: str | None
) -> None:
    address = re.sub(r"\{(.+?)\}", lambda match: scene.path(match[1]), path)
    with newcomer(
        service, *((organisation, held_role, in_days(-9), None) for organisation, held_role in memberships)
    ) as person:
        answer, lines = lines_of(service, lambda: person.get(address))

    assert answer.status_code == 200
    assert [line["role"] for line in lines] in ([[role]] if role else [[held_role] for _, held_role in memberships])


def test_i18_the_log_holds_nothing_of_what_was_read(service: RunningService, people: People) -> None:
    case = CaseFile.submitted(people, question="Een vraag met het woord zevenslaper erin.")
    people.esra.get(f"{case.path}/file")
    people.esra.get(f"{case.path}/transitions/1")

    log = rows(service, "SELECT * FROM access_log")

    assert "zevenslaper" in people.esra.get(f"{case.path}/file").text
    assert "zevenslaper" not in repr(log)
