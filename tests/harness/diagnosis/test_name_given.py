"""What is wrong here has its name as well where another function is wrong too: it is looked for once more, given right ones."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tiny_assignment import checks_of, grade_here, write_files

from autograder.sandbox.plain import Plain
from autograder.sandbox.zygote import Backend

RUBRIC = """
title: Built
points: 4
budgets: {call_seconds: 60, load_seconds: 60}
training_budgets: {}
tasks:
  - {id: double, title: Twice, points: 2, checks: {contract: 1, value: 3}}
  - {id: distance, title: Distance, points: 2, checks: {contract: 1, value: 3}}
tracks: {full: {title: All}}
"""
REFERENCE = '''
    """Doubling, and what is made of it."""
    from jaxtyping import Float
    from torch import Tensor

    def double(x: Float[Tensor, "B D"]) -> Float[Tensor, "B D"]:
        """Twice x."""
        return 2 * x

    def distance(x: Float[Tensor, "B D"]) -> Float[Tensor, "B"]:
        """The squared length of twice x, and the mean of x."""
        return (double(x) ** 2).sum(-1) + x.mean(-1)
'''
INPUTS = """
    from autograder.authoring import inputs

    @inputs("{task}")
    def {task}(draw):
        return {{"x": draw.normal("B", "D", mean=1.0)}}
"""
CHECKS = """
    from autograder.authoring import value_check
    from tests.public.first.test_{task} import {task}

    test_value = value_check({task}, "It is right.", examples=8)
"""
DOUBLE = """
    from autograder.authoring.candidates import wrong

    @wrong("added", "Two is added.", severity="slip")
    def added(x):
        return x + 2
"""
DISTANCE = """
    from autograder.authoring.candidates import wrong
    from reference.work import double

    @wrong("averaged", "The squares are averaged; their sum is asked for.", severity="gap")
    def averaged(x):
        return (double(x) ** 2).mean(-1) + x.mean(-1)
"""
FILES = {
    "rubric.yaml": RUBRIC,
    "reference/work.py": REFERENCE,
    "reference/candidates/first/double.py": DOUBLE,
    "reference/candidates/first/distance.py": DISTANCE,
    **{f"tests/public/first/test_{task}.py": INPUTS.format(task=task) for task in ("double", "distance")},
    **{f"tests/hidden/first/test_{task}.py": CHECKS.format(task=task) for task in ("double", "distance")},
}
RIGHT = "def double(x):\n    return x + x\n\ndef distance(x):\n    return (double(x) ** 2).sum(-1) + x.mean(-1)\n"
FIRST, SECOND = ("return x + x", "return 2 + x"), ("sum(-1)", "mean(-1)")


@pytest.fixture(scope="module")
def plain() -> Iterator[Plain]:
    """One zygote without isolation: what is graded here are our own texts."""
    started = Plain()
    yield started
    started.close()


def graded(folder: Path, backend: Backend, *changes: tuple[str, str]) -> dict[str, Any]:
    """The record of the right work with some changes."""
    text = RIGHT
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    record = grade_here(write_files(folder, FILES), text, backend=backend)
    assert [flag["code"] for flag in record["flags"]] == ["not-isolated"], record["flags"]
    return record


def names(record: dict[str, Any]) -> dict[str, list[str]]:
    """The mistakes that explain each task."""
    return {task["id"]: [mistake["name"] for mistake in task["mistakes"]] for task in record["tasks"]}


def test_alone_each_has_its_name(tmp_path: Path, plain: Backend) -> None:
    """A mistake below is paid below; one above, above."""
    below, above = graded(tmp_path, plain, FIRST), graded(tmp_path, plain, SECOND)

    assert (names(below), below["score"]) == ({"double": ["added"], "distance": []}, "3.20")
    assert checks_of(below)["distance.value"]["carried_from"] == "double"
    assert (names(above), above["score"]) == ({"double": [], "distance": ["averaged"]}, "2.80")


def test_what_is_above_a_blank_has_its_name(tmp_path: Path, plain: Backend) -> None:
    """Nothing above could be asked for its value before a right one stood below: it is asked then, and its failure has a name."""
    blank = ("return x + x", "raise NotImplementedError")
    record = graded(tmp_path, plain, blank, SECOND)
    value = checks_of(record)["distance.value"]

    assert names(record)["distance"] == ["averaged"]
    assert record["score"] == "0.80"
    assert (value["outcome"], value["kind"], value["waits_for"]) == ("failed", "value", None)
    assert value["message"].startswith("asked with `double` right, it fails: ")


def test_both_at_once_have_both_names(tmp_path: Path, plain: Backend) -> None:
    """What is above would give other numbers if what is below were right: these are what its name is found with."""
    record = graded(tmp_path, plain, FIRST, SECOND)
    value = checks_of(record)["distance.value"]

    assert names(record) == {"double": ["added"], "distance": ["averaged"]}
    assert record["score"] == "2.00"
    assert (value["carried_from"], value["misconception"]) == (None, "averaged")
    assert "The squares are averaged" in record["tasks"][1]["diagnosis"]


def test_a_mistake_that_nobody_wrote_down_is_found_there_as_well(tmp_path: Path, plain: Backend) -> None:
    """Given right functions, one edit from right is told as what it is."""
    record = graded(tmp_path, plain, FIRST, ("+ x.mean(-1)", "- x.mean(-1)"))

    assert names(record) == {"double": ["added"], "distance": ["flip_sign"]}
    assert record["score"] == "2.40"
