"""From what a grading gathered to the record that leaves it. Pure, but for the versions that it looks up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograder.assignment.kinds import KINDS, Work
from autograder.assignment.loading import Assignment
from autograder.assignment.rubric import Rubric, TaskRule, points_text
from autograder.errors import AutograderError
from autograder.grading.code import code_of
from autograder.grading.options import Device, GradeOptions
from autograder.grading.provenance import digest_of, provenance_of
from autograder.grading.scoring import flags_of, score_task
from autograder.records import (
    Behaviour,
    Drawing,
    Flag,
    GradeRecord,
    Note,
    Outcome,
    Picture,
    Submission,
    TaskRecord,
    TrainingRecord,
    Waiting,
)

if TYPE_CHECKING:
    from autograder.checking.results import CheckResult
    from autograder.grading.rules import Findings
    from autograder.sandbox.questions import LoadReport


@dataclass(frozen=True)
class Graded:
    """Everything that one grading gathered.

    Attributes:
        report: What loading the submission found.
        results: How every check ended, by id.
        behaviours: How functions answered the probes of the class, by task, where something is unexplained.
        drawings, pictures: For work that people grade: what was drawn with the submission, and what it brought along.
        datasets: What models were trained on, or would have been.
        findings: What the track's rules say.
        loading_flags: What was noticed while the submission was loaded.
        remarks: What staff should know of the diagnosis.
        sandbox: How the submission was isolated.
        seconds: By stage.
        restarts: How many workers had to be replaced.
    """

    options: GradeOptions
    assignment: Assignment
    rubric: Rubric
    submission: Submission
    report: LoadReport
    results: Mapping[str, CheckResult]
    behaviours: Mapping[str, Behaviour]
    training: Sequence[TrainingRecord]
    drawings: tuple[Drawing, ...]
    pictures: tuple[Picture, ...]
    datasets: Sequence[str]
    findings: Findings
    loading_flags: Sequence[str]
    remarks: Sequence[Flag]
    sandbox: Mapping[str, Any]
    device: Device
    work: Work
    seconds: Mapping[str, float]
    restarts: int


def graded_record(graded: Graded) -> GradeRecord:
    """Return the record of a grading: status `graded`, or `error` without a score when a check broke through our fault."""
    rubric, assignment = graded.rubric, graded.assignment
    checked = [task for task in rubric.tasks if task.checks]
    scored = [
        score_task(task, graded.results, assignment, graded.report, rubric, _handed_in(task, graded.work))
        for task in checked
    ]
    records = [_with_more(record, task.object, graded) for (record, _), task in zip(scored, checked, strict=True)]
    earned = sum((points for _, points in scored), Fraction(0))
    earned = max(earned - sum(Fraction(d.points) for d in graded.findings.deductions), Fraction(0))
    possible = sum((Fraction(task.points) for task in rubric.tasks if task.checks), Fraction(0))
    broken = [check for task in records for check in task.checks if check.outcome is Outcome.ERROR]
    mark = rubric.pass_mark
    message = ""
    if broken:
        count = f"{len(broken)} checks" if len(broken) != 1 else "1 check"
        message = f"{count} broke through a fault of the grader ({broken[0].id}: {broken[0].message}); no grade is issued until then."
    return GradeRecord(
        status="error" if broken else "graded",
        assignment=rubric.title,
        submission=graded.submission.name,
        track=rubric.track,
        score=None if broken else points_text(earned),
        max_score=None if broken else points_text(possible),
        passed=None if broken or mark is None else earned >= Fraction(mark),
        pass_mark=None if mark is None else points_text(mark),
        carry=rubric.carry,
        message=message,
        tasks=tuple(records),
        waiting=tuple(_waiting(graded)),
        training=tuple(graded.training),
        drawings=graded.drawings,
        pictures=graded.pictures,
        notes=(*graded.submission.notes, *_loading_notes(graded.report), *graded.findings.notes),
        flags=(
            *flags_of(graded.results, graded.loading_flags, isolated=graded.sandbox["isolated"]),
            *graded.remarks,
            *graded.findings.flags,
        ),
        deductions=graded.findings.deductions,
        provenance=_provenance(graded),
        timing={
            "stages_seconds": {name: round(value, 3) for name, value in graded.seconds.items()},
            "checks_seconds": {check_id: round(result.seconds, 4) for check_id, result in graded.results.items()},
            "sandbox_restarts": graded.restarts,
        },
    )


def _with_more(record: TaskRecord, name: str, graded: Graded) -> TaskRecord:
    """Return a task's record with the code of its function, where it is one that was found, and how it behaved on probes."""
    if name not in graded.report.found or record.found_in is None:
        return record
    code = code_of(graded.submission, record.found_in, name)
    return record.model_copy(update={"code": code, "behaviour": graded.behaviours.get(record.id)})


def _handed_in(task: TaskRule, work: Work) -> str | None:
    """Return the file that was handed in for a task that asks for one."""
    return next((path for pattern in KINDS[task.kind].files(task) for path in work.matching(pattern)), None)


def _waiting(graded: Graded) -> list[Waiting]:
    """Return the work that people have to look at."""
    return [
        Waiting(
            id=task.id,
            title=task.title,
            max_points=points_text(task.points),
            what=task.what,
            file=task.file,
            files=tuple(graded.work.matching(task.file)) if task.file else (),
        )
        for task in graded.rubric.tasks
        if not task.checks
    ]


def _loading_notes(report: LoadReport) -> list[Note]:
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


def _provenance(graded: Graded) -> dict[str, Any]:
    rubric = graded.rubric
    return {
        **provenance_of(graded.submission, graded.assignment, rubric),
        "assignment_sha256": digest_of(graded.assignment),
        "device": graded.device,
        "dataset": ", ".join(graded.datasets) or None,
        "sandbox": dict(graded.sandbox),
    }


def rejected_record(path: Path, options: GradeOptions, message: str, title: str) -> GradeRecord:
    """Return the record of a submission that cannot be read: status `rejected`, no score."""
    return _without_score("rejected", path, options, message, title)


def error_record(path: Path, options: GradeOptions, error: BaseException) -> GradeRecord:
    """Return the record of a grading that broke through a fault of ours: status `error`, no score."""
    kind = "" if isinstance(error, AutograderError) else f"{type(error).__name__}: "
    message = f"{kind}{error}"
    return _without_score("error", path, options, message, "", Flag(code="our-fault", message=message))


def _without_score(
    status: Any, path: Path, options: GradeOptions, message: str, title: str, *flags: Flag
) -> GradeRecord:
    from autograder.intake import printable

    return GradeRecord(
        status=status,
        assignment=title,
        submission=printable(path.name),
        track=options.track,
        score=None,
        max_score=None,
        message=message,
        flags=flags,
    )
