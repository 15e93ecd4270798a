"""The listening sockets of the service, bound before any other work, or refused with a sentence."""

import errno
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from service.settings import Settings, host_and_port

_BACKLOG = 2048  # connections that may wait to be accepted, the default of uvicorn
# A name such as localhost may resolve to an address family that this machine does not have.
_NO_SUCH_ADDRESS = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)


class AddressRefused(Exception):
    """The service cannot listen where the settings say. The message names the setting that changes it."""


@contextmanager
def bind_sockets(settings: Settings) -> Iterator[list[socket.socket]]:
    """Bind a socket to the port of the settings at each address of the host. They refuse connections until `listen`.

    Port 0 takes a free port, the same at each address. Raises AddressRefused.
    """
    with ExitStack() as stack:
        port, sockets = settings.port, []
        for family, address in _addresses(settings.host):
            try:
                new_socket = stack.enter_context(socket.socket(family, socket.SOCK_STREAM))
                new_socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if family == socket.AF_INET6:
                    new_socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                new_socket.bind((address, port))
            except OSError as error:
                if error.errno in _NO_SUCH_ADDRESS:
                    continue
                raise address_refusal(settings.host, settings.port, error) from None
            port = new_socket.getsockname()[1]
            sockets.append(new_socket)
        if not sockets:
            raise address_refusal(settings.host, settings.port, OSError())
        yield sockets


def listen(sockets: list[socket.socket], settings: Settings) -> None:
    """Accept connections from now on. Raises AddressRefused when another program listens already."""
    try:
        for bound_socket in sockets:
            bound_socket.listen(_BACKLOG)
    except OSError as error:
        raise address_refusal(settings.host, settings.port, error) from None


def address_refusal(host: str, port: int, error: OSError, prefix: str = "") -> AddressRefused:
    """Returns the exception for an address that cannot be bound. `prefix`: before HOST and PORT in its settings."""
    address, setting = host_and_port(host, port), f"CASUSROUTE_{prefix}"
    sentences = {
        errno.EADDRINUSE: f"{address} is in use by another program, or by this service itself; "
        f"stop that program, or choose another port with {setting}PORT",
        errno.EACCES: f"this user may not listen on {address}; choose a port from 1024 on with {setting}PORT",
    }
    no_such_address = f"{address} is not an address of this machine; choose another with {setting}HOST"
    return AddressRefused(sentences.get(error.errno or 0, no_such_address))


def _addresses(host: str) -> list[tuple[socket.AddressFamily, str]]:
    """Returns (family, address) of each address of a host name, IPv4 first. Raises AddressRefused."""
    try:
        results = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError):
        raise AddressRefused(f"the host {host} cannot be found; choose another with CASUSROUTE_HOST") from None
    addresses = {(family, str(address[0])) for family, _, _, _, address in results}
    return sorted(addresses, key=lambda family_and_address: family_and_address[0] != socket.AF_INET)
