"""A rubric prices mistakes that exist, and hears of the line where it does not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tiny_assignment import RUBRIC, make_assignment, write_files

from autograder.assignment.loading import Assignment
from autograder.diagnosis.priced import require_prices
from autograder.errors import RubricError

CANDIDATES = """
    from autograder.authoring.candidates import wrong

    @wrong("added", "Two is added, where x is to be doubled.", severity="gap")
    def added(x):
        return x + 2
"""


def with_prices(tmp_path: Path, prices: str, in_track: str = "{}") -> Assignment:
    """Return a small assignment whose rubric says this under `mistakes`, and this in its track."""
    rubric = RUBRIC.replace("points: 3", f"mistakes: {prices}\n    points: 3", 1)
    rubric = rubric.replace("title: All", f"title: All, mistakes: {in_track}")
    more = {"rubric.yaml": rubric, "reference/candidates/first/double.py": CANDIDATES}
    return Assignment(write_files(make_assignment(tmp_path / "own"), more))


@pytest.mark.parametrize(
    "prices",
    [
        "{double.added: 0.5}",
        "{added: slip}",
        "{numpy_array: 1}",
        "{double.negated: gap, scaled: 0.8, drop_factor: 0.7}",
    ],
)
def test_what_exists_can_be_priced(tmp_path, prices):
    """Named mistakes of a task or of any, faults of form, and what is recognised without a name of its own."""
    require_prices(with_prices(tmp_path, prices))


@pytest.mark.parametrize(
    ("prices", "message"),
    [
        ("{double.aded: 0.5}", r"rubric\.yaml:3: there is no mistake of double called 'aded'; there is: added"),
        ("{numpy_aray: 1}", r"rubric\.yaml:3: there is no mistake called 'numpy_aray'; there is: numpy_array"),
        ("{duoble.added: 1}", r"rubric\.yaml:3: there is no task called 'duoble'; there is: double"),
    ],
)
def test_what_nothing_can_recognise_is_refused(tmp_path, prices, message):
    """With the line and what it may have meant: else the mistake would go on costing what it did."""
    with pytest.raises(RubricError, match=message):
        require_prices(with_prices(tmp_path, prices))


def test_forms_of_an_object_can_be_priced(tmp_path):
    """Results of methods have forms, too: nothing of a class is refused that the report may show."""
    assignment = with_prices(tmp_path, "{double.numpy_array: 0.9, double.scaled: slip}")
    functions = dict(assignment.contract.functions)
    del functions["double"]  # as for a class, which has no contract of a function
    assignment.contract = replace(assignment.contract, functions=functions)
    with pytest.raises(RubricError, match="no mistake of double called 'scaled'"):
        require_prices(assignment)


def test_a_track_is_looked_at_too(tmp_path):
    """Its prices stand in a line of their own."""
    require_prices(with_prices(tmp_path / "right", "{}", "{added: gap}"))
    with pytest.raises(RubricError, match=r"rubric\.yaml:1\d: there is no mistake called 'addded'; there is: added"):
        require_prices(with_prices(tmp_path / "wrong", "{}", "{addded: gap}"))
