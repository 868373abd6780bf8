"""Annotations and a summary for GitHub Actions: workflow commands and job summaries. Pure functions of a record.

What may hold a student's words is disarmed: no commands in a log, no markup in a summary.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from autograder.export.formats import Export, Format, Result
from autograder.export.words import OUR_FAULT, why
from autograder.records import GradeRecord, Outcome
from autograder.report import redact
from autograder.report.text import cut, visible

MOST_ANNOTATIONS = 9
"""GitHub shows ten errors per step: the total comes first."""
SUMMARY_BYTES = 900_000
"""GitHub refuses a step's summary above 1 MiB."""


def annotation_lines(record: GradeRecord) -> Iterator[str]:
    """Yield the lines to print in a GitHub step: the total, then the first tasks that lost points, as students may read them."""
    record = redact.for_student(record)
    if record.status != "graded":
        yield _command("error", "Not graded", record.message or OUR_FAULT)
        return
    yield _command("notice", "Autograder", f"Score {record.score} of {record.out_of}")
    lost = [task for task in record.tasks if task.outcome not in (Outcome.PASSED,)]
    for task in lost[:MOST_ANNOTATIONS]:
        title = f"{task.title}: {task.points} of {task.max_points}"
        yield _command("error" if task.outcome is Outcome.ERROR else "warning", title, why(task), task.found_in)


def _command(kind: str, title: str, message: str, file: str | None = None) -> str:
    place = f"file={_property(file)}," if file else ""
    return f"::{kind} {place}title={_property(title)}::{_data(message)}"


def _data(text: str) -> str:
    """Return text as the message of a workflow command: one line, in which nothing begins another command."""
    return cut(visible(text), 1000).replace("\t", " ").replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def summary(record: GradeRecord) -> str:
    """Return a job summary in GitHub's Markdown: the score and a table of tasks, at most `SUMMARY_BYTES` long; nothing hidden is in it."""
    record = redact.for_student(record)
    if record.status != "graded":
        return f"## Not graded\n\n{_cell(record.message or OUR_FAULT)}\n"
    lines = [f"## {_cell(f'{record.assignment}: {record.score} of {record.out_of}')}", ""]
    lines += ["| Task | Points | What to look at |", "| --- | ---: | --- |"]
    lines += [
        f"| {_cell(task.title)} | {_cell(f'{task.points} of {task.max_points}')} | "
        f"{'' if task.outcome is Outcome.PASSED else _cell(cut(why(task), 400))} |"
        for task in record.tasks
    ]
    lines += [
        f"| {_cell(work.title)} | {_cell(f'– of {work.max_points}')} | waits for a person |"
        for work in record.still_waiting()
    ]
    text = "\n".join(lines) + "\n"
    if len(text.encode()) <= SUMMARY_BYTES:
        return text
    return (
        text.encode()[:SUMMARY_BYTES].decode("utf-8", "ignore").rpartition("\n")[0] + "\n\nToo long: see the report.\n"
    )


def _cell(text: str) -> str:
    """Return text as plain words in a table's cell: no markup, no links, no mentions, no line ends."""
    one_line = " ".join(visible(text).split())
    return re.sub(r"([\\`*_{}\[\]()#+!|~@$:/-])", r"\\\1", html.escape(one_line, quote=False))


def _make(result: Result) -> Export:
    lines = "".join(f"{line}\n" for line in annotation_lines(result.record))
    return Export({"annotations.txt": lines.encode(), "summary.md": summary(result.record).encode()})


FORMAT = Format(
    "github",
    "GitHub Actions: annotations.txt to print in a step, summary.md for $GITHUB_STEP_SUMMARY.",
    _make,
    writes="folder",
    reads="one",
)
