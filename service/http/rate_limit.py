"""How much one caller may ask: meters in memory, of this process alone."""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from ipaddress import IPv6Address, ip_network
from math import ceil

from starlette.types import Scope

MINUTE = 60
REMEMBERED = 10_000


class Meter:
    """A minute's worth at once, and as much again in every minute after it. Zero a minute measures nothing.

    One number is kept for each: until when what they asked fills their time. Of the last ten thousand that asked.
    """

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._each = MINUTE / per_minute if per_minute else 0.0
        self._clock = clock
        self._filled: OrderedDict[Hashable, float] = OrderedDict()

    def wait(self, who: Hashable) -> int:
        """The seconds before they may ask again; 0 when they may now."""
        over = self._filled.get(who, 0.0) + self._each - self._clock() - MINUTE
        return ceil(over) if self._each and over > 0 else 0

    def count(self, who: Hashable) -> None:
        if self._each:
            self._filled[who] = max(self._clock(), self._filled.get(who, 0.0)) + self._each
            self._filled.move_to_end(who)
            if len(self._filled) > REMEMBERED:
                self._filled.popitem(last=False)

    def take(self, who: Hashable) -> int:
        """`wait`, and count this one when there is no need to."""
        seconds = self.wait(who)
        if not seconds:
            self.count(who)
        return seconds


def address_of(scope: Scope) -> str:
    """Who calls, as far as the network tells; of IPv6 the network that one house is given."""
    host = str((scope.get("client") or ("",))[0])
    if ":" not in host:
        return host
    mapped = IPv6Address(host.partition("%")[0]).ipv4_mapped
    return str(mapped) if mapped else str(ip_network((host.partition("%")[0], 64), strict=False))
