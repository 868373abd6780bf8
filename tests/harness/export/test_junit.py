"""What CI services read: a JUnit file. What students wrote is text in it."""

from __future__ import annotations

from xml.etree import ElementTree

import factories
import pytest
from test_terminal import ALL, COMMANDS

from autograder.export.junit import junit
from autograder.records import GradeRecord, Outcome


def test_junit_has_a_suite_for_each_task_and_a_case_for_each_check() -> None:
    """With outcomes as CI services count them, and points as properties."""
    record = factories.mixed()
    root = ElementTree.fromstring(junit(record))

    assert [suite.get("name") for suite in root] == [task.id for task in record.tasks]
    for suite, task in zip(root, record.tasks, strict=True):
        cases = suite.findall("testcase")
        failed = [check for check in task.checks if check.outcome is Outcome.FAILED]
        points = {p.get("name"): p.get("value") for p in suite.findall("properties/property")}
        assert {case.get("classname") for case in cases} == {task.id}
        assert [f"{task.id}.{case.get('name')}" for case in cases if "." not in (case.get("name") or "")] == [
            check.id for check in task.checks if check.id.startswith(f"{task.id}.")
        ]
        assert len(cases) == len(task.checks)
        assert [suite.get("failures"), suite.get("tests")] == [str(len(failed)), str(len(task.checks))]
        assert len(suite.findall("testcase/failure")) == len(failed)
        assert points == {"points": task.points, "max_points": task.max_points}


@pytest.mark.parametrize("record", [factories.rejected(), factories.error()], ids=lambda record: record.status)
def test_what_was_not_graded_is_an_error(record: GradeRecord) -> None:
    """No CI service may take it for success."""
    root = ElementTree.fromstring(junit(record))

    assert [suite.get("errors") for suite in root] == ["1"]


@pytest.mark.parametrize("text", [*COMMANDS.values(), ALL], ids=[*COMMANDS, "all"])
def test_texts_of_students_are_words(text: str) -> None:
    """XML is XML, whatever stands in it."""
    assert ElementTree.fromstring(junit(factories.hostile(text))).tag == "testsuites"
