"""Serving: the demonstration region, an installation, the relay as a process of its own."""

import asyncio
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial

from service import __version__, metrics
from service.app import build, build_relay
from service.commands.migrate import migrate_as_owner
from service.commands.server import Server
from service.events.store.backlog import figures
from service.identity.trusted_issuer import LOOPBACK
from service.logs import configure
from service.people.use_cases.demonstration import ORGANISATIONS, PEOPLE
from service.settings import Settings

_ORGANISATIONS = {it.key: it.name for it in ORGANISATIONS}


def run() -> None:
    """Set everything up and serve the demonstration region."""
    settings = Settings(mode="demonstration")
    if settings.host not in LOOPBACK:
        raise SystemExit("a demonstration is served on this machine only: leave CASUSROUTE_HOST at 127.0.0.1")
    migrate_as_owner(settings)
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
    _watched(settings, built.now)
    server = Server(built, settings)
    with suppress(KeyboardInterrupt):
        server.run()
    if not server.started:
        raise SystemExit("not started: the address cannot be listened on")


def relay() -> None:
    """Fill the feeds and call webhooks, as a process of its own."""
    settings = Settings()
    configure(settings.log_level)
    built = build_relay(settings)
    _watched(settings, partial(figures, built.database))
    asyncio.run(built.by_itself())


def _watched(settings: Settings, now: Callable[[], Mapping[str, float]]) -> None:
    if settings.metrics_port:
        metrics.publish(settings.metrics_host, settings.metrics_port, now)


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
