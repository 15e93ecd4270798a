"""The overview of the region's offer, and the sum of what is missing (issue part 6; R8, R16, R37, R70, R130, I24)."""

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
from api_tests.support.servers import Running
from api_tests.support.shared_case import referral_of
from api_tests.support.workflows import form_for
from service.vocabulary.calendar import day_in_amsterdam

DE_VESTE, DUINHUIS = str(ORGANISATION_IDS["de-veste"]), str(ORGANISATION_IDS["duinhuis"])
# The facilitator, the officer, the administrator and a family: they do not look for help with a family.
NO_READERS = {"noor", "quint", "roos", "wilma", "yara"}
# Whole-case roles of the team of JZ10 and JZ11, and the facilitator of its learning table.
COUNTING = {"carla", "daan", "esra", "hanna", "noor", "vera"}
K = 5  # domain.md 5.7: kleine_cel
MONEY = re.compile(
    r"prices?|amounts?|tariffs?|tarie(f|ven)|prij(s|zen)|costs?|kosten|bedrag|euros?|rates?|budget|money"
)


def offer_of(provider: str = DE_VESTE, **changes: Any) -> dict[str, Any]:
    """Help at home in IJmond. No other test asks for what this one offers there."""
    return {
        "providerId": provider,
        "domain": {"code": "treatment"},
        "function": {"code": "intensive_help_at_home"},
        "expertise": "Jongeren die niet meer naar buiten gaan; twee keer per week thuis, ook in de avond.",
        "region": "JZ10",
        "validFrom": "2025-01-01",
        **changes,
    }


def put_on(people: People, by: str = "ivo", *, key: str | None = None, **changes: Any) -> dict[str, Any]:
    answer = people[by].post("/offers", offer_of(**changes), key=key)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def state(people: People, offer: dict[str, Any], day: date, by: str = "ivo", **said: Any) -> httpx.Response:
    return people[by].post(f"/offers/{offer['id']}/statements", {"statedOn": day.isoformat(), **said})


def overview(people: People, by: str = "esra", **wanted: str) -> dict[str, list[dict[str, Any]]]:
    """What this person sees, by domain."""
    answer = people[by].get("/offers", params=wanted)
    assert answer.status_code == 200, answer.text
    return {domain["domain"]["code"]: domain["items"] for domain in answer.json()["domains"]}


def shown(people: People, offer: dict[str, Any], **wanted: str) -> dict[str, Any] | None:
    """This offer as it stands on the overview."""
    found = [it for some in overview(people, **wanted).values() for it in some if it["id"] == offer["id"]]
    assert len(found) <= 1
    return found[0] if found else None


@pytest.fixture
def today(service: Running) -> date:
    return day_in_amsterdam(service.clock())


def test_r8_what_a_provider_states_stands_on_the_overview_with_the_day_it_was_stated(
    people: People, today: date
) -> None:
    offer = put_on(people)
    assert (offer["statement"], shown(people, offer)) == (None, offer)

    answer = state(people, offer, today - timedelta(days=2), placesFree=0, waitingDays=40, note="Vanaf mei meer plek.")

    assert answer.status_code == 201, answer.text
    found = answer.json()
    assert shown(people, offer) == found
    assert found["provider"] == {"id": DE_VESTE, "name": "Jeugdhulp De Veste (demonstratie)"}
    assert found["function"]["label"]["nl"] == "Intensieve specialistische hulp thuis"
    assert {**found["statement"], "recordedAt": None} == {
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
    "Issue 3 point 6: what was stated longer ago than the region relies on is shown as stale",
    Returns("service/offers/rules/offer.py", "Statement.is_stale", False),
)
def test_what_was_stated_goes_stale_after_31_days_and_stays_visible_and_what_was_said_before_stays(
    people: People, today: date
) -> None:
    offer = put_on(people)
    state(people, offer, today - timedelta(days=32), placesFree=3)
    long_ago = shown(people, offer)
    state(people, offer, today - timedelta(days=31), waitingDays=10)
    just_fresh = shown(people, offer)
    state(people, offer, today - timedelta(days=90), placesFree=9)

    found = people.esra.get(f"/offers/{offer['id']}").json()

    assert long_ago
    assert just_fresh
    assert (long_ago["statement"]["stale"], long_ago["statement"]["placesFree"]) == (True, 3)
    assert (just_fresh["statement"]["stale"], just_fresh["statement"]["placesFree"]) == (False, None)
    assert found["statement"]["number"] == 2, "what is written down late pushes nothing out that was said since"
    assert [
        (statement["number"], statement["placesFree"], statement["stale"]) for statement in found["statements"]
    ] == [
        (1, 3, True),
        (2, None, False),
        (3, 9, True),
    ]
    assert shown(people, offer) == {name: it for name, it in found.items() if name != "statements"}


@broken_by(
    "R37: living and treatment stand apart on the overview",
    "service/offers/api/offers.py",
    "groupby(sorted_offers, key=lambda offer: offer.domain.code)",
    'groupby(sorted_offers, key=lambda offer: "living")',
)
def test_r37_living_and_treatment_stand_apart_and_an_overview_is_narrowed_down_and_never_widened(
    people: People,
) -> None:
    living = put_on(people, "joke", provider=DUINHUIS, domain={"code": "living"}, function={"code": "family_home"})
    treatment = put_on(people, "joke", provider=DUINHUIS, function={"code": "treatment_of_parents"})
    everywhere = put_on(people, "joke", provider=DUINHUIS, function={"code": "clinic"}, region=None)
    elsewhere = put_on(people, "joke", provider=DUINHUIS, region="JZ14")
    own = {it["id"] for it in (living, treatment, everywhere, elsewhere)}

    def ids(**wanted: str) -> dict[str, set[str]]:
        found = {domain: {it["id"] for it in some} & own for domain, some in overview(people, **wanted).items()}
        return {domain: some for domain, some in found.items() if some}

    ones = treatment["id"], everywhere["id"]
    assert ids() == {"living": {living["id"]}, "treatment": {*ones, elsewhere["id"]}}
    assert ids(region="JZ10") == {"living": {living["id"]}, "treatment": set(ones)}
    assert ids(region="JZ14") == {"treatment": {everywhere["id"], elsewhere["id"]}}
    assert ids(domain="living") == {"living": {living["id"]}}
    assert ids(function="clinic") == {"treatment": {everywhere["id"]}}
    assert ids(provider=DE_VESTE) == {}
    assert overview(people, provider=str(ORGANISATION_IDS["ret"])) == {}
    assert list(overview(people)).index("living") < list(overview(people)).index("treatment")


def test_who_looks_for_help_with_a_family_reads_the_overview_and_nobody_else_does(people: People) -> None:
    offer = put_on(people)

    listed = {key: person.get("/offers").status_code for key, person in people.items()}
    read = {key: person.get(f"/offers/{offer['id']}").status_code for key, person in people.items()}

    assert listed == read == {key: 403 if key in NO_READERS else 200 for key in people}


@broken_by(
    "Only the provider, or the team of the region that the offer serves, speaks for it",
    "service/offers/use_cases/offers.py",
    "if membership.role == Role.PROVIDER and membership.organisation_id == offer.provider_id",
    "if membership.role == Role.PROVIDER",
)
def test_only_the_provider_or_the_regions_coordinator_and_process_director_speak_for_it(
    people: People, today: date
) -> None:
    offer = put_on(people, "carla")
    body = {"JZ10": offer_of(), "JZ14": offer_of(region="JZ14"), "everywhere": offer_of(region=None)}

    begun = {
        region: {key for key, it in people.items() if it.post("/offers", said).status_code == 201}
        for region, said in body.items()
    }
    spoken = {key for key in people if state(people, offer, today, by=key).status_code == 201}
    refused = [people.joke.post("/offers", offer_of()), state(people, offer, today, by="joke")]

    assert begun == {"JZ10": {"ivo", "carla", "hanna"}, "JZ14": {"ivo"}, "everywhere": {"ivo"}}
    assert spoken == {"ivo", "carla", "hanna"}
    assert [problem_of(it, 403)["code"] for it in refused] == ["not_allowed", "not_allowed"]
    said = people.esra.get(f"/offers/{offer['id']}").json()["statements"]
    assert {it["by"]["name"].split()[0] for it in said} == {"Jeugdhulp", "Expertteam"}, "who said it stands beside it"


def test_everything_that_is_wrong_is_told_at_once(people: People, today: date) -> None:
    offer = put_on(people)
    wrong = offer_of(
        domain={"code": "beds"}, function={"code": "other"}, expertise="", region="Texel", validFrom=1, price=100
    )
    unknown = offer_of(provider=str(ORGANISATION_IDS["ret"]), region="JZ40")

    assert faults_in(people.ivo.post("/offers", wrong)) == {
        ("body", "/domain", "unknown_code"),
        ("body", "/function", "other_needs_text"),
        ("body", "/expertise", "string_too_short"),
        ("body", "/region", "string_pattern_mismatch"),
        ("body", "/validFrom", "date_type"),
        ("body", "/price", "extra_forbidden"),
    }
    assert problem_of(people.ivo.post("/offers", unknown), 403), "not theirs to speak for"
    assert faults_in(people.ivo.post("/offers", offer_of(region="JZ40"))) == {("body", "/region", "unknown_region")}
    assert faults_in(people.carla.post("/offers", offer_of(provider=str(ORGANISATION_IDS["ret"])))) == {
        ("body", "/providerId", "unknown_organisation")
    }
    assert faults_in(state(people, offer, today + timedelta(days=1))) == {("body", "/statedOn", "day_in_future")}
    assert faults_in(state(people, offer, today, placesFree=-1, waitingDays=1.5)) == {
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

    over, last_day, later = (put_on(people) for _ in range(3))
    state(people, over, today, placesFree=1)

    assert faults_in(end(over, date(2024, 12, 31))) == {("body", "/lastDay", "ends_before_it_begins")}
    answers = [end(over, today - timedelta(days=1)), end(last_day, today), end(later, today + timedelta(days=30))]

    assert [answer.status_code for answer in answers] == [201, 201, 201]
    assert [shown(people, it) is not None for it in (over, last_day, later)] == [False, True, True]
    kept = people.esra.get(f"/offers/{over['id']}").json()
    assert (kept["validUntil"], len(kept["statements"])) == (str(today - timedelta(days=1)), 1)
    assert problem_of(end(later, today), 409, "offer_ended")["lastDay"] == str(today + timedelta(days=30))
    assert problem_of(state(people, over, today), 409, "offer_ended")
    assert state(people, later, today).status_code == 201


def test_the_same_request_puts_an_offer_and_a_statement_there_once(people: People, today: date) -> None:
    def twice(path: str, body: dict[str, Any], key: str) -> list[httpx.Response]:
        return [people.ivo.post(path, body, key=key) for _ in range(2)]

    first, again = twice("/offers", offer_of(), f"offer-{today}-once")
    path = f"/offers/{first.json()['id']}"
    said, repeated = twice(f"{path}/statements", {"statedOn": str(today), "placesFree": 1}, f"said-{today}-once")
    ended, repeated_end = twice(f"{path}/ending", {"lastDay": str(today)}, f"ended-{today}-once")
    other = people.ivo.post("/offers", offer_of(region="JZ11"), key=f"offer-{today}-once")

    for made, replayed in ((first, again), (said, repeated), (ended, repeated_end)):
        assert (made.status_code, replayed.status_code, replayed.headers["Idempotent-Replayed"]) == (201, 201, "true")
        assert made.json() == replayed.json()
        assert made.headers["Location"] == f"/v1{path}"
        assert "Idempotent-Replayed" not in made.headers
    assert len(people.ivo.get(path).json()["statements"]) == 1
    assert problem_of(other, 409, "key_reused")


def test_what_several_people_state_at_once_is_all_kept_each_with_a_number_of_its_own(
    people: People, today: date
) -> None:
    offer = put_on(people)

    answers = at_once(lambda number: state(people, offer, today, by=("ivo", "carla")[number % 2], placesFree=number))

    said = people.esra.get(f"/offers/{offer['id']}").json()["statements"]
    assert [answer.status_code for answer in answers] == [201] * len(answers)
    assert [it["number"] for it in said] == list(range(1, len(answers) + 1))
    assert {it["placesFree"] for it in said} == set(range(len(answers)))


@broken_by(
    "I11 in spirit: what was stated stays stated; the database refuses to change it",
    "migrations/versions/0005_offer.py",
    '    return [\n        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {refuse}",\n',
    '    return [\n        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} WHEN 0 {refuse}",\n',
)
def test_the_database_itself_refuses_that_what_was_stated_is_changed_or_taken_back(
    service: Running, people: People, today: date
) -> None:
    offer = put_on(people)
    state(people, offer, today, placesFree=1)
    people.ivo.post(f"/offers/{offer['id']}/ending", {"lastDay": str(today)})

    for table in ("offers", "offer_statements", "offer_endings"):
        for change in (f"UPDATE {table} SET recorded_at = 1", f"DELETE FROM {table}"):
            with (
                pytest.raises(IntegrityError, match="append-only"),
                service.tables.begin() as connection,
            ):
                connection.exec_driver_sql(change)


def test_an_offer_that_does_not_exist_is_a_404(people: People, today: date) -> None:
    nowhere = {"id": "00000000-0000-4000-8000-000000000000"}

    assert problem_of(people.ivo.get(f"/offers/{nowhere['id']}"), 404)
    assert problem_of(state(people, nowhere, today), 404)


@pytest.fixture(scope="module")
def missing(people: People) -> list[CaseFile]:
    """Four cases of IJmond that wanted one function, five that wanted another; nobody else wants either there."""
    cases = [CaseFile.submitted(people, by="bram", **referral_of("JZ10")) for _ in range(K)]
    for number, case in enumerate(cases):
        case.fire("start_triage")
        record(case, "support_by_experience")
        if number:
            record(case, "resource_group")
    record(cases[1], "resource_group")
    return cases


def record(case: CaseFile, function: str, **how: Any) -> dict[str, Any]:
    form = form_for("case", "record_gap", domain={"code": "support"}, function={"code": function})
    return case.fire("record_gap", form=form, **how)


def counted(people: People, by: str = "esra", *, region: str = "JZ10", **wanted: str) -> dict[tuple[str, str], int]:
    answer = people[by].get(f"/regions/{region}/gaps", params=wanted)
    assert answer.status_code == 200, answer.text
    return {
        (domain["domain"]["code"], function["function"]["code"]): function["cases"]
        for domain in answer.json()["domains"]
        for function in domain["functions"]
    }


def test_r16_a_gap_stands_with_the_case_which_stays_where_it_is(missing: list[CaseFile]) -> None:
    *_, entry = missing[0].history()

    assert missing[0].state == "in_triage"
    assert (entry["trigger"], entry["form"]) == ("record_gap", "gap@1")
    assert entry["codes"] == {"missing_domain": ["support"], "missing_function": ["support_by_experience"]}


def test_i24_gaps_add_up_per_region_from_five_cases_on_and_a_case_counts_once(
    people: People, missing: list[CaseFile]
) -> None:
    found = counted(people)
    assert found["support", "support_by_experience"] == K
    assert ("support", "resource_group") not in found

    record(missing[0], "resource_group")

    assert counted(people)["support", "resource_group"] == K
    assert counted(people, "noor") == counted(people)
    assert counted(people, year="2024") == {}


def test_the_sum_tells_functions_and_numbers_and_nothing_of_any_case(
    people: People, missing: list[CaseFile], today: date
) -> None:
    answer = people.noor.get("/regions/JZ10/gaps")

    told = answer.json()
    assert set(told) == {"region", "year", "k", "domains"}
    assert (told["region"], told["year"], told["k"]) == ("JZ10", today.year, K)
    assert {name for domain in told["domains"] for name in domain} == {"domain", "functions"}
    assert {name for domain in told["domains"] for one in domain["functions"] for name in one} == {"function", "cases"}
    said = form_for("case", "record_gap")
    assert said
    assert [it for it in (said["missing"], said["instead"]) if it in answer.text] == []
    assert [it for case in missing for it in (case.id, case.number) if it in answer.text] == []
    assert re.findall(r"\d{4}-\d\d-\d\d", answer.text) == []


@broken_by(
    "The sum of a region is for its own team and facilitator: another region does not exist",
    "service/offers/use_cases/gaps.py",
    "    if not any(region in membership.regions for membership in memberships):\n",
    "    if not memberships:\n",
)
def test_the_sum_of_a_region_is_for_its_own_team_and_facilitator_and_another_region_does_not_exist(
    people: People, missing: list[CaseFile]
) -> None:
    own = {key: person.get("/regions/JZ10/gaps").status_code for key, person in people.items()}
    others = {
        region: [people[key].get(f"/regions/{region}/gaps").status_code for key in ("esra", "noor", "petra")]
        for region in ("JZ11", "JZ14", "JZ40", "JZ99")
    }

    assert missing
    assert own == {key: 200 if key in COUNTING else 404 if key == "petra" else 403 for key in people}
    assert others == {"JZ11": [200, 200, 404], "JZ14": [404, 404, 200], "JZ40": [404] * 3, "JZ99": [404] * 3}
    elsewhere = [counted(people, region="JZ11"), counted(people, "petra", region="JZ14")]
    assert [("support", "support_by_experience") in it for it in (counted(people), *elsewhere)] == [True, False, False]
    assert people.petra.get("/regions/JZ14/gaps", params={"year": "2024"}).json()["domains"] == []


@broken_by(
    "R70, policy 9: no field of the offer is about money",
    "service/offers/api/offer_bodies.py",
    '    expertise: FreeText = Field(description="In the provider\'s own words; nothing about a child.")\n',
    "    expertise: FreeText\n    price_per_day: int | None = None\n",
)
def test_r70_policy_9_no_field_of_this_room_is_about_money(people: People) -> None:
    """R70: the price is no criterion at the table. Not asked, not shown, in no field of any shape of this room."""
    document = people.esra.get("/openapi.json").json()
    asked = [it for _, _, it in operations(document) if it["tags"] == ["offer"]]

    shapes = dict(_reachable(document, asked)) | {"Gap": document["components"]["schemas"]["Gap"]}
    names = {name for shape in shapes.values() for _, name, _ in properties({"shape": shape})}
    words = {word.lower() for name in names for word in re.findall(r"[A-Z]?[a-z]+", name)}

    assert len(asked) == 6
    assert {"OfferBody", "OfferStatementBody", "OfferView", "StatementView", "Gaps"} <= set(shapes)
    assert {"places", "waiting", "stated", "expertise", "missing"} <= words
    assert [it for it in words if MONEY.fullmatch(it)] == []


def _reachable(document: dict[str, Any], node: Any) -> Iterator[tuple[str, Any]]:
    """Every schema that this leads to, problems aside."""
    schemas, waiting, met = document["components"]["schemas"], [node], {"Problem"}
    while waiting:
        found = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(waiting.pop()))) - met
        met |= found
        waiting += [schemas[name] for name in found]
        yield from ((name, schemas[name]) for name in found)
