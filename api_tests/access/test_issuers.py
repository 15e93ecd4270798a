"""Real identities: people and machines of the issuers that an installation trusts.

The service and the issuers are processes of their own, and speak over real sockets.
"""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc import jwt

from api_tests.support.forms import filled
from api_tests.support.issuer import Issuer, key, new_issuer, wait_until
from api_tests.support.issuer_process import ASSERTION
from api_tests.support.production import ProductionService, production_service
from api_tests.support.sabotages import broken_by
from api_tests.support.servers import WITHOUT_TLS
from api_tests.support.shared_case import today
from service import __main__ as command_line
from service.app import IssuersRefused, build_service
from service.identity.trusted_issuer import TrustedIssuer
from service.settings import Settings

RSA, EC = key("rsa"), key("ec", "EC")
HIGH = "http://eidas.europa.eu/LoA/high"
SIX_HOURS = 6 * 3600


@dataclass(frozen=True)
class World:
    """A service, an issuer of people, and an issuer of people (who signed in well) and of machines."""

    service: ProductionService
    people: Issuer
    mixed: Issuer

    @property
    def ada(self) -> str:
        """A token of the administrator."""
        return self.people.token(RSA)

    def machine(self, **claims: Any) -> str:
        return self.mixed.token(**{"sub": "crm", "client_id": "crm", **claims})

    def person(self, **claims: Any) -> str:
        return self.mixed.token(**{"sub": "p-1", "acr": HIGH, **claims})


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folders = [tmp_path_factory.mktemp(name) for name in ("people", "mixed", "service")]
    with new_issuer(folders[0]) as people, new_issuer(folders[1]) as mixed:
        people.publish(RSA, EC)
        mixed.publish(key("rsa"))
        people.start()
        mixed.start()
        trusted: list[dict[str, Any]] = [
            {"name": people.name},
            {
                "name": mixed.name,
                "keys": f"{mixed.name}/keys",
                "kinds": ["people", "machines"],
                "machine_clients": ["crm-account"],
                "types": ["JWT", "application/at+jwt"],
                "acr": ["http://eidas.europa.eu/LoA/substantial", HIGH],
            },
        ]
        with production_service(folders[2], trusted, issuer_refresh_seconds=3600) as service:
            yield World(service, people, mixed)


@pytest.mark.server
def test_a_person_signs_in_with_a_token_of_a_trusted_issuer_by_each_accepted_signature(world: World) -> None:
    tokens = {
        "RS256": world.people.token(RSA),
        "PS256": world.people.token(RSA, alg="PS256"),
        "ES256": world.people.token(EC, alg="ES256"),
    }

    answers = {name: world.service.me(token) for name, token in tokens.items()}

    assert {name: (answer.status_code, answer.json().get("name")) for name, answer in answers.items()} == dict.fromkeys(
        tokens, (200, "Ada Beheer")
    )


@pytest.mark.server
def test_a_token_of_a_stranger_or_for_something_else_is_a_401(world: World) -> None:
    world.service.add_person(world.ada, world.mixed.name, "ada")
    other_key = world.mixed.keys[0]
    tokens = {
        "signed by another trusted issuer, under the same kid": world.people.token(other_key),
        "of another trusted issuer, signed by this one": world.mixed.token(RSA, acr=HIGH),
        "an issuer written otherwise": world.people.token(RSA, iss=f"{world.people.name}/"),
        "an issuer that nobody trusts": world.people.token(RSA, iss="https://login.example"),
        "the issuer of demonstrations": world.people.token(RSA, iss="urn:casusroute:demonstration"),
        "another algorithm than the key is for": world.people.token(EC, alg="ES256", iss=world.mixed.name),
        "an algorithm nobody accepts": world.people.token(RSA, alg="RS512"),
        "an ID token": world.people.token(RSA, typ="JWT", aud="web", nonce="n"),
        "an ID token for an audience of our name": world.people.token(RSA, typ="JWT", nonce="n"),
        "an ID token where types are not told apart": world.mixed.token(typ="JWT", sub="ada", acr=HIGH, at_hash="x"),
        "another audience": world.people.token(RSA, aud=["account", "elsewhere"]),
        "a person's token for more than an hour": world.people.token(RSA, exp=int(time.time()) + 3660),
    }

    assert world.service.statuses(tokens) == dict.fromkeys(tokens, 401)
    assert world.service.status(world.mixed.token(typ="JWT", sub="ada", acr=HIGH)) == 200


@pytest.mark.server
def test_a_person_who_did_not_sign_in_well_enough_is_a_401(world: World) -> None:
    """The issuer must state how the person signed in (acr, on the eIDAS scale)."""
    world.service.add_person(world.ada, world.mixed.name, "p-1")

    tokens = {
        "low": world.person(acr="http://eidas.europa.eu/LoA/low"),
        "not told": world.person(acr=...),
        "told as a list": world.person(acr=[HIGH]),
    }

    assert world.service.statuses(tokens) == dict.fromkeys(tokens, 401)
    assert world.service.status(world.person()) == 200


@pytest.mark.server
def test_a_machine_proves_itself_with_its_own_key_and_does_what_its_memberships_say(world: World) -> None:
    """Client credentials with private_key_jwt. Rights end at the next request, also with the token at hand (I29)."""
    machine_id = world.service.add_person(world.ada, world.mixed.name, "machine:crm")
    team = world.service.post(world.ada, "/organisations", kind="local_team", name="Wijkteam", municipality="GM0392")
    request = {"personId": machine_id, "organisationId": team.json()["subject"], "role": "local_team"}
    assert world.service.post(world.ada, "/memberships", **request).status_code == 201
    token = token_for("crm", world.mixed)

    memberships = world.service.me(token).json()["memberships"]
    yesterday = str(today() - timedelta(days=1))
    end = world.service.post(world.ada, "/membership-ends", **request, validUntil=yesterday)

    assert [membership["role"] for membership in memberships] == ["local_team"]
    assert end.status_code == 201, end.text
    assert world.service.me(token).json()["memberships"] == []


def token_for(client: str, issuer: Issuer) -> str:
    """Returns the token that the issuer gives to a client that signs with its own key."""
    client_key, now, address = key("client"), int(time.time()), f"{issuer.name}/token"
    issuer.register_client(client, client_key)
    proof = {"iss": client, "sub": client, "aud": address, "iat": now, "exp": now + 60, "jti": "once"}
    form = {
        "grant_type": "client_credentials",
        "client_id": client,
        "client_assertion_type": ASSERTION,
        "client_assertion": jwt.encode({"alg": "RS256", "kid": "client"}, proof, client_key),
    }
    answer = httpx.post(address, data=form, verify=WITHOUT_TLS).raise_for_status()
    return str(answer.json()["access_token"])


@broken_by(
    "A person with the name of a machine at an issuer does not get the rights of the machine",
    "service/identity/tokens.py",
    "and not subject.startswith(MACHINE_PREFIX)",
    "",
)
@pytest.mark.server
def test_a_machine_is_never_taken_for_a_person_nor_a_person_for_a_machine(world: World) -> None:
    """A person who chooses the name of a machine gains nothing, and a machine is refused what is for people."""
    world.service.add_person(world.ada, world.mixed.name, "machine:nightly")
    world.service.add_person(world.ada, world.mixed.name, "machine:0b6f-account")
    world.service.add_person(world.ada, world.people.name, "machine:nightly")
    machines = {
        "by its own name": world.machine(sub="nightly", client_id="nightly"),
        "as older providers name it": world.machine(sub="nightly", client_id=..., azp="nightly"),
        "with an account": world.machine(sub="0b6f-account", client_id="crm-account"),
        "for six hours": world.machine(sub="nightly", client_id="nightly", exp=int(time.time()) + SIX_HOURS - 60),
    }
    pretenders = {
        "a person of that name": world.person(sub="nightly"),
        "a person of that whole name": world.person(sub="machine:nightly"),
        "a person with that account": world.person(sub="0b6f-account"),
        "somebody of whom it is not told": world.person(sub="nightly", client_id=...),
        "for longer than six hours": world.machine(sub="nightly", client_id="nightly", iat=int(time.time()) - 60,
                                                   exp=int(time.time()) + SIX_HOURS),
        "a machine of an issuer of people": world.people.token(RSA, sub="nightly", client_id="nightly"),
        "a machine that calls itself so": world.machine(sub="machine:nightly", client_id="machine:nightly"),
    }  # fmt: skip

    assert world.service.statuses(machines) == dict.fromkeys(machines, 200)
    assert world.service.statuses(pretenders) == dict.fromkeys(pretenders, 401)

    body = {"trigger": "take_emergency_access", "number": "4821-7730", "form": filled("emergency_access@1")}
    answer = world.service.post(machines["by its own name"], "/emergency-accesses", **body)
    assert (answer.status_code, answer.json()["code"]) == (403, "humans_only")


@pytest.mark.server
def test_new_keys_are_fetched_at_once_with_one_request_and_invented_ones_cause_none(world: World) -> None:
    """No stampede: twenty people bring the new key at the same moment. No flood: one request a minute."""
    new_key = key("new")
    world.people.publish(new_key, RSA, EC)
    requests_before = world.people.request_count()

    with ThreadPoolExecutor(20) as crowd:
        statuses = list(
            crowd.map(world.service.status, [world.people.token(new_key, jti=str(number)) for number in range(20)])
        )
    invented = [world.service.status(world.people.token(key_named(RSA, f"made-up-{number}"))) for number in range(20)]

    assert (statuses, invented) == ([200] * 20, [401] * 20)
    assert world.people.request_count() == requests_before + 1


def key_named(private_key: Any, kid: str) -> Any:
    return type(private_key).import_key({**private_key.as_dict(private=True), "kid": kid})


@broken_by(
    "A withdrawn key stops working at once, also for a token that was verified before",
    "service/identity/tokens.py",
    "if cached and now < cached.until and cached.edition == cached.issuer.keys_version:",
    "if cached and now < cached.until:",
)
@pytest.mark.server
def test_withdrawn_keys_stop_known_ones_outlive_their_issuer_and_a_late_issuer_is_waited_for(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    first_key, second_key = key("first"), key("second")
    with new_issuer(tmp_path_factory.mktemp("late")) as issuer:
        issuer.publish(first_key)
        trusted = [{"name": issuer.name, "keys": f"{issuer.name}/keys"}]
        with production_service(tmp_path_factory.mktemp("waiting"), trusted, issuer_refresh_seconds=0.1) as service:
            by_first, by_second = issuer.token(first_key), issuer.token(second_key)

            unreachable = service.me(by_first)
            issuer.start()
            wait_until(lambda: service.status(by_first) == 200)
            issuer.publish(second_key)
            wait_until(lambda: service.status(by_first) == 401)
            status = service.status(by_second)
            issuer.stop()
            wait_until(lambda: "no_connection" in service.log.read_text().rpartition('"keys": 1')[2])
            offline = {"known": service.status(by_second), "health": service.client.get("/health").status_code}
            with_unknown_key = service.me(issuer.token(key("third")))

    assert (unreachable.status_code, unreachable.json()["code"]) == (503, "issuer_unreachable")
    assert status == 200
    assert offline == {"known": 200, "health": 200}
    assert with_unknown_key.status_code == 503
    assert 1 <= int(with_unknown_key.headers["Retry-After"]) <= 60


FAULTY_ISSUERS = [
    {"name": "http://login.example"},
    {"name": "https://one.example", "keys": "https://somebody:secret@one.example/keys", "kinds": ["animals"]},
    {"name": "https://two.example", "algorithms": ["HS256"], "adience": "casusroute"},
    {"name": "https://three.example", "people_minutes": 0, "types": []},
    {"name": "urn:casusroute:demonstration"},
]


def test_all_faults_of_the_issuers_are_told_at_once_and_no_value_is_repeated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    message = refusal_of(monkeypatch, json.dumps(FAULTY_ISSUERS))

    places = [line.partition(":")[0].removeprefix("CASUSROUTE_ISSUERS") for line in message.splitlines()[1:]]
    assert places == [
        "[0].name", "[1].keys", "[1].kinds[0]", "[2].algorithms[0]", "[2].adience", "[3].types", "[3].people_minutes",
        "[4].name",
    ]  # fmt: skip
    assert "secret" not in message
    assert "an https address is needed" in message


@pytest.mark.parametrize(
    "setting",
    [
        "https://login.example",
        '{"name": "https://login.example"}',
        '[{"name": "https://login.example", "name": "https://other.example"}]',
        '[{"name": "https://login.example"}, {"name": "https://login.example"}]',
        "[[[" * 20_000,
    ],
)
def test_a_setting_that_is_no_list_of_issuers_is_refused_in_a_line(
    monkeypatch: pytest.MonkeyPatch, setting: str
) -> None:
    message = refusal_of(monkeypatch, setting)

    assert [line.partition(":")[0] for line in message.splitlines()] == ["not done", "CASUSROUTE_ISSUERS"]


def refusal_of(monkeypatch: pytest.MonkeyPatch, issuers: str) -> str:
    """Returns the message with which the command line refuses to start."""
    monkeypatch.setenv("CASUSROUTE_ISSUERS", issuers)
    monkeypatch.setattr("sys.argv", ["service", "serve"])
    with pytest.raises(SystemExit) as stop:
        command_line.main()
    return str(stop.value.code)


def test_production_without_issuers_and_a_demonstration_with_issuers_do_not_start(tmp_path: Path) -> None:
    database_file = tmp_path / "casusroute.db"
    empty = Settings(database_url=f"sqlite:///{database_file}", master_key_file=tmp_path / "master.key")
    demonstration = empty.model_copy(
        update={"mode": "demonstration", "issuers": (TrustedIssuer(name="https://login.example"),)}
    )

    with pytest.raises(IssuersRefused, match="CASUSROUTE_ISSUERS"):
        build_service(empty)
    with pytest.raises(IssuersRefused, match="accepts only its own tokens"):
        build_service(demonstration)
    assert not database_file.exists()


@pytest.mark.server
def test_the_log_tells_of_the_keys_of_issuers_and_of_no_token(world: World) -> None:
    hostile = world.people.token(RSA, sub="canary-subject")
    assert world.service.status(hostile) == 401

    log = world.service.log.read_text()

    assert '"event": "issuer_keys"' in log
    assert '"status": 401' in log
    assert not any(part in log for part in ("eyJ", "canary-subject", *hostile.split(".")))
