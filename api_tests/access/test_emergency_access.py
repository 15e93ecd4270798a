"""Emergency access: one case, for hours, with a reason, seen by everybody around it and reviewed (NEN 7513, I18)."""

from contextlib import ExitStack
from typing import Any
from uuid import UUID, uuid4

import pytest
from prometheus_client import REGISTRY

from api_tests.support.administration import Office
from api_tests.support.case_file import CaseFile
from api_tests.support.demonstration import ORGANISATION_IDS
from api_tests.support.destroyed_content import propose_entry
from api_tests.support.escalations import signal
from api_tests.support.forms import filled
from api_tests.support.people import People, Person
from api_tests.support.refusals import refusal
from api_tests.support.sabotages import broken_by
from api_tests.support.servers import RunningService
from api_tests.support.shared_case import end_memberships_of, in_days, newcomer, rows
from api_tests.support.workflows import RULES
from service.app import build_service
from service.cases.rules.steps import Step
from service.cases.use_cases.take_step import StepReceipt, StepResult
from service.database.idempotency import IdempotencyKey, IdempotentResult
from service.database.transaction import Transaction
from service.file_rights.use_cases.emergency_access import take_emergency_access
from service.identity.caller import Caller
from service.people.store.people import People as PeopleStore
from service.people.use_cases.demonstration import DEMONSTRATION_ISSUER
from service.vocabulary.refusals import HumansOnly
from service.vocabulary.roles import Role


def take_access(person: Person, number: str, key: str | None = None, **changes: Any) -> Any:
    form = filled("emergency_access@1", **changes)
    return person.post(
        "/emergency-accesses", {"trigger": "take_emergency_access", "number": number, "form": form}, key=key
    )


def test_emergency_access_shows_one_whole_case_and_allows_reading_alone(people: People, case: CaseFile) -> None:
    other = CaseFile.submitted(people)
    assert people.petra.get(f"{case.path}/file").status_code == 404

    access = take_access(people.petra, case.number)

    assert access.status_code == 201
    file = people.petra.get(f"{case.path}/file").json()
    assert file["documents"][0]["form"] == filled("referral@1") | {
        "residence": file["documents"][0]["form"]["residence"]
    }
    numbers = [item["number"] for item in people.petra.get(f"/cases?number={case.number}").json()["items"]]
    assert case.number in numbers
    assert other.number not in numbers
    assert people.petra.get(other.path).status_code == 404
    transitions = people.petra.get(f"{case.path}/possible-transitions").json()["transitions"]
    assert not any(transition["possible"] for transition in transitions)
    assert case.attempt("add_note", by="petra").status_code == 403
    assert (
        people.petra.post(
            f"{case.path}/file-requests", {"trigger": "ask_about_file", "form": filled("file_request@1")}
        ).status_code
        == 403
    )


def test_emergency_access_ends_after_the_hours_of_the_region_and_at_once_when_reviewed(
    service: RunningService, people: People, case: CaseFile
) -> None:
    part = case.read_in_an_emergency(by="petra")
    assert people.petra.get(case.path).status_code == 200

    service.clock.let_pass(hours=3.9)
    during = people.petra.get(case.path).status_code
    service.clock.let_pass(hours=0.2)
    after = people.petra.get(case.path).status_code
    service.clock.let_pass(hours=-4.1)
    case.fire("review", part=part, by="quint")
    after_review = people.petra.get(case.path).status_code

    assert (during, after, after_review) == (200, 404, 404)


@broken_by(
    "An emergency access that ended stays ended when the clock goes back",
    "service/database/steady_clock.py",
    "            self._set_back += max(self._latest - now, timedelta(0))\n",
    "",
)
def test_an_emergency_access_that_ended_stays_ended_when_the_clock_goes_back(
    service: RunningService, people: People, case: CaseFile
) -> None:
    """Nobody has to look in between: the clock of the service is read by every request."""
    case.read_in_an_emergency(by="petra")
    service.clock.let_pass(hours=4.1)
    people.anna.get("/me")

    service.clock.let_pass(hours=-3)
    again = [people.petra.get(case.path + path).status_code for path in ("", "/file")]
    service.clock.let_pass(hours=-1.1)
    at_first = people.petra.get(case.path).status_code
    taken_anew = take_access(people.petra, case.number).status_code
    afterwards = people.petra.get(f"{case.path}/file").status_code
    service.clock.let_pass(hours=4.1)
    ended_anew = people.petra.get(case.path).status_code
    service.clock.let_pass(hours=-4.1)

    assert (again, at_first) == ([404, 404], 404)
    assert (taken_anew, afterwards, ended_anew) == (201, 200, 404)


@broken_by(
    "An emergency access that ended stays ended when the clock goes back and the service starts again",
    "service/app.py",
    "            clock.go_on_from(moment)\n",
    "            pass\n",
)
@pytest.mark.parametrize("witness", ["a step", "a reading"])
def test_an_emergency_access_that_ended_stays_ended_after_a_new_start(
    service: RunningService, people: People, case: CaseFile, witness: str
) -> None:
    """The newest step or reading tells a new process how late it was."""
    case.read_in_an_emergency(by="petra")
    service.clock.let_pass(hours=4.1)
    if witness == "a step":
        CaseFile.submitted(people)
    else:
        people.anna.get(f"{case.path}/file")
    service.clock.let_pass(hours=-4.1)

    started_again = build_service(service.settings, service.clock)
    try:
        actor = started_again.database.read_sync(
            lambda transaction: PeopleStore(transaction).find_actor(DEMONSTRATION_ISSUER, "petra")
        )
    finally:
        started_again.database.close()

    assert actor is not None
    assert UUID(case.id) not in {emergency.case_id for emergency in actor.emergencies}


def test_everybody_around_the_case_sees_who_took_access_and_why_and_the_officer_is_asked_to_review(
    people: People, case: CaseFile
) -> None:
    part = case.read_in_an_emergency(by="ivo")

    view = case.view(by="anna")
    work_items = people.quint.get(f"/work-items?whose=organisation&number={case.number}").json()["items"]
    entry = people.quint.get(f"{case.address(part)}/transitions/1").json()

    assert [signal["code"] for signal in view["attention"]] == ["emergency_access"]
    first = next(step for step in case.history(by="anna") if step["partKind"] == "emergency_access")
    assert (first["trigger"], first["by"]["role"], first["codes"]["emergency_reason"]) == (
        "take_emergency_access",
        "provider",
        ["acute_safety"],
    )
    duty = next(item for item in work_items if item["part"]["id"] == part["id"])
    assert duty["part"]["party"]["role"] == "data_protection_officer"
    assert duty["part"]["dueOn"] is not None
    assert entry["form"]["explanation"] == filled("emergency_access@1")["explanation"]
    case.fire("review", part=part, by="quint")
    assert case.view(by="anna")["attention"] == []


def test_i18_a_reading_in_an_emergency_is_logged_as_one(
    service: RunningService, people: People, case: CaseFile
) -> None:
    case.read_in_an_emergency(by="petra")
    people.petra.get(f"{case.path}/file")
    people.esra.get(f"{case.path}/file")

    lines = rows(service, f"SELECT * FROM access_log WHERE case_id = '{case.id}' ORDER BY id")

    assert [(line["role"], line["purpose"], bool(line["emergency"])) for line in lines] == [
        ("chair", "emergency", True),
        ("chair", "work_of_the_expert_team", False),
    ]


def test_readings_in_an_emergency_are_counted_in_the_metrics(people: People, case: CaseFile) -> None:
    case.read_in_an_emergency(by="petra")
    count_before = REGISTRY.get_sample_value("casusroute_emergency_readings_total") or 0

    for person in (people.petra, people.esra, people.petra):
        assert person.get(f"{case.path}/file").status_code == 200

    assert REGISTRY.get_sample_value("casusroute_emergency_readings_total") == count_before + 2


def test_consent_withheld_from_a_provider_does_not_stand_in_the_way_of_an_emergency(people: People) -> None:
    case = CaseFile.submitted(people)
    case.read_in_an_emergency(by="sara")

    assert people.sara.get(f"{case.path}/file").status_code == 200


def test_emergency_access_is_refused_to_readers_of_the_case_to_other_roles_and_to_systems(
    service: RunningService, people: People, case: CaseFile
) -> None:
    by_reader = take_access(people.esra, case.number)
    no_role = {
        key: take_access(people[key], case.number).status_code for key in ("wilma", "yara", "noor", "roos", "quint")
    }
    no_case = take_access(people.petra, "0000-0000")
    no_reason = take_access(people.petra, case.number, explanation=" ")
    issuer = rows(service, "SELECT issuer FROM people WHERE subject = 'petra'")[0]["issuer"]
    machine = Caller(issuer, "petra", trace_id="", is_machine=True)

    assert (by_reader.status_code, by_reader.json()["code"], by_reader.json()["caseId"]) == (
        409,
        "already_in_sight",
        case.id,
    )
    assert set(no_role.values()) == {403}
    assert (no_case.status_code, no_reason.status_code) == (404, 400)
    with pytest.raises(HumansOnly):
        service.built.database.write_sync(lambda transaction: _take_access_as(transaction, machine, case.number))
    assert case.parts("emergency_access") == []


def _take_access_as(
    transaction: Transaction, caller: Caller, number: str
) -> IdempotentResult[StepResult | StepReceipt]:
    step = Step(trigger="take_emergency_access", occurred_at=transaction.now)
    key = IdempotencyKey("k", "")
    return take_emergency_access(transaction, caller, number, step, key, rules=RULES, new_id=uuid4)


def test_the_same_request_begins_one_access_and_nobody_reviews_their_own(people: People, case: CaseFile) -> None:
    first = take_access(people.petra, case.number, key="een-keer-" + case.id)
    replay = take_access(people.petra, case.number, key="een-keer-" + case.id)

    assert (first.json(), replay.headers["idempotent-replayed"]) == (replay.json(), "true")
    part = case.parts("emergency_access")
    assert len(part) == 1
    review = case.attempt("review", part=part[0], by="petra")
    amendment = case.attempt(
        "amend",
        part=part[0],
        by="petra",
        form={"amends": 1, "changes": {"explanation": "Zijn moeder stond erbij."}, "reason": "Dat hoort erbij."},
    )
    assert (review.status_code, amendment.status_code) == (403, 201)


@broken_by(
    "Nobody reviews the emergency access that they took themselves, also not in a second role",
    "service/cases/rules/acting_memberships.py",
    "if access := own_emergency_access(actor, part, entries):",
    "if (access := own_emergency_access(actor, part, entries)) and not access:",
)
def test_nobody_reviews_their_own_access_in_a_second_role_and_the_refusal_says_why(
    service: RunningService, people: People, case: CaseFile
) -> None:
    with ExitStack() as clients:
        office = Office(service, people.roos, clients)
        person = office.add_member(str(ORGANISATION_IDS["ret"]), "data_protection_officer")
        of_twente = {"organisationId": str(ORGANISATION_IDS["ret-twente"]), "role": "chair"}
        office.record_change("/memberships", personId=person.key, **of_twente)
        taken = take_access(person, case.number)
        (part,) = case.parts("emergency_access")
        answer = person.post(
            f"{case.address(part)}/transitions",
            {"trigger": "review", "form": filled("emergency_review@1")},
            version=part["version"],
        )

    assert taken.status_code == 201, taken.text
    assert refusal(answer) == (403, "role_not_allowed")
    assert answer.json()["whyNot"]["code"] == "took_it_themselves"


@broken_by(
    "Nobody destroys an entry of the emergency access that they took themselves",
    "service/retention/use_cases/destroy_content.py",
    'return entry.part_kind == "emergency_access" and first.actor_id == person_id',
    "return False",
)
def test_an_officer_destroys_no_entry_of_their_own_access(
    service: RunningService, people: People, case: CaseFile
) -> None:
    with ExitStack() as clients:
        office = Office(service, people.roos, clients)
        person = office.add_member(str(ORGANISATION_IDS["ret-twente"]), "chair")
        assert take_access(person, case.number).status_code == 201
        (access,) = case.parts("emergency_access")
        case.fire("review", part=access, by="quint", form=filled("emergency_review@1"))
        of_team = {"organisationId": str(ORGANISATION_IDS["ret"]), "role": "data_protection_officer"}
        office.record_change("/memberships", personId=person.key, **of_team)
        propose_entry(case, {"partId": access["id"], "partSequence": 1})
        (proposal,) = case.parts("entry_destruction")
        step = {"trigger": "destroy_content"}
        refused = person.post(f"{case.address(proposal)}/transitions", step, version=proposal["version"])

    assert [obstacle["code"] for obstacle in refused.json()["obstacles"]] == ["took_this_access"]


@broken_by(
    "A liaison with emergency access to a case can still signal that case by its number",
    "service/escalations/use_cases.py",
    "load_situation(transaction, replace(actor, emergencies=()), case, part, rules)",
    "load_situation(transaction, actor, case, part, rules)",
)
def test_emergency_access_takes_no_other_right_away(people: People) -> None:
    """The liaison signals a case out of her sight by its number: the one she reads in an emergency, and another."""
    read_case, other_case = (CaseFile.submitted(people).go_to("in_triage") for _ in range(2))
    read_case.read_in_an_emergency(by="mila")

    statuses = [signal(people.mila, case.number).status_code for case in (read_case, other_case)]

    assert statuses == [201, 201]


@broken_by(
    "A person who sees a case only by emergency access can take steps in that access alone",
    "service/cases/use_cases/situation.py",
    "if actor.emergencies and not own_emergency_access(actor, part, history):",
    "if False:",
)
def test_nobody_gets_a_say_in_what_they_see_in_an_emergency_alone(case: CaseFile) -> None:
    """Floor is an expert, and this case is not at the table: she may add to her own access alone."""
    access_of_another = case.read_in_an_emergency(by="joke")
    own_access = case.read_in_an_emergency(by="floor")

    statuses = [
        case.attempt("add_note", by="floor", part=part).status_code for part in (None, access_of_another, own_access)
    ]

    assert statuses == [403, 403, 201]


@broken_by(
    "I29: emergency access ends when the membership that it rests on ends",
    "service/people/store/people.py",
    "if (row.emergency_role, row.emergency_organisation_id) in regions",
    "if row.emergency_part_id is not None",
)
def test_i29_emergency_access_ends_with_the_role_that_it_was_taken_in(service: RunningService, case: CaseFile) -> None:
    """I29: rights end at the next request, also rights taken for some hours."""
    with newcomer(service, ("team-haarlem", Role.CHAIR, in_days(-9), None)) as leaver:
        access = take_access(leaver, case.number).status_code
        before = leaver.get(f"{case.path}/file").status_code
        end_memberships_of(service, leaver)

        after = [leaver.get(case.path + path).status_code for path in ("", "/file", "/file?sequence=1")]

    assert (access, before, after) == (201, 200, [404, 404, 404])


@broken_by(
    "I18: a past view that only emergency access shows is logged as emergency access",
    "service/cases/use_cases/read_content.py",
    ("    seat = require_seat(transaction, reading.entitled_actor, sight)\n    reader = "),
    ("    seat = require_seat(transaction, actor, sight)\n    reader = "),
)
def test_i18_a_past_view_that_only_an_emergency_shows_is_logged_as_one(service: RunningService, people: People) -> None:
    """Floor reads the case at the table today by right, and its earlier state only because she took access."""
    case = CaseFile.submitted(people)
    case.read_in_an_emergency(by="floor")
    case.go_to("in_review")

    for path in ("/file", "/file?sequence=1", "/transitions/1?sequence=1"):
        assert people.floor.get(case.path + path).status_code == 200

    lines = rows(service, f"SELECT * FROM access_log WHERE case_id = '{case.id}' ORDER BY id")
    assert [(line["purpose"], bool(line["emergency"])) for line in lines] == [
        ("review_at_the_table", False),
        ("emergency", True),
        ("emergency", True),
    ]
