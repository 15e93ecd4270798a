"""Where a webhook may lead: to public addresses, by the very address that was looked at."""

import asyncio
import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Literal
from urllib.parse import urlsplit

from service.events.use_cases.subscriptions import TargetRefused

Targets = Literal["public", "any"]
Address = IPv4Address | IPv6Address
# All that is given out for use on the internet; what else there is of IPv6 is local, reserved, or leads on to IPv4.
_GIVEN_OUT = ip_network("2000::/3")
# Public in name, but no place on the internet: 6to4, which leads on to any IPv4 address; examples; protocols.
_NOT_A_PLACE = (ip_network("2002::/16"), ip_network("3fff::/20"), ip_network("192.0.0.0/24"))


@dataclass(frozen=True, slots=True)
class Target:
    """An address to connect to, and the host that it must prove to be."""

    url: str
    host: str
    authority: str


async def resolve(url: str, allowed: Targets) -> Target:
    """The address behind a URL; where one address of a host is not public, none is used. Raises TargetRefused."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise TargetRefused("webhook_malformed") from None
    if not host or parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise TargetRefused("webhook_malformed")
    if parts.scheme != "https" and not (parts.scheme == "http" and allowed == "any"):
        raise TargetRefused("webhook_not_https")
    addresses = await _addresses(host, port or (443 if parts.scheme == "https" else 80))
    if allowed == "public" and not all(map(is_public, addresses)):
        raise TargetRefused("webhook_not_public")
    shown = f"[{addresses[0]}]" if addresses[0].version == 6 else str(addresses[0])  # noqa: PLR2004 - IPv6
    numbered = f"{shown}:{port}" if port else shown
    return Target(f"{parts.scheme}://{numbered}{parts.path or '/'}", host, parts.netloc)


async def _addresses(host: str, port: int) -> list[Address]:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return [ip_address(str(address[0])) for *_, address in found]
    except (OSError, ValueError):
        raise TargetRefused("webhook_not_found") from None


def is_public(address: Address) -> bool:
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if address not in _GIVEN_OUT:
            return False
    special = address.is_multicast or address.is_reserved or any(address in network for network in _NOT_A_PLACE)
    return address.is_global and not special
