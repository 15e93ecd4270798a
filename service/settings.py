"""The settings: environment variables with the prefix CASUSROUTE_."""

import os
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Field, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from service.identity.trusted_issuer import TrustedIssuer, TrustedIssuers
from service.vocabulary.utf8 import read_text_file

ENVIRONMENT_PREFIX = "CASUSROUTE_"


class AddressSettings(BaseModel):
    """Addresses of the service."""

    host: str = Field(default="127.0.0.1", description="address to listen on")
    port: int = Field(default=8000, ge=0, le=65535, description="port to listen on; 0 takes a free port")
    public_url: str | None = Field(
        default=None, description="URL for users of the service, without /v1; host and port when left out"
    )
    allowed_hosts: str = Field(
        default="", description="further host names, separated by commas; `*` for any; another host gets 421"
    )
    trusted_proxies: str = Field(
        default="", description="proxies, separated by commas, with trusted X-Forwarded-For and X-Forwarded-Proto"
    )


class DatabaseSettings(BaseModel):
    """The database, its keys and its protections."""

    database_url: str = Field(
        default="sqlite:///data/casusroute.db", description="sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME"
    )
    owner_url: str | None = Field(
        default=None, description="the same PostgreSQL as its tables' owner: for `migrate`, `roles` and `sweep` only"
    )
    reporting_role: str = Field(
        default="casusroute_reporting", description="PostgreSQL role that reads the data for statistics"
    )
    without_second_wall: bool = Field(
        default=False, description="also serve as a PostgreSQL role that row-level security does not bind"
    )
    database_connections: int = Field(
        default=8, ge=1, le=64, description="PostgreSQL connections of this process; readiness checks use one more"
    )
    database_may_lose_data: bool = Field(
        default=False, description="also serve a PostgreSQL that answers before data is on disk; for tests only"
    )
    synchronous_standby: Literal["require", "warn", "ignore"] = Field(
        default="warn",
        description="require: serve no PostgreSQL without a synchronous standby; warn: log one that is not synchronous",
    )
    master_key: SecretStr | None = Field(
        default=None, description="master key of all content keys: 32 bytes in base64; the same for all replicas"
    )
    master_key_file: Path = Field(
        default=Path("data/master.key"),
        description="file of the master key when CASUSROUTE_MASTER_KEY is left out; made if missing; for one mode only",
    )
    destruction_list: Path = Field(
        default=Path("data/destructions.jsonl"),
        description="file of destruction certificates, by which a restored database is cleaned; for all replicas",
    )
    free_megabytes: int = Field(
        default=200, ge=0, description="free megabytes on disk below which this process is not ready; 0: no limit"
    )


class ServiceSettings(BaseModel):
    """Workflows, mode and trusted issuers."""

    workflows: Path = Field(default=Path("workflows"), description="folder of the workflow files")
    mode: Literal["demonstration", "production"] = Field(
        default="production", description="demonstration: issues tokens for fictional people; never with real data"
    )
    demonstration_for_others: bool = Field(
        default=False, description="also serve a demonstration to other machines; any user may act as any person"
    )
    issuers: TrustedIssuers = Field(
        default=(), description="trusted issuers of access tokens: a JSON list with the members below"
    )
    issuer_refresh_seconds: float = Field(
        default=300,
        gt=0,
        le=86_400,
        description="seconds between fetches of issuer keys; a withdrawn key works as long",
    )
    issuer_keep_hours: float = Field(
        default=24, gt=0, le=168, description="hours that the keys of an unreachable issuer stay accepted"
    )


class EventSettings(BaseModel):
    """Events for other systems."""

    relay: Literal["in_process", "off"] = Field(
        default="in_process", description="fills feeds and calls webhooks; off where `python -m service relay` runs"
    )
    relay_seconds: float = Field(default=2, gt=0, le=3600, description="seconds between two polls of the relay")
    event_source: str = Field(
        default="urn:nld:oin:00000000000000000000:systeem:casusroute",
        pattern=r"^urn:nld:(oin:[0-9]{20}|kvk-nr:[0-9]{8}):systeem:[a-z0-9]+(-[a-z0-9]+)*$",
        description="`source` of every event: your organisation (OIN or KvK number) and the name of this system",
    )
    webhook_targets: Literal["public", "any"] = Field(
        default="public", description="any: webhooks may have private addresses and plain HTTP, in a closed network"
    )
    webhook_attempts: int = Field(default=12, ge=1, le=20, description="attempts before an event is a dead letter")
    outbox_seconds: int = Field(
        default=900, ge=0, description="seconds an event may wait for its feed before readiness fails; 0: no limit"
    )


class LimitSettings(BaseModel):
    """Limits of one request, one caller and one process; each process counts for itself."""

    max_body_bytes: int = Field(
        default=1_000_000, ge=10_000, description="bytes of the largest request body; a larger one gets 413"
    )
    request_seconds: float = Field(
        default=30, gt=0, le=600, description="seconds for the head of a request to arrive, then for its body; else 408"
    )
    person_per_minute: int = Field(
        default=3_000, ge=0, description="requests of one person per minute, at once or spread; else 429; 0: no limit"
    )
    address_per_minute: int = Field(
        default=12_000,
        ge=0,
        description="requests without a token of one IP address (IPv6: a /64) per minute; else 429; 0: no limit",
    )
    failures_per_minute: int = Field(
        default=120,
        ge=0,
        description="tokens that no issuer signed, of one IP address per minute; then 429 for such tokens; 0: no limit",
    )
    numbers_per_minute: int = Field(
        default=10,
        ge=0,
        description="case numbers that one person may try per minute, in an emergency or to signal; 0: no limit",
    )
    database_queue: int = Field(
        default=200, ge=1, description="units of work in progress or waiting for the database; one more gets 503"
    )


class OperationSettings(BaseModel):
    """Log, metrics and stopping."""

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="lowest level that is logged; log times are in UTC"
    )
    metrics_port: int | None = Field(
        default=None, ge=1, le=65535, description="port of /metrics for Prometheus; no metrics when left out"
    )
    metrics_host: str = Field(default="127.0.0.1", description="address of the metrics port; keep it internal")
    drain_seconds: float = Field(
        default=0, ge=0, le=300, description="seconds from SIGTERM of serving while not ready, for load balancers"
    )
    stop_seconds: int = Field(
        default=10, ge=1, le=300, description="seconds after the drain for requests in progress before they are cut off"
    )


_GROUPS = (AddressSettings, DatabaseSettings, ServiceSettings, EventSettings, LimitSettings, OperationSettings)


class _SecretFilesSource(PydanticBaseSettingsSource):
    """Reads a setting from the file that CASUSROUTE_<NAME>_FILE names, as container secrets are mounted."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        file = os.environ.get(f"{ENVIRONMENT_PREFIX}{field_name.upper()}_FILE")
        is_setting = f"{field_name}_file" in self.settings_cls.model_fields  # the variable is a setting of its own
        text = None if is_setting or not file else read_text_file(Path(file)).strip()
        return self.prepare_field_value(field_name, field, text, value_is_complex=False), field_name, False

    def __call__(self) -> dict[str, Any]:
        values = {name: self.get_field_value(field, name)[0] for name, field in self.settings_cls.model_fields.items()}
        return {name: value for name, value in values.items() if value is not None}


class Settings(
    OperationSettings, LimitSettings, EventSettings, ServiceSettings, DatabaseSettings, AddressSettings, BaseSettings
):
    """All settings. Each field is CASUSROUTE_<NAME> in the environment; the defaults run on a laptop."""

    # The value of a setting may be a secret: an error names the setting and never its value.
    model_config = SettingsConfigDict(
        env_prefix=ENVIRONMENT_PREFIX, frozen=True, extra="ignore", hide_input_in_errors=True
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - as its base
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - as its base
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, _SecretFilesSource(settings_cls)

    @property
    def base_url(self) -> str:
        """The URL that users reach the service by, without /v1."""
        return self.public_url or self.listen_url

    @property
    def listen_url(self) -> str:
        """The URL at which the service itself listens."""
        return f"http://{host_and_port(self.host, self.port)}"

    @property
    def owner_database_url(self) -> str:
        """The URL of the database for the role that owns its tables."""
        return self.owner_url or self.database_url

    @property
    def requires_row_security(self) -> bool:
        """True when row-level security must bind the role that the service connects as."""
        return self.mode == "production" and not self.without_second_wall


def host_and_port(host: str, port: int) -> str:
    """Returns host and port as in a URL, with an IPv6 address between brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def settings_table() -> str:
    """Returns all settings as a Markdown table, by group, for docs/reference/settings.md."""
    rows = ["| Setting | Default | What it is |", "|---|---|---|"]
    for group in _GROUPS:
        rows.append(f"| **{(group.__doc__ or '').removesuffix('.')}** | | |")
        for name, field in group.model_fields.items():
            rows.append(f"| `{ENVIRONMENT_PREFIX}{name.upper()}` | {_default_of(field)} | {field.description} |")
    rows += ["", "| Member of an issuer | Default | What it is |", "|---|---|---|"]
    for name, field in TrustedIssuer.model_fields.items():
        rows.append(f"| `{name}` | {_default_of(field)} | {field.description} |")
    return "\n".join(rows)


def fault_lines(error: ValidationError) -> list[str]:
    """Returns one line per fault: its place and its message. A setting is named as in the environment."""
    return [
        f"{_place(fault['loc'], error.title)}: {fault['msg'].removeprefix('Value error, ')}" for fault in error.errors()
    ]


def _place(location: tuple[int | str, ...], model: str) -> str:
    first, *rest = location or ("",)
    name = f"{ENVIRONMENT_PREFIX}{first}".upper() if model == Settings.__name__ else str(first)
    return name + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in rest)


def _default_of(field: FieldInfo) -> str:
    if field.is_required() or field.default in (None, "", (), frozenset()):
        return ""
    several = isinstance(field.default, tuple | frozenset)
    return ", ".join(f"`{value}`" for value in (field.default if several else (field.default,)))
