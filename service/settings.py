"""What the outside world may configure: environment variables with the prefix CASUSROUTE_."""

import os
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Field, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from service.identity.trusted_issuer import TrustedIssuer, TrustedIssuers

PREFIX = "CASUSROUTE_"


class Address(BaseModel):
    """Where the service listens, and how users reach it."""

    host: str = Field(default="127.0.0.1", description="address to listen on")
    port: int = Field(default=8000, ge=0, le=65535, description="port to listen on; 0 takes a free one")
    public_url: str | None = Field(
        default=None, description="how users reach the service, without /v1; host and port when left out"
    )
    allowed_hosts: str = Field(
        default="", description="further host names to answer to, by comma; `*` for any; others get 421"
    )
    trusted_proxies: str = Field(
        default="", description="addresses, by comma, whose X-Forwarded-For and X-Forwarded-Proto are believed"
    )


class Keeping(BaseModel):
    """The database, its keys, and what it takes to keep them safe."""

    database_url: str = Field(
        default="sqlite:///data/casusroute.db", description="sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME"
    )
    owner_url: str | None = Field(
        default=None,
        description="the same PostgreSQL as the role that owns the tables: for `migrate` and `roles`, not for `serve`",
    )
    reporting_role: str = Field(
        default="casusroute_reporting", description="the PostgreSQL role that reads what figures are made of"
    )
    without_second_wall: bool = Field(
        default=False, description="also serve as a PostgreSQL role that row-level security does not bind"
    )
    database_connections: int = Field(
        default=8, ge=1, le=64, description="PostgreSQL connections for the work of this process; one more watches"
    )
    database_may_lose_data: bool = Field(
        default=False,
        description="also serve a PostgreSQL that answers before data is on disk (fsync off); for tests alone",
    )
    master_key: SecretStr | None = Field(default=None, description="32 bytes in base64; replicas share it")
    master_key_file: Path = Field(
        default=Path("data/master.key"), description="read, or made, without a master key; for one mode"
    )
    destruction_list: Path = Field(
        default=Path("data/destructions.jsonl"),
        description="certificates of what was destroyed: a restored database follows it; replicas share it",
    )
    free_megabytes: int = Field(
        default=200, ge=0, description="free space on the disk of this process below which it is not ready; 0: any"
    )


class Serving(BaseModel):
    """What is served, and to whom."""

    workflows: Path = Field(default=Path("workflows"), description="folder of the workflow files")
    mode: Literal["demonstration", "production"] = Field(
        default="production", description="demonstration mode signs its own identities; never beside real data"
    )
    demonstration_for_others: bool = Field(
        default=False,
        description="also serve a demonstration beyond this machine, where whoever reaches it may act as everybody",
    )
    issuers: TrustedIssuers = Field(
        default=(), description="who vouches for people and machines: a JSON list of issuers, with the members below"
    )
    issuer_refresh_seconds: float = Field(
        default=300, gt=0, le=86_400, description="how often their keys are fetched: a withdrawn key works this long"
    )
    issuer_keep_hours: float = Field(
        default=24, gt=0, le=168, description="how long the keys of an issuer that cannot be reached go on working"
    )


class Telling(BaseModel):
    """What other systems are told."""

    relay: Literal["in_process", "off"] = Field(
        default="in_process", description="fills feeds and calls webhooks; off where `python -m service relay` runs"
    )
    relay_seconds: float = Field(default=2, gt=0, le=3600, description="how often the relay looks by itself")
    event_source: str = Field(
        default="urn:nld:oin:00000000000000000000:systeem:casusroute",
        pattern=r"^urn:nld:(oin:[0-9]{20}|kvk-nr:[0-9]{8}):systeem:[a-z0-9]+(-[a-z0-9]+)*$",
        description="who tells the events: your organisation (OIN or KvK number) and the name of this system",
    )
    webhook_targets: Literal["public", "any"] = Field(
        default="public", description="any: also private addresses and plain HTTP, in a closed network"
    )
    webhook_attempts: int = Field(default=12, ge=1, le=20, description="tries before an event is a dead letter")
    outbox_seconds: int = Field(
        default=900, ge=0, description="age of the oldest untold news above which the service is not ready; 0: any"
    )


class Limits(BaseModel):
    """What one request, one caller and everybody together may take; each process counts for itself."""

    max_body_bytes: int = Field(default=1_000_000, ge=10_000, description="largest request body; more gets 413")
    request_seconds: float = Field(
        default=30, gt=0, le=600, description="time for the head of a request to come in, and for its body; else 408"
    )
    person_per_minute: int = Field(
        default=3_000, ge=0, description="requests of one person a minute, at once or spread; more gets 429; 0: any"
    )
    address_per_minute: int = Field(
        default=12_000, ge=0, description="the same of one address (IPv6: of one /64), whoever asks; 0: any"
    )
    failures_per_minute: int = Field(
        default=120, ge=0, description="answers 401 to one address a minute; after that it waits (429); 0: any"
    )
    database_queue: int = Field(
        default=200, ge=1, description="requests that may be with the database or wait for it; more gets 503 at once"
    )


class Watching(BaseModel):
    """How it is watched, and how it stops."""

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(default="INFO", description="least level to log")
    metrics_port: int | None = Field(
        default=None, ge=1, le=65535, description="port for Prometheus to read at /metrics; none when left out"
    )
    metrics_host: str = Field(default="127.0.0.1", description="address of that port: not for the outside")
    drain_seconds: float = Field(
        default=0, ge=0, le=300, description="told to stop, not ready but still serving: for balancers to notice"
    )
    stop_seconds: int = Field(
        default=10, ge=1, le=300, description="after that, for requests under way to finish before they are cut off"
    )


_SUBJECTS = (Address, Keeping, Serving, Telling, Limits, Watching)


class _Files(PydanticBaseSettingsSource):
    """CASUSROUTE_<NAME>_FILE: the setting stands in that file, as secrets of containers do."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        file = os.environ.get(f"{PREFIX}{field_name.upper()}_FILE")
        known = f"{field_name}_file" in self.settings_cls.model_fields
        text = None if known or not file else Path(file).read_text(encoding="utf-8").strip()
        return self.prepare_field_value(field_name, field, text, value_is_complex=False), field_name, False

    def __call__(self) -> dict[str, Any]:
        found = {name: self.get_field_value(it, name)[0] for name, it in self.settings_cls.model_fields.items()}
        return {name: value for name, value in found.items() if value is not None}


class Settings(Watching, Limits, Telling, Serving, Keeping, Address, BaseSettings):
    """Defaults run on a laptop. Every field is CASUSROUTE_<NAME> in the environment."""

    # What stands in a setting may be a secret: an error tells which one is wrong, never what it was.
    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore", hide_input_in_errors=True)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - as its base
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - given by pydantic-settings
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, _Files(settings_cls)

    @property
    def address(self) -> str:
        """How users reach the service, without /v1."""
        return self.public_url or self.own_address

    @property
    def own_address(self) -> str:
        """Where the service itself listens."""
        return f"http://{at(self.host, self.port)}"

    @property
    def as_owner(self) -> str:
        """The address of the database for whoever owns its tables."""
        return self.owner_url or self.database_url

    @property
    def insists_on_wall(self) -> bool:
        """Whether row-level security must bind the role that the service connects as."""
        return self.mode == "production" and not self.without_second_wall


def at(host: str, port: int) -> str:
    """Host and port as they stand in an address: IPv6 between brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def table() -> str:
    """Every setting as a Markdown table, by subject, for the README."""
    rows = ["| Setting | Default | What it is |", "|---|---|---|"]
    for subject in _SUBJECTS:
        rows.append(f"| **{(subject.__doc__ or '').removesuffix('.')}** | | |")
        for name, field in subject.model_fields.items():
            rows.append(f"| `{PREFIX}{name.upper()}` | {_shown(field)} | {field.description} |")
    rows += ["", "| Member of an issuer | Default | What it is |", "|---|---|---|"]
    rows += [f"| `{name}` | {_shown(it)} | {it.description} |" for name, it in TrustedIssuer.model_fields.items()]
    return "\n".join(rows)


def faults(wrong: ValidationError) -> list[str]:
    """Everything that is wrong, a line each: where, and what. A setting is named as it stands in the environment."""
    return [f"{_place(it['loc'], wrong.title)}: {it['msg'].removeprefix('Value error, ')}" for it in wrong.errors()]


def _place(steps: tuple[int | str, ...], model: str) -> str:
    first, *rest = steps or ("",)
    name = f"{PREFIX}{first}".upper() if model == Settings.__name__ else str(first)
    return name + "".join(f"[{it}]" if isinstance(it, int) else f".{it}" for it in rest)


def _shown(field: FieldInfo) -> str:
    if field.is_required() or field.default in (None, "", (), frozenset()):
        return ""
    several = isinstance(field.default, tuple | frozenset)
    return ", ".join(f"`{it}`" for it in (field.default if several else (field.default,)))
