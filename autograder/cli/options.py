"""Options that several verbs have in common."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

Assignment = Annotated[Path, typer.Option("--assignment", help="Folder with rubric.yaml, reference/ and tests/.")]
Submissions = Annotated[
    Path,
    typer.Argument(
        help="What Moodle, Canvas or Gradescope hands out, or a folder with a submission per student.",
        show_default=False,
    ),
]
Track = Annotated[str, typer.Option(help="Which choice of tasks of rubric.yaml.")]
Device = Annotated[Literal["auto", "cpu", "cuda"], typer.Option(help="Where models are trained.")]
JobsPerGpu = Annotated[
    int, typer.Option("--jobs-per-gpu", min=1, help="How many gradings on this machine train on one GPU at a time.")
]
Data = Annotated[Literal["auto", "mnist", "digits"], typer.Option(help="auto: MNIST if it is there, else digits.")]
DataRoot = Annotated[Path | None, typer.Option(help="Folder that holds MNIST/raw (or AUTOGRADER_DATA).")]
Tasks = Annotated[str, typer.Option(help="Only these task ids, separated by commas.")]
NoTraining = Annotated[bool, typer.Option("--no-training", help="Leave out tasks that train a model.")]
HERE = Path()


def ids_in(tasks: str) -> tuple[str, ...]:
    """Return the ids of `--tasks`."""
    return tuple(part.strip() for part in tasks.split(",") if part.strip())
