"""What a worker may use, and what a submission may cost. Numbers come from the rubric's `budgets`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from autograder.records import Record


class Limits(Record):
    """Limits of one worker, all enforced from outside or by the kernel.

    Attributes:
        call_seconds: Wall-clock seconds for one question.
        load_seconds: Wall-clock seconds for all top-level statements together.
        total_seconds: Wall-clock seconds for all questions together.
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
