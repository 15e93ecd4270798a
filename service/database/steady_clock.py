"""A clock that notices when it goes back, so that what ended does not begin again."""

from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Lock
from uuid import UUID


class SteadyClock:
    """The clock of the service, with the total time by which it went back since this process began.

    A right of some hours ends by `now` plus that total, which never decreases. A right that began in this process gets
    the time that the clock had gone back before. Another right gets none: it may end early, and never late.
    """

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._latest = clock()
        self._set_back = timedelta(0)
        self._set_back_before: dict[UUID, timedelta] = {}
        self._lock = Lock()

    def read(self) -> tuple[datetime, timedelta]:
        """Returns (now, the total time by which the clock went back)."""
        with self._lock:
            now = self._clock()
            self._set_back += max(self._latest - now, timedelta(0))
            self._latest = now
            return now, self._set_back

    def go_on_from(self, moment: datetime) -> None:
        """Count a clock before this moment as one that went back: an earlier process was that far."""
        now, set_back = self.read()
        self._set_back = max(set_back, moment - now)

    def begin(self, id_: UUID, set_back: timedelta) -> None:
        """Note that a right begins in this process."""
        self._set_back_before[id_] = set_back

    def set_back_before(self, id_: UUID) -> timedelta:
        """Returns by how much the clock had gone back when this right began; nothing for one of another process."""
        return self._set_back_before.get(id_, timedelta(0))
