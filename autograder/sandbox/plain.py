"""No isolation: the same worker as an ordinary process of ours. For a student's own machine only; the record says so.

Nothing is hidden: data sets with labels can be read, as everything else that the user may read.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import sys
import tempfile
from pathlib import Path
from typing import Any

from autograder.sandbox.bubblewrap import environment
from autograder.sandbox.limits import Limits
from autograder.sandbox.zygote import INSIDE, START, Worker, Zygote


class PlainWorker(Worker):
    """A worker without a PID namespace: processes that lost their parent are found by the group they are in."""

    def __init__(self, folder: Path, channel: socket.socket, output: int, pid: int, limits: Limits) -> None:
        self._folder = folder
        super().__init__(channel, output, pid, limits)

    def _end(self) -> None:
        super()._end()
        with contextlib.suppress(OSError):
            os.killpg(self.pid, signal.SIGKILL)

    def kill(self) -> None:
        """See `Worker.kill`; its folder goes, too."""
        super().kill()
        shutil.rmtree(self._folder, ignore_errors=True)


class Plain:
    """Workers without isolation: limits on time and memory hold, everything else is open."""

    name = "none"
    shared = True

    def __init__(self, device: str = "cpu") -> None:
        command = [sys.executable, "-s", "-P", "-X", "utf8", "-c", START.format(folder=str(INSIDE.parent))]
        kept = {name: os.environ[name] for name in ("LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES") if name in os.environ}
        self._zygote = Zygote(command, environment() | kept | {"AUTOGRADER_DROP_ROOT": "0"})

    def spawn(self, limits: Limits) -> Worker:
        """See `Backend.spawn`."""
        # the number of processes is counted per user, so without a namespace it would count the user's own
        roomy = limits.model_copy(update={"processes": 100_000})
        folder = Path(tempfile.mkdtemp(prefix="autograder-"))
        try:
            return PlainWorker(folder, *self._zygote.fork(roomy, folder), roomy)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise

    def wait_until_ready(self) -> None:
        """Wait until workers can be forked."""
        self._zygote.wait_until_ready()

    def pid(self) -> int:
        """Return the process id of the zygote."""
        return self._zygote.pid()

    def describe(self) -> dict[str, Any]:
        """See `Backend.describe`."""
        return {
            "backend": self.name,
            "isolated": False,
            "protects": "time and memory only: the submission could read and write whatever the grading user can",
            "memory": "a watchdog, twenty looks a second",
        }

    def close(self) -> None:
        """See `Backend.close`."""
        self._zygote.close()
