"""One submission of a class as a job: what a worker is told, what comes back, and how it is done there.

A worker is a process of Dask, on this machine or another one that sees the same folders. It runs no code of a submission and grades
nothing: it keeps one long-lived grader process per thread, and tells it what to do. What comes back is a few words; the record and the
pages lie in a folder that appears whole or not at all.
"""

from __future__ import annotations

import errno
import threading
import uuid
from pathlib import Path
from typing import Literal

from autograder.cohort.process import GraderDied, GraderProcess
from autograder.cohort.settings import Settings
from autograder.records import About, Record

End = Literal["finished", "died", "full", "refused", "failed"]


class Job(Record):
    """One submission to grade.

    Attributes:
        id: A digest of everything that the grade depends on: the same job is never done twice.
        key: Whose it is: the name of the folder of reports.
        path: What was handed in.
        published: The folder of its reports, with the record before this one, if there is one.
        finished: The folder that holds the result when the job has ended; not there before.
        started: The folder in which a file appears when somebody starts with the job.
    """

    id: str
    key: str
    path: Path
    about: About
    published: Path
    finished: Path
    started: Path


class Ended(Record):
    """How a job ended.

    Attributes:
        end: `finished`: the folder is there. `died`: the grader process did not survive it, or was given up after `limit_seconds`.
            `full`: there is no room on the disk. `refused`: it cannot be done, for a reason of its own. `failed`: for a reason that
            concerns every job.
        why: A sentence for staff.
    """

    end: End
    why: str = ""


_own = threading.local()


def times_begun(job: Job) -> int:
    """Return how often somebody has started with a job in this run of a batch."""
    return len(list(job.started.glob("*")))


def do(job: Job, settings: Settings, engine: str, begun: int) -> Ended:
    """Do a job in this thread's grader process; called on a worker.

    Args:
        job: What to grade.
        settings: How.
        engine: The digest of the grader that asks: a worker with another one would give other grades.
        begun: How often it had been begun when it was handed out. Where that is more by now, its worker has died and a scheduler with
            settings of its own hands it on; who is to blame for that is not its to decide.
    """
    try:
        if times_begun(job) > begun:
            return Ended(end="died", why="the worker that had begun with it ended")
        job.started.mkdir(parents=True, exist_ok=True)
        (job.started / uuid.uuid4().hex).touch()
        return Ended.model_validate(_grader(settings, engine).do(job.model_dump_json(), settings.limit_seconds))
    except GraderDied as died:
        return Ended(end="died", why=str(died))
    except OSError as error:
        return Ended(end="full" if is_full(error) else "failed", why=str(error))


def _grader(settings: Settings, engine: str) -> GraderProcess:
    """Return the grader of this thread: one that lives and was started with the same settings, else a new one."""
    known: GraderProcess | None = getattr(_own, "grader", None)
    told = (settings.model_dump_json(), engine)
    if known is None or known.told != told or not known.lives():
        if known is not None:
            known.close()
        _own.grader = known = GraderProcess(told)
    return known


def is_full(error: OSError) -> bool:
    """Whether an error says that there is no room for a file."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)
