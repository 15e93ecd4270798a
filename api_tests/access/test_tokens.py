"""Bearer tokens: a sound one is accepted, and every other gets a 401 that does not say why."""

import asyncio
import base64
import hmac
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from joserfc.jwk import RSAKey

from api_tests.support.sabotages import broken_by
from api_tests.support.servers import RunningService
from api_tests.support.shared_case import client_with_token, signer_of
from service.identity.tokens import DemonstrationSigner, TokenValidator
from service.vocabulary.refusals import NotKnown

HEADER = {"alg": "RS256", "typ": "at+jwt", "kid": "demonstration"}
SHA256 = hashes.SHA256()
ANOTHER_KEY = generate_private_key(65537, 2048)


class Forger:
    """Writes tokens by hand, with the key of the service itself, as a careless or hostile issuer could."""

    def __init__(self, signer: DemonstrationSigner) -> None:
        self.now = int(time.time())  # set here, since the tests before may take long
        self._signer = signer
        self.key = signer.key
        private = signer.key.private_key
        assert isinstance(private, RSAPrivateKey)
        self._private = private

    def claims(self, **changes: Any) -> dict[str, Any]:
        sound = {
            "iss": self._signer.issuer.trusted.name,
            "sub": "esra",
            "aud": "casusroute",
            "iat": self.now,
            "exp": self.now + 900,
        }
        return {name: value for name, value in {**sound, **changes}.items() if value is not ...}

    def token(
        self,
        claims: object = None,
        *,
        key: RSAPrivateKey | None = None,
        hash_: hashes.HashAlgorithm = SHA256,
        **header: Any,
    ) -> str:
        """Returns a signed token. `...` leaves a member out."""
        head = {name: value for name, value in {**HEADER, **header}.items() if value is not ...}
        signed_part = f"{_encoded(head)}.{_encoded(self.claims() if claims is None else claims)}"
        return f"{signed_part}.{_encoded((key or self._private).sign(signed_part.encode(), padding.PKCS1v15(), hash_))}"

    def raw(self, header: bytes) -> str:
        """Returns a signed token whose header is exactly these bytes."""
        signed_part = f"{_encoded(header)}.{_encoded(self.claims())}"
        return (
            f"{signed_part}.{_encoded(self._private.sign(signed_part.encode(), padding.PKCS1v15(), hashes.SHA256()))}"
        )

    def by_another_padding(self) -> str:
        signed_part = f"{_encoded({**HEADER, 'alg': 'PS256'})}.{_encoded(self.claims())}"
        scheme = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=32)
        return f"{signed_part}.{_encoded(self._private.sign(signed_part.encode(), scheme, hashes.SHA256()))}"

    def with_(self, **changes: Any) -> str:
        return self.token(self.claims(**changes))

    def hmac_with_the_public_key(self) -> str:
        signed_part = f"{_encoded({**HEADER, 'alg': 'HS256'})}.{_encoded(self.claims())}"
        return f"{signed_part}.{_encoded(hmac.digest(self.key.as_pem(private=False), signed_part.encode(), 'sha256'))}"


def _encoded(value: object) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _json(claims: dict[str, Any], old: str, new: str) -> bytes:
    text = json.dumps(claims)
    assert old in text
    return text.replace(old, new).encode()


HOSTILE: dict[str, Callable[[Forger], str]] = {
    "alg none": lambda f: f"{_encoded({**HEADER, 'alg': 'none'})}.{_encoded(f.claims())}.",
    "alg None with a signature": lambda f: f.token(alg="None"),
    "HS256 with the public key": Forger.hmac_with_the_public_key,
    "the key of an attacker under our kid": lambda f: f.token(key=ANOTHER_KEY),
    "the key of an attacker in the header": lambda f: f.token(
        key=ANOTHER_KEY, jwk=RSAKey.import_key(ANOTHER_KEY).as_dict(private=False)
    ),
    "the key of an attacker by address": lambda f: f.token(key=ANOTHER_KEY, jku="https://attacker.example/keys"),
    "no kid": lambda f: f.token(kid=...),
    "an unknown kid": lambda f: f.token(kid="another"),
    "a kid that is a list": lambda f: f.token(kid=["demonstration"]),
    "an unknown crit": lambda f: f.token(crit=["exp"], exp=1),
    "b64 false": lambda f: f.token(crit=["b64"], b64=False),
    "no typ": lambda f: f.token(typ=...),
    "typ of an ID token": lambda f: f.token(typ="JWT"),
    "a typ that is a list": lambda f: f.token(typ=["at+jwt"]),
    "the same claim twice": lambda f: f.token(_json(f.claims(), '"sub": "esra"', '"sub": "anna", "sub": "esra"')),
    "exp as text": lambda f: f.with_(exp=str(f.now + 900)),
    "exp as yes": lambda f: f.with_(exp=True),
    "exp 1e308": lambda f: f.with_(exp=1e308),
    "exp NaN": lambda f: f.with_(exp=float("nan")),
    "exp infinite": lambda f: f.with_(exp=float("inf")),
    "exp of 400 digits": lambda f: f.token(_json(f.claims(), str(f.now + 900), "9" * 400)),
    "no exp": lambda f: f.with_(exp=...),
    "expired": lambda f: f.with_(iat=f.now - 1200, exp=f.now - 120),
    "good for more than an hour": lambda f: f.with_(exp=f.now + 3601),
    "exp before iat": lambda f: f.with_(iat=f.now + 20, exp=f.now + 10),
    "issued in the future": lambda f: f.with_(iat=f.now + 600),
    "iat NaN": lambda f: f.with_(iat=float("nan")),
    "no iat": lambda f: f.with_(iat=...),
    "not yet valid": lambda f: f.with_(nbf=f.now + 600),
    "nbf NaN": lambda f: f.with_(nbf=float("nan")),
    "nbf as text": lambda f: f.with_(nbf="0"),
    "another audience": lambda f: f.with_(aud="elsewhere"),
    "audience among others, but not ours": lambda f: f.with_(aud=["elsewhere", "casusroute2"]),
    "an audience that is an object": lambda f: f.with_(aud={"casusroute": True}),
    "no audience": lambda f: f.with_(aud=...),
    "another issuer": lambda f: f.with_(iss="https://idp.example"),
    "an issuer that is a list": lambda f: f.with_(iss=[f.claims()["iss"]]),
    "no issuer": lambda f: f.with_(iss=...),
    "a subject that is a number": lambda f: f.with_(sub=7),
    "an empty subject": lambda f: f.with_(sub=""),
    "no subject": lambda f: f.with_(sub=...),
    "a subject that no database takes": lambda f: f.with_(sub="esra\x00"),
    "half a character as subject": lambda f: f.token(_json(f.claims(), '"esra"', '"\\ud800"')),
    "a subject that is not known here": lambda f: f.with_(sub="somebody"),
    "claims that are a list": lambda f: f.token([f.claims()]),
    "claims nested without end": lambda f: f.token(b"[" * 5_000),
    "a header nested without end": lambda f: f"{_encoded(b'[' * 5_000)}.{_encoded(f.claims())}.x",
    "a header that is a list": lambda f: f"{_encoded([HEADER])}.{_encoded(f.claims())}.x",
    "no signature": lambda f: ".".join(f.token().split(".")[:2]) + ".",
    "an altered payload": lambda f: (
        f"{f.token().split('.')[0]}.{_encoded(f.claims(sub='anna'))}.{f.token().split('.')[2]}"
    ),
    "five parts": lambda f: f"{f.token()}.x.y",
    "garbage": lambda _: "%%%.###.@@@",
    "not text at all": lambda _: "\xe9\xff.\xe9.\xe9",
    "a very long one": lambda f: f.token() + "A" * 20_000,
    "empty parts": lambda _: "..",
    "padding": lambda f: f.token() + "==",
    # An unusual token signed by the right key is refused too: other software reads it differently.
    "our own key in the header": lambda f: f.token(jwk=f.key.as_dict(private=False)),
    "the address of our own keys": lambda f: f.token(jku="https://idp.example/keys"),
    "the address of a certificate": lambda f: f.token(x5u="https://idp.example/certificate"),
    "a certificate": lambda f: f.token(x5c=["MIIB"]),
    "a member of the header twice": lambda f: f.raw(
        b'{"alg":"none","alg":"RS256","typ":"at+jwt","kid":"demonstration"}'
    ),
    "the expiry twice": lambda f: f.token(_json(f.claims(), '"exp"', '"exp": 1, "exp"')),
    "an algorithm that is not accepted, by the right key": lambda f: f.token(alg="RS512", hash_=hashes.SHA512()),
    "the algorithm of another kind of key": lambda f: f.token(alg="ES256"),
    "PS256 with a key for RS256": Forger.by_another_padding,
    "a compressed payload": lambda f: f.token(zip="DEF"),
    "a token in a token": lambda f: f.token(f.token().encode(), cty="JWT"),
    "a token in a token, not said": lambda f: f.token(f.token().encode()),
    "a detached payload": lambda f: "..".join(f.token().split(".")[::2]),
    "an ID token with the typ of an access token": lambda f: f.with_(at_hash="x", nonce="n"),
    "a logout token": lambda f: f.with_(events={"http://schemas.openid.net/event/backchannel-logout": {}}),
    "a client by itself, where people are": lambda f: f.with_(client_id="esra"),
    "a person who is called a machine": lambda f: f.with_(sub="machine:esra"),
    "more than 8 kB": lambda f: f.with_(sub="esra", more="x" * 6100),
    "a blank before it": lambda f: f" {f.token()}",
    "a blank after it": lambda f: f"{f.token()} x",
    "two of them": lambda f: f"{f.token()}, Bearer {f.token()}",
    "a tab in it": lambda f: f.token().replace(".", ".\t"),
}


@pytest.fixture(scope="module")
def forger(service: RunningService) -> Forger:
    return Forger(signer_of(service))


@pytest.fixture(scope="module")
def anybody(service: RunningService) -> Iterator[httpx.Client]:
    with client_with_token(service, None) as client:
        yield client


def ask_with(client: httpx.Client, authorization: str) -> httpx.Response:
    return client.get("/me", headers={b"Authorization": authorization.encode("latin-1")})


def test_a_sound_token_is_accepted_in_each_form_that_the_standards_allow(anybody: httpx.Client, forger: Forger) -> None:
    sound = [
        forger.token(),
        forger.token(typ="application/at+jwt"),
        forger.with_(aud=["casusroute", "elsewhere"]),
        forger.with_(nbf=forger.now),
        forger.with_(exp=forger.now + 3600),
        forger.with_(iat=float(forger.now)),
    ]

    names = [ask_with(anybody, f"Bearer {token}").json().get("name") for token in sound]

    assert names == ["Esra Yilmaz"] * len(sound)
    assert ask_with(anybody, f"bearer {sound[0]}").status_code == 200


@broken_by(
    "The service refuses an ID token as access token",
    "service/identity/tokens.py",
    'if not issuer.trusted.accepts_type(header.get("typ")) or _FORBIDDEN_MEMBERS & header.keys():',
    "if _FORBIDDEN_MEMBERS & header.keys():",
)
@broken_by(
    "The service refuses a token without `kid`",
    "service/identity/tokens.py",
    'algorithm, kid = header["alg"], header["kid"]',
    'algorithm, kid = header["alg"], header.get("kid", "demonstration")',
)
@broken_by(
    "The service refuses a token with a lifetime of more than an hour",
    "service/identity/tokens.py",
    "and 0 < expires - issued <= max_minutes * 60",
    "and 0 < expires - issued",
)
@broken_by(
    "The service refuses a token with a time that is not a valid number",
    "service/identity/tokens.py",
    "if not abs(value) < _MAX_TIME:",
    "if False:",
)
@broken_by(
    "The service answers 401 to a token that its parser cannot read",
    "service/identity/tokens.py",
    "TypeError, RecursionError)",
    "TypeError)",
)
@broken_by(
    "The service refuses a token in which a member occurs twice",
    "service/vocabulary/strict_json.py",
    "if len(members) != len(pairs):",
    "if False:",
)
def test_every_hostile_token_is_a_401_that_does_not_say_why(anybody: httpx.Client, forger: Forger) -> None:
    """The answer says that the token did not count, and no more (RFC 6750, 3.1)."""
    without_token = anybody.get("/me")

    answers = {name: ask_with(anybody, f"Bearer {forge(forger)}") for name, forge in HOSTILE.items()}

    different = {
        name: (answer.status_code, answer.text)
        for name, answer in answers.items()
        if (answer.status_code, answer.content) != (401, without_token.content)
    }
    assert different == {}
    assert (without_token.status_code, without_token.headers["www-authenticate"]) == (401, "Bearer")
    assert {answer.headers["www-authenticate"] for answer in answers.values()} == {'Bearer error="invalid_token"'}


def test_a_second_authorization_header_is_refused_whichever_comes_first(anybody: httpx.Client, forger: Forger) -> None:
    good, bad = (f"Bearer {token}".encode() for token in (forger.token(), forger.token(key=ANOTHER_KEY)))

    answers = [
        anybody.get("/me", headers=[(b"Authorization", first), (b"Authorization", second)])
        for first, second in ((good, bad), (bad, good), (good, good))
    ]

    assert [answer.status_code for answer in answers] == [401, 401, 401]


@pytest.mark.parametrize("scheme", ["Basic", "Token", "", "Bearer,", "BearerX"])
def test_only_the_bearer_scheme_is_read(anybody: httpx.Client, forger: Forger, scheme: str) -> None:
    assert ask_with(anybody, f"{scheme} {forger.token()}".strip()).status_code == 401


@pytest.mark.parametrize("key", ["access_token", "token", "accessToken"])
def test_a_token_in_the_query_is_never_taken(anybody: httpx.Client, forger: Forger, key: str) -> None:
    answer = anybody.get("/cases", params={key: forger.token()})

    assert answer.status_code in (400, 401)
    assert forger.token() not in answer.text


def test_a_token_in_a_cookie_is_never_taken(anybody: httpx.Client, forger: Forger) -> None:
    assert anybody.get("/me", headers={"Cookie": f"Authorization=Bearer {forger.token()}"}).status_code == 401


@broken_by(
    "A token that was verified before stops working when it expires",
    "service/identity/tokens.py",
    "if cached and now < cached.until and cached.edition == cached.issuer.keys_version:",
    "if cached and cached.keys_version == cached.issuer.keys_version:",
)
def test_a_token_ends_at_its_expiry_although_it_was_verified_a_moment_before() -> None:
    now = [1_000_000.0]
    signer = DemonstrationSigner("https://idp.example")
    tokens = TokenValidator((signer.issuer,), clock=lambda: now[0])
    header = f"Bearer {signer.sign_token('esra', now=now[0])}"

    async def known_after(seconds: float) -> bool:
        now[0] = 1_000_000.0 + seconds
        try:
            return (await tokens.read_identity([header])).subject == "esra"
        except NotKnown:
            return False

    async def outcomes() -> list[bool]:
        # An hour, and half a minute for clocks that differ.
        return [await known_after(seconds) for seconds in (0, 3595, 3600, 3629, 3631, 3661)]

    assert asyncio.run(outcomes()) == [True, True, True, True, False, False]


def test_a_token_of_another_demonstration_is_not_known(anybody: httpx.Client, service: RunningService) -> None:
    impostor = DemonstrationSigner(signer_of(service).issuer.trusted.name)

    assert ask_with(anybody, f"Bearer {impostor.sign_token('esra')}").status_code == 401
