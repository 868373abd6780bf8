"""A JUnit file (pytest's `junit_family=xunit2`), which CI services read. A pure function of a record.

What may hold a student's words is disarmed: there are no control characters in the XML.
"""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree import ElementTree

from autograder.export.formats import Export, Format, Result
from autograder.export.words import OUR_FAULT
from autograder.records import CheckRecord, GradeRecord, Outcome, TaskRecord
from autograder.report import redact
from autograder.report.text import cut, visible

_MESSAGE = 4000
_TAGS = {Outcome.FAILED: "failure", Outcome.ERROR: "error", Outcome.SKIPPED: "skipped", Outcome.INCONCLUSIVE: "skipped"}


def junit(record: GradeRecord) -> str:
    """Return a JUnit file: a suite for each task, a case for each check, with the points as properties.

    A submission that was not graded is one suite with one error. A job's log is read by students: no hidden input is in it.
    """
    record = redact.for_student(record)
    root = ElementTree.Element("testsuites", name=_plain(record.assignment))
    if record.status != "graded":
        suite = _suite(root, record.submission, 1, errors=1)
        case = ElementTree.SubElement(suite, "testcase", classname="autograder", name="grading", time="0")
        _child(case, "error", "", record.message or OUR_FAULT)
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
        waits = OUR_FAULT if check.outcome is Outcome.ERROR else waits
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


def _make(result: Result) -> Export:
    return Export({"junit.xml": junit(result.record).encode()})


FORMAT = Format("junit", "JUnit file of one result, for CI services and staff.", _make, reads="one")
