"""Administration: organisations, people, memberships, coverages and settings, dated and recorded."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import httpx
import pytest

from api_tests.support.administration import Office, residence_in
from api_tests.support.case_file import CaseFile
from api_tests.support.demonstration import ORGANISATION_IDS, PERSON_IDS
from api_tests.support.people import People, Person
from api_tests.support.refusals import faults, refusal
from api_tests.support.sabotages import Refusal, broken_by
from api_tests.support.servers import RunningService, running
from api_tests.support.shared_case import client_with_token, rows, signer_of
from api_tests.support.workflows import form_for
from service.people.use_cases.demonstration import DEMONSTRATION_ISSUER
from service.vocabulary.organisation_kinds import ROLES_BY_KIND

# Roles of each kind of organisation (R125: more than one kind of referrer).
ROLES_BY_HAND = {
    "local_team": "local_team",
    "certified_institution": "local_team",
    "medical": "local_team",
    "provider": "local_team provider",
    "expert_team": "coordinator screener chair expert expert_by_experience process_director facilitator "
    "data_protection_officer",
    "municipality": "municipality",
    "co_funder": "municipality",
    "expertise_network": "expertise_network",
    "national_support": "national_support",
    "cce": "cce_liaison national_support",
    "family": "parent young_person",
    "installation": "administrator",
}


@pytest.fixture(scope="module")
def office(service: RunningService, people: People) -> Iterator[Office]:
    office = Office(service, people.roos)
    with office.clients:
        yield office


@contextmanager
def as_newcomer(office: Office, subject: str) -> Iterator[Person]:
    with client_with_token(office.service, signer_of(office.service).sign_token(subject)) as client:
        yield Person(subject, client)


@broken_by(
    "Each administrative change is recorded with the person who made it",
    "service/people/use_cases/administer.py",
    "context.change_id, effect, actor_id=context.actor_id, organisation_id=context.organisation_id",
    "context.change_id, effect, actor_id=None, organisation_id=context.organisation_id",
)
def test_a_new_member_may_act_at_the_next_request_and_the_record_tells_the_administrator_and_no_other_name(
    office: Office,
) -> None:
    id_, subject = office.add_person()
    team = office.add_organisation("local_team", "GM0363")

    with as_newcomer(office, subject) as newcomer:
        answer_before = newcomer.submit()
        change = office.record_change("/memberships", personId=id_, organisationId=team, role="local_team")
        memberships = newcomer.get("/me").json()["memberships"]
        answer_after = newcomer.submit(**residence_in("GM0392"))

    assert refusal(answer_before) == (403, "not_allowed")
    assert [(membership["role"], membership["organisation"]) for membership in memberships] == [("local_team", team)]
    assert answer_after.status_code == 201
    changes = office.roos.get("/administrative-changes", params={"limit": 3}).json()["items"]
    assert changes[0] == change == office.roos.get(f"/administrative-changes/{change['id']}").json()
    assert [entry["action"] for entry in changes] == ["membership_begun", "organisation_added", "person_added"]
    assert {entry["actor"]["name"] for entry in changes} == {"Roos Willems"}
    assert (change["subjectKind"], change["subject"]) == ("person", id_)
    assert change["details"] == {"organisation": team, "role": "local_team", "from": office.day()}
    record = str(rows(office.service, "SELECT * FROM administrative_changes"))
    assert "Nieuwe Collega" not in record
    assert subject not in record


def test_each_kind_of_organisation_has_its_own_roles() -> None:
    """R125: not only local teams refer; nobody is chair of a provider."""
    assert {kind: set(roles) for kind, roles in ROLES_BY_KIND.items()} == {
        kind: set(roles.split()) for kind, roles in ROLES_BY_HAND.items()
    }


@broken_by(
    "R125: a member gets only a role that belongs to the kind of the organisation",
    "service/people/use_cases/apply_decision.py",
    "    elif decision.role not in ROLES_BY_KIND[OrganisationKind(kind)]:",
    "    elif False:",
)
def test_a_role_of_another_kind_of_organisation_is_refused_with_what_is_allowed(office: Office) -> None:
    person, _ = office.add_person()
    answers = {}
    for kind, roles in ROLES_BY_HAND.items():
        organisation = office.add_organisation(kind, "GM0363")
        right, wrong = roles.split()[0], "provider" if kind == "expert_team" else "chair"
        answers[kind] = [
            office.post("/memberships", personId=person, organisationId=organisation, role=role)
            for role in (right, wrong)
        ]

    assert {answer.status_code for answer, _ in answers.values()} == {201}
    assert [faults(answer) for _, answer in answers.values()] == [{("role_of_another_kind", "/role")}] * 12
    sentences = {kind: answer.json()["errors"][0]["en"] for kind, (_, answer) in answers.items()}
    assert all(role in sentences[kind] for kind, roles in ROLES_BY_HAND.items() for role in roles.split())


@broken_by(
    "An administrator cannot give themselves a role",
    "service/people/use_cases/apply_decision.py",
    "def _(decision: NewMembership, context: DecisionContext) -> Effect:\n"
    "    if decision.person_id == context.actor_id:",
    "def _(decision: NewMembership, context: DecisionContext) -> Effect:\n    if False:",
)
def test_nobody_decides_in_which_roles_they_act_themselves(office: Office) -> None:
    """An administrator cannot make themselves chair, nor anything else, nor end what they hold."""
    mine, ret = str(PERSON_IDS["roos"]), str(ORGANISATION_IDS["ret"])
    before = office.roos.get("/me").json()

    answers = [
        office.post("/memberships", personId=mine, organisationId=ret, role="chair"),
        office.end_membership(Person(mine, office.roos.client), ret, "administrator", office.day()),
    ]

    assert [refusal(answer) for answer in answers] == [(403, "own_membership")] * 2
    assert "chair" in answers[0].json()["detail"] or "voorzitter" in answers[0].json()["detail"]
    assert office.roos.get("/me").json() == before


@broken_by(
    "I29: a membership holds from its first day to its last",
    "service/people/store/people.py",
    '    return and_(table.c.valid_from <= bindparam("today"), table.c.valid_until >= bindparam("today"))',
    '    return and_(table.c.valid_from <= bindparam("today"), table.c.valid_until >= "2000-01-01" )',
)
def test_a_membership_ended_at_once_is_refused_the_same_second_and_a_future_one_does_not_hold_yet(
    office: Office, case: CaseFile
) -> None:
    """I29, on the day of Amsterdam: rights begin and end with their dates, and nothing of the record is removed."""
    note = {"trigger": "add_note", "form": {"text": "Gebeld."}}
    ret = str(ORGANISATION_IDS["ret"])
    leaver = office.add_member(ret, "coordinator")
    future_member = office.add_member(ret, "coordinator", validFrom=office.day(1))

    first_note = leaver.post(f"{case.path}/transitions", note, version=1)
    end = office.end_membership(leaver, ret, "coordinator", office.day(-1))
    second_note = leaver.post(f"{case.path}/transitions", note, version=2)

    assert [first_note.status_code, end.status_code, second_note.status_code] == [201, 201, 404]
    assert refusal(future_member.get(case.path)) == (404, "not_found")
    assert str(case.history()[-1]["by"]).count(leaver.key) == 1
    renewal = office.post("/memberships", personId=leaver.key, organisationId=ret, role="coordinator")
    assert renewal.status_code == 201
    assert leaver.get(case.path).status_code == 200
    duplicate = office.post("/memberships", personId=leaver.key, organisationId=ret, role="coordinator")
    assert refusal(duplicate) == (409, "already_there")


@broken_by(
    "I29: a region has at most one team on a day",
    Refusal("service/people/use_cases/apply_decision.py", "RegionIsCovered"),
)
def test_a_region_has_one_team_on_a_day_and_the_next_begins_the_day_after(office: Office) -> None:
    """I29: relations of team, network and liaison with a region are dated; overlaps are refused with a sentence."""
    first_team, second_team = office.add_organisation("expert_team"), office.add_organisation("expert_team")
    network, liaison = office.add_organisation("expertise_network"), office.add_organisation("cce")
    local = office.add_organisation("local_team", "GM0363")
    office.record_change("/coverages", organisationId=first_team, region="JZ20")

    overlap = office.post("/coverages", organisationId=second_team, region="JZ20", validFrom=office.day(30))
    duplicate = office.post("/coverages", organisationId=first_team, region="JZ20", validFrom=office.day(9))
    statuses = [
        office.post("/coverages", organisationId=organisation, region="JZ20").status_code
        for organisation in (network, liaison)
    ]
    local_coverage = office.post("/coverages", organisationId=local, region="JZ20")
    office.record_change("/coverage-ends", organisationId=first_team, region="JZ20", validUntil=office.day(30))
    too_early = office.post("/coverages", organisationId=second_team, region="JZ20", validFrom=office.day(30))
    succession = office.post("/coverages", organisationId=second_team, region="JZ20", validFrom=office.day(31))

    assert (refusal(overlap), overlap.json()["id"]) == ((409, "region_is_covered"), first_team)
    assert "JZ20" in overlap.json()["detail"]
    assert refusal(duplicate) == (409, "already_there")
    assert statuses == [201, 201]
    assert faults(local_coverage) == {("covers_no_region", "/organisationId")}
    assert refusal(too_early) == (409, "region_is_covered")
    assert succession.status_code == 201
    coverages = office.roos.get(f"/organisations/{first_team}").json()["coverages"]
    assert coverages == [{"region": "JZ20", "validFrom": office.day(), "validUntil": office.day(30)}]


def test_a_case_keeps_the_team_of_its_time_when_another_team_takes_the_region_over(office: Office) -> None:
    """I29: historic cases keep the relation of their time; new ones follow the new relation."""
    old, new = office.add_organisation("expert_team"), office.add_organisation("expert_team")
    old_chair, new_chair = office.add_member(old, "chair"), office.add_member(new, "chair")
    submitter = office.add_member(office.add_organisation("local_team", "GM0014"), "local_team")
    office.record_change("/coverages", organisationId=old, region="JZ01")
    old_case = submitter.submit(**residence_in("GM0014")).json()["caseId"]

    office.record_change("/coverage-ends", organisationId=old, region="JZ01", validUntil=office.day(-1))
    orphaned = submitter.submit(**residence_in("GM0014"))
    office.record_change("/coverages", organisationId=new, region="JZ01")
    new_case = submitter.submit(**residence_in("GM0014")).json()["caseId"]

    assert refusal(orphaned) == (409, "no_team_for_region")
    statuses = {
        (name, case): chair.get(f"/cases/{case}").status_code
        for name, chair in (("old", old_chair), ("new", new_chair))
        for case in (old_case, new_case)
    }
    assert statuses == {("old", old_case): 200, ("old", new_case): 404, ("new", old_case): 404, ("new", new_case): 200}
    assert old_chair.get(f"/cases/{old_case}").json()["team"]["id"] == old


def test_all_faults_of_a_change_are_told_at_once_and_nothing_is_recorded(office: Office) -> None:
    nobody, past, later = str(uuid4()), office.day(-1), office.day(-2)
    last_change = office.roos.get("/administrative-changes").json()["items"][0]

    membership = {"personId": nobody, "organisationId": nobody, "role": "chair"}
    answers = {
        "membership": office.post("/memberships", **membership, validFrom=past, validUntil=later),
        "organisation": office.post("/organisations", kind="family", name="Gezin A."),
        "elsewhere": office.post("/organisations", kind="provider", name="B", municipality="GM9999"),
        "coverage": office.post("/coverages", organisationId=nobody, region="JZ40"),
        "end": office.post("/membership-ends", **membership, validUntil=office.day(-2)),
        "nothing": office.post("/membership-ends", **membership, validUntil=office.day()),
        "settings": office.post("/regions/JZ02/settings", validFrom=past, settings={"terms": {"tirage": {"days": 1}}}),
        "values": office.post(
            "/regions/JZ02/settings",
            settings={
                "small_cell": 1,
                "smal_cell": 5,
                "terms": {"triage": {"days": 1, "working_days": 1}, "check": {"months": 1.5}},
            },
        ),
    }

    assert {name: {(code, at) for code, at in faults(answer)} for name, answer in answers.items()} == {
        "membership": {
            ("unknown_person", "/personId"),
            ("no_such_organisation", "/organisationId"),
            ("day_in_past", "/validFrom"),
            ("ends_before_it_begins", "/validUntil"),
        },
        "organisation": {("municipality_needed", "/municipality")},
        "elsewhere": {("unknown_municipality", "/municipality")},
        "coverage": {("unknown_region", "/region"), ("no_such_organisation", "/organisationId")},
        "end": {("day_in_past", "/validUntil")},
        "nothing": {("nothing_to_end", "")},
        "settings": {("day_in_past", "/validFrom"), ("no_such_term", "/settings/terms/tirage")},
        "values": {
            ("greater_than_equal", "/settings/small_cell"),
            ("extra_forbidden", "/settings/smal_cell"),
            ("one_unit_of_term", "/settings/terms/triage"),
            ("int_from_float", "/settings/terms/check/months"),
        },
    }
    assert refusal(office.post(f"/people/{nobody}/names", name="Iemand")) == (404, "not_found")
    assert refusal(office.post("/regions/JZ99/settings", settings={})) == (404, "not_found")
    assert office.roos.get("/administrative-changes").json()["items"][0] == last_change


def test_the_same_change_sent_twice_is_made_once_and_answered_the_same(office: Office) -> None:
    key, name = str(uuid4()), f"Aanbieder {uuid4()}"
    body = {"kind": "provider", "name": name}

    first, replay = (office.roos.post("/organisations", body, key=key) for _ in range(2))
    other = office.roos.post("/organisations", {**body, "name": "Een ander"}, key=key)

    assert (first.status_code, replay.status_code) == (201, 201)
    assert first.json() == replay.json()
    assert (first.headers["Location"], replay.headers["Idempotent-Replayed"]) == (replay.headers["Location"], "true")
    assert refusal(other) == (409, "key_reused")
    matches = [item for item in office.roos.get("/organisations").json()["items"] if item["name"] == name]
    assert [item["id"] for item in matches] == [first.json()["subject"]]


def test_a_person_exists_once_by_issuer_and_subject_is_searched_by_them_and_can_be_renamed(office: Office) -> None:
    id_, subject = office.add_person()
    identity = {"issuer": DEMONSTRATION_ISSUER, "subject": subject}

    duplicate = office.post("/people", **identity, name="Nog eens")
    office.record_change(f"/people/{id_}/names", name="Na het huwelijk")
    search = office.post("/person-searches", **identity)
    no_match = office.post("/person-searches", issuer="https://elders.example", subject=subject)

    assert (refusal(duplicate), duplicate.json()["id"]) == ((409, "already_there"), id_)
    assert (search.status_code, search.json()) == (200, {"id": id_, "name": "Na het huwelijk"})
    assert refusal(no_match) == (404, "not_found")
    assert office.roos.get(f"/people/{id_}").json() == {
        **identity,
        "id": id_,
        "name": "Na het huwelijk",
        "memberships": [],
    }


def test_administrators_alone_learn_that_a_family_is_known_here(office: Office, people: People) -> None:
    family = office.add_organisation("family", "GM0392")
    office.record_change(f"/organisations/{family}/names", name="Gezin Z.")

    def names_listed_for(by: Person, **query: str) -> set[str]:
        return {item["name"] for item in by.get("/organisations", params=query).json()["items"]}

    assert "Gezin Z." in names_listed_for(office.roos) & names_listed_for(office.roos, kind="family")
    assert {
        name for key in ("anna", "esra", "ivo", "wilma") for name in names_listed_for(people[key], kind="family")
    } == set()
    assert "Gezin Z." not in names_listed_for(people.esra)
    assert "Jeugdhulp De Veste (demonstratie)" in names_listed_for(people.esra)


def test_the_record_is_read_page_by_page_and_only_along_cursors_of_our_own(office: Office) -> None:
    changes = [office.record_change("/organisations", kind="provider", name=f"P {number}")["id"] for number in range(3)]

    pages, cursor = list[str](), None
    for _ in range(3):
        page = office.roos.get(
            "/administrative-changes", params={"limit": 1} | ({"cursor": cursor} if cursor else {})
        ).json()
        pages += [item["id"] for item in page["items"]]
        cursor = page["nextCursor"]
    forged = office.roos.get("/administrative-changes", params={"cursor": "bm90IG91cnMgYXQgYWxs"})

    assert pages == list(reversed(changes))
    assert faults(forged) == {("cursor_not_ours", "cursor")}


@broken_by(
    "decision 0023: settings that a region decides take effect in every replica without a restart",
    "service/workflows/use_cases.py",
    "    return rules.settings.settings_on(region, day) if decided is None else rules.settings.with_changes(decided)",
    "    return rules.settings.settings_on(region, day)",
)
def test_settings_of_a_region_hold_from_their_day_on_in_every_replica_without_a_restart(office: Office) -> None:
    """Decision 0023: steps after the date follow the new settings. The settings recorded last for a day hold."""
    team = office.add_organisation("expert_team")
    coordinator = office.add_member(team, "coordinator")
    submitter = office.add_member(office.add_organisation("local_team", "GM0489"), "local_team")
    office.record_change("/coverages", organisationId=team, region="JZ29")
    cases = [submitter.submit(**residence_in("GM0489")).json()["caseId"] for _ in range(2)]
    soon = office.day(2)

    with replica(office.service) as (let_pass, elsewhere):
        _, change = (
            office.record_change(
                "/regions/JZ29/settings", validFrom=soon, settings={"terms": {"start_triage": {"days": days}}}
            )
            for days in (40, 70)
        )
        office.record_change("/regions/JZ28/settings", validFrom=office.day(400), settings={"information_rounds": 1})
        old_note = add_note(coordinator, cases[0])
        let_pass(days=3)
        new_note = add_note(elsewhere(coordinator), cases[1])
        submission = elsewhere(submitter).submit(**residence_in("GM0489")).json()["transition"]

    assert old_note["settings"] != new_note["settings"] == change["details"]["settings"]
    assert submission["dueOn"] > office.day(70)
    settings = office.roos.get("/regions/JZ29/settings").json()
    assert settings["today"]["terms"]["start_triage"] == {"working_days": 2, "days": None}
    assert [(decision["validFrom"], decision["settings"]) for decision in settings["decided"]] == [
        (soon, {"terms": {"start_triage": {"days": 70}}})
    ]
    history = rows(office.service, "SELECT changes FROM dated_region_settings WHERE region = 'JZ29'")
    assert len(history) == 2


@contextmanager
def replica(service: RunningService) -> Iterator[tuple[Any, Any]]:
    """A second service on the same database, with a clock of its own. The same people act there with new tokens."""
    with running(service.settings) as second:
        clients = list[httpx.Client]()

        def elsewhere(person: Person) -> Person:
            token = signer_of(second).sign_token(subject_of(second, person))
            client = httpx.Client(base_url=f"{second.url}/v1", headers={"Authorization": f"Bearer {token}"}, timeout=30)
            clients.append(client)
            return Person(person.key, client)

        yield second.clock.let_pass, elsewhere
        for client in clients:
            client.close()


def subject_of(service: RunningService, person: Person) -> str:
    return str(rows(service, f"SELECT subject FROM people WHERE id = '{person.key}'")[0]["subject"])


def add_note(by: Person, case: str) -> dict[str, Any]:
    """Adds a note to this case and returns its history entry."""
    body = {"trigger": "add_note", "form": form_for("case", "add_note")}
    answer = by.post(f"/cases/{case}/transitions", body, version=1)
    assert answer.status_code == 201, answer.text
    entry: dict[str, Any] = answer.json()["transition"]
    return entry
