"""Permitted webhook targets: public IP addresses. The connection goes to the address that was checked."""

import asyncio
import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Literal
from urllib.parse import urlsplit

from service.events.use_cases.subscriptions import TargetRefused

AllowedTargets = Literal["public", "any"]
IPAddress = IPv4Address | IPv6Address
# Global unicast of IPv6. All other IPv6 addresses are local, reserved or embed an IPv4 address.
_GLOBAL_UNICAST = ip_network("2000::/3")
# Global by definition but not routable: 6to4 (reaches any IPv4 address), documentation, IETF protocol assignments.
_NOT_ROUTABLE = (ip_network("2002::/16"), ip_network("3fff::/20"), ip_network("192.0.0.0/24"))


@dataclass(frozen=True, slots=True)
class Target:
    """A URL with an IP address to connect to, and the host name that its certificate must carry."""

    url: str
    host: str
    authority: str


async def resolve(url: str, allowed: AllowedTargets) -> Target:
    """Resolve a URL to an IP address. A host with any address that is not public is refused. Raises TargetRefused."""
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
    host_text = f"[{addresses[0]}]" if addresses[0].version == 6 else str(addresses[0])  # noqa: PLR2004 - IPv6
    netloc = f"{host_text}:{port}" if port else host_text
    return Target(f"{parts.scheme}://{netloc}{parts.path or '/'}", host, parts.netloc)


async def _addresses(host: str, port: int) -> list[IPAddress]:
    try:
        answers = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return [ip_address(str(address[0])) for *_, address in answers]
    except (OSError, ValueError):
        raise TargetRefused("webhook_not_found") from None


def is_public(address: IPAddress) -> bool:
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if address not in _GLOBAL_UNICAST:
            return False
    special = address.is_multicast or address.is_reserved or any(address in network for network in _NOT_ROUTABLE)
    return address.is_global and not special
