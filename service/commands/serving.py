"""Serving: the demonstration region, an installation, the relay as a process of its own."""

import asyncio
import sys

import uvicorn

from service import __version__
from service.app import build, build_relay
from service.logs import configure
from service.settings import Settings
from service.storage.database import open_engine
from service.storage.migrating import migrate
from service.use_cases.demonstration import ORGANISATIONS, PEOPLE

LOOPBACK = ("127.0.0.1", "::1", "localhost")
_ORGANISATIONS = {it.key: it.name for it in ORGANISATIONS}


def run() -> None:
    """Set everything up and serve the demonstration region."""
    settings = Settings(mode="demonstration")
    if settings.host not in LOOPBACK:
        raise SystemExit("a demonstration is served on this machine only: leave CASUSROUTE_HOST at 127.0.0.1")
    migrate(open_engine(settings.database_url))
    _serve(settings, _welcome(settings))


def serve() -> None:
    """Serve a database that was migrated before."""
    _serve(Settings(), "")


def _serve(settings: Settings, welcome: str) -> None:
    configure(settings.log_level)
    built = build(settings)
    if welcome:
        sys.stdout.write(welcome)
        sys.stdout.flush()
    uvicorn.run(
        built.application, host=settings.host, port=settings.port, access_log=False, log_config=None,
        server_header=False, timeout_graceful_shutdown=10,
    )  # fmt: skip


def relay() -> None:
    """Fill the feeds and call webhooks, as a process of its own."""
    settings = Settings()
    configure(settings.log_level)
    asyncio.run(build_relay(settings).by_itself())


def _welcome(settings: Settings) -> str:
    url = settings.address
    people = "\n".join(
        f"  {it.key:<7} {it.name:<16} {', '.join(it.roles):<24} {_ORGANISATIONS[it.organisation]}" for it in PEOPLE
    )
    return f"""
Casusroute {__version__}, demonstration region (fictional people, real regions JZ10 and JZ11)
  service        {url}/v1
  documentation  {url}/v1/docs
  database       {settings.database_url}

Act as somebody (a token for an hour):
{people}

  TOKEN=$(curl -s {url}/v1/demonstration/tokens -H 'Content-Type: application/json' \\
    -d '{{"person":"carla"}}' | python3 -c 'import json,sys; print(json.load(sys.stdin)["accessToken"])')
  curl -s {url}/v1/me -H "Authorization: Bearer $TOKEN"

Try first, in a second terminal:  make story BASE_URL={url}
Then look as carla at what waits:  curl -s '{url}/v1/work-items?whose=team' -H "Authorization: Bearer $TOKEN"
Stop with Ctrl-C; the data stays.
"""
