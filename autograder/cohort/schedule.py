"""Jobs on the slots of a Dask cluster: a local one, or one that runs already.

Never more jobs are handed out than there are slots: when a worker dies, Dask suspects every job that was assigned to it, also those
that it had not begun. A job is to blame for a death only if it had begun; after two it runs once more, alone, and is given up if that
ends in the same way.
"""

from __future__ import annotations

import logging
import signal
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import dask
from distributed import Client, Future, KilledWorker, LocalCluster, wait

from autograder.cohort.jobs import Ended, Job, do, times_begun
from autograder.cohort.settings import Settings
from autograder.errors import HarnessFault, UsageError

DEATHS = 2
"""After so many a job is tried once more, alone."""
_CONNECT_SECONDS = 10.0
_LOOK_SECONDS = 1.0
_LOST_IN_A_ROW = 20
_GO_ON = "what was graded is kept, and the same command goes on from there"
_CONFIG = {
    "distributed.scheduler.allowed-failures": 0,
    "distributed.worker.profile.enabled": False,
    "distributed.comm.timeouts.connect": f"{_CONNECT_SECONDS:.0f}s",
}
_NO_PAGES = {"dashboard": False, "dashboard_address": "127.0.0.1:0"}
"""For a scheduler, which listens all the same: not to the network, and on a port that is free."""
_TALKATIVE = ("distributed", "distributed.client", "tornado", "tornado.application", "asyncio")
"""Loggers that print a traceback where a worker or the scheduler ends; what matters of it is said in a sentence."""


@dataclass(frozen=True)
class Standing:
    """How far a run is.

    Attributes:
        done, total: Jobs.
        running: Keys of those that are being graded.
        seconds_left: Estimated from what was done in this run; None before the first end.
    """

    done: int
    total: int
    running: tuple[str, ...]
    seconds_left: float | None


@contextmanager
def cluster(address: str, slots: int) -> Iterator[Client]:
    """Yield a client of the scheduler at `address`; where that is "", of a cluster on this machine with so many slots.

    Raises:
        UsageError: There is no scheduler.
        HarnessFault: The workers of this machine do not start.
    """
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    with dask.config.set(_CONFIG):
        if address:
            try:
                client = Client(address, timeout=_CONNECT_SECONDS)
            except (OSError, ValueError, TypeError) as error:
                raise UsageError(
                    f"--scheduler {address}: no scheduler answers there ({error}); start one with `dask scheduler`"
                ) from None
            with client:
                yield client
            return
        with (
            tempfile.TemporaryDirectory(prefix="autograder-dask-", ignore_cleanup_errors=True) as folder,
            _local(slots, folder) as local,
            Client(local) as client,
        ):
            yield client


def _local(slots: int, folder: str) -> LocalCluster:
    # Ctrl-C goes to all processes of a terminal, and is for the batch, which ends the workers: they, and those that take their
    # place later, have it blocked from the threads that start them, which have it from this one
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        return LocalCluster(
            n_workers=slots,
            threads_per_worker=1,
            memory_limit=None,  # it does not see the children, which have limits of their own
            scheduler_kwargs=_NO_PAGES,
            silence_logs=logging.CRITICAL,
            local_directory=folder,
        )
    except (OSError, RuntimeError) as error:
        raise HarnessFault(f"the workers did not start ({error}); run the same command again") from None
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@dataclass(frozen=True)
class _Running:
    """A job that was handed out, how often it had been begun before, and when it was handed out."""

    job: Job
    begun: int
    since: float


@dataclass
class Run:
    """One run over a list of jobs.

    Attributes:
        ended: Called when a job has ended: finished, refused, or given up (`died`).
        tell: Called about once a second.
        patience_seconds: How long a scheduler may be without workers.
    """

    client: Client
    settings: Settings
    engine: str
    ended: Callable[[Job, Ended], None]
    tell: Callable[[Standing], None]
    patience_seconds: float = 120.0
    _running: dict[Future, _Running] = field(default_factory=dict)
    _waiting: deque[Job] = field(default_factory=deque)
    _alone: deque[Job] = field(default_factory=deque)
    _tries: int = 0
    _lost: int = 0
    _seconds: list[float] = field(default_factory=list)
    _seen: float = field(default_factory=time.monotonic)

    def over(self, jobs: Sequence[Job]) -> None:
        """Do all jobs, in this order as far as slots are free.

        Raises:
            HarnessFault: No job can be done: no scheduler any more, no workers, no room on a disk, or a fault that concerns every job.
        """
        self._waiting.extend(jobs)
        done = 0
        try:
            while self._waiting or self._alone or self._running:
                slots = self._slots()
                while self._waiting and len(self._running) < slots:
                    self._start(self._waiting.popleft())
                if self._alone and slots and not self._running:
                    self._start(self._alone[0])
                if self._running:
                    done += sum(self._settle(future) for future in self._look())
                else:
                    time.sleep(_LOOK_SECONDS)
                self.tell(Standing(done, len(jobs), self._keys(), self._left(len(jobs) - done, slots)))
        finally:
            self.client.cancel(list(self._running))

    def _keys(self) -> tuple[str, ...]:
        return tuple(running.job.key for running in self._running.values())

    def _left(self, jobs: int, slots: int) -> float | None:
        return median(self._seconds) * jobs / max(slots, 1) if self._seconds else None

    def _slots(self) -> int:
        """Return how many jobs can run at once now."""
        try:
            slots = int(sum(self.client.nthreads().values()))
        except (OSError, ValueError, TimeoutError):
            raise HarnessFault(f"the scheduler has gone; {_GO_ON}") from None
        if slots:
            self._seen = time.monotonic()
        elif time.monotonic() - self._seen > self.patience_seconds:
            raise HarnessFault(
                f"the scheduler has had no worker for {self.patience_seconds:.0f} seconds; start workers; {_GO_ON}"
            )
        return slots

    def _start(self, job: Job) -> None:
        self._tries += 1
        key = f"{job.key}-{job.id[:12]}-{self._tries}"  # Dask would not do again what it believes to know
        begun = times_begun(job)
        future = self.client.submit(do, job, self.settings, self.engine, begun, key=key, pure=False)
        self._running[future] = _Running(job, begun, time.monotonic())

    def _look(self) -> list[Future]:
        """Return what has ended, after a second at most."""
        try:
            wait(list(self._running), timeout=_LOOK_SECONDS, return_when="FIRST_COMPLETED")
        except TimeoutError:
            return []
        return [future for future in self._running if future.done()]

    def _settle(self, future: Future) -> int:
        """Deal with the end of a job; return 1 if it was its last."""
        running = self._running.pop(future)
        job, ended = running.job, self._how(future)
        future.release()
        if ended is not None and ended.end in ("full", "failed"):
            raise HarnessFault(f"{ended.why}; make room: {_GO_ON}" if ended.end == "full" else ended.why)
        alone = bool(self._alone) and self._alone[0] is job
        if ended is None or ended.end == "died":
            if self._again(job, was_begun=times_begun(job) > running.begun, alone=alone):
                return 0
            ended = ended or Ended(end="died", why="the worker that graded it ended, each time")
        else:
            self._lost = 0
            self._seconds.append(time.monotonic() - running.since)
        if alone:
            self._alone.popleft()
        self.ended(job, ended)
        return 1

    def _again(self, job: Job, *, was_begun: bool, alone: bool) -> bool:
        """Whether a job whose worker or grader died is done again; puts it where it is taken from."""
        if not was_begun:  # somebody else's fault
            self._lost += 1
            if self._lost > _LOST_IN_A_ROW:
                raise HarnessFault(
                    f"{self._lost} workers were lost before they began with anything; look at their logs"
                )
        elif alone:
            return False
        if times_begun(job) < DEATHS:
            self._waiting.append(job)
        elif not alone:  # which stays the first of these
            self._alone.append(job)
        return True

    def _how(self, future: Future) -> Ended | None:
        """Return how a job ended; None where its worker did not survive, or was lost."""
        try:
            result: Any = future.result(timeout=_CONNECT_SECONDS)
        except KilledWorker:
            return None
        except ImportError as error:
            raise HarnessFault(f"a worker has no grader installed ({error})") from None
        except Exception as error:
            if future.cancelled():
                return None
            raise HarnessFault(f"a worker failed: {type(error).__name__}: {error}") from error
        return Ended.model_validate(result)
