"""Measuring what grading costs: medians over repeats, in one run, on one machine. Tests never depend on these figures."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import psutil
import torch

from autograder.assignment.loading import Assignment
from autograder.authoring.mutants import mutants_of
from autograder.errors import UsageError
from autograder.intake import take_in
from autograder.records import Cell, SourceFile, Submission
from autograder.sandbox.bubblewrap import Bubblewrap
from autograder.sandbox.choice import open_sandbox, why_not_bubblewrap, why_not_uid
from autograder.sandbox.limits import Limits
from autograder.sandbox.proxy import Sandbox
from autograder.sandbox.questions import Question
from autograder.sandbox.uid import Uid


@dataclass(frozen=True)
class Measured:
    """One line of the table."""

    what: str
    values: tuple[float, ...]
    unit: str
    ratio: str = ""

    @property
    def median(self) -> float:
        """Return the median."""
        return median(self.values)

    @property
    def least(self) -> float:
        """Return the smallest value."""
        return min(self.values)

    @property
    def most(self) -> float:
        """Return the largest value."""
        return max(self.values)


def _timed(function: Callable[[], object], repeats: int, scale: float = 1.0) -> tuple[float, ...]:
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        function()
        times.append((time.perf_counter() - started) * scale)
    return tuple(times)


def measure(submission: Path, assignment: Path, repeats: int) -> Iterator[Measured]:
    """Yield the figures one by one.

    Raises:
        SandboxUnavailable: Nothing can be isolated on this machine.
    """
    yield from measure_sandbox(repeats)
    yield from measure_grading(submission, assignment, repeats)
    with tempfile.TemporaryDirectory() as folder:
        mostly_wrong(submission, Assignment(assignment).names(), Path(folder))
        yield from measure_wrong(Path(folder), assignment, repeats)


def _echo() -> Submission:
    source = SourceFile(path="echo.py", module="echo", cells=(Cell(label="", source="def echo(x):\n    return x\n"),))
    return Submission(name="echo", kind="file", sha256="0" * 64, sources=(source,))


def measure_sandbox(repeats: int) -> Iterator[Measured]:
    """Yield the costs of starting a sandbox, of one more worker, and of one question, with whatever isolates here."""
    yield from _measure_workers("uid", Uid, why_not_uid(), repeats)
    yield from _measure_workers("bubblewrap", Bubblewrap, why_not_bubblewrap(), repeats)
    backend = open_sandbox("auto")
    try:
        limits = Limits()
        with Sandbox(backend, _echo(), {"echo": "echo"}, limits) as sandbox:
            first = 0.0
            for size in (1, 1_000, 100_000):
                question = Question("echo", [torch.zeros(size, dtype=torch.float64)])
                sandbox.call(question)
                values = _timed(lambda q=question: sandbox.call(q), 200 * repeats, 1e6)  # type: ignore[misc]
                first = first or median(values)
                yield Measured(f"round trip with {8 * size:,} bytes", values, "µs", f"{median(values) / first:.2f}")
    finally:
        backend.close()


def _measure_workers(name: str, backend_of: Callable[[], Any], why_not: str, repeats: int) -> Iterator[Measured]:
    """Yield what a zygote and one more worker cost behind one kind of isolation; nothing where it cannot be had."""
    if why_not:
        return

    def start() -> None:
        backend = backend_of()
        backend.wait_until_ready()
        backend.close()

    yield Measured(f"{name}: start of a zygote (imports torch)", _timed(start, max(2, repeats // 2)), "s")
    backend = backend_of()
    try:
        backend.wait_until_ready()
        spawned: list[Any] = []
        yield Measured(
            f"{name}: one more worker (fork, confinement, group)",
            _timed(lambda: spawned.append(backend.spawn(Limits())), 4 * repeats, 1000),
            "ms",
        )
        yield Measured(f"{name}: private memory of one more worker", tuple(_private_mb(w.pid) for w in spawned), "MB")
        yield Measured(f"{name}: end of a worker", tuple(t for w in spawned for t in _timed(w.kill, 1, 1000)), "ms")
    finally:
        backend.close()


def _private_mb(pid: int) -> float:
    """Return the memory that only this process holds, in MB (1e6 bytes)."""
    return float(psutil.Process(pid).memory_full_info().uss) / 1e6


def measure_grading(submission: Path, assignment: Path, repeats: int) -> Iterator[Measured]:
    """Yield the wall time and peak memory of grading the function tasks of one submission, from command to report."""
    walls, peaks, stages = _graded(submission, assignment, repeats)
    yield Measured("function tasks of one submission, command to report", walls, "s", "1.00")
    yield _of_which("the checks", "checks", stages, walls)
    yield _of_which("waiting for the sandbox and loading", "sandbox_and_loading", stages, walls)
    yield Measured("peak memory of all processes together (PSS)", peaks, "MB")


def measure_wrong(submission: Path, assignment: Path, repeats: int) -> Iterator[Measured]:
    """Yield the wall time of grading a submission in which most is wrong, and how much of it goes into finding out what."""
    walls, _, stages = _graded(submission, assignment, repeats)
    yield Measured("a mostly wrong submission, command to report", walls, "s", "1.00")
    yield _of_which("naming", "naming", stages, walls)
    yield _of_which("asking again with stand-ins", "carry", stages, walls)


def mostly_wrong(submission: Path, names: Collection[str], folder: Path) -> None:
    """Write a submission with a generated mistake in every function or class of `names` that is defined at the top of a file."""
    for source in take_in(submission).sources:
        text = "\n\n".join(cell.source for cell in source.cells)
        for name in names:
            with contextlib.suppress(UsageError):  # it is defined elsewhere
                made = mutants_of(text, name)
                text = made[len(made) // 2].source if made else text  # the first is often only another default
        path = folder / source.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _of_which(what: str, stage: str, stages: Sequence[Mapping[str, float]], walls: Sequence[float]) -> Measured:
    seconds = tuple(found.get(stage, 0.0) for found in stages)
    return Measured(f"  of which {what}", seconds, "s", f"{median(seconds) / median(walls):.2f}")


def _graded(
    submission: Path, assignment: Path, repeats: int
) -> tuple[tuple[float, ...], tuple[float, ...], list[dict[str, float]]]:
    """Grade the function tasks often; return wall times (s), peaks of memory (MB) and the seconds of the stages."""
    options = ["--no-training", "--assignment", str(assignment)]
    walls, peaks, stages = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "autograder.cli.main", "grade", str(submission), "--out", folder, *options]
        for _ in range(repeats):
            wall, peak = _watched(command)
            walls.append(wall)
            peaks.append(peak)
            stages.append(json.loads((Path(folder) / "result.json").read_text())["timing"]["stages_seconds"])
    return tuple(walls), tuple(peaks), stages


def _watched(command: list[str]) -> tuple[float, float]:
    """Run a command and return its wall time (s) and the peak of its process tree's proportional memory (MB)."""
    started = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)  # noqa: S603 -- our own command
    watched, peak = psutil.Process(process.pid), 0.0
    while process.poll() is None:
        peak = max(peak, tree_mb(watched))
        time.sleep(0.25)
    wall = time.monotonic() - started
    if process.returncode != 0:
        text = process.stderr.read().decode(errors="replace") if process.stderr else ""
        raise RuntimeError(f"grading ended with exit code {process.returncode}:\n{text[-2000:]}")
    return wall, peak


def tree_mb(root: psutil.Process) -> float:
    """Return the proportional memory of a process and all below it, in MB (1e6 bytes); what ends meanwhile counts nothing."""
    total = 0
    try:
        for process in [root, *root.children(recursive=True)]:
            try:
                total += process.memory_full_info().pss
            except (psutil.Error, OSError):
                continue
    except psutil.Error:
        pass
    return total / 1e6
