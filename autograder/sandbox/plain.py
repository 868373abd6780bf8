"""No isolation: the same worker as an ordinary process of ours. For a student's own machine only; the record says so."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from autograder.sandbox.bubblewrap import environment
from autograder.sandbox.limits import Limits
from autograder.sandbox.zygote import INSIDE, START, Worker, Zygote


class Plain:
    """Workers without isolation: limits on time and memory hold, everything else is open."""

    name = "none"

    def __init__(self, device: str = "cpu") -> None:
        command = [sys.executable, "-s", "-P", "-X", "utf8", "-c", START.format(folder=str(INSIDE.parent))]
        kept = {name: os.environ[name] for name in ("LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES") if name in os.environ}
        self._zygote = Zygote(command, environment() | kept | {"AUTOGRADER_DROP_ROOT": "0"}, confine=False)

    def spawn(self, limits: Limits) -> Worker:
        """See `Backend.spawn`."""
        # the number of processes is counted per user, so without a namespace it would count the user's own
        roomy = limits.model_copy(update={"processes": 100_000})
        return self._zygote.spawn(roomy, b"", Path(tempfile.mkdtemp(prefix="autograder-")))

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
        }

    def close(self) -> None:
        """See `Backend.close`."""
        self._zygote.close()
