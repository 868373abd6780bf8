"""Measuring what a class costs: generated honest submissions through the real batch, with different numbers of slots in one run."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from autograder.assignment.loading import Assignment
from autograder.class_records import ClassRecord
from autograder.quality.bench import Measured, tree_mb
from autograder.quality.honest import write_class
from autograder.records import RESULT

_ZYGOTE = "inside.zygote"
"""In the command line of every process of a sandbox."""
LOOK_SECONDS = 0.2
MEMORY_SECONDS = 1.0
"""Adding up the memory of a process tree takes time of the processors that are measured."""


@dataclass(frozen=True)
class ClassRun:
    """What one run of a batch over a class cost.

    Attributes:
        slots: Submissions at once.
        wall: From the command to the class page, in seconds.
        first: From the command to the first report, in seconds.
        inside: Processor time in sandboxes but for what starts them, in seconds: the students' own code, and the runner around it.
        around: Processor time of everything else, in seconds: what grading costs beyond the students' own compute.
        peak_mb: The most memory of all processes together (PSS), in MB (1e6 bytes).
        each: What the grading of each submission took, in seconds.
        graded: How many have a grade.
    """

    slots: int
    wall: float
    first: float
    inside: float
    around: float
    peak_mb: float
    each: tuple[float, ...]
    graded: int


def measure_class(
    submission: Path, assignment: Path, tasks: Sequence[str], count: int, slots: Sequence[int]
) -> Iterator[Measured]:
    """Yield what it costs to grade a class of generated submissions, once for each number of slots.

    Raises:
        UsageError: The submission, the assignment or a task is unusable.
        RuntimeError: The batch failed, or a submission has no grade; with its last words.
    """
    with tempfile.TemporaryDirectory(prefix="autograder-bench-") as folder:
        handed_in = Path(folder) / "class"
        write_class(submission, Assignment(assignment), tasks, count, handed_in)
        runs = [run_class(handed_in, Path(folder) / f"out-{at_once}", assignment, tasks, at_once) for at_once in slots]
    yield from lines(runs)


def lines(runs: Sequence[ClassRun]) -> Iterator[Measured]:
    """Yield the table of some runs; ratios are to the first of them."""

    def line(what: str, unit: str, figures: Sequence[float]) -> Iterator[Measured]:
        for run, figure in zip(runs, figures, strict=True):
            ratio = f"{figure / figures[0]:.2f}" if figures[0] else ""
            yield Measured(f"{what}, {_at_once(run)}", (figure,), unit, ratio)

    for run in runs:
        yield Measured(f"a class of {len(run.each)}, {_at_once(run)}: each submission", run.each, "s")
    yield from line("command to class page", "s", [run.wall for run in runs])
    yield from line("submissions per minute", "1/min", [60 * len(run.each) / run.wall for run in runs])
    yield from line(
        "processor time inside sandboxes, per submission", "s", [run.inside / len(run.each) for run in runs]
    )
    yield from line("processor time around them, per submission", "s", [run.around / len(run.each) for run in runs])
    yield from line("command to the first report", "s", [run.first for run in runs])
    yield from line("peak memory of all processes together (PSS)", "MB", [run.peak_mb for run in runs])


def _at_once(run: ClassRun) -> str:
    return f"{run.slots} slot{'s' if run.slots != 1 else ''}"


def run_class(handed_in: Path, out: Path, assignment: Path, tasks: Sequence[str], slots: int) -> ClassRun:
    """Grade a class with the command that a teacher types, and watch it.

    Raises:
        RuntimeError: It failed, or not everybody has a grade.
    """
    command = [sys.executable, "-m", "autograder.cli.main", "batch", str(handed_in), "--out", str(out)]
    command += ["--assignment", str(assignment), "--tasks", ",".join(tasks), "--jobs", str(slots), "--device", "cpu"]
    with tempfile.TemporaryFile() as said:
        started = time.monotonic()
        process = subprocess.Popen(command, stdout=said, stderr=said)  # noqa: S603 -- our own command
        watch = Watch(psutil.Process(process.pid))
        first = peak = looked = 0.0
        while process.poll() is None:
            now = time.monotonic() - started
            if not first and any(out.glob(f"*/{RESULT}")):
                first = now
            watch.look()
            if now - looked > MEMORY_SECONDS:
                peak, looked = max(peak, tree_mb(watch.root)), now
            time.sleep(LOOK_SECONDS)
        wall = time.monotonic() - started
        said.seek(0)
        words = said.read().decode(errors="replace")
    if process.returncode != 0:
        raise RuntimeError(f"the batch ended with exit code {process.returncode}:\n{words[-2000:]}")
    record = ClassRecord.model_validate_json((out / "class.json").read_text(encoding="utf-8"))
    if record.counts["graded"] != len(record.rows):
        raise RuntimeError(f"not everybody has a grade, so nothing was measured:\n{words[-2000:]}")
    each = tuple(row.seconds or 0.0 for row in record.rows)
    return ClassRun(slots, wall, first or wall, watch.inside, watch.around, peak, each, record.counts["graded"])


@dataclass
class Watch:
    """Adds up the processor time that the sandboxes below a process use for submissions; what starts workers, the zygote, is ours.

    A worker that has ended is counted by whoever waited for it: the kernel adds its time, exactly, to that of bubblewrap's first process.
    Those that live are asked. Without bubblewrap nobody waits for workers: of each counts what it had used when it was last seen.
    """

    root: psutil.Process
    inside: float = 0.0
    around: float = 0.0
    _waited: dict[int, float] = field(default_factory=dict)
    _alone: dict[int, float] = field(default_factory=dict)
    _others: dict[int, float] = field(default_factory=dict)

    def look(self) -> None:
        """Look once; more often is more exact."""
        living = 0.0
        seen = _seen(self.root)
        zygotes = _zygotes(seen)
        for pid, one in seen.items():
            if one.is_bubblewrap:
                self._waited[pid] = one.waited
            elif pid in zygotes or not one.is_sandbox:
                self._others[pid] = one.own
            else:
                below = seen.get(one.parent)
                if below is not None and below.is_bubblewrap:
                    living += one.own
                else:
                    self._alone[pid] = one.own
        self.inside = max(self.inside, sum(self._waited.values()) + sum(self._alone.values()) + living)
        self.around = sum(self._others.values())


@dataclass(frozen=True)
class _Seen:
    """A process, with the seconds that it used itself and those of what it waited for.

    Attributes:
        is_sandbox: Whether it belongs to one: workers have the command line of the zygote that they were forked from.
    """

    parent: int
    name: str
    born: float
    own: float
    waited: float
    is_sandbox: bool

    @property
    def is_bubblewrap(self) -> bool:
        """Whether it makes the walls, and runs nothing itself."""
        return self.name == "bwrap"


def _seen(root: psutil.Process) -> dict[int, _Seen]:
    """Return a process and all below it, by process id."""
    found = {}
    with contextlib.suppress(psutil.Error):
        for process in [root, *root.children(recursive=True)]:
            with contextlib.suppress(psutil.Error), process.oneshot():
                times = process.cpu_times()
                found[process.pid] = _Seen(
                    process.ppid(),
                    process.name(),
                    process.create_time(),
                    times.user + times.system,
                    times.children_user + times.children_system,
                    any(_ZYGOTE in part for part in process.cmdline()),
                )
    return found


def _zygotes(seen: Mapping[int, _Seen]) -> set[int]:
    """Return the eldest Python process of every sandbox: what it forked is its child, or that of bubblewrap's first process."""
    eldest: dict[int, int] = {}
    for pid, one in sorted(seen.items(), key=lambda pair: (pair[1].born, pair[0])):
        parent = seen.get(one.parent)
        is_forked = parent is not None and parent.is_sandbox and not parent.is_bubblewrap
        if one.is_sandbox and not one.is_bubblewrap and not is_forked:
            eldest.setdefault(one.parent, pid)
    return set(eldest.values())
