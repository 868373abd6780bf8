"""How to grade: the command line's options as one record."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from autograder.assignment.rubric import FULL, Rubric
from autograder.errors import UsageError
from autograder.records import GradeRecord
from autograder.sandbox.limits import Limits

SandboxChoice = Literal["auto", "bubblewrap", "uid", "none"]
DeviceChoice = Literal["auto", "cpu", "cuda"]
Device = Literal["cpu", "cuda"]


@dataclass(frozen=True)
class GradeOptions:
    """How to grade.

    Attributes:
        track: Which of the rubric's tracks.
        data, data_root: What models are trained on, and where it lies.
        tasks: Ids to grade; all of the track when empty.
        training: Whether models are trained.
        earlier: The record of an earlier grading, whose results are taken over where they still hold.
        processes: How many processes ask the submission at the same time, where the sandbox lets several: 1 or 2.
        jobs_per_gpu: How many gradings, of all on this machine, train on one GPU at the same time; the others wait for their turn.
        progress: Called with (done, all, title of the check) while checks run.
    """

    track: str = FULL
    device: DeviceChoice = "auto"
    data: str = "auto"
    data_root: Path | None = None
    tasks: tuple[str, ...] = ()
    training: bool = True
    sandbox: SandboxChoice = "auto"
    earlier: GradeRecord | None = None
    processes: int = 1
    jobs_per_gpu: int = 2
    progress: Callable[[int, int, str], None] | None = None

    def applied_to(self, rubric: Rubric) -> Rubric:
        """Return the plain rubric of what is graded: one track, and of its tasks those that were asked for.

        Raises:
            UsageError: An unknown track or task, or nothing is left.
        """
        return rubric.for_track(self.track).only(self.tasks, training=self.training)


def device_of(choice: DeviceChoice) -> Device:
    """Return where models are trained.

    Raises:
        UsageError: A GPU was asked for, and torch sees none.
    """
    if choice == "cpu" or (choice == "auto" and not any(Path("/dev").glob("nvidia[0-9]*"))):
        return "cpu"  # without importing torch, which takes seconds
    import torch

    if torch.cuda.is_available():
        return "cuda"
    if choice == "cuda":
        raise UsageError("--device cuda: torch sees no GPU on this machine; use --device cpu or auto")
    return "cpu"


def gpu_name() -> str:
    """Return a name, good for a file, of the GPU that this process is meant to use."""
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES", "0").partition(",")[0]
    return "gpu-" + "".join(letter for letter in chosen if letter.isalnum() or letter == "-")


def limits_on(device: Device, rubric: Rubric) -> tuple[Limits, Limits]:
    """Return the limits of the worker that answers for functions, and of the one that trains.

    Functions are asked on the CPU on every machine: there no verdict on them can depend on whether the grader has a GPU.
    """
    on_cpu = rubric.budgets.model_copy(update={"device": "cpu"})
    return on_cpu, rubric.training_budgets.model_copy(update={"device": device})
