"""How a class is graded: what every job of a batch has in common, as a record that goes to other processes and machines."""

from __future__ import annotations

import hashlib
from pathlib import Path

from autograder.grading.options import DeviceChoice, SandboxChoice
from autograder.records import Record


class Settings(Record):
    """How a class is graded; see `grading.options.GradeOptions`.

    Attributes:
        assignment: Its folder: an absolute path that every machine of a cluster sees.
        limit_seconds: The wall time after which a whole submission is given up; generous, since every question has limits of its own.
    """

    assignment: Path
    track: str = "full"
    device: DeviceChoice = "auto"
    jobs_per_gpu: int = 2
    data: str = "auto"
    data_root: Path | None = None
    tasks: tuple[str, ...] = ()
    training: bool = True
    sandbox: SandboxChoice = "auto"
    limit_seconds: float = 3600.0

    def decides(self) -> str:
        """Return a digest of what a grade can depend on."""
        text = self.model_dump_json(exclude={"assignment", "data_root", "limit_seconds", "jobs_per_gpu"})
        return hashlib.sha256(text.encode()).hexdigest()
