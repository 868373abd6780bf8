"""What CI services read: a JUnit file, and annotations with a summary for GitHub Actions. Pure functions of a record.

Everything that may hold a student's words is disarmed: no control characters in XML, no commands in a log, no markup in a summary.
Formats: pytest's `junit_family=xunit2`; GitHub's workflow commands and job summaries.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from xml.etree import ElementTree

from autograder.records import CheckRecord, GradeRecord, Outcome, TaskRecord
from autograder.report.text import cut, visible

MOST_ANNOTATIONS = 9
"""GitHub shows ten errors per step: the total comes first."""
SUMMARY_BYTES = 900_000
"""GitHub refuses a step's summary above 1 MiB."""
_MESSAGE = 4000
_TAGS = {Outcome.FAILED: "failure", Outcome.ERROR: "error", Outcome.SKIPPED: "skipped", Outcome.INCONCLUSIVE: "skipped"}


def junit(record: GradeRecord) -> str:
    """Return a JUnit file: a suite for each task, a case for each check, with the points as properties.

    A submission that was not graded is one suite with one error.
    """
    root = ElementTree.Element("testsuites", name=_plain(record.assignment))
    if record.status != "graded":
        suite = _suite(root, record.submission, 1, errors=1)
        case = ElementTree.SubElement(suite, "testcase", classname="autograder", name="grading", time="0")
        _child(case, "error", "", record.message)
    for task in record.tasks:
        outcomes = [check.outcome for check in task.checks]
        suite = _suite(
            root,
            task.id,
            len(outcomes),
            errors=outcomes.count(Outcome.ERROR),
            failures=outcomes.count(Outcome.FAILED),
            skipped=outcomes.count(Outcome.SKIPPED) + outcomes.count(Outcome.INCONCLUSIVE),
        )
        _properties(suite, {"points": task.points, "max_points": task.max_points})
        for check in task.checks:
            _case(suite, task, check)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _suite(root: ElementTree.Element, name: str, tests: int, **counts: int) -> ElementTree.Element:
    numbers = {key: str(counts.get(key, 0)) for key in ("errors", "failures", "skipped")}
    return ElementTree.SubElement(
        root, "testsuite", {"name": _plain(name), "tests": str(tests), **numbers, "time": "0"}
    )


def _case(suite: ElementTree.Element, task: TaskRecord, check: CheckRecord) -> None:
    case = ElementTree.SubElement(
        suite, "testcase", classname=_plain(task.id), name=_plain(check.id.removeprefix(f"{task.id}.")), time="0"
    )
    if check.points:
        _properties(case, {"points": check.points})
    if (tag := _TAGS.get(check.outcome)) is not None:
        waits = f"waits for {check.waits_for}" if check.waits_for else ""
        _child(case, tag, str(check.kind.value if check.kind else check.outcome.value), check.message or waits)


def _properties(parent: ElementTree.Element, values: Mapping[str, str]) -> None:
    properties = ElementTree.SubElement(parent, "properties")
    for name, value in values.items():
        ElementTree.SubElement(properties, "property", name=name, value=_plain(value))


def _child(parent: ElementTree.Element, tag: str, kind: str, message: str) -> None:
    child = ElementTree.SubElement(parent, tag, message=_plain(cut(message.splitlines()[0] if message else "", 300)))
    if tag != "skipped":
        child.set("type", kind or tag)
    child.text = _plain(cut(message, _MESSAGE))


def _plain(text: str) -> str:
    """Return text that XML can hold."""
    return visible(text)


# --------------------------------------------------------------------------------------------------- GitHub Actions


def annotation_lines(record: GradeRecord) -> Iterator[str]:
    """Yield the lines to print in a GitHub step: the total, then the first tasks that lost points."""
    if record.status != "graded":
        yield _command("error", "Not graded", record.message)
        return
    yield _command("notice", "Autograder", f"Score {record.score} of {record.max_score}")
    lost = [task for task in record.tasks if task.outcome not in (Outcome.PASSED,)]
    for task in lost[:MOST_ANNOTATIONS]:
        title = f"{task.title}: {task.points} of {task.max_points}"
        yield _command("error" if task.outcome is Outcome.ERROR else "warning", title, why(task), task.found_in)


def why(task: TaskRecord) -> str:
    """Return in a sentence or two why a task lost points."""
    if task.mistakes:
        return " ".join(mistake.text for mistake in task.mistakes)
    failed = [check for check in task.checks if check.outcome in (Outcome.FAILED, Outcome.ERROR)]
    failed.sort(key=lambda check: check.carried_from is not None)
    return failed[0].message if failed else task.outcome.value


def _command(kind: str, title: str, message: str, file: str | None = None) -> str:
    place = f"file={_property(file)}," if file else ""
    return f"::{kind} {place}title={_property(title)}::{_data(message)}"


def _data(text: str) -> str:
    """Return text as the message of a workflow command: one line, in which nothing begins another command."""
    return cut(visible(text), 1000).replace("\t", " ").replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def summary(record: GradeRecord) -> str:
    """Return a job summary in GitHub's Markdown: the score and a table of tasks, at most `SUMMARY_BYTES` long."""
    if record.status != "graded":
        return f"## Not graded\n\n{_cell(record.message)}\n"
    lines = [f"## {_cell(f'{record.assignment}: {record.score} of {record.max_score}')}", ""]
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
