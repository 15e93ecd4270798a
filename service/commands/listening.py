"""The address of the settings, taken before anything else is done or said, or refused in a sentence."""

import errno
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from service.settings import Settings, at

_WAITING = 2048  # connections that the system keeps until they are accepted, as uvicorn does
# A name such as localhost may stand for an address of a kind that this machine does not have.
_NOT_HERE = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)


class AddressRefused(Exception):
    """The service cannot listen where the settings say. The message names the setting that changes it."""


@contextmanager
def bound(settings: Settings) -> Iterator[list[socket.socket]]:
    """Sockets at host and port, at each address that a name has here; connections are refused until `listen`.

    Raises AddressRefused. Port 0 takes a free port, the same at each address.
    """
    with ExitStack() as opened:
        port, sockets = settings.port, []
        for family, address in _addresses(settings.host):
            try:
                made = opened.enter_context(socket.socket(family, socket.SOCK_STREAM))
                made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if family == socket.AF_INET6:
                    made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                made.bind((address, port))
            except OSError as error:
                if error.errno in _NOT_HERE:
                    continue
                raise refused(settings.host, settings.port, error) from None
            port = made.getsockname()[1]
            sockets.append(made)
        if not sockets:
            raise refused(settings.host, settings.port, OSError())
        yield sockets


def listen(sockets: list[socket.socket], settings: Settings) -> None:
    """Take connections from now on. Raises AddressRefused where another program came first."""
    try:
        for it in sockets:
            it.listen(_WAITING)
    except OSError as error:
        raise refused(settings.host, settings.port, error) from None


def refused(host: str, port: int, error: OSError, prefix: str = "") -> AddressRefused:
    """The sentence for an address that is not to be had. `prefix`: before HOST and PORT in its settings."""
    where, setting = at(host, port), f"CASUSROUTE_{prefix}"
    reasons = {
        errno.EADDRINUSE: f"{where} is in use by another program, or by this service itself; "
        f"stop that one, or choose another port with {setting}PORT",
        errno.EACCES: f"{where} may not be listened on by this user; choose a port from 1024 on with {setting}PORT",
    }
    elsewhere = f"{where} is no address of this machine; choose another with {setting}HOST"
    return AddressRefused(reasons.get(error.errno or 0, elsewhere))


def _addresses(host: str) -> list[tuple[socket.AddressFamily, str]]:
    """What a host name stands for, IPv4 first. Raises AddressRefused."""
    try:
        told = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError):
        raise AddressRefused(f"{host} is no address that can be found; choose another with CASUSROUTE_HOST") from None
    found = {(family, str(address[0])) for family, _, _, _, address in told}
    return sorted(found, key=lambda it: it[0] != socket.AF_INET)
