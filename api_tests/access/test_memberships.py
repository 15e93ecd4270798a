"""Memberships and coverages hold on their days: rights end and begin at the next request (I29)."""

import pytest
from sqlalchemy import text

from api_tests.support.case_file import CaseFile
from api_tests.support.demonstration import ORGANISATION_IDS
from api_tests.support.people import Person
from api_tests.support.sabotages import broken_by
from api_tests.support.servers import RunningService
from api_tests.support.shared_case import client_with_token, end_memberships_of, in_days, newcomer, signer_of, today
from service.vocabulary.roles import Role

NOTE = {"trigger": "add_note", "form": {"text": "Gebeld."}}


def test_an_organisation_that_lost_a_region_still_has_the_cases_of_its_time_and_no_new_ones(
    service: RunningService,
) -> None:
    """Historic cases keep the relation of their time (I29): sight rests on the case, not on today's map."""
    with (
        newcomer(service, ("ret", Role.CHAIR, in_days(-9), None)) as chair,
        client_with_token(service, signer_of(service).sign_token("anna")) as client,
    ):
        anna = Person("anna", client)
        old_case = anna.submit().json()["caseId"]
        uncover(service, "ret", "JZ11")
        try:
            refusal = anna.submit()
            assert (refusal.status_code, refusal.json()["code"]) == (409, "no_team_for_region")
            assert chair.get(f"/cases/{old_case}").status_code == 200
        finally:
            cover(service, "ret", "JZ11")
        assert anna.submit().status_code == 201


def uncover(service: RunningService, organisation: str, region: str) -> None:
    _set_cover(service, organisation, region, str(in_days(-1)))


def cover(service: RunningService, organisation: str, region: str) -> None:
    _set_cover(service, organisation, region, "9999-12-31")


def _set_cover(service: RunningService, organisation: str, region: str, until: str) -> None:
    statement = text("UPDATE coverages SET valid_until = :until WHERE organisation_id = :id AND region = :region")
    values = {"until": until, "id": str(ORGANISATION_IDS[organisation]), "region": region}
    with service.tables.begin() as connection:
        connection.execute(statement, values)


@broken_by(
    "I29: an ended membership gives no rights",
    "service/people/store/people.py",
    'table.c.valid_until >= bindparam("today"))',
    "table.c.valid_from.is_not(None))",
)
@pytest.mark.usefixtures("case")  # so that there is a case to see
def test_a_membership_holds_on_its_days_and_on_no_other(service: RunningService) -> None:
    """Ended memberships stop, future ones have not begun (I29). Both show at the next request."""
    chair = ("ret", Role.CHAIR)
    periods = {
        "ended yesterday": (*chair, in_days(-9), in_days(-1)),
        "begins tomorrow": (*chair, in_days(1), None),
        "ends today": (*chair, in_days(-9), today()),
        "began today": (*chair, today(), None),
    }

    in_sight = {}
    for name, membership in periods.items():
        with newcomer(service, membership) as person:
            in_sight[name] = bool(person.get("/me").json()["memberships"]), bool(person.get("/cases").json()["items"])

    assert in_sight == {
        "ended yesterday": (False, False),
        "begins tomorrow": (False, False),
        "ends today": (True, True),
        "began today": (True, True),
    }


def test_an_ended_membership_stops_steps_at_the_next_request(service: RunningService, case: CaseFile) -> None:
    with newcomer(service, ("ret", Role.COORDINATOR, in_days(-9), None)) as coordinator:
        first = coordinator.post(f"{case.path}/transitions", NOTE, version=1)
        end_memberships_of(service, coordinator)

        second = coordinator.post(f"{case.path}/transitions", NOTE, version=2)

        assert (first.status_code, second.status_code) == (201, 404)
