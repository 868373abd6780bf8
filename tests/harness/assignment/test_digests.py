"""Digests of tasks: what decides questions and answers changes them, and nothing else does."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.assignment.digests import engine_digest
from autograder.assignment.loading import Assignment

RUBRIC = """\
title: Two tasks
points: 5
budgets: {call_seconds: 5}
training_budgets: {}
tasks:
  - {id: double, title: Twice, points: 2, checks: {value: 1}}
  - {id: triple, title: Thrice, points: 1, checks: {value: 1}}
  - {id: words, title: Words, kind: answers, points: 1}
  - {id: essay, title: Essay, kind: document, file: "*.pdf", pages: 3, points: 1}
tracks: {full: {title: All}}
"""
FILES = {
    "rubric.yaml": RUBRIC,
    "reference/answers/words.yaml": "questions:\n  many: {prompt: How many, answer: 3}\n",
    "reference/first.py": '''\
"""The first module."""
from jaxtyping import Float
from reference.helpers import times
from torch import Tensor

def double(x: Float[Tensor, "B"]) -> Float[Tensor, "B"]:
    """Twice x."""
    if x.ndim != 1:
        raise ValueError("x has to be a vector of numbers")
    return times(x, 2)
''',
    "reference/second.py": '''\
from jaxtyping import Float
from torch import Tensor

def triple(x: Float[Tensor, "B"]) -> Float[Tensor, "B"]:
    """Three times x."""
    return 3 * x
''',
    "reference/helpers.py": "ZERO = 0\n\ndef times(x, n):\n    return ZERO + n * x\n\ndef unused():\n    return 1\n",
    "tests/public/conftest.py": "SIZE = 3\n",
    "tests/public/cases.py": "from .numbers import LARGE\nVALUES = [1.0, 2.0]\n",
    "tests/public/numbers.py": "LARGE = 1000\n",
    "tests/public/test_double.py": '''\
"""Doubling."""
from autograder.authoring import check
from tests.public.cases import VALUES

TABLE = """a b
1 2
"""

@check("double", "value")
def test_value(student):
    """`double` doubles."""
    student.run("program.py", ["--out", "results.csv"], TABLE, VALUES, help="Every number is doubled here.")
''',
    "tests/hidden/test_triple.py": '''\
from autograder.authoring import check

@check("triple", "value")
def test_value(student):
    """`triple` triples."""
''',
}  # fmt: skip


def digests(folder: Path, place: str = "rubric.yaml", old: str = "", new: str = "") -> dict[str, str]:
    """Return the digests of the assignment after one change of one file."""
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert old in FILES[place], (place, old)
    (folder / place).write_text(FILES[place].replace(old, new, 1))
    return dict(Assignment(folder).digests)


SAME = {
    "the title of the assignment": ("rubric.yaml", "Two tasks", "Two small tasks"),
    "the title of a task": ("rubric.yaml", "Twice", "Two times"),
    "points": ("rubric.yaml", "points: 2, checks: {value: 1}}", "points: 2, checks: {value: 7}}"),
    "budgets": ("rubric.yaml", "call_seconds: 5", "call_seconds: 6"),
    "a docstring": ("reference/first.py", "Twice x.", "Two times x."),
    "a docstring of a module": ("reference/first.py", "The first module.", "First."),
    "a message": ("reference/first.py", "x has to be a vector", "x should be a vector"),
    "a comment and the layout": ("reference/first.py", "return times(x, 2)", "return times(\n        x, 2)  # twice"),
    "an object that nothing uses": ("reference/helpers.py", "return 1", "return 2"),
    "the sentence of a check": ("tests/public/test_double.py", "`double` doubles.", "`double` gives twice."),
    "a hint": ("tests/public/test_double.py", "Every number is", "Each number is"),
}  # fmt: skip
CHANGED = {
    "a constant of the reference": ("reference/first.py", "times(x, 2)", "times(x, 2.0)", "double"),
    "a helper that it calls": ("reference/helpers.py", "ZERO + n", "ZERO - n", "double"),
    "a constant of that helper": ("reference/helpers.py", "ZERO = 0", "ZERO = 1", "double"),
    "the contract": ("reference/first.py", '-> Float[Tensor, "B"]', '-> Float[Tensor, "B 1"]', "double"),
    "the inputs of a check": ("tests/public/cases.py", "2.0", "3.0", "double"),
    "what those import in turn": ("tests/public/numbers.py", "1000", "1001", "double"),
    "a text with data": ("tests/public/test_double.py", "a b\n1 2\n", "a b\n1 3\n", "double"),
    "a name of a file": ("tests/public/test_double.py", "results.csv", "numbers.csv", "double"),
    "a check": ("tests/hidden/test_triple.py", '"value")', '"value", after=["other"])', "triple"),
    "the other reference": ("reference/second.py", "3 * x", "x * 3", "triple"),
    "what fixtures give": ("tests/public/conftest.py", "3", "4", "double triple"),
    "a right answer": ("reference/answers/words.yaml", "answer: 3", "answer: 4", "words"),
    "the pages of a document": ("rubric.yaml", "pages: 3", "pages: 4", "essay"),
    "the name of a task": ("rubric.yaml", "id: triple", "name: triple, id: tripled", "triple tripled"),
}  # fmt: skip


@pytest.mark.parametrize(("place", "old", "new"), SAME.values(), ids=SAME)
def test_what_changes_no_digest(place: str, old: str, new: str, tmp_path: Path) -> None:
    """Words for people, points, layout and what no task uses are no part of a task."""
    assert digests(tmp_path, place, old, new) == digests(tmp_path)


@pytest.mark.parametrize(("place", "old", "new", "tasks"), CHANGED.values(), ids=CHANGED)
def test_what_changes_a_digest(place: str, old: str, new: str, tasks: str, tmp_path: Path) -> None:
    """What can change a question or an expected answer changes the digest of the tasks that it is part of, and of no other."""
    before, after = digests(tmp_path), digests(tmp_path, place, old, new)
    changed = {task for task in before.keys() | after.keys() if before.get(task) != after.get(task)}

    assert changed == set(tasks.split())


def test_digests_are_those_of_the_folder_anywhere(tmp_path: Path) -> None:
    """Where an assignment lies makes no difference; tasks with the same parts differ by their id."""
    assert digests(tmp_path / "here") == digests(tmp_path / "hidden" / "there")
    assert len(set(digests(tmp_path / "here").values())) == 4


def test_the_engine_has_one() -> None:
    """Results that are stored hold for one engine, so it has a digest of its own."""
    assert len(engine_digest()) == 64
    assert engine_digest() == engine_digest()
