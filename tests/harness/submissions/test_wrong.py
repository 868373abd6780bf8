"""Seeded faults: each costs its own task and those that truly depend on it, and the report says what to look at."""

import pytest

from autograder.records import GradeRecord, Outcome
from tests.submissions.faults import FAULTS, Fault

from .tools import explain, lost, task, write


def said(record: GradeRecord, name: str) -> str:
    """Return everything that a student reads about the failed checks of a task."""
    failed = [c for c in task(record, name).checks if c.outcome == Outcome.FAILED]
    return "\n".join(f"{c.title} {c.message} {c.help} {c.misconception_text}" for c in failed)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_fault_costs_its_task_and_no_other(fault: Fault, grade, tmp_path):
    """Points are lost where the fault is felt and nowhere else, and a hint names what is wrong."""
    record = grade(write(tmp_path, fault.sources()), fault.tasks(), training=fault.training)
    shown = explain(record)
    assert record.status == "graded", shown
    assert lost(record) == {fault.task, *fault.dependent}, shown
    assert fault.says in said(record, fault.task), shown
    passed = {c.id.partition(".")[2] for c in task(record, fault.task).checks if c.outcome == Outcome.PASSED}
    assert set(fault.keeps) <= passed, shown
