"""An organisation ends with a successor, which acts in its place; a municipality is one organisation (I29)."""

from collections.abc import Iterator

import pytest

from api_tests.journeys.test_offer import offer_of, overview
from api_tests.support.administration import Office
from api_tests.support.case_file import CaseFile
from api_tests.support.demonstration import ORGANISATION_IDS
from api_tests.support.people import People, Person
from api_tests.support.refusals import faults, refusal
from api_tests.support.sabotages import broken_by
from api_tests.support.servers import RunningService
from api_tests.support.workflows import form_for

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def office(service: RunningService, people: People) -> Iterator[Office]:
    office = Office(service, people.roos)
    with office.clients:
        yield office


def local_team(office: Office) -> tuple[str, Person]:
    """A new local team in Haarlem, and a member of it."""
    team = office.add_organisation("local_team", "GM0392")
    return team, office.add_member(team, "local_team")


def submitted_by(member: Person) -> str:
    answer = member.submit()
    assert answer.status_code == 201, answer.text
    return str(answer.json()["caseId"])


def end(office: Office, organisation: str, successor: str, days: int = -1) -> None:
    office.record_change(
        "/organisation-ends", organisationId=organisation, successorId=successor, validUntil=office.day(days)
    )


@broken_by(
    "A member of a successor acts for the organisation that ended",
    "service/people/store/people.py",
    "regions.setdefault((row.role, row.predecessor_id), set())",
    "pass",
)
def test_members_of_the_successor_act_in_the_cases_of_the_organisation_that_ended(office: Office) -> None:
    (old_team, old_member), (new_team, new_member) = local_team(office), local_team(office)
    case = submitted_by(old_member)
    before = new_member.get(f"/cases/{case}").status_code

    end(office, old_team, new_team)

    assert (before, old_member.get(f"/cases/{case}").status_code) == (404, 404)
    assert refusal(old_member.submit()) == (403, "not_allowed")
    view = new_member.get(f"/cases/{case}").json()
    assert view["submitter"]["id"] == old_team, "the case stays as it was addressed"
    note = {"trigger": "add_note", "form": form_for("case", "add_note")}
    assert new_member.post(f"/cases/{case}/transitions", note, version=1).status_code == 201
    own_case = submitted_by(new_member)
    assert new_member.get(f"/cases/{own_case}").json()["submitter"]["id"] == new_team


def test_the_successor_of_a_successor_acts_for_both(office: Office) -> None:
    (first, first_member), (second, second_member), (third, third_member) = (local_team(office) for _ in range(3))
    cases = submitted_by(first_member), submitted_by(second_member)

    end(office, first, second)
    end(office, second, third)

    assert [third_member.get(f"/cases/{case}").status_code for case in cases] == [200, 200]
    assert [second_member.get(f"/cases/{case}").status_code for case in cases] == [404, 404]
    administered = office.roos.get(f"/organisations/{first}").json()
    assert (administered["successor"]["id"], administered["lastDay"]) == (third, office.day(-1))


@broken_by(
    "An organisation keeps its own last day when its successor ends sooner",
    "service/people/store/successions.py",
    "max(row.last_day, last_day.isoformat())",
    "last_day.isoformat()",
)
@broken_by(
    "An organisation keeps its own last day when its successor ends later",
    "service/people/store/successions.py",
    "func.min(_own.c.last_day)",
    "func.max(_own.c.last_day)",
)
@pytest.mark.parametrize(("own", "of_successor"), [(10, 3), (3, 10)])
def test_an_organisation_keeps_its_last_day_when_its_successor_ends(
    office: Office, people: People, own: int, of_successor: int
) -> None:
    (first, _), (second, _), (third, _) = local_team(office), local_team(office), local_team(office)
    end(office, first, second, own)
    end(office, second, third, of_successor)

    view = people.roos.get(f"/organisations/{first}").json()
    membership = {"organisationId": first, "role": "local_team", "validFrom": office.day(0)}
    person, _ = office.add_person()
    answer = office.post("/memberships", personId=person, validUntil=office.day(own), **membership)

    assert (view["lastDay"], view["successor"]["id"]) == (office.day(own), third)
    assert answer.status_code == 201, answer.text


@broken_by(
    "A provider that ended makes no offer",
    "service/offers/use_cases/offers.py",
    "        if successor and successor.last_day < day_in_amsterdam(transaction.now):\n",
    "        if False:\n",
)
@broken_by(
    "An offer of a provider that ended is not current",
    "service/offers/use_cases/offers.py",
    "if offer.provider_id not in ended",
    "if offer",
)
def test_a_provider_that_ended_makes_no_offer_and_its_offers_are_not_current(office: Office, people: People) -> None:
    old, new = office.add_organisation("provider"), office.add_organisation("provider")
    offers = [people.carla.post("/offers", offer_of(old)).json()["id"]]

    def current() -> set[str]:
        return {offer["id"] for items in overview(people, provider=old).values() for offer in items}

    before = current()
    end(office, old, new)
    refused = people.carla.post("/offers", offer_of(old))

    assert before == set(offers)
    assert faults(refused) == {("organisation_ended", "/providerId")}
    assert current() == set()
    assert people.esra.get(f"/offers/{offers[0]}").status_code == 200


@broken_by(
    "A successor acts only after the last day of the organisation that ends",
    "service/people/store/people.py",
    '.c.last_day < bindparam("today"),',
    '.c.last_day <= bindparam("today"),',
)
def test_an_organisation_acts_itself_until_its_last_day(office: Office) -> None:
    (old_team, old_member), (new_team, new_member) = local_team(office), local_team(office)
    case = submitted_by(old_member)

    end(office, old_team, new_team, days=0)

    assert old_member.get(f"/cases/{case}").status_code == 200
    assert new_member.get(f"/cases/{case}").status_code == 404
    later = office.post(
        "/memberships", personId=new_member.key, organisationId=old_team, role="local_team", validFrom=office.day()
    )
    assert faults(later) == {("organisation_ended", "/organisationId")}


@broken_by(
    "An advice names no organisation that ended",
    "service/cases/use_cases/check_step.py",
    "if successor and successor.last_day < day_in_amsterdam(transaction.now):",
    "if False:",
)
def test_a_form_names_the_successor_and_not_the_organisation_that_ended(office: Office, people: People) -> None:
    old, new = office.add_organisation("provider"), office.add_organisation("provider")
    end(office, old, new)
    case = CaseFile.submitted(people).go_to("advice_drafted")
    advice = form_for("case", "issue_advice")
    assert advice is not None
    lines = [line | {"providerId": old} for line in advice["lines"]]

    answer = case.attempt("issue_advice", form=advice | {"lines": lines})

    assert {code for code, _ in faults(answer)} == {"organisation_ended"}
    assert {organisation["id"] for organisation in people.esra.get("/organisations").json()["items"]}.isdisjoint({old})


@broken_by(
    "A municipality is one organisation, which is the one that pays",
    "service/people/use_cases/apply_decision.py",
    "        raise AlreadyThere(str(existing))\n\n\n@apply_decision.register\ndef _(decision: NewPerson",
    "        pass\n\n\n@apply_decision.register\ndef _(decision: NewPerson",
)
def test_a_second_organisation_of_one_municipality_is_refused(office: Office) -> None:
    answer = office.post("/organisations", kind="municipality", name="Gemeente Haarlem (2)", municipality="GM0392")

    assert refusal(answer) == (409, "already_there")
    assert answer.json()["id"] == str(ORGANISATION_IDS["gemeente-haarlem"])
    assert office.post("/organisations", kind="family", name="Gezin B.", municipality="GM0392").status_code == 201


def test_an_end_that_cannot_be_is_refused_with_all_its_faults(office: Office) -> None:
    team, other = local_team(office)[0], local_team(office)[0]
    ended = local_team(office)[0]
    end(office, ended, team)
    nobody, provider = "00000000-0000-4000-8000-000000000000", office.add_organisation("provider")

    def attempt(organisation: str, successor: str, days: int = -1) -> set[tuple[str, str]]:
        body = {"organisationId": organisation, "successorId": successor, "validUntil": office.day(days)}
        return set(faults(office.post("/organisation-ends", **body)))

    assert attempt(nobody, nobody) == {("no_such_organisation", f"/{name}Id") for name in ("organisation", "successor")}
    assert attempt(team, team) == {("no_successor", "/successorId")}
    assert attempt(team, provider) == {("no_successor", "/successorId")}
    assert attempt(other, ended) == {("organisation_ended", "/successorId")}
    assert attempt(team, other, days=-2) == {("day_in_past", "/validUntil")}
    expert_teams = str(ORGANISATION_IDS["ret"]), str(ORGANISATION_IDS["ret-twente"])
    assert attempt(*expert_teams) >= {("kind_does_not_end", "/organisationId"), ("covers_a_region", "/organisationId")}
    again = office.post("/organisation-ends", organisationId=ended, successorId=other, validUntil=office.day())
    assert refusal(again) == (409, "already_there")
