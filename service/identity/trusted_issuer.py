"""The trusted issuers of an installation: the members of CASUSROUTE_ISSUERS."""

from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_settings import NoDecode

from service.vocabulary.strict_json import parse_unambiguous_json

T = TypeVar("T")
LOOPBACK = ("127.0.0.1", "::1", "localhost")
Algorithm = Literal["RS256", "PS256", "ES256", "RS384", "PS384", "ES384", "RS512", "PS512", "ES512"]


def is_fetchable(address: str) -> bool:
    """True when keys may be fetched from this address: over TLS, or over HTTP on this machine."""
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return False
    plain = address.isascii() and address.isprintable() and not (parts.username or parts.password or parts.fragment)
    return bool(host) and plain and (parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK))


def _check_address(value: str) -> str:
    if not is_fetchable(value):
        raise ValueError("an https address is needed, without a user name or fragment (http on this machine only)")
    return value


def _short_media_type(value: str) -> str:
    """The compared form of a `typ`: RFC 7515, 4.1.9 lets "application/" be omitted, and ignores case."""
    return value.lower().removeprefix("application/")


IssuerAddress = Annotated[str, Field(max_length=300), AfterValidator(_check_address)]


def _check_not_empty(value: T) -> T:
    if not value:
        raise ValueError("at least one value is needed")
    return value


NOT_EMPTY = AfterValidator(_check_not_empty)
SettingText = Annotated[str, Field(min_length=1, max_length=300)]


class TrustedIssuer(BaseModel):
    """The rules for the access tokens of one issuer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: IssuerAddress = Field(description="its name, letter by letter as in `iss`")
    keys: IssuerAddress | None = Field(
        default=None, description="where its keys (JWK Set) are; by OpenID Connect Discovery when left out"
    )
    audience: SettingText = Field(default="casusroute", description="what `aud` must name")
    kinds: Annotated[frozenset[Literal["people", "machines"]], NOT_EMPTY] = Field(
        default=frozenset({"people"}),
        description="whom it vouches for: `people`, `machines` (client credentials), or both. A machine is known here "
        "by the subject `machine:` and its `sub`, a person never is",
    )
    machine_clients: frozenset[SettingText] = Field(
        default=frozenset(),
        description="where it vouches for both: clients (`client_id`, else `azp`) that are machines although their "
        "`sub` differs; needed for providers that give machines an account",
    )
    types: Annotated[frozenset[Annotated[SettingText, AfterValidator(_short_media_type)]], NOT_EMPTY] = Field(
        default=frozenset({"at+jwt"}),
        description="accepted `typ` of a token (RFC 9068); `JWT` only for a provider that cannot do better",
    )
    algorithms: Annotated[tuple[Algorithm, ...], NOT_EMPTY] = Field(
        default=("RS256", "PS256", "ES256"), description="accepted signatures"
    )
    acr: frozenset[SettingText] = Field(
        default=frozenset(), description="of these a person's token must carry one, as proof of how they signed in"
    )
    people_minutes: int = Field(default=60, ge=1, le=1440, description="longest life of a person's token")
    machines_minutes: int = Field(default=360, ge=1, le=1440, description="longest life of a machine's token")

    def accepts_type(self, typ: object) -> bool:
        return isinstance(typ, str) and _short_media_type(typ) in self.types


def _read_setting(value: Any) -> Any:
    """Parse the setting when it is text. Raises ValueError for text that is no JSON."""
    if not isinstance(value, str):
        return value
    try:
        return parse_unambiguous_json(value)
    except (ValueError, RecursionError):
        raise ValueError('a JSON list is needed, such as [{"name": "https://login.example"}]') from None


def _check_unique_names(issuers: tuple[TrustedIssuer, ...]) -> tuple[TrustedIssuer, ...]:
    if len({issuer.name for issuer in issuers}) != len(issuers):
        raise ValueError("an issuer is listed twice")
    return issuers


# NoDecode: parsed here, so that a parse error is reported like every other fault of the settings.
TrustedIssuers = Annotated[
    tuple[TrustedIssuer, ...], NoDecode, BeforeValidator(_read_setting), AfterValidator(_check_unique_names)
]
