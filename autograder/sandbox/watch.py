"""Watching from outside what a worker holds, all the time it lives: while a question is open, and between two questions.

The watchdog looks twenty times a second. What grows and shrinks between two looks is not seen, so a control group, which
the kernel counts, is used for memory where it can be had (`cgroups.py`).
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import psutil

_LOOK_SECONDS = 0.05
_CHILDREN_ARE_LISTED = Path("/proc/thread-self/children").exists()  # the kernel may be built without
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_PRIVATE, _TABLES = ("RssAnon:", "RssShmem:", "VmSwap:"), "VmPTE:"
_PROPORTIONAL = ("Pss_Anon:", "Pss_Shmem:", "SwapPss:")


class Watchdog:
    """A thread that looks at one worker and ends it when it holds too much."""

    def __init__(self, look: Callable[[], str], end: Callable[[], None]) -> None:
        """`look` returns what is wrong, or nothing; `end` ends the worker's processes, and may be called more than once."""
        self._look, self._end = look, end
        self._stop = threading.Event()
        self.complaint = ""
        self._thread = threading.Thread(target=self._run, name="watchdog", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.wait(_LOOK_SECONDS):
            try:
                found = self._look()
            except Exception as error:  # a watchdog that died unseen would be no limit at all
                found = f"it could not be watched ({type(error).__name__}: {error}) and was stopped"
            if found:
                self.complaint = self.complaint or found
                self._end()

    def stop(self) -> None:
        """Stop looking."""
        self._stop.set()
        if self._thread is not threading.current_thread():
            self._thread.join(timeout=10)


def family(pid: int) -> list[int]:
    """Return `pid` and every process below it. Processes that are started meanwhile may be missing."""
    if not _CHILDREN_ARE_LISTED:
        with contextlib.suppress(psutil.Error, OSError):
            return [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]
        return [pid]
    found, waiting = [], [pid]
    while waiting:
        found.append(waiting.pop())
        waiting += _children(found[-1])
    return found


def _children(pid: int) -> Iterator[int]:
    with contextlib.suppress(OSError):
        for task in os.listdir(f"/proc/{pid}/task"):
            with contextlib.suppress(OSError), open(f"/proc/{pid}/task/{task}/children", "rb", buffering=0) as file:
                yield from map(int, file.readall().split())


def computed_seconds(pid: int) -> float:
    """Return the processor time of a process and of those below it, ended ones included; 0 when it has ended itself."""
    pids = (
        family(pid) if _CHILDREN_ARE_LISTED else [pid]
    )  # looking through all processes takes too long for every question
    return sum(map(_ticks, pids)) / _TICKS_PER_SECOND


def _ticks(pid: int) -> int:
    """Return user and system time of a process and of its children that were waited for."""
    with contextlib.suppress(OSError, ValueError), open(f"/proc/{pid}/stat", "rb", buffering=0) as file:
        return sum(map(int, file.read(4096).rpartition(b")")[2].split()[11:15]))
    return 0


def running_thread(pid: int) -> int:
    """Return the number under which `/proc` shows what a process holds: that of a thread that runs.

    That is the process's own, unless its first thread has ended: then that number shows nothing, and the others go on.
    """
    if _ended(pid):
        with contextlib.suppress(OSError):
            return next((int(name) for name in os.listdir(f"/proc/{pid}/task") if not _ended(int(name))), pid)
    return pid


def _ended(thread: int) -> bool:
    with contextlib.suppress(OSError), open(f"/proc/{thread}/stat", "rb") as file:
        return file.read().rpartition(b")")[2].split()[0] in (b"Z", b"X")
    return True


def private_mb(pids: Iterable[int]) -> float:
    """Return the most that processes may hold that is not in files, in MiB: pages they share are counted for each of them."""
    return sum(_sum_kb(thread, "status", (*_PRIVATE, _TABLES)) or 0 for thread in map(running_thread, pids)) / 1024


def exact_mb(pids: Iterable[int]) -> float:
    """Return the same with shared pages counted once (those of the zygote in part), which takes milliseconds.

    For a process that hides, it is what `private_mb` returns.
    """
    total = 0
    for pid in map(running_thread, pids):
        exact = _sum_kb(pid, "smaps_rollup", _PROPORTIONAL)
        total += (_sum_kb(pid, "status", _PRIVATE) or 0) if exact is None else exact
        total += _sum_kb(pid, "status", (_TABLES,)) or 0
    return total / 1024


def _sum_kb(pid: int, name: str, lines: tuple[str, ...]) -> int | None:
    with contextlib.suppress(OSError), open(f"/proc/{pid}/{name}", encoding="ascii", errors="replace") as file:
        return sum(int(line.split()[1]) for line in file if line.startswith(lines))
    return None


def memory_limit_mb(memory_mb: int, scratch_mb: int) -> float:
    """Return how much all processes of a worker and its scratch files may hold together, in MiB.

    More than one process alone may allocate (`memory_mb`, where Python still raises MemoryError), so that it is rarely met.
    """
    return 1.25 * memory_mb + scratch_mb
