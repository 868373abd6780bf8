"""One edit from right: what a submission does as the reference would, with one thing in it changed, is told by its kind."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_assignment import REFERENCE, checks_of, grade_here, make_assignment, write_files

from autograder.assignment.loading import Assignment
from autograder.assignment.prices import CREDITS
from autograder.diagnosis.combined import Suspect
from autograder.diagnosis.slips import slips_of

X = torch.tensor([1.0, 2.0, 5.0], dtype=torch.float64)
LONGER = REFERENCE.replace("return 2 * x", "return 2 * x + x.abs() - x.sum(0) / 3")
RIGHT = "def double(x):\n    return 2 * x + x.abs() - x.sum(0) / 3\n"
CANDIDATES = """
    from autograder.authoring.candidates import wrong

    @wrong("added", "Two is added, where x is to be doubled.", severity="gap")
    def added(x):
        return x + 2
"""


@pytest.fixture(scope="module")
def assignment(tmp_path_factory: pytest.TempPathFactory) -> Assignment:
    """One task, whose reference has several things that can be forgotten, and a named mistake."""
    folder = make_assignment(tmp_path_factory.mktemp("slips"))
    more = {"reference/answers.py": LONGER, "reference/candidates/first/double.py": CANDIDATES}
    return Assignment(write_files(folder, more))


def kinds(slips: list[Suspect]) -> dict[str, list[Suspect]]:
    """Return slips by the name of their one mistake."""
    found: dict[str, list[Suspect]] = {}
    for slip in slips:
        (mistake,) = slip.mistakes
        found.setdefault(mistake.name, []).append(slip)
    return found


def test_slips_are_the_mutants_of_the_reference(assignment: Assignment) -> None:
    """By kind of change, each a function that is called as the reference is and gives something else somewhere."""
    found = kinds(slips_of(assignment, "double"))
    assert {"flip_sign", "drop_factor", "missing_term", "sum_and_mean"} <= set(found)
    signs = [slip.function(X) for slip in found["flip_sign"]]
    assert any(torch.equal(sign, 2 * X - X.abs() - X.sum() / 3) for sign in signs)
    right = assignment.objects["double"](X)
    assert not all(torch.equal(slip.function(X), right) for slips in found.values() for slip in slips)


def test_what_is_said_of_a_slip(assignment: Assignment) -> None:
    """What kind of step it is, never where in our text: no name, no number of it, and no line."""
    for slip in slips_of(assignment, "double"):
        (mistake,) = slip.mistakes
        assert mistake.name.isidentifier()
        assert re.fullmatch(r"[A-Z][^.]+\.", mistake.text)
        assert not re.search(r"`|abs|line \d|\bx\b", mistake.text)


def test_what_a_slip_costs(assignment: Assignment) -> None:
    """As much as any slip; a missing term or function is a part of the idea, and leaves more than an idea that is not there."""
    for name, slips in kinds(slips_of(assignment, "double")).items():
        for mistake in {slip.mistakes[0] for slip in slips}:
            graver = name in ("missing_term", "drop_function")
            assert mistake.severity == ("gap" if graver else "slip")
            assert (mistake.credit is not None) == graver
            assert mistake.credit is None or CREDITS["gap"] <= mistake.credit < CREDITS["slip"]


def test_what_is_no_function_has_none(tmp_path: Path) -> None:
    """A task without a function of its own: nothing of it can be changed."""
    rubric = """
        title: Words
        points: 1
        budgets: {}
        training_budgets: {}
        tasks:
          - {id: words, title: Words, kind: answers, points: 1, checks: {many: 1}}
        tracks: {full: {title: All}}
    """
    sheet = "questions:\n  many: {prompt: How many, answer: 3}\n"
    files = {"rubric.yaml": rubric, "reference/work.py": "", "reference/answers/words.yaml": sheet}
    assert slips_of(Assignment(write_files(tmp_path, files)), "words") == []


# ------------------------------------------------------------------------------------------------------ in a grading

NAMED: dict[str, tuple[Callable[[str], str], set[str], str]] = {
    "right": (lambda text: text, set(), "3.00"),
    "written down": (lambda text: "def double(x):\n    return x + 2\n", {"added"}, "1.20"),
    "a sign": (lambda text: text.replace("+ x.abs()", "- x.abs()"), {"flip_sign"}, "1.80"),
    "a term": (lambda text: text.replace(" + x.abs()", ""), {"missing_term"}, "1.35"),
    "the result three times": (
        lambda text: text.replace("return ", "return 3 * (").rstrip() + ")\n",
        {"scaled"},
        "1.80",
    ),
    "in other words": (
        lambda text: "def double(x):\n    y = x + x\n    y = y - x.abs()\n    return y - x.mean() * len(x) / 3\n",
        {"flip_sign"},
        "1.80",
    ),
    "something else": (lambda text: text.replace("x.abs()", "x.exp()"), set(), "0.00"),
}


@pytest.mark.parametrize(("change", "names", "score"), NAMED.values(), ids=NAMED)
def test_slips_have_names_and_a_price(
    change: Callable[[str], str], names: set[str], score: str, assignment: Assignment
) -> None:
    """One edit from right is told as what it is; what was written down comes first, and nothing is guessed."""
    record: dict[str, Any] = grade_here(assignment.folder, change(RIGHT))
    assert (record["status"], record["score"]) == ("graded", score), checks_of(record)["double.value"]
    assert {mistake["name"] for mistake in record["tasks"][0]["mistakes"]} == names
    assert [flag["code"] for flag in record["flags"]] == ["not-isolated"]
