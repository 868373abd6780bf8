"""The grader process of a batch: `python -m autograder.cohort.grader SETTINGS ENGINE`, a job per line in, an answer per line out.

It loads the assignment and starts the sandbox's zygote once, and grades one submission after the other behind them. When its input closes,
it ends at once, with what it started.
"""

from __future__ import annotations

import gc
import json
import os
import queue
import shutil
import signal
import sys
import threading
import traceback
import uuid
from pathlib import Path
from typing import Any

from autograder.assignment.digests import engine_digest
from autograder.assignment.loading import Assignment
from autograder.cohort.counting import that_counts
from autograder.cohort.jobs import Ended, Job, is_full
from autograder.cohort.settings import Settings
from autograder.errors import AutograderError, SubmissionRejected
from autograder.grading.garbage import collect_rarely
from autograder.grading.options import GradeOptions, device_of
from autograder.grading.record import error_record, rejected_record
from autograder.grading.results import manual_in, read_record
from autograder.grading.run import grade_submission, open_backend, wanted_files
from autograder.intake import take_in
from autograder.records import RESULT, GradeRecord
from autograder.report.files import write_reports


class Grader:
    """Grades submissions one after the other, behind one backend."""

    def __init__(self, settings: Settings) -> None:
        """Load the assignment, and start what isolates.

        Raises:
            UsageError: The assignment or a setting is unusable.
            SandboxUnavailable: Nothing can be isolated here.
        """
        self._settings = settings
        self._assignment = Assignment(settings.assignment)
        self._late = self._assignment.rubric.for_track(settings.track).late
        self._backend: Any = open_backend(settings.sandbox, device_of(settings.device), settings.data_root)

    def do(self, job: Job) -> None:
        """Grade one submission: when this returns, the folder `job.finished` holds its record and pages."""
        manual_in(job.published)  # before the work of grading: what cannot be read stops it
        record = that_counts(self._graded(job), job, self._late)
        half = job.finished.with_name(f"{job.finished.name}.{uuid.uuid4().hex}")
        try:
            write_reports(record, half)
            try:
                os.replace(half, job.finished)
            except OSError:
                if not (job.finished / RESULT).exists():  # another worker, which was believed dead, came first
                    raise
        finally:
            shutil.rmtree(half, ignore_errors=True)

    def _graded(self, job: Job) -> GradeRecord:
        """Return the record; whatever breaks is our fault, and the submission's record says so."""
        earlier = job.published / RESULT
        options = GradeOptions(
            track=self._settings.track,
            device=self._settings.device,
            jobs_per_gpu=self._settings.jobs_per_gpu,
            data=self._settings.data,
            data_root=self._settings.data_root,
            tasks=self._settings.tasks,
            training=self._settings.training,
            sandbox=self._settings.sandbox,
            earlier=read_record(earlier) if earlier.exists() else None,
        )
        rubric = options.applied_to(self._assignment.rubric)
        try:
            try:
                submission = take_in(job.path, wanted=wanted_files(rubric))
            except SubmissionRejected as rejection:
                return rejected_record(job.path, options, str(rejection), rubric.title)
            return grade_submission(submission, self._assignment, options, self._backend)
        except AutograderError as error:
            return error_record(job.path, options, error)
        except OSError as error:
            if is_full(error):
                raise
            return _broken(job.path, options, error)
        except Exception as error:
            return _broken(job.path, options, error)

    def close(self) -> None:
        """End what isolates."""
        self._backend.close()


def _broken(path: Path, options: GradeOptions, error: Exception) -> GradeRecord:
    traceback.print_exc()
    return error_record(path, options, error)


def _listen(lines: queue.Queue[str], end: list[Grader]) -> None:
    """Hand on what comes in; when nothing can come any more, end everything, whatever is being done."""
    for line in sys.stdin:
        lines.put(line)
    threading.Timer(_CLOSE_SECONDS, _end).start()
    for grader in end:
        grader.close()
    _end()


_CLOSE_SECONDS = 10.0


def _end() -> None:
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(0)


def main() -> None:
    """Answer until the input closes."""
    collect_rarely()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})  # blocked in a worker, and no business of a submission
    settings, engine = Settings.model_validate_json(sys.argv[1]), sys.argv[2]
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what anything prints is no answer
    lines: queue.Queue[str] = queue.Queue()
    graders: list[Grader] = []
    threading.Thread(target=_listen, args=(lines, graders), daemon=True).start()
    while True:
        line = lines.get()
        ended = _answer(Job.model_validate(json.loads(line)), settings, engine, graders)
        print(ended.model_dump_json(), file=answers, flush=True)
        gc.collect()


def _answer(job: Job, settings: Settings, engine: str, graders: list[Grader]) -> Ended:
    try:
        if not graders:
            if engine_digest() != engine:
                why = f"{os.uname().nodename} has another version of the grader; install the same one there"
                return Ended(end="failed", why=why)
            graders.append(Grader(settings))
    except AutograderError as error:
        return Ended(end="failed", why=str(error))
    try:
        graders[0].do(job)
    except AutograderError as error:
        return Ended(end="refused", why=str(error))
    except OSError as error:
        return Ended(end="full" if is_full(error) else "refused", why=str(error))
    return Ended(end="finished")


if __name__ == "__main__":
    main()
