"""`autograder batch` as a process of its own, the processes that belong to it, and killing one of them."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import psutil
from run_in_python import GUARD_SECONDS, ROOT

Kind = Literal["batch", "worker", "grader", "everything"]
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT), "NO_COLOR": "1", "COLUMNS": "80"}
NOISE = ("Traceback", "distributed.", "tornado", "asyncio")
"""What nobody should have to read, however a batch ends."""


class BatchProcess:
    """A batch over the class in a folder, see `class_of.class_in`, that is running."""

    def __init__(self, folder: Path, *options: str) -> None:
        arguments = ["batch", "class", "--assignment", "course", "--out", "out", "--device", "cpu", *options]
        self._said = (folder / "said.txt").open("w+", encoding="utf-8")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "autograder.cli.main", *arguments],
            cwd=folder,
            env=ENVIRONMENT,
            stdout=self._said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_as_from_a_terminal,
        )
        self._itself = psutil.Process(self._process.pid)
        self._known: set[psutil.Process] = set()

    def family(self) -> set[psutil.Process]:
        """Return all processes that were ever seen to belong to it, and note those that do now."""
        with contextlib.suppress(psutil.NoSuchProcess):
            self._known |= {self._itself, *self._itself.children(recursive=True)}
        return self._known

    def of_kind(self, kind: Kind) -> list[psutil.Process]:
        """Return its living processes of a kind."""
        if kind == "batch":
            return [self._itself]
        words = {"worker": "spawn_main", "grader": "autograder.cohort.grader", "everything": ""}[kind]
        return [one for one in self.family() if words in " ".join(_command(one))]

    def kill(self, kind: Kind, after_seconds: float) -> bool:
        """Kill the first process of a kind, or all, after some time; return whether there was one before the batch ended."""
        begun = time.monotonic()
        while self._process.poll() is None:
            time.sleep(0.1)
            found = sorted(self.of_kind(kind), key=lambda one: one.pid)
            if time.monotonic() - begun > after_seconds and found:
                for one in found if kind == "everything" else found[:1]:
                    with contextlib.suppress(psutil.NoSuchProcess):  # it ended by itself, or with the one before
                        one.kill()
                return True
        return False

    def wait_for(self, kind: Kind) -> bool:
        """Wait until there is a process of a kind; return whether there was one."""
        return self.wait_until(lambda: bool(self.of_kind(kind)))

    def wait_until(self, happened: Callable[[], bool]) -> bool:
        """Wait until something has happened, or the batch has ended; return whether it has."""
        while self._process.poll() is None:
            if happened():
                return True
            time.sleep(0.1)
        return happened()

    def interrupt(self) -> None:
        """Do what Ctrl-C does."""
        self.family()
        os.killpg(self._process.pid, signal.SIGINT)

    def wait(self) -> tuple[int, str]:
        """Wait for its end; return the exit code and all that was said."""
        begun = time.monotonic()
        while self._process.poll() is None:
            self.family()
            time.sleep(0.2)
            assert time.monotonic() - begun < GUARD_SECONDS, "the batch hangs"
        self._said.seek(0)
        return self._process.returncode, self._said.read()

    def alive(self, seconds: float = 15.0) -> list[str]:
        """Return what still runs of it some seconds after its end."""
        end = time.monotonic() + seconds
        while (left := [one for one in self._known if _runs(one)]) and time.monotonic() < end:
            time.sleep(0.1)
        return [" ".join(_command(one)) for one in left]


def _runs(process: psutil.Process) -> bool:
    """Whether a process still does something.

    A bubblewrap that is killed in the first milliseconds of its start leaves a child of its own, which waits for it for ever and has run
    nothing: that is bubblewrap's to repair, and no process of a submission.
    """
    try:
        stuck = process.name() == "bwrap" and process.ppid() == 1 and not process.children()
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE and not stuck
    except psutil.NoSuchProcess:
        return False


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline() if _runs(process) else ["(gone)"]
    except psutil.NoSuchProcess:
        return ["(gone)"]


def _as_from_a_terminal() -> None:
    """Heed SIGINT, which a shell that starts the tests in the background has switched off for them and all that they start."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def documented_cluster(folder: Path, workers: int) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """Start a scheduler and workers by the commands of docs/cluster.md, on this machine and free ports; end them afterwards.

    Yields:
        The scheduler's address, and the processes, the scheduler first.
    """
    page = (ROOT / "docs" / "cluster.md").read_text(encoding="utf-8")
    scheduler, worker = (re.search(rf"^(.*/dask {name}\b.*)$", page, re.MULTILINE) for name in ("scheduler", "worker"))
    assert scheduler is not None
    assert worker is not None
    file = folder / "scheduler.json"
    local = ["--host", "127.0.0.1", "--port", "0", "--dashboard-address", "127.0.0.1:0"]
    processes = [_dask(scheduler[1], folder, *local, "--scheduler-file", str(file))]
    try:
        begun = time.monotonic()
        while not file.exists():
            time.sleep(0.1)
            assert time.monotonic() - begun < GUARD_SECONDS, "no scheduler"
        address = json.loads(file.read_text(encoding="utf-8"))["address"]
        processes += [_dask(worker[1].replace("tcp://HOST:8786", address), folder) for _ in range(workers)]
        yield address, processes
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(GUARD_SECONDS)


def _dask(line: str, folder: Path, *more: str) -> subprocess.Popen[bytes]:
    assignments = [word for word in shlex.split(line) if re.fullmatch(r"[A-Z_]+=.*", word)]
    words = [word for word in shlex.split(line) if word not in assignments]
    command = [str(Path(sys.executable).with_name(Path(words[0]).name)), *words[1:], *more]
    environment = ENVIRONMENT | dict(one.split("=", 1) for one in assignments)
    with (folder / "cluster.txt").open("ab") as said:
        return subprocess.Popen(command, cwd=folder, env=environment, stdout=said, stderr=said)
