"""What a worker does in tests in place of grading, in milliseconds: the words in a submission say how it ends.

`do` does the same as `jobs.do`, behind a grader process that is none. It is put in the place of `schedule.do`; workers import it by name.
"""

from __future__ import annotations

import os
import signal
from typing import Any
from unittest.mock import patch

from autograder.cohort import jobs
from autograder.cohort.counting import that_counts
from autograder.cohort.jobs import Ended, Job
from autograder.cohort.process import GraderDied
from autograder.cohort.settings import Settings
from autograder.errors import UsageError
from autograder.records import GradeRecord, Waiting
from autograder.report.files import write_reports

KILLS_WORKER, KILLS_GRADER, BREAKS, FULL, FAILS = "kills its worker", "kills its grader", "breaks", "no room", "fails"

LOG = "begun.txt"
"""Beside the class: the keys of what was begun, one after the other."""


class _Fake:
    """What `jobs.do` sees of a grader process."""

    def do(self, line: str, limit_seconds: float) -> dict[str, Any]:
        """Write a record, or end as the submission says."""
        job = Job.model_validate_json(line)
        words = job.path.read_text(encoding="utf-8")
        with (job.path.parents[1] / LOG).open("a", encoding="utf-8") as log:
            log.write(f"{job.key}\n")
        if KILLS_WORKER in words:
            os.kill(os.getpid(), signal.SIGKILL)
        if KILLS_GRADER in words:
            raise GraderDied("the grader process ended with signal SIGKILL")
        if FULL in words:
            return Ended(end="full", why="No space left on device").model_dump()
        if FAILS in words:
            return Ended(end="failed", why="a reason").model_dump()
        fields: dict[str, Any] = {"status": "graded", "score": f"{len(words)}.00", "max_score": "100.00"}
        fields["waiting"] = (Waiting(id="essay", title="Essay", max_points="5.00", what="An essay"),)
        if BREAKS in words:
            fields = {"status": "error", "waiting": (), "score": None, "max_score": None, "message": "a check broke"}
        record = GradeRecord(assignment="Tiny", submission=job.path.name, track="full", **fields)
        record = record.model_copy(update={"provenance": {"submission_sha256": words}, "timing": {"pid": os.getpid()}})
        try:
            write_reports(that_counts(record, job), job.finished)
        except UsageError as error:
            return Ended(end="refused", why=str(error)).model_dump()
        return Ended(end="finished").model_dump()


def do(job: Job, settings: Settings, engine: str, begun: int) -> Ended:
    """Do a job with the fake; what is written down about it is what `jobs.do` writes."""
    with patch.object(jobs, "_grader", lambda settings, engine: _Fake()):
        return jobs.do(job, settings, engine, begun)


def dies_before_it_begins(job: Job, settings: Settings, engine: str, begun: int) -> Ended:
    """Do a job as `do` does; the first three workers that are handed something die before they begin."""
    deaths = job.path.parents[1] / "deaths.txt"
    if not deaths.exists() or len(deaths.read_text()) < 3:
        with deaths.open("a", encoding="utf-8") as said:
            said.write("x")
        os.kill(os.getpid(), signal.SIGKILL)
    return do(job, settings, engine, begun)


def begins_twice(job: Job, settings: Settings, engine: str, begun: int) -> Ended:
    """Do a job as a scheduler with other settings lets it be done: once more, without asking, after its worker has died."""
    job.started.mkdir(parents=True, exist_ok=True)
    if not jobs.times_begun(job):
        (job.started / "by a worker that died").touch()
    return do(job, settings, engine, begun)
