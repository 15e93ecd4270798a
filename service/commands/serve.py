"""Serving: the demonstration region, an installation, the relay as a process of its own."""

import asyncio
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial

from service import __version__, metrics
from service.app import build, build_relay
from service.commands.listening import bound, listen, refused
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
    _serve(Settings(mode="demonstration"), migrate_as_owner)


def serve() -> None:
    """Serve a database that was migrated before."""
    _serve(Settings(), None)


def _serve(settings: Settings, set_up: Callable[[Settings], None] | None) -> None:
    """The address is taken first: where it cannot be, nothing was changed or said."""
    _insist_on_loopback(settings)
    with bound(settings) as sockets:
        settings = settings.model_copy(update={"port": sockets[0].getsockname()[1]})
        if set_up:
            set_up(settings)
        configure(settings.log_level)
        built = build(settings)
        _watched(settings, built.now)
        server = Server(built, settings)
        listen(sockets, settings)
        sys.stdout.write(_welcome(settings) if set_up else _listens(settings))
        sys.stdout.flush()
        with suppress(KeyboardInterrupt):
            server.run(sockets)
    if not server.started:
        raise SystemExit("not started: the application ended before it could answer; the log tells where")


def _insist_on_loopback(settings: Settings) -> None:
    """Anybody may act as everybody in a demonstration."""
    if settings.mode == "demonstration" and settings.host not in LOOPBACK and not settings.demonstration_for_others:
        raise SystemExit(
            f"not started: a demonstration gives a token to whoever asks, so it is served on this machine only and not "
            f"on {settings.host}. Leave CASUSROUTE_HOST at 127.0.0.1, or set CASUSROUTE_DEMONSTRATION_FOR_OTHERS=true "
            f"where everybody who can reach that address may act as everybody"
        )


def _listens(settings: Settings) -> str:
    return f"Casusroute {__version__} listens on {settings.own_address}\n"


def relay() -> None:
    """Fill the feeds and call webhooks, as a process of its own."""
    settings = Settings()
    configure(settings.log_level)
    built = build_relay(settings)
    _watched(settings, partial(figures, built.database))
    asyncio.run(built.by_itself())


def _watched(settings: Settings, now: Callable[[], Mapping[str, float]]) -> None:
    if settings.metrics_port:
        try:
            metrics.publish(settings.metrics_host, settings.metrics_port, now)
        except OSError as error:
            raise refused(settings.metrics_host, settings.metrics_port, error, "METRICS_") from None


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
