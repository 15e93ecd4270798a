"""A request repeated by a person who has lost sight of the part: told that it was done and its number, nothing more.

The number is that of the step within its part, as in the first answer. The rest of that answer is left out: it would
tell what the person may not see any more.
"""

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any
from uuid import uuid4

import httpx
import pytest

from api_tests.promises.test_acting_once import REPLAYED, same, submission
from api_tests.support.case_file import CaseFile
from api_tests.support.destructions import destroy_case
from api_tests.support.escalations import signal
from api_tests.support.forms import filled
from api_tests.support.people import People
from api_tests.support.problems import problem_of
from api_tests.support.sabotages import broken_by
from api_tests.support.servers import RunningService
from api_tests.support.shared_case import anonymise_person, end_memberships_of, in_days, newcomer, without_memberships
from service.vocabulary.roles import Role

NOTE = {"trigger": "add_note", "form": {"text": "Gebeld."}}
Ask = Callable[[], httpx.Response]
Way = Callable[[RunningService, People, ExitStack], tuple[httpx.Response, Ask]]


def left_the_team(service: RunningService, _: People, open_: ExitStack) -> tuple[httpx.Response, Ask]:
    leaver, key, body = open_.enter_context(in_haarlem(service)), str(uuid4()), submission()
    first = leaver.post("/cases", body, key=key)
    end_memberships_of(service, leaver)
    return first, lambda: leaver.post("/cases", body, key=key)


def left_the_team_and_the_case_moved_on(service: RunningService, people: People, open_: ExitStack) -> tuple[Any, Ask]:
    case, key = CaseFile.submitted(people), str(uuid4())
    leaver = open_.enter_context(in_haarlem(service))
    first = leaver.post(f"{case.path}/transitions", NOTE, version=1, key=key)
    case.go_to("in_review")
    end_memberships_of(service, leaver)
    return first, lambda: leaver.post(f"{case.path}/transitions", NOTE, version=1, key=key)


def the_table_rose(_: RunningService, people: People, __: ExitStack) -> tuple[httpx.Response, Ask]:
    case, key = CaseFile.submitted(people).go_to("in_review"), str(uuid4())
    version = int(case.view()["main"]["version"])
    first = case.attempt("add_note", by="floor", key=key, version=version)
    case.go_to("arranging_placement")
    return first, lambda: case.attempt("add_note", by="floor", key=key, version=version)


def the_escalation_ended(_: RunningService, people: People, __: ExitStack) -> tuple[httpx.Response, Ask]:
    """From the campaign of faults: the liaison repeated her signal after the escalation had ended."""
    case, key = CaseFile.submitted(people).go_to("in_review"), str(uuid4())
    case.fire("request_escalation")
    version = int(case.view()["main"]["version"])
    first = case.attempt("signal_escalation", by="mila", key=key, version=version)
    for part in case.parts("escalation"):
        case.fire("withdraw", part=part)
    return first, lambda: case.attempt("signal_escalation", by="mila", key=key, version=version)


def the_emergency_was_reviewed(_: RunningService, people: People, __: ExitStack) -> tuple[httpx.Response, Ask]:
    case, key = CaseFile.submitted(people), str(uuid4())
    first = in_an_emergency(people, case, key)
    case.fire("review", part=case.parts("emergency_access")[0], by="quint")
    return first, lambda: in_an_emergency(people, case, key)


def the_hours_passed(service: RunningService, people: People, open_: ExitStack) -> tuple[httpx.Response, Ask]:
    case, key = CaseFile.submitted(people), str(uuid4())
    first = in_an_emergency(people, case, key)
    service.clock.let_pass(hours=4.1)
    open_.callback(service.clock.let_pass, hours=-4.1)
    return first, lambda: in_an_emergency(people, case, key)


def asked_about_the_file_and_left(
    service: RunningService, people: People, open_: ExitStack
) -> tuple[httpx.Response, Ask]:
    case, key = CaseFile.submitted(people), str(uuid4())
    leaver = open_.enter_context(in_haarlem(service))
    body = {"trigger": "ask_about_file", "form": filled("file_request@1")}
    first = leaver.post(f"{case.path}/file-requests", body, key=key)
    end_memberships_of(service, leaver)
    return first, lambda: leaver.post(f"{case.path}/file-requests", body, key=key)


def signalled_by_number_and_left(
    service: RunningService, people: People, open_: ExitStack
) -> tuple[httpx.Response, Ask]:
    case, key = CaseFile.submitted(people).go_to("in_triage"), str(uuid4())
    liaison = open_.enter_context(newcomer(service, ("cce", Role.CCE_LIAISON, in_days(-9), None)))
    first = signal(liaison, case.number, key=key)
    end_memberships_of(service, liaison)
    return first, lambda: signal(liaison, case.number, key=key)


def the_case_was_destroyed(service: RunningService, people: People, open_: ExitStack) -> tuple[httpx.Response, Ask]:
    leaver, key, body = open_.enter_context(in_haarlem(service)), str(uuid4()), submission()
    first = leaver.post("/cases", body, key=key)
    case = CaseFile(people, first.json()["caseId"], first.json()["number"])
    case.fire("withdraw", by="anna")
    destroy_case(case)
    assert problem_of(leaver.post("/cases", body, key=key), 410, "case_destroyed")["certificate"]["caseId"] == case.id
    end_memberships_of(service, leaver)
    return first, lambda: leaver.post("/cases", body, key=key)


WAYS = (
    left_the_team, left_the_team_and_the_case_moved_on, the_table_rose, the_escalation_ended,
    the_emergency_was_reviewed, the_hours_passed, asked_about_the_file_and_left, signalled_by_number_and_left,
    the_case_was_destroyed,
)  # fmt: skip


def in_haarlem(service: RunningService) -> Any:
    return newcomer(service, ("team-haarlem", Role.LOCAL_TEAM, in_days(-9), None))


def in_an_emergency(people: People, case: CaseFile, key: str) -> httpx.Response:
    form = filled("emergency_access@1")
    body = {"trigger": "take_emergency_access", "number": case.number, "form": form}
    return people.petra.post("/emergency-accesses", body, key=key)


@broken_by(
    "decision 0014: the service answers a repeated step first, even when the person has lost sight",
    "service/cases/use_cases/take_step.py",
    "    def take() -> StepResult:\n",
    "    if sight is None:\n        raise NotFound\n\n    def take() -> StepResult:\n",
    case="sqlite-the_table_rose",
)
@broken_by(
    "decision 0017: a person who lost sight gets only the number of a repeated step",
    "service/cases/use_cases/take_step.py",
    "    if sight and entries:\n"
    "        return StepResult(entries[0], sight.case.number, entries[1:], may_read_case=sight.may_read_case)\n",
    "    if entries:\n        return StepResult(entries[0], cases.number(case_id), entries[1:], may_read_case=True)\n",
)
@broken_by(
    "decision 0018: the second wall shows a person the row of their own step",
    "service/cases/use_cases/take_step.py",
    "    allow_rows_of(transaction, seen_by, cases={case_id})\n",
    "",
    case="postgresql",
)
@broken_by(
    "decision 0014: the answer to a person who lost sight holds no address of the entry",
    "service/cases/api/steps.py",
    "if view.transition is not None:",
    "if True:",
)
@broken_by(
    "decision 0014: a person who lost sight gets the number within the part, not within the case",
    "service/cases/use_cases/take_step.py",
    "StepReceipt(case_id, cases.part_sequence(case_id, first.sequence))",
    "StepReceipt(case_id, first.sequence)",
)
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_a_person_who_lost_sight_hears_that_it_was_done_and_its_number(
    service: RunningService, people: People, way: Way
) -> None:
    with ExitStack() as open_:
        first, ask = way(service, people, open_)
        count_before = len(rows_of(service))

        replay = ask()

        assert first.status_code == replay.status_code == 201, replay.text
        assert replay.json() == {"caseId": first.json()["caseId"], "version": first.json()["version"]}
        assert (replay.headers[REPLAYED], replay.headers["etag"]) == ("true", first.headers["etag"])
        assert "location" not in replay.headers
        assert len(rows_of(service)) == count_before
        # The person cannot read the entry any more. Otherwise another promise would hold.
        headers = {"Authorization": replay.request.headers["Authorization"]}
        assert (
            httpx.get(replay.request.url.copy_with(path=first.headers["location"]), headers=headers).status_code == 404
        )


def rows_of(service: RunningService) -> list[Any]:
    with service.tables.connect() as connection:
        return list(connection.exec_driver_sql("SELECT case_id, sequence FROM transitions"))


def test_a_client_of_an_older_document_knows_the_names_in_the_shorter_answer(
    service: RunningService, people: People
) -> None:
    with ExitStack() as open_:
        first, ask = left_the_team(service, people, open_)
        replay, first_answer = ask().json(), first.json()

        assert replay.keys() <= first_answer.keys()
        assert {name: type(member) for name, member in replay.items()} == {
            name: type(first_answer[name]) for name in replay
        }
        published = people.anna.get("/openapi.json").json()["components"]["schemas"]["MadeView"]
        assert set(published["required"]) == replay.keys()


def test_a_person_who_sees_the_part_again_gets_the_whole_first_answer_again(service: RunningService) -> None:
    with in_haarlem(service) as leaver:
        first = leaver.submit(key="seen-again")
        with without_memberships(service, leaver):
            replay = leaver.submit(key="seen-again")

        assert len(replay.json()) == 2
        assert same(first, leaver.submit(key="seen-again"))


@broken_by(
    "decision 0014: the service refuses an idempotency key of another request, also after sight was lost",
    "service/database/idempotency.py",
    "if row.fingerprint != self._fingerprint(request):",
    "if False:",
)
def test_after_sight_was_lost_another_body_another_person_and_another_key_learn_nothing(
    service: RunningService, case: CaseFile
) -> None:
    path, key = f"{case.path}/transitions", str(uuid4())
    with in_haarlem(service) as leaver, in_haarlem(service) as other:
        first = leaver.post(path, NOTE, version=1, key=key)
        for person in (leaver, other):
            end_memberships_of(service, person)

        with_other_body = leaver.post(path, {**NOTE, "form": {"text": "Anders."}}, version=1, key=key)
        by_other_person = other.post(path, NOTE, version=1, key=key)
        under_other_key = leaver.post(path, NOTE, version=1)
        without_case = leaver.post(f"/cases/{uuid4()}/transitions", NOTE, version=1)

    assert first.status_code == 201
    problem_of(with_other_body, 409, "key_reused")
    assert [answer.status_code for answer in (by_other_person, under_other_key, without_case)] == [404] * 3
    assert by_other_person.content == under_other_key.content == without_case.content
    assert len(case.history()) == 2


def test_a_person_who_is_no_longer_known_at_all_is_told_nothing(service: RunningService) -> None:
    with in_haarlem(service) as leaver:
        first = leaver.submit(key="known-once")
        anonymise_person(service, leaver)

        assert first.status_code == 201
        problem_of(leaver.submit(key="known-once"), 401)
