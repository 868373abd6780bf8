"""The reference is asked by the id of a task or by its Python name, always in float64."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from tiny_assignment import CONTRACT, RUBRIC, VALUE, make_assignment

from autograder.assignment.loading import Assignment
from autograder.authoring import Case
from autograder.checking.oracle import Oracle
from autograder.checking.plugin import ChecksPlugin
from autograder.checking.results import Context
from autograder.checking.session import run_checks
from autograder.outcomes import Outcome
from autograder.sandbox.inprocess import OneFunction

X = torch.tensor([1.0, 2.0], dtype=torch.float32)


def renamed(folder: Path) -> Assignment:
    """Return the tiny assignment with `to-double` as the id of the task whose function is `double`."""
    rubric = RUBRIC.replace("- id: double", "- id: to-double\n        name: double").replace("[double]", "[to-double]")
    texts = (text.replace('"double"', '"to-double"') for text in (CONTRACT, VALUE))
    return Assignment(make_assignment(folder, rubric, *texts))


def test_a_task_may_have_another_name_than_its_function(tmp_path: Path) -> None:
    """Cases name the task; reference, question and the snippet in the evidence use the Python name."""
    assignment = renamed(tmp_path)
    oracle = Oracle(assignment.objects, assignment.contract)
    case = Case("to-double", {"x": X})

    assert oracle.value(case).dtype is torch.float64
    assert oracle.value(case).tolist() == [2.0, 4.0]
    assert oracle.function("to-double") is oracle.function("double")
    assert case.question(assignment.contract["to-double"]).function == "double"


def test_checks_of_such_a_task_ask_the_function(tmp_path: Path) -> None:
    """A right answer passes them; a wrong one gets a snippet that calls the function as students know it."""
    assignment = renamed(tmp_path)
    oracle = Oracle(assignment.objects, assignment.contract)

    def results(function: Any) -> Any:
        one = OneFunction("double", function)
        plugin = ChecksPlugin(
            assignment.code,
            Context(one, one.report, assignment.contract, oracle),
            assignment.rubric.check_ids(),
            assignment.check_names,
        )
        run_checks(assignment.code, plugin)
        return plugin.results

    right, wrong = results(lambda x: x + x), results(lambda x: x)

    assert {result.outcome for result in right.values()} == {Outcome.PASSED}
    assert wrong["to-double.value"].outcome is Outcome.FAILED
    assert wrong["to-double.value"].evidence.called.startswith("double(")
