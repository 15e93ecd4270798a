"""An issuer and its keys: asked for regularly, kept for a while when it is silent, gone when it withdraws them."""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

import structlog

from service.identity.jwks import Key, NotPublished
from service.identity.trusted_issuer import TrustedIssuer
from service.vocabulary.refusals import IssuerUnreachable

# Between two questions after a key that was never seen, so that made-up names cannot make us flood an issuer.
PATIENCE_SECONDS = 60
log = structlog.get_logger("casusroute")


class Issuer:
    """`trusted` says what is accepted of it. `published` fetches its keys; raises NotPublished."""

    def __init__(
        self,
        trusted: TrustedIssuer,
        published: Callable[[], Awaitable[Mapping[str, Key]]],
        *,
        refresh_seconds: float = 300,
        keep_seconds: float = 86_400,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.trusted = trusted
        # Moves on with every change of the keys: what was found sound with the ones before is looked at again.
        self.edition = 0
        self._published = published
        self._refresh_seconds = refresh_seconds
        self._keep_seconds = keep_seconds
        self._clock = clock
        self._keys: Mapping[str, Key] = {}
        self._known_until = -math.inf
        self._patient_until = -math.inf
        self._silent = True
        self._asking: asyncio.Task[None] | None = None

    async def key(self, kid: str) -> Key | None:
        """The key of this name. Raises IssuerUnreachable where only the issuer could tell, and does not."""
        found = self._kept().get(kid)
        if found is None:
            await self._ask_about_the_unknown()
            found = self._kept().get(kid)
        if found is None and self._silent:
            raise IssuerUnreachable(math.ceil(max(1, self._patient_until - self._clock())))
        return found

    def _kept(self) -> Mapping[str, Key]:
        return self._keys if self._clock() < self._known_until else {}

    async def _ask_about_the_unknown(self) -> None:
        if self._asking is None:
            if self._clock() < self._patient_until:
                return
            self._patient_until = self._clock() + PATIENCE_SECONDS
        await self.ask()

    async def ask(self) -> None:
        """Fetch the keys; whoever wants them meanwhile waits for the same answer."""
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask())
        await asyncio.shield(self._asking)

    async def _ask(self) -> None:
        try:
            self._learn(await self._published())
        except NotPublished as wrong:
            self._silent = True
            log.warning("issuer_keys", issuer=self.trusted.name, error=wrong.code)
        except Exception as error:  # noqa: BLE001 - whatever an issuer does, those who come with known keys get on
            self._silent = True
            log.error("issuer_keys", issuer=self.trusted.name, error=type(error).__qualname__)  # noqa: TRY400 - the trace tells nothing more
        finally:
            self._asking = None

    def _learn(self, keys: Mapping[str, Key]) -> None:
        self._silent, self._known_until = False, self._clock() + self._keep_seconds
        if keys != self._keys:
            self._keys, self.edition = keys, self.edition + 1
            log.info("issuer_keys", issuer=self.trusted.name, keys=len(keys))

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Asks again and again in the background, so that withdrawn keys are forgotten also when nobody comes."""
        watching = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            tasks = [watching, *filter(None, [self._asking])]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _watch(self) -> None:
        while True:
            await self.ask()
            await asyncio.sleep(min(self._refresh_seconds, PATIENCE_SECONDS) if self._silent else self._refresh_seconds)
