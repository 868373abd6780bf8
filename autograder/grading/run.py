"""Grading one submission: the order in which the parts do their work.

`grade` is the only function that knows all parts: intake, sandbox, checks, diagnosis, carrying, training, and the record.
"""

from __future__ import annotations

import hashlib
import itertools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograder.assignment.kinds import KINDS
from autograder.assignment.loading import Assignment
from autograder.assignment.rubric import Rubric
from autograder.errors import SubmissionRejected, UsageError
from autograder.grading.options import Device, GradeOptions, SandboxChoice, device_of, gpu_name, limits_on
from autograder.grading.record import Graded, graded_record, rejected_record
from autograder.records import Behaviour, Drawing, Flag, GradeRecord, Submission

if TYPE_CHECKING:  # pytest, Hypothesis and torch, which a rejected submission does not need
    from autograder.checking.results import CheckResult
    from autograder.diagnosis.follow import Following
    from autograder.grading.ahead import Shares
    from autograder.sandbox.proxy import Sandbox
    from autograder.sandbox.questions import LoadReport


@dataclass
class _Session:
    """What one grading works with, and the seconds of its stages."""

    options: GradeOptions
    assignment: Assignment
    rubric: Rubric
    submission: Submission
    device: Device
    backend: Any
    started: float
    seconds: dict[str, float] = field(default_factory=dict)

    def secret(self, task: str) -> str:
        """Return what fixes everything that is drawn for a task: the submission, and what the task is made of."""
        return f"{self.submission.sha256}/{self.assignment.digests[task]}"

    def seeds(self) -> dict[str, int]:
        """Return the seed of every task's questions."""
        return {t.id: int(hashlib.sha256(self.secret(t.id).encode()).hexdigest()[:8], 16) for t in self.rubric.tasks}

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Count the seconds of a stage."""
        before = time.monotonic()
        try:
            yield
        finally:
            self.seconds[stage] = self.seconds.get(stage, 0.0) + time.monotonic() - before


def grade(path: Path, assignment: Assignment, options: GradeOptions) -> GradeRecord:
    """Grade the submission at `path`; returns a record with status `graded`, `rejected` or `error`.

    Raises:
        UsageError: The assignment or an argument is unusable.
        SandboxUnavailable: Nothing was run because nothing could be isolated.
    """
    started = time.monotonic()
    rubric = options.applied_to(assignment.rubric)
    device = device_of(options.device)
    backend = open_backend(
        options.sandbox, device, options.data_root
    )  # loads torch in the background while the submission is read
    try:
        from autograder.intake import take_in

        try:
            submission = take_in(path, wanted=wanted_files(rubric))
        except SubmissionRejected as rejection:
            return rejected_record(path, options, str(rejection), rubric.title)
        session = _Session(options, assignment, rubric, submission, device, backend, started)
        session.seconds["intake"] = time.monotonic() - started
        return _run(session)
    finally:
        backend.close()


def grade_submission(
    submission: Submission, assignment: Assignment, options: GradeOptions, backend: Any, rubric: Rubric | None = None
) -> GradeRecord:
    """Grade a submission that was taken in already, behind a backend that is open and stays open.

    Args:
        submission: What intake made of it.
        assignment: What it is graded against.
        options: How to grade; `sandbox` is not looked at.
        backend: See `open_backend`. One backend serves any number of submissions, one after the other.
        rubric: Used in place of the assignment's, for instance with smaller budgets.
    """
    started = time.monotonic()
    plain = options.applied_to(rubric or assignment.rubric)
    return _run(_Session(options, assignment, plain, submission, device_of(options.device), backend, started))


def wanted_files(rubric: Rubric) -> tuple[str, ...]:
    """Return patterns of files that count as work beside Python."""
    of_tasks = [pattern for task in rubric.tasks for pattern in KINDS[task.kind].files(task)]
    return tuple(dict.fromkeys([*of_tasks, *(wanted.file for wanted in rubric.deliverables)]))


def open_backend(choice: SandboxChoice, device: str = "cpu", data_root: Path | None = None) -> Any:
    """Start the isolation that `choice` asks for. Call it from the main thread.

    What models are trained on, with its labels, is not seen in there: also where it lies in `data_root`.

    Raises:
        SandboxUnavailable: It cannot be had; says what to install.
    """
    from autograder.sandbox.choice import open_sandbox
    from autograder.training.data import places

    return open_sandbox(choice, device, places(data_root))


# -------------------------------------------------------------------------------------------------------- one run


def _run(session: _Session) -> GradeRecord:
    from autograder.grading.drawings import handed_in
    from autograder.grading.files import judged, work_of
    from autograder.grading.rules import look_at
    from autograder.sandbox.apart import Apart
    from autograder.sandbox.proxy import Sandbox
    from autograder.sandbox.turns import Turn

    rubric, assignment = session.rubric, session.assignment
    names = assignment.names(rubric)
    function_limits, training_limits = limits_on(session.device, rubric)
    turn = None if session.device == "cpu" else Turn(gpu_name(), session.options.jobs_per_gpu)
    with (
        Sandbox(session.backend, session.submission, names, function_limits) as asked,
        Apart(Sandbox(session.backend, session.submission, names, training_limits), turn) as trainer,
    ):
        with session.timed("sandbox_and_loading"), ThreadPoolExecutor(1) as meanwhile:
            loading = meanwhile.submit(asked.load)
            _prepare(assignment)
            report = loading.result()
        runs = _training_runs(session, trainer)
        results, remarks = _checked(session, asked, runs)
        drawings, faults = _drawn(session, asked, report, runs)
        behaviours, unsaid = _behaviours(session, asked, report, results)
        trainer.close()
        trained = [record for run in runs.values() if (record := run.record()) is not None]
        restarts = asked.restarts + trainer.restarts
        flags = list(dict.fromkeys([*asked.flags, *trainer.flags]))
    if turn is not None:
        session.seconds["waiting_for_gpu"] = turn.waited
    with session.timed("files"):
        work = work_of(session.submission, assignment, rubric, session.backend)
        results |= judged(rubric.tasks, work)
        findings = look_at(session.submission, rubric, work)
    with session.timed("pictures"):
        pictures, unread = handed_in(session.submission, session.backend, rubric.budgets)
    session.seconds["total"] = time.monotonic() - session.started
    return graded_record(
        Graded(
            options=session.options,
            assignment=assignment,
            rubric=rubric,
            submission=session.submission,
            report=report,
            results=results,
            behaviours=behaviours,
            training=trained,
            drawings=drawings,
            pictures=pictures,
            datasets=tuple(dict.fromkeys(run.data.name for run in runs.values())),
            findings=findings,
            loading_flags=flags,
            remarks=(*remarks, *unsaid, *faults, *unread),
            sandbox=session.backend.describe(),
            device=session.device,
            work=work,
            seconds=session.seconds,
            restarts=restarts,
        )
    )


def _behaviours(
    session: _Session, asked: Sandbox, report: LoadReport, results: Mapping[str, CheckResult]
) -> tuple[dict[str, Behaviour], tuple[Flag, ...]]:
    """Ask what failed without a written mistake about the probes of the class; return that, and what staff should know."""
    from autograder.checking.session import one_thread
    from autograder.diagnosis.behaving import behaviours

    with session.timed("behaviour"), one_thread():
        return behaviours(session.assignment, session.rubric.tasks, results, asked, report)


def _drawn(
    session: _Session, asked: Sandbox, report: LoadReport, runs: Mapping[str, Any]
) -> tuple[tuple[Drawing, ...], tuple[Flag, ...]]:
    """Draw for work that a person grades; return the pictures, and what staff should know."""
    from autograder.checking.session import one_thread
    from autograder.grading.drawings import drawn
    from autograder.training.data import load_images

    assignment, options = session.assignment, session.options
    tasks = assignment.figures(session.rubric)
    if not tasks:
        return (), ()
    with session.timed("drawings"), one_thread():
        return drawn(
            assignment.code,
            tasks,
            assignment.contract,
            asked,
            report,
            runs,
            lambda: load_images(options.data, options.data_root),
            session.seeds(),
        )


def _prepare(assignment: Assignment) -> None:
    """Import and work out what the checks need, for a second or two, in which the sandbox starts and the submission is loaded."""
    import autograder.checking.plugin
    import autograder.checking.statistics
    import autograder.diagnosis.retrial  # noqa: F401

    _ = assignment.objects, assignment.digests


def _checked(
    session: _Session, asked: Sandbox, runs: Mapping[str, Any]
) -> tuple[dict[str, CheckResult], Sequence[Flag]]:
    """Run the checks that ask; return how they ended by id, and what staff should know of the diagnosis."""
    from autograder.checking.oracle import Oracle
    from autograder.checking.plugin import ChecksPlugin
    from autograder.checking.repeats import Repeats
    from autograder.checking.results import Context
    from autograder.checking.session import one_thread, run_checks
    from autograder.diagnosis.carry import collaborators_of
    from autograder.diagnosis.follow import Following
    from autograder.diagnosis.naming import Diagnostician
    from autograder.diagnosis.priced import require_prices
    from autograder.diagnosis.retrial import Retrial
    from autograder.grading.ahead import task_of

    assignment = session.assignment
    require_prices(assignment)
    kept = _kept(session)
    order = [f"{t.id}.{c.name}" for t in session.rubric.tasks if KINDS[t.kind].asked for c in t.checks]
    order = [check_id for check_id in order if check_id not in kept]
    if not order:
        return kept, ()
    alone = {*runs, *(task.id for task in session.rubric.tasks if not KINDS[task.kind].asked_by_name)}
    shared = [check_id for check_id in order if task_of(check_id) not in alone]
    assert asked.report is not None
    oracle = Oracle(assignment.objects, assignment.contract)
    built_from = collaborators_of(session.rubric.tasks, assignment.graph)
    following = Following(Diagnostician(assignment), in_two_steps=True, built_from=built_from)
    context = Context(
        asked, asked.report, assignment.contract, oracle, dict(runs), follower=following, seeds=session.seeds()
    )
    context.repeats = repeats = Repeats()
    retrial = Retrial(context, asked, oracle, session.secret, following)

    def finished(found: Mapping[str, CheckResult]) -> None:
        with session.timed("repeats"):
            repeats.settle(context, found, lambda: asked.fresh(None))
        _carry(session, kept | dict(found), built_from, retrial)
        following.finish(context, found)

    with session.timed("checks"), one_thread(), _ahead(session, asked, shared) as ahead:
        plugin = ChecksPlugin(
            assignment.code,
            context,
            order if ahead is None else [*(check_id for check_id in order if check_id not in shared), *shared],
            assignment.check_names,
            progress=_reporter(session.options.progress, len(order)),
            on_collected=assignment.require_checks,
            on_finished=finished,
            known=ahead or (lambda check_id: None),
        )
        run_checks(assignment.code, plugin)
    session.seconds["naming"] = following.seconds
    return kept | plugin.results, _remarks(following)


@contextmanager
def _ahead(
    session: _Session, asked: Sandbox, checks: Sequence[str]
) -> Iterator[Callable[[str], CheckResult | None] | None]:
    """Let another process go ahead with some checks; yields how a check ended there, if that is settled. None where nobody does."""
    from autograder.grading.ahead import Ahead, Shares, task_of

    if session.options.processes == 1 or not session.backend.shared or not checks or asked.flags:
        yield None
        return
    shares = Shares([task_of(check_id) for check_id in checks])

    def found(check_id: str) -> CheckResult | None:
        return None if shares.take(task_of(check_id), ahead=False) else ahead.result(check_id)

    with Ahead(partial(_checked_ahead, session, asked, checks, shares)) as ahead:
        yield found


def _checked_ahead(
    session: _Session, asked: Sandbox, checks: Sequence[str], shares: Shares
) -> Mapping[str, CheckResult]:
    """Run checks in workers of their own, without looking closer at what fails; nothing where a worker died or is to be flagged."""
    from autograder.checking.oracle import Oracle
    from autograder.checking.plugin import ChecksPlugin
    from autograder.checking.repeats import Repeats
    from autograder.checking.results import Context
    from autograder.checking.session import run_checks
    from autograder.grading.ahead import last_task_first, left, task_of

    assignment = session.assignment
    assert asked.report is not None
    with asked.fresh(None) as other:
        oracle = Oracle(assignment.objects, assignment.contract)
        context = Context(other, asked.report, assignment.contract, oracle, seeds=session.seeds())
        context.repeats = repeats = Repeats()
        plugin = ChecksPlugin(
            assignment.code,
            context,
            last_task_first(checks),
            assignment.check_names,
            on_finished=lambda found: repeats.settle(context, found, lambda: other.fresh(None)),
            known=lambda check_id: None if shares.take(task_of(check_id), ahead=True) else left(check_id),
        )
        run_checks(assignment.code, plugin)
        return {} if other.flags or other.restarts else plugin.results


def _remarks(following: Following) -> list[Flag]:
    """Return what staff should know about the diagnosis."""
    flags = [Flag(code="our-fault", message=text) for text in following.faults]
    if tasks := following.undiagnosed:
        message = (
            f"No names were looked for in {', '.join(tasks)}: so much else is wrong that the effort for it was spent."
        )
        flags.append(Flag(code="undiagnosed", message=message))
    return flags


def _kept(session: _Session) -> dict[str, CheckResult]:
    """Return the results of an earlier grading that still hold."""
    from autograder.grading.stored import still_holding

    if session.options.earlier is None:
        return {}
    return still_holding(session.options.earlier, session.assignment, session.rubric, session.submission)


def _carry(session: _Session, results: Mapping[str, Any], built_from: Mapping[str, Sequence[str]], ask: Any) -> None:
    """Find out which failures come from another task's function."""
    from autograder.diagnosis.carry import settle

    with session.timed("carry"), ask:
        settle(results, built_from, ask, ask.name, ask.own)


def _training_runs(session: _Session, trainer: Any) -> dict[str, Any]:
    wanted = [task for task in session.rubric.tasks if KINDS[task.kind].budget == "training_budgets"]
    if not wanted:
        return {}
    from autograder.training import measure_named

    runs = {}
    for task in wanted:
        measure = measure_named(task.measure)
        data = measure.load(session.options.data, session.options.data_root)
        rules = session.rubric.training[task.id]
        if data.name not in rules:
            raise UsageError(f"rubric.yaml has no training budget of {task.id} for the data set {data.name!r}")
        runs[task.id] = measure(trainer, task.id, data, rules[data.name], session.secret(task.id), session.device)
    return runs


def _reporter(progress: Callable[[int, int, str], None] | None, total: int) -> Callable[[Any], None] | None:
    if progress is None:
        return None
    done = itertools.count(1)
    return lambda result: progress(next(done), total, result.id)


__all__ = ["GradeOptions", "grade", "grade_submission", "open_backend", "wanted_files"]
