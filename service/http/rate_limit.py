"""Rate limits per caller, held in the memory of this process."""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from ipaddress import IPv6Address, ip_network
from math import ceil

from starlette.types import Scope

SECONDS_PER_MINUTE = 60
MAX_TRACKED_CALLERS = 10_000


class RateLimiter:
    """Allows `per_minute` requests at once, and as many again spread over every further minute. 0: no limit.

    Holds one number per caller, for the last ten thousand callers: the moment (monotonic seconds) until which their
    requests occupy them when each request takes an equal share of a minute.
    """

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds_per_request = SECONDS_PER_MINUTE / per_minute if per_minute else 0.0
        self._clock = clock
        self._filled: OrderedDict[Hashable, float] = OrderedDict()

    def seconds_to_wait(self, caller: Hashable) -> int:
        """Returns the seconds before this caller may send a request; 0 when it may now."""
        excess = self._filled.get(caller, 0.0) + self._seconds_per_request - self._clock() - SECONDS_PER_MINUTE
        return ceil(excess) if self._seconds_per_request and excess > 0 else 0

    def count_request(self, caller: Hashable) -> None:
        if self._seconds_per_request:
            self._filled[caller] = max(self._clock(), self._filled.get(caller, 0.0)) + self._seconds_per_request
            self._filled.move_to_end(caller)
            if len(self._filled) > MAX_TRACKED_CALLERS:
                self._filled.popitem(last=False)

    def admit(self, caller: Hashable) -> int:
        """Count a request of this caller if it may be sent now. Returns the seconds to wait; 0 when it was counted."""
        seconds = self.seconds_to_wait(caller)
        if not seconds:
            self.count_request(caller)
        return seconds


def client_address(scope: Scope) -> str:
    """Returns the IP address of the client; of IPv6 the /64 network, which is what one household gets."""
    host = str((scope.get("client") or ("",))[0])
    if ":" not in host:
        return host
    mapped = IPv6Address(host.partition("%")[0]).ipv4_mapped
    return str(mapped) if mapped else str(ip_network((host.partition("%")[0], 64), strict=False))
