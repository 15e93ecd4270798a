"""What the outside world may configure: environment variables with the prefix CASUSROUTE_."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Defaults run on a laptop. Every field is CASUSROUTE_<NAME> in the environment."""

    model_config = SettingsConfigDict(env_prefix="CASUSROUTE_", frozen=True, extra="ignore")

    host: str = Field(default="127.0.0.1", description="address to listen on")
    port: int = Field(default=8000, ge=0, le=65535, description="port to listen on; 0 takes a free one")
    public_url: str | None = Field(
        default=None, description="how users reach the service, without /v1; host and port when left out"
    )
    database_url: str = Field(
        default="sqlite:///data/casusroute.db", description="sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME"
    )
    database_connections: int = Field(default=8, ge=1, le=64, description="PostgreSQL connections of this process")
    master_key: SecretStr | None = Field(default=None, description="32 bytes in base64; replicas share it")
    master_key_file: Path = Field(default=Path("data/master.key"), description="read, or made, without a master key")
    workflows: Path = Field(default=Path("workflows"), description="folder of the workflow files")
    mode: Literal["demonstration", "production"] = Field(
        default="production", description="demonstration mode signs its own identities; never beside real data"
    )
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
    max_body_bytes: int = Field(default=1_000_000, ge=10_000, description="largest request body")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(default="INFO", description="least level to log")

    @property
    def address(self) -> str:
        """How users reach the service, without /v1."""
        return self.public_url or f"http://{self.host}:{self.port}"


def table() -> str:
    """Every setting as a Markdown table, for the README."""
    rows = ["| Setting | Default | What it is |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = "" if field.default is None else f"`{field.default}`"
        rows.append(f"| `CASUSROUTE_{name.upper()}` | {default} | {field.description} |")
    return "\n".join(rows)
