"""The commands run, serve and relay."""

import asyncio
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial

from service import __version__, metrics
from service.app import build_relay, build_service
from service.commands.listen_sockets import address_refusal, bind_sockets, listen
from service.commands.migrate import migrate_as_owner
from service.commands.server import Server
from service.events.store.backlog import read_gauges
from service.identity.trusted_issuer import LOOPBACK
from service.logs import configure_logging
from service.people.use_cases.demonstration import ORGANISATIONS, PEOPLE
from service.settings import Settings

_ORGANISATION_NAMES = {organisation.key: organisation.name for organisation in ORGANISATIONS}


def run() -> None:
    """Migrate the database and serve the demonstration region."""
    _serve(Settings(mode="demonstration"), migrate_as_owner)


def serve() -> None:
    """Serve a migrated database."""
    _serve(Settings(), None)


def _serve(settings: Settings, set_up: Callable[[Settings], None] | None) -> None:
    """Serve until a signal stops the process. The sockets are bound first, so that a refusal changes nothing."""
    _require_loopback(settings)
    with bind_sockets(settings) as sockets:
        settings = settings.model_copy(update={"port": sockets[0].getsockname()[1]})
        if set_up:
            set_up(settings)
        configure_logging(settings.log_level)
        instance = build_service(settings)
        _serve_metrics(settings, instance.gauges)
        server = Server(instance, settings)
        listen(sockets, settings)
        sys.stdout.write(_welcome(settings) if set_up else _listens(settings))
        sys.stdout.flush()
        with suppress(KeyboardInterrupt):
            server.run(sockets)
    if not server.started:
        raise SystemExit("not started: the application stopped before it could answer; see the log for the cause")


def _require_loopback(settings: Settings) -> None:
    """A demonstration gives every caller a token for any person, so by default it is served to this machine only."""
    if settings.mode == "demonstration" and settings.host not in LOOPBACK and not settings.demonstration_for_others:
        raise SystemExit(
            f"not started: a demonstration gives everybody a token. By default it listens on this machine only, and "
            f"not on {settings.host}. Leave CASUSROUTE_HOST at 127.0.0.1. Set CASUSROUTE_DEMONSTRATION_FOR_OTHERS=true "
            f"only if everybody who can reach that address may act as every person"
        )


def _listens(settings: Settings) -> str:
    return f"Casusroute {__version__} listens on {settings.listen_url}\n"


def relay() -> None:
    """Fill the feeds and call webhooks, as a process of its own."""
    settings = Settings()
    configure_logging(settings.log_level)
    event_relay = build_relay(settings)
    _serve_metrics(settings, partial(read_gauges, event_relay.database))
    asyncio.run(event_relay.run_as_process())


def _serve_metrics(settings: Settings, read_gauges: Callable[[], Mapping[str, float]]) -> None:
    if settings.metrics_port:
        try:
            metrics.serve_metrics(settings.metrics_host, settings.metrics_port, read_gauges)
        except OSError as error:
            raise address_refusal(settings.metrics_host, settings.metrics_port, error, "METRICS_") from None


def _welcome(settings: Settings) -> str:
    url = settings.base_url
    people = "\n".join(
        f"  {person.key:<7} {person.name:<16} {', '.join(person.roles):<24} {_ORGANISATION_NAMES[person.organisation]}"
        for person in PEOPLE
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
Then read the work list as carla:  curl -s '{url}/v1/work-items?whose=team' -H "Authorization: Bearer $TOKEN"
Stop with Ctrl-C; the data stays.
"""
