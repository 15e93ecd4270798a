"""Destruction of a file on request of the family, signed by two people, with a certificate (I21; Jeugdwet 7.3.9)."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from api_tests.support.administration import Office
from api_tests.support.case_file import CaseFile
from api_tests.support.demonstration import ORGANISATION_IDS
from api_tests.support.destructions import (
    GRANTED,
    destroy_case,
    granted_request,
    new_proposal,
    post_signature,
    propose,
    request_of,
    withdrawn_case,
)
from api_tests.support.people import People
from api_tests.support.problems import problem_of
from api_tests.support.sabotages import Refusal, broken_by
from api_tests.support.servers import RunningService
from api_tests.support.shared_case import rows
from service.database.idempotency import IdempotencyKey
from service.identity.caller import Caller
from service.retention.store.destruction_list import DestructionList
from service.retention.use_cases.signatures import sign_proposal
from service.vocabulary.refusals import HumansOnly


@pytest.fixture
def family(service: RunningService, people: People) -> Iterator[tuple[People, str]]:
    """Everybody, with a mother of a family of her own, and the id of that family."""
    with ExitStack() as open_:
        office = Office(service, people.roos, open_)
        organisation = office.add_organisation("family", "GM0392")
        yield People({**people, "mother": office.add_member(organisation, "parent")}), organisation


def obstacles(answer: httpx.Response) -> set[str]:
    """Returns the codes of all obstacles. Each obstacle is told in both languages."""
    refused_for = problem_of(answer, 409, "destruction_refused")["obstacles"]
    assert all(obstacle["nl"] and obstacle["en"] and obstacle["nl"] != obstacle["en"] for obstacle in refused_for)
    return {obstacle["code"] for obstacle in refused_for}


def test_i21_a_file_is_destroyed_on_request_of_the_family_and_its_certificate_remains(
    service: RunningService, family: tuple[People, str]
) -> None:
    people, organisation = family
    key = str(uuid4())
    submission = people.mother.submit(key=key).json()
    case = CaseFile(people, submission["caseId"], submission["number"])
    case.fire("withdraw", by="mother")
    head = case.view()["digest"]

    proposal = new_proposal(case, by="mother")
    first = post_signature(people, proposal, "hanna", "team")
    status_between = people.esra.get(case.path).status_code
    second_key = str(uuid4())
    second = post_signature(people, proposal, "quint", "data_protection", second_key)

    assert (first.status_code, first.json()["state"], status_between) == (201, "open", 200)
    certificate = second.json()["certificate"]
    assert (second.status_code, second.json()["state"]) == (201, "carried_out")
    assert [(signature["capacity"], signature["by"]["name"]) for signature in certificate["signed"]] == [
        ("team", "Hanna Smit"),
        ("data_protection", "Quint Hoekstra"),
    ]
    assert (certificate["entries"], certificate["ground"]["code"], certificate["number"]) == (4, "request", case.number)
    assert certificate["head"] != head  # the request and its answer came after the end

    # A reader of the whole case is told of the destruction, wherever they look and whatever they try. Nobody else is.
    for path in ("", "/transitions", "/file", "/advices", "/commitments", "/verification", "/access-log", "/retention"):
        problem = problem_of(people.esra.get(case.path + path), 410, "case_destroyed")
        assert problem["certificate"]["certificate"] == certificate["certificate"], path
    english = people.esra.get(case.path, headers={"Accept-Language": "en"}).json()
    assert "somebody asked for it and the team granted the request" in english["detail"]
    assert problem_of(case.attempt("add_note", by="carla", version=1), 410, "case_destroyed")
    assert problem_of(people.quint.get(f"{case.path}/legal-holds"), 410, "case_destroyed")
    assert {people[key].get(case.path).status_code for key in ("bram", "ivo", "petra", "noor", "roos")} == {404}
    certificates = {key: people[key].get("/destructions").json()["items"][0] for key in ("quint", "carla")}
    assert certificates == {"quint": certificate, "carla": certificate}

    # Lists, work and events go on without the case. The same request again is answered and does nothing.
    for path in ("/cases?includeEnded=true", "/work-items?whose=all&includeEnded=true"):
        assert people.esra.get(f"{path}&number={case.number}").json()["items"] == []
    assert people.carla.get("/events").status_code == 200
    replay = post_signature(people, proposal, "quint", "data_protection", second_key)
    assert (replay.status_code, replay.headers["idempotent-replayed"]) == (201, "true")
    assert replay.json() == second.json()

    # The mother and her family had no other case: nobody can tell any more who they were.
    assert people.mother.get("/me").status_code == 401
    assert people.roos.get(f"/organisations/{organisation}").json()["name"] == "—"
    with service.tables.connect() as connection:
        query = "SELECT count(*) FROM keys.case_keys WHERE owner_id = '%s'" % case.id  # noqa: UP031 - our own id
        assert connection.exec_driver_sql(query).scalar() == 0


def test_a_submission_that_is_sent_again_after_the_destruction_hears_of_it_and_makes_no_case(people: People) -> None:
    key = str(uuid4())
    submission = people.anna.submit(key=key).json()
    case = CaseFile(people, submission["caseId"], submission["number"])
    case.fire("withdraw", by="anna")
    proposal = new_proposal(case)
    for signer, capacity in (("esra", "team"), ("quint", "data_protection")):
        assert post_signature(people, proposal, signer, capacity).status_code == 201

    replay = people.anna.submit(key=key)

    assert problem_of(replay, 410, "case_destroyed")["certificate"]["caseId"] == case.id
    assert people.anna.get("/me").status_code == 200, "a professional keeps their name"


@broken_by(
    "A destruction needs the signatures of two different people",
    "service/retention/rules/destruction.py",
    "if any(signature.person_id == person_id for signature in proposal.signed):",
    "if False:",
)
def test_one_person_in_two_roles_and_two_people_in_one_do_not_destroy_anything(
    service: RunningService, people: People
) -> None:
    case = withdrawn_case(people)
    proposal = new_proposal(case)
    with ExitStack() as open_:
        office, ret = Office(service, people.roos, open_), str(ORGANISATION_IDS["ret"])
        person = office.add_member(ret, "coordinator")
        office.record_change("/memberships", personId=person.key, organisationId=ret, role="data_protection_officer")
        with_person = People({**people, "double": person})

        first = post_signature(with_person, proposal, "double", "team")
        second = post_signature(with_person, proposal, "double", "data_protection")
    second_of_team = post_signature(people, proposal, "esra", "team")
    as_officer = post_signature(people, proposal, "esra", "data_protection")

    assert first.status_code == 201
    assert obstacles(second) == {"signed_by_you"}
    assert obstacles(second_of_team) == {"signed_already"}
    assert problem_of(as_officer, 403, "not_allowed")
    assert case.state == "withdrawn"


@broken_by(
    "I21: a machine cannot sign a destruction",
    Refusal("service/retention/use_cases/signatures.py", "HumansOnly"),
)
def test_a_system_cannot_sign_a_destruction(service: RunningService, people: People) -> None:
    case = withdrawn_case(people)
    proposal = new_proposal(case)
    issuer = rows(service, "SELECT issuer FROM people WHERE subject = 'quint'")[0]["issuer"]
    machine, key = Caller(issuer, "quint", trace_id="", is_machine=True), IdempotencyKey(str(uuid4()), "")
    outside = DestructionList(service.settings.destruction_list)

    with pytest.raises(HumansOnly):
        service.built.database.write_sync(
            lambda transaction: sign_proposal(
                transaction, machine, UUID(proposal), "data_protection", key, destruction_list=outside
            )
        )

    assert people.quint.get(f"/destruction-proposals/{proposal}").json()["signed"] == []


def test_a_legal_hold_keeps_a_case_until_it_is_lifted_and_stays_readable(people: People) -> None:
    case = withdrawn_case(people)
    proposal = new_proposal(case)
    assert post_signature(people, proposal, "carla", "team").status_code == 201
    hold_request: dict[str, Any] = {"reason": {"code": "court_case"}}
    holds = [people[by].post(f"{case.path}/legal-holds", body) for by, body in (
        ("quint", hold_request),
        ("esra", {"reason": {"code": "other", "text": "De gemeente vroeg erom."}, "until": "2099-12-31"}),
    )]  # fmt: skip
    too_long = people.esra.post(f"{case.path}/legal-holds", {"reason": {"code": "other", "text": "x" * 301}})
    past = people.esra.post(f"{case.path}/legal-holds", {**hold_request, "until": "2020-01-01"})

    under_two_holds = post_signature(people, proposal, "quint", "data_protection")
    for hold in holds[:1]:
        people.esra.post(f"{case.path}/legal-holds/{hold.json()['id']}/lifting", {})
    under_one_hold = post_signature(people, proposal, "quint", "data_protection")
    lifting = people.quint.post(f"{case.path}/legal-holds/{holds[1].json()['id']}/lifting", {})
    holds_shown = people.esra.get(f"{case.path}/legal-holds").json()["items"]
    without_hold = post_signature(people, proposal, "quint", "data_protection")

    assert [hold.status_code for hold in holds] == [201, 201]
    assert (too_long.status_code, past.status_code, lifting.status_code) == (400, 400, 201)
    assert obstacles(under_two_holds) == obstacles(under_one_hold) == {"legal_hold"}
    assert [(hold["reason"]["code"], hold["stands"], hold["lifted"]["by"]["name"]) for hold in holds_shown] == [
        ("court_case", False, "Esra Yilmaz"),
        ("other", False, "Quint Hoekstra"),
    ]
    assert without_hold.json()["state"] == "carried_out"


def test_a_change_of_the_file_after_the_proposal_refuses_and_what_is_beside_the_file_does_not(people: People) -> None:
    changed, untouched = withdrawn_case(people), withdrawn_case(people)
    proposals = [new_proposal(case) for case in (changed, untouched)]
    changed.fire("reopen", by="esra")
    request_of(untouched, "anna", kind={"code": "access"})

    for_changed = post_signature(people, proposals[0], "esra", "team")
    for_untouched = post_signature(people, proposals[1], "esra", "team")

    assert obstacles(for_changed) == {"file_changed", "case_is_open"}
    assert for_untouched.status_code == 201
    withdrawal = people.quint.post(
        f"/destruction-proposals/{proposals[0]}/withdrawal", {"reason": {"code": "file_changed"}}
    )
    assert (withdrawal.status_code, withdrawal.json()["state"]) == (201, "withdrawn")
    assert obstacles(post_signature(people, proposals[0], "esra", "team")) >= {"proposal_withdrawn"}
    assert proposals[0] not in {item["id"] for item in people.esra.get("/destruction-proposals").json()["items"]}
    assert proposals[0] in {item["id"] for item in people.quint.get("/destruction-proposals?state=all").json()["items"]}


def test_only_a_request_granted_in_full_on_an_ended_case_is_proposed_and_once(people: People) -> None:
    running, case = CaseFile.submitted(people), withdrawn_case(people)
    undecided, partly_granted = request_of(case, "anna"), request_of(case, "anna")
    partial = {"extent": {"code": "partial"}, "notGranted": "De melding van de school."}
    case.fire("grant", part=partly_granted, by="carla", form=GRANTED | partial)
    access = request_of(case, "anna", kind={"code": "access"})
    case.fire("grant", part=access, by="carla", form=GRANTED)

    refusals = [propose(case, request["id"]) for request in (undecided, partly_granted, access)]
    for_running = propose(running, granted_request(running))
    case.fire("grant", part=undecided, by="carla", form=GRANTED)
    first, second = propose(case, undecided["id"]), propose(case, undecided["id"], by="esra")

    assert [obstacles(answer) for answer in refusals] == [{"not_granted"}] * 3
    assert obstacles(for_running) == {"case_is_open"}
    assert first.status_code == 201
    assert obstacles(second) == {"proposal_stands"}


@broken_by(
    "I21: a destruction follows the corrected text of its request and its grant",
    "service/retention/rules/destruction.py",
    "entries = amended_history(history)",
    "entries = history",
)
def test_a_request_or_a_grant_that_was_corrected_since_destroys_nothing(people: People) -> None:
    """The corrected text counts: a copy was asked for, and a part of the file must stay."""
    cases = [withdrawn_case(people), withdrawn_case(people)]
    requests = [request_of(case, "anna") for case in cases]
    for case, request in zip(cases, requests, strict=True):
        case.fire("grant", part=request, by="carla", form=GRANTED)
    proposals = [str(propose(case, request["id"]).json()["id"]) for case, request in zip(cases, requests, strict=True)]
    correction = {"amends": 1, "changes": {"kind": {"code": "copy"}}, "reason": "Een kopie was bedoeld."}
    partial = {"extent": {"code": "partial"}, "notGranted": "De melding van de school."}
    cases[0].fire("amend", part=requests[0], by="anna", form=correction)
    cases[1].fire(
        "amend", part=requests[1], by="carla", form={"amends": 2, "changes": partial, "reason": "Moet blijven."}
    )

    refusals = [post_signature(people, proposal, "quint", "data_protection") for proposal in proposals]

    assert [obstacles(answer) for answer in refusals] == [{"not_granted"}] * 2


def test_proposals_and_certificates_come_in_pages(people: People) -> None:
    for _ in range(3):
        destroy_case(withdrawn_case(people))

    for path in ("/destruction-proposals?state=all&", "/destructions?"):
        pages, cursor = list[list[dict[str, Any]]](), ""
        while not pages or cursor:
            page = people.quint.get(f"{path}limit=2" + (f"&cursor={cursor}" if cursor else "")).json()
            pages, cursor = [*pages, page["items"]], page["nextCursor"]
        whole = people.quint.get(f"{path}limit=200").json()["items"]

        assert [item for page in pages for item in page] == whole
        assert {len(page) for page in pages[:-1]} == {2}
        assert people.quint.get(f"{path}cursor=bm8").status_code == 400


def test_the_retention_policy_is_a_table_with_the_deviations_of_regions(people: People) -> None:
    decision = people.roos.post("/regions/JZ42/settings", {"settings": {"retention_years": 25}})
    assert decision.status_code == 201, decision.text

    policy = people.wilma.get("/retention-policy").json()

    rules = [
        (rule["kind"], rule["years"], rule["months"], rule["days"], rule["countedFrom"]["code"])
        for rule in policy["rules"]
    ]
    assert rules == [
        ("ordinary", 20, None, None, "last_change"),
        ("supervision_or_guardianship", 30, None, None, "majority"),
        ("on_request", None, 3, None, "request"),
        ("draft", None, None, 30, "last_saved"),
    ]
    assert "bewaart een dossier tot 20 jaar" in policy["rules"][0]["ground"]["nl"]
    deviations = {region["region"]: (region["rules"][0]["years"], region["version"]) for region in policy["regions"]}
    assert deviations["JZ42"] == (25, decision.json()["details"]["settings"])
    assert "JZ11" not in deviations
