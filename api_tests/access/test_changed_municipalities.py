"""A municipality moves to another region or is dissolved, from a day on; cases keep the region of their time (I29)."""

import shutil
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest

from api_tests.support.administration import Office, residence_in
from api_tests.support.case_file import CaseFile
from api_tests.support.changed_rules import service_with_people
from api_tests.support.databases import new_database
from api_tests.support.demonstration import ORGANISATION_IDS
from api_tests.support.engines import ENGINES
from api_tests.support.people import People
from api_tests.support.refusals import faults, refusal
from api_tests.support.sabotages import broken_by
from api_tests.support.servers import RunningService
from service.people.store.regions import RegionRegister

pytestmark = pytest.mark.server
# Velsen lies in JZ10, IJmond; Beverwijk too. Hengelo lies in JZ14, Twente.
VELSEN, BEVERWIJK, HAARLEM, HENGELO = "GM0453", "GM0375", "GM0392", "GM0164"


@pytest.fixture(params=ENGINES)
def own_service(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[RunningService, People]]:
    """A service of its own, with the people of the demonstration: its regions change."""
    folder = tmp_path_factory.mktemp(f"places-{request.param}")
    with service_with_people(folder, new_database(request, folder, request.param)) as service_and_people:
        yield service_and_people


@pytest.fixture
def people(own_service: tuple[RunningService, People]) -> People:
    return own_service[1]


@pytest.fixture
def office(own_service: tuple[RunningService, People]) -> Office:
    service, people = own_service
    return Office(service, people.roos)


def region_of_new_case(people: People, code: str) -> str:
    answer = people.bram.submit(**residence_in(code))
    assert answer.status_code == 201, answer.text
    return str(people.bram.get(f"/cases/{answer.json()['caseId']}").json()["region"])


def region_in_list(people: People, code: str) -> str | None:
    items = people.bram.get("/municipalities").json()["items"]
    return next((item["region"] for item in items if item["code"] == code), None)


@broken_by(
    "I29: a municipality is in its region of the day, and a case keeps the region of its time",
    "service/people/store/regions.py",
    "return None if change.successor else Municipality(row.code, row.name, change.region)",
    "return None if change.successor else Municipality(row.code, row.name, row.region)",
)
def test_i29_a_case_keeps_its_region_when_its_municipality_moves(office: Office, people: People) -> None:
    old_case = people.bram.submit(**residence_in(VELSEN)).json()["caseId"]

    change = office.record_change("/municipality-changes", municipality=VELSEN, region="JZ14")

    assert (change["action"], change["subject"]) == ("municipality_moved", VELSEN)
    assert people.bram.get(f"/cases/{old_case}").json()["region"] == "JZ10"
    assert region_of_new_case(people, VELSEN) == region_in_list(people, VELSEN) == "JZ14"


def test_a_change_holds_from_its_day_and_a_later_decision_of_that_day_replaces_it(
    office: Office, people: People
) -> None:

    office.record_change("/municipality-changes", municipality=VELSEN, validFrom=office.day(1), region="JZ14")
    today = region_in_list(people, VELSEN)
    office.record_change("/municipality-changes", municipality=HAARLEM, region="JZ14")
    office.record_change("/municipality-changes", municipality=HAARLEM, region="JZ11")

    assert today == "JZ10"
    assert region_in_list(people, HAARLEM) == "JZ11"


@broken_by(
    "A code of a dissolved municipality counts as that of its successor",
    "service/people/store/regions.py",
    "return self.find_municipality(in_force[0].successor)",
    "return None",
)
def test_a_dissolved_municipality_counts_as_its_successor(office: Office, people: People) -> None:

    office.record_change("/municipalities", code="GM9001", name="Nieuwstad (fictief)", region="JZ14")
    office.record_change("/municipality-changes", municipality=BEVERWIJK, successor="GM9001")

    assert region_in_list(people, BEVERWIJK) is None
    assert region_in_list(people, "GM9001") == "JZ14"
    assert region_of_new_case(people, BEVERWIJK) == "JZ14"
    organisation = {"kind": "local_team", "name": "Team", "municipality": BEVERWIJK}
    refused = office.post("/organisations", **organisation)
    assert faults(refused) == {("municipality_dissolved", "/municipality")}
    assert "GM9001" in refused.json()["errors"][0]["en"]


def test_the_successor_pays_for_the_municipality_that_was_dissolved(office: Office, people: People) -> None:
    office.record_change("/municipality-changes", municipality=BEVERWIJK, successor=VELSEN)

    case = CaseFile.submitted(people, by="bram", **residence_in(BEVERWIJK))
    case.go_to("advice_drafted")
    case.fire("issue_advice", payer_id=None)

    assert {part["addressee"]["id"] for part in case.parts("funding")} == {str(ORGANISATION_IDS["gemeente-velsen"])}


def test_a_change_that_cannot_be_is_refused_with_all_its_faults(office: Office) -> None:
    office.record_change("/municipality-changes", municipality=BEVERWIJK, validFrom=office.day(9), successor=VELSEN)

    def attempt(**body: str) -> set[tuple[str, str]]:
        return set(faults(office.post("/municipality-changes", **body)))

    assert attempt(municipality="GM9999", validFrom=office.day(-1)) == {
        ("unknown_municipality", "/municipality"),
        ("day_in_past", "/validFrom"),
        ("region_or_successor", "/region"),
    }
    assert attempt(municipality=VELSEN, region="JZ99") == {("unknown_region", "/region")}
    assert attempt(municipality=VELSEN, region="JZ14", successor=HAARLEM) == {("region_or_successor", "/region")}
    assert attempt(municipality=VELSEN, successor=VELSEN) == {("successor_dissolved", "/successor")}
    assert attempt(municipality=VELSEN, successor=BEVERWIJK) == {("successor_dissolved", "/successor")}
    new = {"code": VELSEN, "name": "Velsen", "region": "JZ10"}
    assert refusal(office.post("/municipalities", **new)) == (409, "already_there")


@broken_by(
    "A release changes the municipalities of a database that exists, once",
    "service/people/store/regions.py",
    "            if change not in stored:\n",
    "            if False:\n",
)
def test_a_release_ships_changes_that_a_database_takes_over_once(
    office: Office, people: People, tmp_path: Path
) -> None:
    for file in ("youth-regions.csv", "municipalities.csv"):
        shutil.copy(str(files("service.people.store").joinpath(file)), tmp_path)
    with (tmp_path / "municipalities.csv").open("a", encoding="utf-8") as municipalities:
        municipalities.write("GM9003,Nieuwdorp (fictief),JZ14\n")
    rows = f"code,valid_from,region,successor\n{VELSEN},2026-01-01,JZ14,\n{HENGELO},2026-01-01,,GM9003\n"
    (tmp_path / "municipality-changes.csv").write_text(rows, encoding="utf-8")

    for _ in range(2):
        office.service.built.database.write_sync(
            lambda transaction: RegionRegister(transaction).load_shipped_files(tmp_path)
        )

    assert [region_in_list(people, code) for code in (VELSEN, HENGELO, "GM9003")] == ["JZ14", None, "JZ14"]
    with office.service.tables.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM municipality_changes").scalar() == 2
