"""What a worker may use, and what a submission may cost. Numbers come from the rubric's `budgets`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from autograder.records import Record
from autograder.sandbox.clock import Clock

_LEAST_WALL_SECONDS, _WALL_FACTOR = 20.0, 5.0


class Limits(Record):
    """Limits of one worker, all enforced from outside or by the kernel.

    Attributes:
        call_seconds: Seconds of computing for one question: processor time of the worker's threads and processes together, for each of
            `threads`.
        call_wall_seconds: Wall-clock seconds for such a question, for what waits and computes nothing; None for five times
            `call_seconds`, and at least 20.
        warm_up_seconds: Seconds of computing that the first call of a function may take besides, where that has run out of time once:
            compilers and imports take theirs then.
        load_seconds: Wall-clock seconds for all top-level statements together.
        total_seconds: Seconds for all questions together, each counted by the limit that it came closer to.
        memory_mb: Memory that the worker's processes may allocate together, in MiB.
        scratch_mb: Size of its in-memory scratch folder, in MiB.
        file_mb: Largest file it may write, in MiB.
        processes: Processes and threads it may have.
        printed_mb: What one question may print before it is stopped, in MiB.
        threads: Threads torch uses for one operation.
        answer_mb: Largest answer, in MiB.
        device: Where tensors go.
    """

    call_seconds: float = Field(default=10.0, gt=0)
    call_wall_seconds: float | None = Field(default=None, gt=0)
    warm_up_seconds: float = Field(default=60.0, ge=0)
    load_seconds: float = Field(default=20.0, gt=0)
    total_seconds: float = Field(default=1800.0, gt=0)
    memory_mb: int = Field(default=2048, ge=256)
    scratch_mb: int = Field(default=256, ge=1)
    file_mb: int = Field(default=128, ge=1)
    processes: int = Field(default=128, ge=8)
    printed_mb: int = Field(default=8, ge=1)
    threads: int = Field(default=1, ge=1)
    answer_mb: int = Field(default=64, ge=1)
    device: Literal["cpu", "cuda"] = "cpu"

    def clock(self, seconds: float) -> Clock:
        """Return the clock of a question that may compute for so many seconds on every thread."""
        wall = max(_LEAST_WALL_SECONDS, _WALL_FACTOR * seconds)
        if self.call_wall_seconds is not None:
            wall = self.call_wall_seconds * seconds / self.call_seconds
        return Clock(wall, seconds * self.threads, self.threads)
