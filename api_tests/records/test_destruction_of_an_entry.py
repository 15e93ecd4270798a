"""I21: two people decide to destroy the content of one entry, on a granted request or for somebody's safety."""

from contextlib import ExitStack
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from api_tests.support.administration import Office
from api_tests.support.demonstration import ORGANISATION_IDS
from api_tests.support.destroyed_content import (
    DestroyedContentStory,
    digest_of,
    note_with,
    post_proposal,
    propose_entry,
)
from api_tests.support.destructions import GRANTED, request_of
from api_tests.support.forgery import engine_for
from api_tests.support.problems import problem_of
from api_tests.support.sabotages import broken_by
from service.cases.store.tables import content_destructions
from service.database.transaction import Transaction
from service.identity.caller import Caller
from service.people.use_cases.demonstration import DEMONSTRATION_ISSUER
from service.retention.store.destruction_list import DestructionList
from service.retention.use_cases.destroy_content import destroy_content
from service.vocabulary.refusals import HumansOnly


@broken_by(
    "I21: a request that was granted in part is a ground to destroy one entry",
    "service/retention/use_cases/destroy_content.py",
    'extents=("full", "partial")',
    'extents=("full",)',
)
def test_a_granted_request_in_part_is_a_ground_and_one_that_was_not_granted_is_none(
    emptied: DestroyedContentStory,
) -> None:
    case = emptied.other_case
    note = note_with(case, "Wat de buurvrouw zei.")
    request = request_of(case, "anna")
    on_request = {"requestId": request["id"]}

    problem = problem_of(post_proposal(case, note, **on_request), 409, "destruction_refused")
    partial = {"extent": {"code": "partial"}, "notGranted": "De rest is nog nodig."}
    case.fire("grant", part=request, by="carla", form=GRANTED | partial)
    part = propose_entry(case, note, **on_request)
    case.fire("destroy_content", part=part, by="quint", grounds=None)
    document = case.people.esra.get(f"{case.path}/transitions/{note['partSequence']}").json()

    assert [obstacle["code"] for obstacle in problem["obstacles"]] == ["request_not_granted"]
    assert document["destroyed"]["ground"]["code"] == "request"


@broken_by(
    "I21: what was granted is what was asked: a granted request is not changed into one for destruction",
    "service/file_rights/rules/request_forms.py",
    "before.kind != self.kind",
    "False",
)
def test_a_granted_request_for_access_is_not_amended_into_one_for_destruction(
    emptied: DestroyedContentStory,
) -> None:
    case = emptied.other_case
    request = case.ask_about_file("access", by="anna")
    case.fire("grant", part=request, by="carla", form=GRANTED)

    amendment = {"amends": 1, "changes": {"kind": {"code": "destruction"}}, "reason": "Toch anders."}
    refused = problem_of(case.attempt("amend", part=request, by="anna", form=amendment, grounds=None), 400)

    assert [error["code"] for error in refused["errors"]] == ["granted_as_asked"]


def test_what_remains_can_be_put_in_other_words_and_the_named_entry_stays(emptied: DestroyedContentStory) -> None:
    case = emptied.other_case
    note = note_with(case, "Een stuk.")
    part = propose_entry(case, note)

    def amend(**changes: object) -> httpx.Response:
        form = {"amends": 1, "changes": changes, "reason": "Beter zo."}
        return case.attempt("amend", part=part, by="carla", form=form, grounds=None)

    words, another = amend(whatRemains="Een notitie."), problem_of(amend(number=1), 400)

    assert words.status_code == 201, words.text
    assert [(error["code"], error["location"]) for error in another["errors"]] == [
        ("proposal_of_another_entry", "/form/changes/number")
    ]


@broken_by(
    "I21: an entry has one open proposal to destroy it",
    "service/retention/use_cases/destroy_content.py",
    'obstacles.append("content_proposal_stands")',
    "pass",
)
def test_bad_proposals_are_refused_with_what_is_wrong(emptied: DestroyedContentStory) -> None:
    case = emptied.other_case
    note = note_with(case, "Nog een notitie.")

    unknown = problem_of(post_proposal(case, note, number=9999), 400, "invalid")
    elsewhere = problem_of(post_proposal(case, note, partId=emptied.part["id"]), 400, "invalid")
    nowhere = problem_of(post_proposal(case, note, partId=str(uuid4())), 400, "invalid")
    by_submitter = post_proposal(case, note, by="anna")
    twice = [post_proposal(case, note, key="dubbel") for _ in range(2)]
    again = problem_of(post_proposal(case, note), 409, "destruction_refused")

    assert [error["code"] for error in unknown["errors"]] == ["no_content_here"]
    assert [error["code"] for error in elsewhere["errors"]] == ["no_content_here"]
    assert [error["location"] for error in nowhere["errors"]] == ["/form/partId"]
    problem_of(by_submitter, 403)
    assert [answer.status_code for answer in twice] == [201, 201]
    assert twice[0].json() == twice[1].json()
    assert [obstacle["code"] for obstacle in again["obstacles"]] == ["content_proposal_stands"]


def test_a_withdrawn_proposal_destroys_nothing(emptied: DestroyedContentStory) -> None:
    case = emptied.other_case
    note = note_with(case, "Dit was geen vergissing.")
    part = propose_entry(case, note)

    case.fire("withdraw", part=part, by="quint", grounds="Het is toch geen geheim adres.")
    late = case.attempt("destroy_content", part=part, by="quint", grounds=None)

    assert "geen enkele stap" in problem_of(late, 409, "transition_not_allowed")["detail"]
    assert case.people.esra.get(f"{case.path}/transitions/{note['partSequence']}").json()["form"]


@broken_by(
    "I21: who proposed to destroy an entry does not decide on it",
    "service/retention/rules/entry_destruction.py",
    "decided_by=Role.DATA_PROTECTION_OFFICER",
    "decided_by=None",
)
def test_one_person_with_two_roles_does_not_decide_on_their_own_proposal(emptied: DestroyedContentStory) -> None:
    case = emptied.other_case
    note = note_with(case, "Van één mens.")
    with ExitStack() as stack:
        office, team = Office(emptied.service, case.people.roos, stack), str(ORGANISATION_IDS["ret"])
        both = office.add_member(team, "coordinator")
        office.record_change("/memberships", personId=both.key, organisationId=team, role="data_protection_officer")
        case.people["both"] = both
        part = propose_entry(case, note, by="both")
        refused = problem_of(case.attempt("destroy_content", part=part, by="both", grounds=None), 403)

    assert refused["whyNot"]["code"] == "proposed_it"
    assert case.people.esra.get(f"{case.path}/transitions/{note['partSequence']}").json()["form"]


@broken_by(
    "I21: a system destroys no content",
    "service/retention/use_cases/destroy_content.py",
    "    if caller.is_machine:\n        raise HumansOnly\n",
    "",
)
def test_a_system_destroys_nothing(emptied: DestroyedContentStory, tmp_path: Path) -> None:
    case = emptied.other_case
    part = propose_entry(case, note_with(case, "Niet door een systeem."))
    machine = Caller(issuer=DEMONSTRATION_ISSUER, subject="quint", trace_id="0" * 32, is_machine=True)

    def destroy(transaction: Transaction) -> None:
        listed = DestructionList(tmp_path / "destructions.jsonl")
        destroy_content(transaction, machine, UUID(case.id), UUID(part["id"]), destruction_list=listed)

    with pytest.raises(HumansOnly):
        emptied.service.built.database.write_sync(destroy)


@broken_by(
    "I21: a legal hold keeps the content of an entry",
    "service/retention/use_cases/destroy_content.py",
    '        yield "legal_hold"\n',
    "        pass\n",
)
def test_a_legal_hold_keeps_the_content(emptied: DestroyedContentStory) -> None:
    case = emptied.other_case
    note = note_with(case, "Hierover loopt een klacht.")
    part = propose_entry(case, note)
    hold = case.people.quint.post(f"{case.path}/legal-holds", {"reason": {"code": "complaint"}}).json()["id"]

    refused = problem_of(case.attempt("destroy_content", part=part, by="quint", grounds=None), 409)
    case.people.quint.post(f"{case.path}/legal-holds/{hold}/lifting", {})
    case.fire("destroy_content", part=part, by="quint", grounds=None)

    assert [obstacle["code"] for obstacle in refused["obstacles"]] == ["legal_hold"]


@broken_by(
    "I21: the entry from which the term of a running request counts stays",
    "service/retention/use_cases/destroy_content.py",
    '        yield "part_is_open"\n',
    "        pass\n",
)
def test_a_request_that_still_runs_keeps_the_entry_from_which_its_term_counts(emptied: DestroyedContentStory) -> None:
    case = emptied.other_case
    request = request_of(case, "anna")
    first = {"partId": request["id"], "partSequence": 1}

    refused = problem_of(post_proposal(case, first), 409, "destruction_refused")

    assert [obstacle["code"] for obstacle in refused["obstacles"]] == ["part_is_open"]


@broken_by(
    "I11, I21: the database empties no content without the decision of two people",
    "migrations/sql/0013-sqlite.sql",
    "s.target = 'destroyed' AND s.role",
    "s.role",
    case="sqlite-withdrawn by the officer",
)
@pytest.mark.parametrize("wrong", ["another entry", "not decided", "withdrawn by the officer"])
def test_the_database_empties_nothing_without_the_decision_of_two_people(
    emptied: DestroyedContentStory, wrong: str
) -> None:
    """I11, I21: the certificate leads, whoever writes it."""
    case = emptied.other_case
    note = note_with(case, "Dit blijft.")
    part = propose_entry(case, note)
    if wrong == "withdrawn by the officer":
        case.fire("withdraw", part=part, by="quint")
    sequence = 1 if wrong == "another entry" else note["sequence"]
    digest = digest_of(emptied, sequence)
    row = {
        "case_id": case.id, "sequence": sequence, "digest": digest, "part_id": part["id"], "ground": "safety",
        "request_id": None, "signed": "[]", "entries": 1, "destroyed_at": 1, "day": "2026-01-01", "certificate": "c",
        "replayed_at": None,
    }  # fmt: skip
    engine = engine_for(emptied.service.settings.database_url, undermined=False)
    with engine.connect() as connection:
        with pytest.raises(IntegrityError, match="agreed to by two people"):
            connection.execute(insert(content_destructions), row)
        connection.rollback()
    engine.dispose()
