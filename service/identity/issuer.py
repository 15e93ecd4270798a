"""A trusted issuer and its keys, which are refreshed regularly and cached while the issuer does not answer."""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

import structlog

from service.identity.jwks import Key, KeysUnavailable
from service.identity.trusted_issuer import TrustedIssuer
from service.vocabulary.refusals import IssuerUnreachable

# Shortest time between two requests for unknown key ids, so that invented key ids cannot make us flood an issuer.
RETRY_SECONDS = 60
log = structlog.get_logger("casusroute")


class Issuer:
    """A trusted issuer with its current keys.

    `trusted` holds the rules for its tokens. `fetch_keys` fetches its keys and raises KeysUnavailable.
    `refresh_seconds`: time between two requests. `keep_seconds`: time that keys are used without an answer.
    """

    def __init__(
        self,
        trusted: TrustedIssuer,
        fetch_keys: Callable[[], Awaitable[Mapping[str, Key]]],
        *,
        refresh_seconds: float = 300,
        keep_seconds: float = 86_400,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.trusted = trusted
        # Grows with every change of the keys, so that tokens that were validated with earlier keys are checked again.
        self.keys_version = 0
        self._fetch_keys = fetch_keys
        self._refresh_seconds = refresh_seconds
        self._keep_seconds = keep_seconds
        self._clock = clock
        self._keys: Mapping[str, Key] = {}
        self._keys_valid_until = -math.inf
        self._no_refresh_before = -math.inf
        self._unreachable = True
        self._refresh_task: asyncio.Task[None] | None = None

    async def find_key(self, kid: str) -> Key | None:
        """Returns the key with this id, None for an unknown one. Raises IssuerUnreachable without an answer."""
        key = self._valid_keys().get(kid)
        if key is None:
            await self._refresh_for_unknown_key()
            key = self._valid_keys().get(kid)
        if key is None and self._unreachable:
            raise IssuerUnreachable(math.ceil(max(1, self._no_refresh_before - self._clock())))
        return key

    def _valid_keys(self) -> Mapping[str, Key]:
        return self._keys if self._clock() < self._keys_valid_until else {}

    async def _refresh_for_unknown_key(self) -> None:
        if self._refresh_task is None:
            if self._clock() < self._no_refresh_before:
                return
            self._no_refresh_before = self._clock() + RETRY_SECONDS
        await self.refresh()

    async def refresh(self) -> None:
        """Fetch the keys. Concurrent callers wait for the same request."""
        if self._refresh_task is None:
            self._refresh_task = asyncio.create_task(self._fetch())
        await asyncio.shield(self._refresh_task)

    async def _fetch(self) -> None:
        try:
            self._store(await self._fetch_keys())
        except KeysUnavailable as failure:
            self._unreachable = True
            log.warning("issuer_keys", issuer=self.trusted.name, error=failure.code)
        except Exception as error:  # noqa: BLE001 - no failure of an issuer may stop tokens with known keys
            self._unreachable = True
            log.error("issuer_keys", issuer=self.trusted.name, error=type(error).__qualname__)  # noqa: TRY400 - the traceback adds nothing
        finally:
            self._refresh_task = None

    def _store(self, keys: Mapping[str, Key]) -> None:
        self._unreachable, self._keys_valid_until = False, self._clock() + self._keep_seconds
        if keys != self._keys:
            self._keys, self.keys_version = keys, self.keys_version + 1
            log.info("issuer_keys", issuer=self.trusted.name, keys=len(keys))

    @asynccontextmanager
    async def refresh_in_background(self) -> AsyncIterator[None]:
        """Refresh the keys in the background until the block ends; a withdrawn key is dropped without a request."""
        refresher = asyncio.create_task(self._refresh_regularly())
        try:
            yield
        finally:
            tasks = [refresher, *filter(None, [self._refresh_task])]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _refresh_regularly(self) -> None:
        while True:
            await self.refresh()
            await asyncio.sleep(
                min(self._refresh_seconds, RETRY_SECONDS) if self._unreachable else self._refresh_seconds
            )
