"""The time that one question may take: seconds of computing, and a generous limit on the wall's clock beside it.

A worker is judged by the processor time that its own threads and processes use. So another process that keeps the cores busy stops
nobody. What waits for ever (a sleep, a lock, an empty queue) uses none, and is ended by the wall's clock.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Literal

Which = Literal["", "computing", "wall"]
_SURE = 1.0
"""Seconds of wall time up to which it is not worth asking the kernel how much of it was computing."""


class Clock:
    """The limits of one question, and what it has used of them.

    Attributes:
        wall: Seconds on the wall's clock.
        computing: Seconds of processor time, of all threads and processes of the worker together; None for no limit.
    """

    def __init__(self, wall: float, computing: float | None = None, threads: int = 1) -> None:
        """`threads` are those that the worker is meant to compute with side by side."""
        self.wall = wall
        self.computing = computing
        self._threads = threads
        self._cores = os.cpu_count() or 1
        self._used: Callable[[], float] = lambda: 0.0
        self._before = self._last = 0.0
        self._paused = 0.0
        self.start(self._used)

    def start(self, used: Callable[[], float]) -> None:
        """Begin to count; `used` returns the seconds of computing of the worker since it was made."""
        self._used = used
        self._before = 0.0 if self.computing is None else used()
        self._last = 0.0
        self._started = self._look_at = time.monotonic()
        self._look_again()

    def over(self) -> Which:
        """Return which limit is exceeded; nothing as long as none is."""
        now = time.monotonic()
        if now > self.deadline:
            return "wall"
        if self.computing is None or now < self._look_at:
            return ""
        self._last = max(self._last, self._used() - self._before)  # what ended without being waited for counted, too
        self._look_again()
        return "computing" if self._last > self.computing else ""

    def _look_again(self) -> None:
        """Look when all cores together could have used up the rest, and not before: most questions take milliseconds."""
        left = 0.0 if self.computing is None else self.computing - self._last
        self._look_at = time.monotonic() + max(0.0, left) / self._cores

    @property
    def deadline(self) -> float:
        """When the wall's clock runs out, as `time.monotonic` counts."""
        return self._started + self._paused + self.wall

    def pause(self, seconds: float) -> None:
        """Do not count some seconds that were ours: no more of them than the worker itself may take."""
        self._paused += min(seconds, max(0.0, self.wall - self._paused))

    def spent(self) -> float:
        """Return what is used of the limit that is closer, in seconds of computing of one thread, or of the wall for want of it."""
        wall = time.monotonic() - self._started - self._paused
        if self.computing is None or wall < _SURE:
            return wall
        computed = max(self._last, self._used() - self._before)
        return max(computed, wall * self.computing / self.wall) / self._threads
