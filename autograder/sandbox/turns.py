"""Turns at a device that several gradings on one machine share: only so many use it at the same time, the others wait.

The turns of a device are files in a folder that belongs to the user, locked by who has one. The kernel drops the lock of a process that
ends, however it ends, so a turn is never lost.
"""

from __future__ import annotations

import os
import stat
import tempfile
import time
from pathlib import Path

from filelock import FileLock, Timeout

from autograder.errors import UsageError

_LOOK_SECONDS = 0.2


class Turn:
    """One grading's turn at a device: taken when it is first needed, given back at the end.

    Attributes:
        waited: Seconds that were waited for it.
    """

    def __init__(self, device: str, most: int, folder: Path | None = None) -> None:
        """At most `most` gradings, of all processes of this user on this machine, have a turn at `device`."""
        if most < 1:
            raise ValueError(f"most={most} must be positive")
        self._folder = folder or Path(tempfile.gettempdir()) / f"autograder-turns-{os.getuid()}"
        self._files = [self._folder / f"{device}-{number}" for number in range(most)]
        self._lock: FileLock | None = None
        self.waited = 0.0

    def take(self) -> None:
        """Wait until there is one; nothing if it was taken before.

        Raises:
            UsageError: The folder of the turns belongs to somebody else.
        """
        if self._lock is not None:
            return
        self._require_own_folder()
        started = time.monotonic()
        while self._lock is None:
            self._lock = next(filter(_is_free, map(FileLock, self._files)), None)
            if self._lock is None:
                time.sleep(_LOOK_SECONDS)
        self.waited += time.monotonic() - started

    def give_back(self) -> None:
        """Let the next one have it; nothing if it was not taken."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def _require_own_folder(self) -> None:
        self._folder.mkdir(mode=0o700, exist_ok=True)
        found = self._folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
            raise UsageError(f"{self._folder} must be a folder of your own: gradings lock files in it that share a GPU")


def _is_free(lock: FileLock) -> bool:
    """Take a lock if nobody has it; say whether that went."""
    try:
        lock.acquire(blocking=False)
    except Timeout:
        return False
    return True
