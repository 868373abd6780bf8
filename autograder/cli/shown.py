"""What a grading shows in a terminal and writes to a folder. Decides nothing."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from autograder.errors import UsageError
from autograder.records import GradeRecord, Outcome, TaskRecord

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)
FEW = 4
"""As many tasks that wait for a person are listed one by one."""
_MARKS = {
    Outcome.PASSED: ("passed", "green"),
    Outcome.FAILED: ("failed", "red"),
    Outcome.SKIPPED: ("skipped", "yellow"),
    Outcome.ERROR: ("our error", "magenta"),
    Outcome.INCONCLUSIVE: ("waiting for a person", "yellow"),
}


def report_name(submission: Path) -> str:
    """Return the name of a submission's report folder: its file name without ending, made safe."""
    from autograder.intake.text import submission_name

    return submission_name(submission.name or submission.resolve().name)


def require_folder(folder: Path, option: str) -> None:
    """See that a folder can be made and files be written into it, before any work is done; it is not made.

    Raises:
        UsageError: They cannot.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{option}: {folder} is a file, not a folder. Name another place.")
    there = next(place for place in (folder, *folder.absolute().parents) if os.path.lexists(place))
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise UsageError(f"{option}: nothing can be written to {folder} ({why}). Name another place.") from None


def require_file(file: Path, option: str) -> None:
    """See that a file can be written, before any work is done; it is not made.

    Raises:
        UsageError: It cannot.
    """
    if file.is_dir():
        raise UsageError(f"{option}: {file} is a folder, not a file. Name a file in it.")
    require_folder(file.parent, option)


def require_submission(submission: Path, assignment: Path) -> None:
    """See that there is something to grade, and that it is no answer of the assignment's own.

    Raises:
        UsageError: There is nothing, or it is a folder that holds all of the assignment's reference or checks.
    """
    place, home = (Path(os.path.realpath(path)) for path in (submission, assignment))
    if not os.path.lexists(submission):  # with a link that leads nowhere, and all else, intake deals
        raise UsageError(f"{submission} does not exist. Check the path; nothing was written.")
    own = [home / "reference", home / "tests" / "public", home / "tests" / "hidden"]
    if any(folder.is_dir() and folder.is_relative_to(place) for folder in own):
        raise UsageError(
            f"{submission} holds the assignment's own answers or checks, and is no submission. "
            "Name the file or folder that a student handed in: make grade SUBMISSION=work.zip"
        )


def show_result(record: GradeRecord, folder: Path) -> int:
    """Print the final table and return the exit code."""
    from autograder.report.view import metrics, pass_line

    if record.status == "rejected":
        err.print(Text.assemble(("Not graded: ", "bold red"), in_log(record.message)), soft_wrap=True)
        err.print(Text(f"Written: {in_log(str(folder))}/result.json, student.html, staff.html"), soft_wrap=True)
        return 2
    if record.status == "error":
        err.print(
            Text.assemble(("The grader failed, the submission gets no grade: ", "bold magenta"), in_log(record.message))
        )
        err.print(Text(f"Written: {in_log(str(folder))}/result.json, student.html, staff.html"), soft_wrap=True)
        return 3
    out.print(result_table(record))
    for training in record.training:
        for metric in metrics(training):
            if metric.reached is not None:
                # some measures can hold nothing out
                asked = f"{training.n_test:,} held-out" if training.n_test else f"{training.n_train:,} training"
                where = f"{asked} {training.examples} of {training.dataset}"
                text = f"{training.task}: {metric.name} {metric.value} on {where} ({metric.threshold} needed)"
                out.print(Text(in_log(text)), soft_wrap=True)
    for flag in record.flags:
        where = f" [{flag.check}]" if flag.check else ""
        out.print(Text(in_log(f"Flag for staff: {flag.message}{where}"), style="yellow"))
    for line in _notices(record):
        out.print(Text(in_log(line), style="yellow"))
    by_hand = in_log(f"({record.automatic_score} by the checks, the rest by hand)") if record.manual else ""
    out.print(Text.assemble("Score ", (in_log(f"{record.score} of {record.out_of}"), "bold"), f" {by_hand}".rstrip()))
    if (passed := pass_line(record)) is not None:
        out.print(Text(in_log(passed[1][:1].upper() + passed[1][1:]), style=_MARKS[Outcome(passed[0])][1]))
    out.print(
        Text(f"Report {in_log(str(folder))}/student.html (for staff: staff.html, for programs: result.json)"),
        soft_wrap=True,
    )
    return 0


def _notices(record: GradeRecord) -> Iterator[str]:
    """What people must do or decide: work that waits for them, and rules that were broken."""
    from autograder.report.view import points_waiting

    waiting = record.still_waiting()
    for work in waiting if len(waiting) <= FEW else ():
        files = ", ".join(work.files[:5]) or ("nothing was handed in for it" if work.is_absent else "")
        yield f"{work.max_points} points wait for a person: {work.title}{f' ({files})' if files else ''}"
    if len(waiting) > FEW:
        absent = sum(work.is_absent for work in waiting)
        more = f"; nothing was handed in for {absent} of them" if absent else ""
        yield f"{points_waiting(record)} points wait for a person, in {len(waiting)} tasks that the report lists{more}"
    for note in record.notes:
        if note.code == "forbidden-import":
            yield f"Rules of the assignment: {note.message}"


def result_table(record: GradeRecord) -> Table:
    """Return the table of tasks that ends a grading."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("task", no_wrap=True, overflow="fold")
    table.add_column("points", justify="right", no_wrap=True)
    table.add_column("outcome", no_wrap=True)
    table.add_column("what to look at", overflow="fold")
    for task in record.tasks:
        word, style = _MARKS[task.outcome]
        if task.mistakes and all(mistake.severity == "form" for mistake in task.mistakes):
            word, style = "form", "yellow"
        elif not task.mistakes and task.points == task.max_points and task.outcome is Outcome.FAILED:
            word, style = "carried", "yellow"  # only other tasks' faults failed, and those are paid there
        table.add_row(
            Text(in_log(task.id)),
            Text(in_log(f"{task.points}/{task.max_points}")),
            Text(word, style=style),
            Text(first_problem(task)),
        )
    return table


def in_log(text: str) -> str:
    """Return text as one line that neither a terminal nor a CI service obeys (`::error`, `##vso[...]`, escape sequences).

    Everything that is printed and may hold a student's words goes through here. No two colons or number signs stay side by
    side, so that it does not matter where a line is wrapped.
    """
    from autograder.report.text import visible

    return " ".join(re.sub(r":(?=:)|#(?=#)", r"\g<0> ", visible(text)).split())


def first_problem(task: TaskRecord) -> str:
    """Return the first thing that a task's owner should look at, or ""."""
    if task.mistakes:
        return in_log(" ".join(mistake.text for mistake in task.mistakes))[:160]
    failed = [check for check in task.checks if check.outcome in (Outcome.FAILED, Outcome.ERROR)]
    for check in sorted(failed, key=lambda check: check.carried_from is not None):  # the task's own faults first
        return in_log(f"carried from {check.carried_from}" if check.carried_from else check.message)[:160]
    return ""
