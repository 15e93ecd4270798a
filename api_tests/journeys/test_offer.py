"""The overview of the region's offer, and the sum of its gaps (R8, R16, R37, R70, R130, I24)."""

import json
import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy.exc import IntegrityError

from api_tests.promises.test_versions import at_once
from api_tests.support.case_file import CaseFile
from api_tests.support.demonstration import ORGANISATION_IDS
from api_tests.support.openapi_documents import operations, properties
from api_tests.support.people import People
from api_tests.support.problems import faults_in, problem_of
from api_tests.support.sabotages import Returns, broken_by
from api_tests.support.servers import RunningService
from api_tests.support.shared_case import referral_of
from api_tests.support.workflows import form_for
from service.vocabulary.calendar import day_in_amsterdam

DE_VESTE, DUINHUIS = str(ORGANISATION_IDS["de-veste"]), str(ORGANISATION_IDS["duinhuis"])
# The facilitator, the officer, the administrator and a family do not look for help together with a family.
NO_READERS = {"noor", "quint", "roos", "wilma", "yara"}
# Whole-case roles of the team of JZ10 and JZ11, and the facilitator of its learning table.
COUNTING = {"carla", "daan", "esra", "hanna", "noor", "vera"}
K = 5  # the smallest number of cases that a figure may be about
MONEY = re.compile(
    r"prices?|amounts?|tariffs?|tarie(f|ven)|prij(s|zen)|costs?|kosten|bedrag|euros?|rates?|budget|money"
)


def offer_of(provider: str = DE_VESTE, **changes: Any) -> dict[str, Any]:
    """Help at home in IJmond. No other test asks for this function there."""
    return {
        "providerId": provider,
        "domain": {"code": "treatment"},
        "function": {"code": "intensive_help_at_home"},
        "expertise": "Jongeren die niet meer naar buiten gaan; twee keer per week thuis, ook in de avond.",
        "region": "JZ10",
        "validFrom": "2025-01-01",
        **changes,
    }


def add_offer(people: People, by: str = "ivo", *, key: str | None = None, **changes: Any) -> dict[str, Any]:
    answer = people[by].post("/offers", offer_of(**changes), key=key)
    assert answer.status_code == 201, answer.text
    offer: dict[str, Any] = answer.json()
    return offer


def add_statement(people: People, offer: dict[str, Any], day: date, by: str = "ivo", **members: Any) -> httpx.Response:
    return people[by].post(f"/offers/{offer['id']}/statements", {"statedOn": day.isoformat(), **members})


def overview(people: People, by: str = "esra", **filters: str) -> dict[str, list[dict[str, Any]]]:
    """Returns the offers that this person sees, by domain."""
    answer = people[by].get("/offers", params=filters)
    assert answer.status_code == 200, answer.text
    return {domain["domain"]["code"]: domain["items"] for domain in answer.json()["domains"]}


def offer_on_overview(people: People, offer: dict[str, Any], **filters: str) -> dict[str, Any] | None:
    """Returns this offer as it stands on the overview, or None."""
    matches = [item for items in overview(people, **filters).values() for item in items if item["id"] == offer["id"]]
    assert len(matches) <= 1
    return matches[0] if matches else None


@pytest.fixture
def today(service: RunningService) -> date:
    return day_in_amsterdam(service.clock())


def test_r8_a_statement_of_a_provider_stands_on_the_overview_with_its_day(people: People, today: date) -> None:
    offer = add_offer(people)
    assert (offer["statement"], offer_on_overview(people, offer)) == (None, offer)

    answer = add_statement(
        people, offer, today - timedelta(days=2), placesFree=0, waitingDays=40, note="Vanaf mei meer plek."
    )

    assert answer.status_code == 201, answer.text
    view = answer.json()
    assert offer_on_overview(people, offer) == view
    assert view["provider"] == {"id": DE_VESTE, "name": "Jeugdhulp De Veste (demonstratie)"}
    assert view["function"]["label"]["nl"] == "Intensieve specialistische hulp thuis"
    assert {**view["statement"], "recordedAt": None} == {
        "number": 1,
        "statedOn": str(today - timedelta(days=2)),
        "recordedAt": None,
        "by": {"id": DE_VESTE, "name": "Jeugdhulp De Veste (demonstratie)"},
        "placesFree": 0,
        "waitingDays": 40,
        "note": "Vanaf mei meer plek.",
        "stale": False,
    }


@broken_by(
    "An offer shows a statement as stale once it is older than the region accepts",
    Returns("service/offers/rules/offer.py", "RecordedStatement.is_stale", False),
)
def test_a_statement_goes_stale_after_31_days_and_stays_visible_and_so_do_earlier_ones(
    people: People, today: date
) -> None:
    offer = add_offer(people)
    add_statement(people, offer, today - timedelta(days=32), placesFree=3)
    with_stale = offer_on_overview(people, offer)
    add_statement(people, offer, today - timedelta(days=31), waitingDays=10)
    with_fresh = offer_on_overview(people, offer)
    add_statement(people, offer, today - timedelta(days=90), placesFree=9)

    view = people.esra.get(f"/offers/{offer['id']}").json()

    assert with_stale
    assert with_fresh
    assert (with_stale["statement"]["stale"], with_stale["statement"]["placesFree"]) == (True, 3)
    assert (with_fresh["statement"]["stale"], with_fresh["statement"]["placesFree"]) == (False, None)
    assert view["statement"]["number"] == 2, "a statement recorded late does not replace a newer one"
    assert [(statement["number"], statement["placesFree"], statement["stale"]) for statement in view["statements"]] == [
        (1, 3, True),
        (2, None, False),
        (3, 9, True),
    ]
    assert offer_on_overview(people, offer) == {name: value for name, value in view.items() if name != "statements"}


@broken_by(
    "R37: the overview of offers lists living and treatment separately",
    "service/offers/api/offers.py",
    "groupby(sorted_offers, key=lambda offer: offer.domain.code)",
    'groupby(sorted_offers, key=lambda offer: "living")',
)
def test_r37_living_and_treatment_stand_apart_and_an_overview_is_narrowed_down_and_never_widened(
    people: People,
) -> None:
    living = add_offer(people, "joke", provider=DUINHUIS, domain={"code": "living"}, function={"code": "family_home"})
    treatment = add_offer(people, "joke", provider=DUINHUIS, function={"code": "treatment_of_parents"})
    everywhere = add_offer(people, "joke", provider=DUINHUIS, function={"code": "clinic"}, region=None)
    elsewhere = add_offer(people, "joke", provider=DUINHUIS, region="JZ14")
    own_ids = {offer["id"] for offer in (living, treatment, everywhere, elsewhere)}

    def ids(**filters: str) -> dict[str, set[str]]:
        ids_by_domain = {
            domain: {item["id"] for item in items} & own_ids for domain, items in overview(people, **filters).items()
        }
        return {domain: offer_ids for domain, offer_ids in ids_by_domain.items() if offer_ids}

    both_ids = treatment["id"], everywhere["id"]
    assert ids() == {"living": {living["id"]}, "treatment": {*both_ids, elsewhere["id"]}}
    assert ids(region="JZ10") == {"living": {living["id"]}, "treatment": set(both_ids)}
    assert ids(region="JZ14") == {"treatment": {everywhere["id"], elsewhere["id"]}}
    assert ids(domain="living") == {"living": {living["id"]}}
    assert ids(function="clinic") == {"treatment": {everywhere["id"]}}
    assert ids(provider=DE_VESTE) == {}
    assert overview(people, provider=str(ORGANISATION_IDS["ret"])) == {}
    assert list(overview(people)).index("living") < list(overview(people)).index("treatment")


def test_those_who_look_for_help_with_a_family_read_the_overview_and_nobody_else_does(people: People) -> None:
    offer = add_offer(people)

    list_statuses = {key: person.get("/offers").status_code for key, person in people.items()}
    offer_statuses = {key: person.get(f"/offers/{offer['id']}").status_code for key, person in people.items()}

    assert list_statuses == offer_statuses == {key: 403 if key in NO_READERS else 200 for key in people}


@broken_by(
    "Only the provider of an offer or the team of its region can make statements on it",
    "service/offers/use_cases/offers.py",
    "if membership.role == Role.PROVIDER and membership.organisation_id == offer.provider_id",
    "if membership.role == Role.PROVIDER",
)
def test_only_the_provider_or_the_regions_coordinator_and_process_director_state_an_offer(
    people: People, today: date
) -> None:
    offer = add_offer(people, "carla")
    bodies = {"JZ10": offer_of(), "JZ14": offer_of(region="JZ14"), "everywhere": offer_of(region=None)}

    adders = {
        region: {key for key, person in people.items() if person.post("/offers", body).status_code == 201}
        for region, body in bodies.items()
    }
    staters = {key for key in people if add_statement(people, offer, today, by=key).status_code == 201}
    refusals = [people.joke.post("/offers", offer_of()), add_statement(people, offer, today, by="joke")]

    assert adders == {"JZ10": {"ivo", "carla", "hanna"}, "JZ14": {"ivo"}, "everywhere": {"ivo"}}
    assert staters == {"ivo", "carla", "hanna"}
    assert [problem_of(answer, 403)["code"] for answer in refusals] == ["not_allowed", "not_allowed"]
    statements = people.esra.get(f"/offers/{offer['id']}").json()["statements"]
    assert {statement["by"]["name"].split()[0] for statement in statements} == {"Jeugdhulp", "Expertteam"}, (
        "each statement names its organisation"
    )


def test_all_faults_of_an_offer_are_told_at_once(people: People, today: date) -> None:
    offer = add_offer(people)
    faulty = offer_of(
        domain={"code": "beds"}, function={"code": "other"}, expertise="", region="Texel", validFrom=1, price=100
    )
    unknown = offer_of(provider=str(ORGANISATION_IDS["ret"]), region="JZ40")

    assert faults_in(people.ivo.post("/offers", faulty)) == {
        ("body", "/domain", "unknown_code"),
        ("body", "/function", "other_needs_text"),
        ("body", "/expertise", "string_too_short"),
        ("body", "/region", "string_pattern_mismatch"),
        ("body", "/validFrom", "date_type"),
        ("body", "/price", "extra_forbidden"),
    }
    assert problem_of(people.ivo.post("/offers", unknown), 403), "the offer of another organisation"
    assert faults_in(people.ivo.post("/offers", offer_of(region="JZ40"))) == {("body", "/region", "unknown_region")}
    assert faults_in(people.carla.post("/offers", offer_of(provider=str(ORGANISATION_IDS["ret"])))) == {
        ("body", "/providerId", "unknown_organisation")
    }
    assert faults_in(add_statement(people, offer, today + timedelta(days=1))) == {
        ("body", "/statedOn", "day_in_future")
    }
    assert faults_in(add_statement(people, offer, today, placesFree=-1, waitingDays=1.5)) == {
        ("body", "/placesFree", "greater_than_equal"),
        ("body", "/waitingDays", "int_type"),
    }
    assert faults_in(people.ivo.get("/offers", params={"function": "beds", "domain": "all"})) == {
        ("query", "function", "unknown_code"),
        ("query", "domain", "unknown_code"),
    }


def test_an_offer_ends_once_leaves_the_overview_after_its_last_day_and_stays_readable(
    people: People, today: date
) -> None:
    def end(offer: dict[str, Any], day: date) -> httpx.Response:
        return people.ivo.post(f"/offers/{offer['id']}/ending", {"lastDay": day.isoformat()})

    ended, ends_today, ends_later = (add_offer(people) for _ in range(3))
    add_statement(people, ended, today, placesFree=1)

    assert faults_in(end(ended, date(2024, 12, 31))) == {("body", "/lastDay", "ends_before_it_begins")}
    answers = [
        end(ended, today - timedelta(days=1)),
        end(ends_today, today),
        end(ends_later, today + timedelta(days=30)),
    ]

    assert [answer.status_code for answer in answers] == [201, 201, 201]
    assert [offer_on_overview(people, offer) is not None for offer in (ended, ends_today, ends_later)] == [
        False,
        True,
        True,
    ]
    view = people.esra.get(f"/offers/{ended['id']}").json()
    assert (view["validUntil"], len(view["statements"])) == (str(today - timedelta(days=1)), 1)
    assert problem_of(end(ends_later, today), 409, "offer_ended")["lastDay"] == str(today + timedelta(days=30))
    assert problem_of(add_statement(people, ended, today), 409, "offer_ended")
    assert add_statement(people, ends_later, today).status_code == 201


def test_the_same_request_adds_an_offer_and_a_statement_once(people: People, today: date) -> None:
    def post_twice(path: str, body: dict[str, Any], key: str) -> list[httpx.Response]:
        return [people.ivo.post(path, body, key=key) for _ in range(2)]

    addition, addition_replay = post_twice("/offers", offer_of(), f"offer-{today}-once")
    path = f"/offers/{addition.json()['id']}"
    statement, statement_replay = post_twice(
        f"{path}/statements", {"statedOn": str(today), "placesFree": 1}, f"said-{today}-once"
    )
    end, end_replay = post_twice(f"{path}/ending", {"lastDay": str(today)}, f"ended-{today}-once")
    other = people.ivo.post("/offers", offer_of(region="JZ11"), key=f"offer-{today}-once")

    for first, replay in ((addition, addition_replay), (statement, statement_replay), (end, end_replay)):
        assert (first.status_code, replay.status_code, replay.headers["Idempotent-Replayed"]) == (201, 201, "true")
        assert first.json() == replay.json()
        assert first.headers["Location"] == f"/v1{path}"
        assert "Idempotent-Replayed" not in first.headers
    assert len(people.ivo.get(path).json()["statements"]) == 1
    assert problem_of(other, 409, "key_reused")


def test_statements_made_at_once_are_all_kept_each_with_a_number_of_its_own(people: People, today: date) -> None:
    offer = add_offer(people)

    answers = at_once(
        lambda number: add_statement(people, offer, today, by=("ivo", "carla")[number % 2], placesFree=number)
    )

    statements = people.esra.get(f"/offers/{offer['id']}").json()["statements"]
    assert [answer.status_code for answer in answers] == [201] * len(answers)
    assert [statement["number"] for statement in statements] == list(range(1, len(answers) + 1))
    assert {statement["placesFree"] for statement in statements} == set(range(len(answers)))


@broken_by(
    "I11: the database refuses to change a recorded statement on an offer",
    "migrations/versions/0005_offer.py",
    '    return [\n        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {refuse}",\n',
    '    return [\n        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} WHEN 0 {refuse}",\n',
)
def test_the_database_itself_refuses_to_change_or_remove_a_statement(
    service: RunningService, people: People, today: date
) -> None:
    offer = add_offer(people)
    add_statement(people, offer, today, placesFree=1)
    people.ivo.post(f"/offers/{offer['id']}/ending", {"lastDay": str(today)})

    for table in ("offers", "offer_statements", "offer_endings"):
        for change in (f"UPDATE {table} SET recorded_at = 1", f"DELETE FROM {table}"):
            with (
                pytest.raises(IntegrityError, match="append-only"),
                service.tables.begin() as connection,
            ):
                connection.exec_driver_sql(change)


def test_an_offer_that_does_not_exist_is_a_404(people: People, today: date) -> None:
    unknown_offer = {"id": "00000000-0000-4000-8000-000000000000"}

    assert problem_of(people.ivo.get(f"/offers/{unknown_offer['id']}"), 404)
    assert problem_of(add_statement(people, unknown_offer, today), 404)


@pytest.fixture(scope="module")
def cases_with_gaps(people: People) -> list[CaseFile]:
    """Four cases of IJmond that lacked one function, and five that lacked another. No other case lacks either there."""
    cases = [CaseFile.submitted(people, by="bram", **referral_of("JZ10")) for _ in range(K)]
    for number, case in enumerate(cases):
        case.fire("start_triage")
        record_gap(case, "support_by_experience")
        if number:
            record_gap(case, "resource_group")
    record_gap(cases[1], "resource_group")
    return cases


def record_gap(case: CaseFile, function: str, **options: Any) -> dict[str, Any]:
    form = form_for("case", "record_gap", domain={"code": "support"}, function={"code": function})
    return case.fire("record_gap", form=form, **options)


def count_gaps(people: People, by: str = "esra", *, region: str = "JZ10", **filters: str) -> dict[tuple[str, str], int]:
    answer = people[by].get(f"/regions/{region}/gaps", params=filters)
    assert answer.status_code == 200, answer.text
    return {
        (domain["domain"]["code"], function["function"]["code"]): function["cases"]
        for domain in answer.json()["domains"]
        for function in domain["functions"]
    }


def test_r16_a_gap_is_recorded_with_the_case_which_keeps_its_state(cases_with_gaps: list[CaseFile]) -> None:
    *_, entry = cases_with_gaps[0].history()

    assert cases_with_gaps[0].state == "in_triage"
    assert (entry["trigger"], entry["form"]) == ("record_gap", "gap@1")
    assert entry["codes"] == {"missing_domain": ["support"], "missing_function": ["support_by_experience"]}


def test_i24_gaps_add_up_per_region_from_five_cases_on_and_a_case_counts_once(
    people: People, cases_with_gaps: list[CaseFile]
) -> None:
    gaps = count_gaps(people)
    assert gaps["support", "support_by_experience"] == K
    assert ("support", "resource_group") not in gaps

    record_gap(cases_with_gaps[0], "resource_group")

    assert count_gaps(people)["support", "resource_group"] == K
    assert count_gaps(people, "noor") == count_gaps(people)
    assert count_gaps(people, year="2024") == {}


def test_the_sum_tells_functions_and_numbers_and_nothing_of_any_case(
    people: People, cases_with_gaps: list[CaseFile], today: date
) -> None:
    answer = people.noor.get("/regions/JZ10/gaps")

    view = answer.json()
    assert set(view) == {"region", "year", "k", "domains"}
    assert (view["region"], view["year"], view["k"]) == ("JZ10", today.year, K)
    assert {name for domain in view["domains"] for name in domain} == {"domain", "functions"}
    assert {name for domain in view["domains"] for function in domain["functions"] for name in function} == {
        "function",
        "cases",
    }
    form = form_for("case", "record_gap")
    assert form
    assert [text for text in (form["missing"], form["instead"]) if text in answer.text] == []
    assert [text for case in cases_with_gaps for text in (case.id, case.number) if text in answer.text] == []
    assert re.findall(r"\d{4}-\d\d-\d\d", answer.text) == []


@broken_by(
    "Only the team and the facilitator of a region can read the sum of its gaps",
    "service/offers/use_cases/gaps.py",
    "    if not any(region in membership.regions for membership in memberships):\n",
    "    if not memberships:\n",
)
def test_the_sum_of_a_region_is_for_its_own_team_and_facilitator_and_another_region_does_not_exist(
    people: People, cases_with_gaps: list[CaseFile]
) -> None:
    own_statuses = {key: person.get("/regions/JZ10/gaps").status_code for key, person in people.items()}
    other_statuses = {
        region: [people[key].get(f"/regions/{region}/gaps").status_code for key in ("esra", "noor", "petra")]
        for region in ("JZ11", "JZ14", "JZ40", "JZ99")
    }

    assert cases_with_gaps
    assert own_statuses == {key: 200 if key in COUNTING else 404 if key == "petra" else 403 for key in people}
    assert other_statuses == {"JZ11": [200, 200, 404], "JZ14": [404, 404, 200], "JZ40": [404] * 3, "JZ99": [404] * 3}
    gaps_elsewhere = [count_gaps(people, region="JZ11"), count_gaps(people, "petra", region="JZ14")]
    assert [("support", "support_by_experience") in gaps for gaps in (count_gaps(people), *gaps_elsewhere)] == [
        True,
        False,
        False,
    ]
    assert people.petra.get("/regions/JZ14/gaps", params={"year": "2024"}).json()["domains"] == []


@broken_by(
    "R70: no field of an offer is about money",
    "service/offers/api/offer_bodies.py",
    '    expertise: FreeText = Field(description="In the provider\'s own words; nothing about a child.")\n',
    "    expertise: FreeText\n    price_per_day: int | None = None\n",
)
def test_r70_policy_9_no_field_of_an_offer_is_about_money(people: People) -> None:
    """R70: the price is no criterion at the table. It is in no body, no view and no schema of an offer."""
    document = people.esra.get("/openapi.json").json()
    offer_operations = [operation for _, _, operation in operations(document) if operation["tags"] == ["offer"]]

    shapes = dict(_reachable(document, offer_operations)) | {"Gap": document["components"]["schemas"]["Gap"]}
    names = {name for shape in shapes.values() for _, name, _ in properties({"shape": shape})}
    words = {word.lower() for name in names for word in re.findall(r"[A-Z]?[a-z]+", name)}

    assert len(offer_operations) == 6
    assert {"OfferBody", "OfferStatementBody", "OfferView", "StatementView", "Gaps"} <= set(shapes)
    assert {"places", "waiting", "stated", "expertise", "missing"} <= words
    assert [word for word in words if MONEY.fullmatch(word)] == []


def _reachable(document: dict[str, Any], node: Any) -> Iterator[tuple[str, Any]]:
    """Yields every schema that this leads to, except problems: (name, schema)."""
    schemas, queue, visited = document["components"]["schemas"], [node], {"Problem"}
    while queue:
        names = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(queue.pop()))) - visited
        visited |= names
        queue += [schemas[name] for name in names]
        yield from ((name, schemas[name]) for name in names)
