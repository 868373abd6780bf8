"""Grading one submission: the order in which the parts do their work, and the record that comes out.

`grade` is the only function that knows all parts.
"""

from __future__ import annotations

import hashlib
import importlib
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

from autograder.assignment.callgraph import call_graph
from autograder.assignment.contract import Contract, load_contract
from autograder.assignment.rubric import Rubric, TaskRule, load_rubric, points_text, require_checks
from autograder.errors import AutograderError, SubmissionRejected, UsageError
from autograder.grading.provenance import digest_of, versions
from autograder.grading.scoring import flags_of, score_task
from autograder.records import Flag, GradeRecord, Note, Outcome, Submission, TrainingRecord
from autograder.sandbox.limits import Limits

SandboxChoice = Literal["auto", "bubblewrap", "uid", "none"]
DeviceChoice = Literal["auto", "cpu", "cuda"]


@dataclass(frozen=True)
class GradeOptions:
    """How to grade; the command line's options.

    Attributes:
        assignment: Folder with `rubric.yaml`, `reference/`, `student_template/` and `tests/{public,hidden}`.
        tasks: Ids to grade; all of the track when empty.
        training: Whether models are trained.
        progress: Called with (done, all, title of the check) while checks run.
    """

    assignment: Path
    track: str = "full"
    device: DeviceChoice = "auto"
    data: Literal["auto", "mnist", "digits"] = "auto"
    data_root: Path | None = None
    tasks: tuple[str, ...] = ()
    training: bool = True
    sandbox: SandboxChoice = "auto"
    progress: Callable[[int, int, str], None] | None = None


@dataclass
class _Session:
    """What one grading has gathered so far."""

    options: GradeOptions
    rubric: Rubric
    contract: Contract
    tasks: list[TaskRule]
    submission: Submission
    device: Literal["cpu", "cuda"]
    training: list[TrainingRecord] = field(default_factory=list)
    loading_flags: list[str] = field(default_factory=list)
    diagnosis_faults: list[str] = field(default_factory=list)
    provenance: dict[str, Any] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)


def grade(path: Path, options: GradeOptions) -> GradeRecord:
    """Grade the submission at `path`; returns a record with status `graded`, `rejected` or `error`.

    Raises:
        UsageError: The rubric or an argument is unusable.
        SandboxUnavailable: Nothing was run because nothing could be isolated.
    """
    started = time.monotonic()
    rubric = load_rubric(options.assignment / "rubric.yaml")
    tasks = _tasks(rubric, options)
    contract = _contract(rubric, options)
    device = _device(options.device)
    backend = open_backend(options.sandbox, device)  # loads torch in the background while the submission is read
    try:
        from autograder.intake import take_in

        try:
            submission = take_in(path)
        except SubmissionRejected as rejection:
            return _rejected(path, options, rubric, str(rejection))
        session = _Session(options, rubric, contract, tasks, submission, device)
        session.seconds["intake"] = time.monotonic() - started
        return _run(session, backend, started)
    finally:
        backend.close()


def grade_submission(
    submission: Submission, options: GradeOptions, backend: Any, rubric: Rubric | None = None
) -> GradeRecord:
    """Grade a submission that was taken in already, behind a backend that is open and stays open.

    Args:
        submission: What intake made of it.
        options: How to grade; `sandbox` is not looked at.
        backend: See `open_backend`. One backend serves any number of submissions, one after the other.
        rubric: Used in place of the assignment's `rubric.yaml`, for instance with smaller budgets.
    """
    started = time.monotonic()
    rubric = rubric or load_rubric(options.assignment / "rubric.yaml")
    tasks, contract, device = _tasks(rubric, options), _contract(rubric, options), _device(options.device)
    return _run(_Session(options, rubric, contract, tasks, submission, device), backend, started)


def _contract(rubric: Rubric, options: GradeOptions) -> Contract:
    return load_contract(options.assignment / "reference", [task.id for task in rubric.tasks])


def _tasks(rubric: Rubric, options: GradeOptions) -> list[TaskRule]:
    if options.track not in rubric.tracks:
        raise UsageError(f"there is no track {options.track!r}; rubric.yaml has: {', '.join(rubric.tracks)}")
    chosen = list(rubric.tracks[options.track].tasks)
    if options.tasks:
        if unknown := [task for task in options.tasks if task not in chosen]:
            raise UsageError(f"track {options.track!r} has no task {unknown[0]!r}; it has: {', '.join(chosen)}")
        chosen = [task for task in chosen if task in options.tasks]
    tasks = [rubric.task(task) for task in chosen]
    if not options.training:
        tasks = [task for task in tasks if task.kind != "training"]
    if not tasks:
        raise UsageError("no task is left to grade")
    return tasks


def _device(choice: DeviceChoice) -> Literal["cpu", "cuda"]:
    if choice == "cpu" or (choice == "auto" and not any(Path("/dev").glob("nvidia[0-9]*"))):
        return "cpu"  # without importing torch, which takes seconds
    import torch

    if torch.cuda.is_available():
        return "cuda"
    if choice == "cuda":
        raise UsageError("--device cuda: torch sees no GPU on this machine; use --device cpu or auto")
    return "cpu"


def limits_on(device: Literal["cpu", "cuda"], rubric: Rubric) -> tuple[Limits, Limits]:
    """Return the limits of the worker that answers for functions, and of the one that trains.

    Functions are asked on the CPU on every machine: there no verdict on them can depend on whether the grader has a GPU.
    """
    on_cpu = rubric.budgets.model_copy(update={"device": "cpu"})
    return on_cpu, rubric.training_budgets.model_copy(update={"device": device})


def open_backend(choice: SandboxChoice, device: str = "cpu") -> Any:
    """Start the isolation that `choice` asks for. Call it from the main thread.

    Raises:
        SandboxUnavailable: It cannot be had; says what to install.
    """
    from autograder.sandbox.choice import open_sandbox

    return open_sandbox(choice, device)


# -------------------------------------------------------------------------------------------------------- one run


def _run(session: _Session, backend: Any, started: float) -> GradeRecord:
    # scipy takes a second to import: here it does so while the zygote loads torch
    importlib.import_module("autograder.checking.statistics")
    from autograder.checking.oracle import load_mistakes, load_oracle
    from autograder.checking.plugin import ChecksPlugin, Context, run_checks
    from autograder.diagnosis.carry import Retrial
    from autograder.diagnosis.naming import Diagnostician
    from autograder.sandbox.proxy import Sandbox

    options, rubric = session.options, session.rubric
    names = session.contract.modules
    oracle = load_oracle(options.assignment, session.contract)
    order = [f"{task.id}.{check.name}" for task in session.tasks for check in task.checks]
    secret = f"{session.submission.sha256}/{digest_of(options.assignment)}"
    function_limits, training_limits = limits_on(session.device, rubric)
    with (
        Sandbox(backend, session.submission, names, function_limits) as asked,
        Sandbox(backend, session.submission, names, training_limits) as trainer,
    ):
        before = time.monotonic()
        report = asked.load()
        session.seconds["sandbox_and_loading"] = time.monotonic() - before
        runs = _training_runs(session, trainer, secret)
        seed = int(hashlib.sha256(secret.encode()).hexdigest()[:8], 16)
        diagnostician = Diagnostician(load_mistakes(options.assignment), session.contract, seed)
        context = Context(asked, report, session.contract, oracle, runs, diagnostician, seed)
        plugin = ChecksPlugin(
            context,
            order,
            progress=_reporter(options.progress, len(order)),
            on_collected=lambda found: require_checks(rubric, options.assignment / "rubric.yaml", found),
            on_finished=lambda results: _carry(session, results, Retrial(context, asked, oracle, secret)),
        )
        before = time.monotonic()
        tests = options.assignment / "tests"
        with _one_thread():
            run_checks([tests / "public", tests / "hidden"], plugin, seed=seed)
        session.seconds["checks"] = time.monotonic() - before
        session.training = [record for run in runs.values() if (record := run.record()) is not None]
        restarts = asked.restarts + trainer.restarts
        session.loading_flags = list(dict.fromkeys([*asked.flags, *trainer.flags]))
        session.diagnosis_faults = plugin.diagnosis_faults
    session.provenance = _provenance(session, backend, seed)
    notes = [*session.submission.notes, *_loading_notes(report, session.contract)]
    session.seconds["total"] = time.monotonic() - started
    return _graded(session, plugin.results, report, notes, restarts, backend)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Let the reference add up numbers in one order, whatever the machine: a record holds their last digits."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _carry(session: _Session, results: Mapping[str, Any], ask: Any) -> None:
    """Find out which failures come from another task's function."""
    from autograder.diagnosis.carry import collaborators_of, settle

    before = time.monotonic()
    graph = call_graph(session.options.assignment / "reference", session.contract.modules)
    settle(results, collaborators_of(session.rubric.tasks, graph), ask)
    session.seconds["carry"] = time.monotonic() - before


def _training_runs(session: _Session, trainer: Any, secret: str) -> dict[str, Any]:
    wanted = [task for task in session.tasks if task.kind == "training"]
    if not wanted:
        return {}
    from autograder.training.classifier import ClassifierRun
    from autograder.training.data import load_digits

    data = load_digits(session.options.data, session.options.data_root)
    runs = {}
    for task in wanted:
        rules = session.rubric.training[task.id]
        if data.name not in rules:
            raise UsageError(f"rubric.yaml has no training budget of {task.id} for the data set {data.name!r}")
        runs[task.id] = ClassifierRun(trainer, task.id, data, rules[data.name], secret, session.device)
    return runs


def _reporter(progress: Callable[[int, int, str], None] | None, total: int) -> Callable[[Any], None] | None:
    if progress is None:
        return None
    done = 0

    def report(result: Any) -> None:
        nonlocal done
        done += 1
        progress(done, total, result.id)

    return report


def _loading_notes(report: Any, contract: Contract) -> list[Note]:
    notes = []
    for path, (why, _) in report.failures.items():
        message = f"{path} stopped while it was loaded ({why}). From there on only imports, functions, classes and constants were defined."
        notes.append(Note(code="module-failed", message=message, path=path))
    for path in report.cut_short:
        message = f"{path}: its top-level statements took too long and were stopped; functions, classes and constants were still defined."
        notes.append(Note(code="module-cut-short", message=message, path=path))
    for path, why in report.excluded.items():
        notes.append(Note(code="module-excluded", message=f"{path} could not be loaded: {why}", path=path))
    for name, found in report.found.items():
        if found.also_in:
            message = f"`{name}` is defined in {found.path} (this one was graded) and in {', '.join(found.also_in)}."
            notes.append(Note(code="defined-twice", message=message, path=found.path))
    return notes


# ------------------------------------------------------------------------------------------------------ the record


def _graded(
    session: _Session, results: Mapping[str, Any], report: Any, notes: list[Note], restarts: int, backend: Any
) -> GradeRecord:
    records, earned = [], Fraction(0)
    for task in session.tasks:
        record, points = score_task(task, results, session.contract, report, session.rubric.carried_share)
        records.append(record)
        earned += points
    broken = [check for task in records for check in task.checks if check.outcome is Outcome.ERROR]
    possible = sum((Fraction(task.points) for task in session.tasks), Fraction(0))
    seconds = {check_id: round(result.seconds, 4) for check_id, result in results.items()}
    message = ""
    if broken:
        message = f"{len(broken)} checks broke through a fault of the grader ({broken[0].id}); no grade is issued until they ran."
    return GradeRecord(
        status="error" if broken else "graded",
        assignment=session.rubric.title,
        submission=session.submission.name,
        track=session.options.track,
        score=None if broken else points_text(earned),
        max_score=None if broken else points_text(possible),
        carry=session.rubric.carry,
        message=message,
        tasks=tuple(records),
        training=tuple(session.training),
        notes=tuple(notes),
        flags=(
            *flags_of(results, session.loading_flags, isolated=backend.describe()["isolated"]),
            *(Flag(code="our-fault", message=text) for text in session.diagnosis_faults),
        ),
        provenance=session.provenance,
        timing={
            "stages_seconds": {name: round(value, 3) for name, value in session.seconds.items()},
            "checks_seconds": seconds,
            "sandbox_restarts": restarts,
        },
    )


def _provenance(session: _Session, backend: Any, seed: int) -> dict[str, Any]:
    return {
        "submission_sha256": session.submission.sha256,
        "assignment_sha256": digest_of(session.options.assignment),
        "seed": seed,
        "device": session.device,
        "dataset": session.training[0].dataset if session.training else None,
        "versions": versions(),
        "sandbox": backend.describe(),
        "limits": {
            "functions": session.rubric.budgets.model_dump(),
            "training": session.rubric.training_budgets.model_dump(),
        },
    }


def _rejected(path: Path, options: GradeOptions, rubric: Rubric, message: str) -> GradeRecord:
    from autograder.intake import printable

    return GradeRecord(
        status="rejected",
        assignment=rubric.title,
        submission=printable(path.name),
        track=options.track,
        score=None,
        max_score=None,
        message=message,
    )


def error_record(path: Path, options: GradeOptions, error: BaseException) -> GradeRecord:
    """Return the record of a grading that broke through a fault of ours: status `error`, no score."""
    from autograder.intake import printable

    kind = "" if isinstance(error, AutograderError) else f"{type(error).__name__}: "
    return GradeRecord(
        status="error",
        assignment="",
        submission=printable(path.name),
        track=options.track,
        score=None,
        max_score=None,
        message=f"{kind}{error}",
        flags=(Flag(code="our-fault", message=f"{kind}{error}"),),
    )


__all__ = ["GradeOptions", "error_record", "grade", "grade_submission", "open_backend"]
