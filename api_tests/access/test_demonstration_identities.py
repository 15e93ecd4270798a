"""Identities that the service signs itself exist in demonstration mode and nowhere else."""

import time
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text

from api_tests.support.databases import new_database
from api_tests.support.demonstration import PERSON_IDS
from api_tests.support.engines import ENGINES
from api_tests.support.problems import problem_of
from api_tests.support.sabotages import Refusal, broken_by
from api_tests.support.servers import RunningService, running, settings_for
from api_tests.support.shared_case import client_with_token, signer_of
from service.app import IssuersRefused, build_service
from service.identity.tokens import DemonstrationSigner
from service.identity.trusted_issuer import TrustedIssuer
from service.people.use_cases.demonstration import DEMONSTRATION_ISSUER, DemonstrationPeoplePresent, RealPeoplePresent
from service.settings import Settings

pytestmark = pytest.mark.server


@pytest.fixture(params=ENGINES)
def empty(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings for a database that nobody has used yet."""
    folder: Path = tmp_path_factory.mktemp("empty")
    return settings_for(folder, new_database(request, folder, request.param))


def for_production(settings: Settings) -> Settings:
    """The same settings for production. Their issuer does not exist, and the second wall is off."""
    issuer = TrustedIssuer(name="http://127.0.0.1:9")
    return settings.model_copy(update={"mode": "production", "issuers": (issuer,), "without_second_wall": True})


@broken_by(
    "Production accepts no demonstration identity",
    "service/app.py",
    '_signer(settings) if settings.mode == "demonstration" else None',
    "_signer(settings)",
)
def test_production_knows_no_demonstration_and_takes_none_of_its_tokens(empty: Settings) -> None:
    token = DemonstrationSigner(DEMONSTRATION_ISSUER).sign_token("esra")

    with running(for_production(empty)) as production, client_with_token(production, token) as client:
        answers: list[httpx.Response] = [
            client.get("/demonstration/people"),
            client.post("/demonstration/tokens", json={"person": "esra"}),
            client.get("/me"),
            client.get("/cases"),
        ]
        health = client.get("/health").status_code

    assert [answer.status_code for answer in answers] == [404, 404, 401, 401]
    assert production.built.api.state.context.signer is None
    assert health == 200


@broken_by(
    "A demonstration does not start on a database with people of another issuer",
    Refusal("service/people/use_cases/demonstration.py", "RealPeoplePresent"),
)
def test_a_demonstration_is_refused_on_a_database_with_people_of_another_issuer(empty: Settings) -> None:
    with running(for_production(empty)) as production:
        insertion = text(
            "INSERT INTO people (id, issuer, subject, name) VALUES "
            "('6c9b2f1e-3c0a-4a55-8f0e-3b8a4be0a001', 'https://idp.example', 'ab12', 'Iemand')"
        )
        with production.tables.begin() as connection:
            connection.execute(insertion)

    with pytest.raises(RealPeoplePresent, match="other issuers"):
        build_service(empty)


@broken_by(
    "Production does not start on a database with the people of a demonstration",
    "service/app.py",
    "if signer else require_real_people\n    )",
    "if signer else (lambda _: None))",
)
def test_a_database_with_the_people_of_a_demonstration_is_not_served_in_production(empty: Settings) -> None:
    with running(empty):
        pass

    with pytest.raises(DemonstrationPeoplePresent, match="has the people of a demonstration"):
        build_service(for_production(empty))


def test_a_demonstration_of_an_earlier_version_gets_the_people_that_came_since(empty: Settings) -> None:
    with running(empty) as earlier, earlier.tables.begin() as connection:
        for deletion in ("DELETE FROM memberships WHERE person_id = :sara", "DELETE FROM people WHERE id = :sara"):
            connection.execute(text(deletion), {"sara": str(PERSON_IDS["sara"])})

    with running(empty) as later, client_with_token(later, signer_of(later).sign_token("sara")) as sara:
        view = sara.get("/me").json()

    assert (view["name"], [membership["role"] for membership in view["memberships"]]) == (
        "Sara Bos",
        ["expertise_network"],
    )


@broken_by(
    "A demonstration token stays valid after a restart",
    "service/app.py",
    "        return DemonstrationSigner(DEMONSTRATION_ISSUER, file.read_bytes())",
    "        return DemonstrationSigner(DEMONSTRATION_ISSUER)",
)
def test_a_token_outlives_a_restart_of_the_demonstration(empty: Settings) -> None:
    with running(empty) as first:
        token = signer_of(first).sign_token("esra")

    with running(empty) as second, client_with_token(second, token) as esra:
        answer = esra.get("/me")

    assert (answer.status_code, answer.json()["name"]) == (200, "Esra Yilmaz")


def test_a_key_of_a_demonstration_signs_for_nobody_in_production(empty: Settings) -> None:
    """Also where that key stands beside the key of production."""
    folder = empty.master_key_file.parent
    key = DemonstrationSigner.new_key()
    (folder / "master.key.tokens").write_bytes(key)

    with running(for_production(empty)) as production:
        tokens = [
            signer.sign_token("esra")
            for signer in (
                DemonstrationSigner(DEMONSTRATION_ISSUER, key),
                DemonstrationSigner("http://127.0.0.1:9", key),
            )
        ]
        statuses = []
        for token in tokens:
            with client_with_token(production, token) as client:
                statuses.append(client.get("/me").status_code)

    # The second token names an issuer that production trusts, and whose keys cannot be fetched now.
    assert statuses == [401, 503]


def test_an_unreadable_key_for_tokens_is_refused_with_a_remedy(empty: Settings) -> None:
    (empty.master_key_file.parent / "master.key.tokens").write_text("no key")

    with pytest.raises(IssuersRefused, match="remove the file, and a new key is made"):
        build_service(empty)


@broken_by(
    "The refusal of an expired demonstration token says how to get a new one",
    "service/http/application.py",
    "demonstration = context.signer is not None",
    "demonstration = False",
)
def test_an_expired_token_is_answered_with_the_way_to_a_new_one(service: RunningService) -> None:
    token = signer_of(service).sign_token("esra", now=time.time() - 7_200)

    with client_with_token(service, token) as esra:
        answers = {language: esra.get("/me", headers={"Accept-Language": language}) for language in ("nl", "en")}

    for answer in answers.values():
        assert "/v1/demonstration/tokens" in problem_of(answer, 401, "not_known")["detail"]
    assert "geeft" in answers["nl"].json()["detail"]


@broken_by(
    "In production a refusal does not name the tokens of a demonstration",
    "service/http/application.py",
    "demonstration = context.signer is not None",
    "demonstration = True",
)
def test_production_names_no_demonstration_in_a_refusal(empty: Settings) -> None:
    with running(for_production(empty)) as production, client_with_token(production, "no-token") as client:
        answers = [client.get("/me", headers={"Accept-Language": language}) for language in ("nl", "en")]
        document = client.get("/openapi.json")

    for answer in answers:
        assert "emonstrati" not in str(problem_of(answer, 401, "not_known"))
    assert document.status_code == 200


def test_nobody_outside_the_demonstration_can_be_acted_as(service: RunningService) -> None:
    with client_with_token(service, None) as client:
        answer = client.post("/demonstration/tokens", json={"person": "somebody"})

    assert answer.status_code == 404
