"""What tests of whole submissions share: writing them, and reading what came out."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil
from make_submission import GUARD_SECONDS

from autograder.records import CheckRecord, GradeRecord, TaskRecord

ROOT = Path(__file__).resolve().parents[3]
SUBMISSIONS = ROOT / "tests" / "submissions"
Files = dict[str, bytes | str]
Grade = Callable[..., GradeRecord]


def write(folder: Path, files: Files) -> Path:
    """Write the files of a submission."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def task(record: GradeRecord, name: str) -> TaskRecord:
    """Return a task's record."""
    return next(task for task in record.tasks if task.id == name)


def check(record: GradeRecord, check_id: str) -> CheckRecord:
    """Return a check's record."""
    return next(c for t in record.tasks for c in t.checks if c.id == check_id)


def explain(record: GradeRecord) -> str:
    """Return every check that did not pass, for a failing test's message."""
    lines = [f"{record.status} {record.score}/{record.max_score} {record.message}"]
    for t in record.tasks:
        for c in t.checks:
            if c.outcome != "passed":
                lines.append(f"{c.id}: {c.outcome} {c.kind} {c.message[:200]} {' '.join(c.traceback)[-600:]}")
    lines += [f"flag {flag.code}: {flag.message} [{flag.check}]" for flag in record.flags]
    lines += [f"note {note.code}: {note.message[:200]}" for note in record.notes]
    return "\n".join(lines)


def lost(record: GradeRecord) -> set[str]:
    """Return the tasks that lost points, or whose failure was carried over from another task."""
    return {t.id for t in record.tasks if t.points != t.max_points or any(c.carried_from is not None for c in t.checks)}


def descendants(backend: object) -> set[int]:
    """Return the processes below the sandbox's outermost one."""
    return {process.pid for process in psutil.Process(backend.pid()).children(recursive=True)}  # type: ignore[attr-defined]


def wait_until_gone(backend: object, before: set[int], seconds: float = GUARD_SECONDS) -> set[int]:
    """Wait until no process is left that was not there before; return those that stayed for ever."""
    until = time.monotonic() + seconds
    while (left := descendants(backend) - before) and time.monotonic() < until:
        time.sleep(0.02)
    return left


@dataclass
class Listeners:
    """Loopback listeners that attacks aim at, and how often they were reached."""

    tcp: int
    udp: int
    abstract: str
    contacts: list[str]
