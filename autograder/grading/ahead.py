"""A second process that goes ahead, from the last task on: what passes there is not asked again.

Most submissions are mostly right, and a grader waits for the sandbox half of the time. A task that passes all of its checks ahead, without
anything for staff to know, is done. Every other is checked by the first process as if nobody had gone ahead: only there is it diagnosed,
carried, and asked again. Each process has the whole `total_seconds` of the budget, so work that uses up most of it may get further with
two than with one; no other verdict depends on whether there was a second one.
"""

from __future__ import annotations

import mmap
import multiprocessing.connection
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from autograder.outcomes import Outcome

if TYPE_CHECKING:
    from autograder.checking.results import CheckResult

Found = Mapping[str, "CheckResult"]
"""How checks ended, by id."""


def processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def task_of(check_id: str) -> str:
    """Return the task that a check belongs to."""
    return check_id.partition(".")[0]


def last_task_first(checks: Sequence[str]) -> list[str]:
    """Return the ids of checks, with their tasks in reverse order."""
    tasks = list(dict.fromkeys(map(task_of, checks)))
    return sorted(checks, key=lambda check_id: -tasks.index(task_of(check_id)))


def left(check_id: str) -> CheckResult:
    """Return what stands for a check that is left to the other process."""
    from autograder.checking.results import CheckResult

    return CheckResult(check_id, "", "hidden", Outcome.SKIPPED)


class Shares:
    """Which of two processes asks about a task: the one that comes to it first. The other leaves it to that one.

    One process begins with the first task and the other with the last, so they meet where both have done the same amount of work.
    There is no lock, which a process that is killed could keep: should both take a task at the same moment, both ask about it.
    """

    def __init__(self, tasks: Sequence[str]) -> None:
        """`tasks` are those that the two share; any other is the first process's own. Make it before the second process is forked."""
        self._place = {task: place for place, task in enumerate(dict.fromkeys(tasks))}
        # one byte for each process and task, written by that process alone
        self._taken = mmap.mmap(-1, 2 * len(self._place) + 1)

    def take(self, task: str, *, ahead: bool) -> bool:
        """Return whether a process asks about a task, as it does from now on if the other does not yet."""
        place = self._place.get(task)
        if place is None:
            return not ahead
        own, other = 2 * place + ahead, 2 * place + (not ahead)
        if not self._taken[own] and not self._taken[other]:
            self._taken[own] = 1
        return bool(self._taken[own])


def settled(found: Found) -> dict[str, CheckResult]:
    """Return the results of tasks of which every check passed and left nothing to say, without what belongs to their process."""
    unsettled = {
        task_of(result.id)
        for result in found.values()
        if result.outcome is not Outcome.PASSED or result.flags or result.surveyed is not None
    }
    return {
        check_id: replace(result, again=None)
        for check_id, result in found.items()
        if task_of(check_id) not in unsettled
    }


class Ahead:
    """A forked process that runs checks. Close it, or use it as a context manager.

    What goes wrong in it costs time: nothing is settled then, and everything is checked here.
    """

    def __init__(self, run: Callable[[], Found]) -> None:
        """`run` checks, in the other process; what it has opened there it closes there."""
        fork = multiprocessing.get_context("fork")
        self._receive, send = fork.Pipe(duplex=False)
        self._process = fork.Process(target=_work, args=(run, send), daemon=True)
        self._process.start()
        send.close()
        self._found: Found | None = None

    def __enter__(self) -> Ahead:
        """Return the object itself."""
        return self

    def __exit__(self, *exc: object) -> None:
        """Close it."""
        self.close()

    def result(self, check_id: str) -> CheckResult | None:
        """Return how a check ended whose task passed as a whole; waits for the other process."""
        if self._found is None:
            try:
                self._found = self._receive.recv()
            except (EOFError, OSError):
                self._found = {}
        assert self._found is not None
        return self._found.get(check_id)

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.join()
        self._process.close()
        self._receive.close()


def _work(run: Callable[[], Found], send: multiprocessing.connection.Connection) -> None:
    """Send what is settled; nothing where something went wrong, which the first process will find by itself."""
    try:
        send.send(settled(run()))
    except BaseException:  # noqa: S110 -- an interrupt too: it is the first process that says so
        pass
    finally:
        send.close()
        os._exit(0)  # nothing that the first process has opened is closed twice
