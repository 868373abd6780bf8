"""The assignment as one object: what it reads, what it derives, and how it refuses a folder that is none."""

from __future__ import annotations

import sys
import textwrap
from decimal import Decimal
from pathlib import Path

import pytest
from tiny_assignment import RUBRIC, make_assignment

from autograder.assignment.loading import Assignment
from autograder.errors import RubricError, UsageError

KINDS = """
    title: All kinds
    points: 6
    budgets: {call_seconds: 60}
    training_budgets: {}
    tasks:
      - {id: 1-double, name: double, title: Twice, points: 1, checks: {value: 1}}
      - {id: quadruple, title: Twice twice, points: 1, checks: {value: 1}}
      - {id: program, kind: script, file: program.py, title: Run, points: 1, checks: {value: 1}}
      - {id: words, kind: answers, title: Words, points: 1}
      - {id: essay, kind: document, file: "*.pdf", pages: 3, title: Essay, points: 1}
      - {id: talk, kind: person, what: How clear it is., title: Talk, points: 1}
    tracks: {full: {title: All}}
"""
MORE = """
    from jaxtyping import Float
    from torch import Tensor
    from reference.answers import double

    def quadruple(x: Float[Tensor, "B"]) -> Float[Tensor, "B"]:
        '''Four times x.'''
        return double(double(x))
"""
SHEET = "questions:\n  many: {prompt: How many, answer: 3}\n  few: {prompt: How few, answer: 1}\n"


def of_all_kinds(folder: Path, old: str = "", new: str = "") -> Assignment:
    """Load an assignment with a task of most kinds, after a change to its rubric."""
    assert old in KINDS
    make_assignment(folder, rubric=KINDS.replace(old, new, 1))
    (folder / "reference/more.py").write_text(textwrap.dedent(MORE))
    (folder / "reference/answers").mkdir(exist_ok=True)
    (folder / "reference/answers/words.yaml").write_text(SHEET)
    return Assignment(folder)


def test_what_is_derived(tmp_path: Path) -> None:
    """Names, checks of kinds that bring their own, contract by task id or name, sheets, and who uses whom."""
    loaded = of_all_kinds(tmp_path)

    assert loaded.folder == tmp_path
    assert loaded.names() == {"double": "answers", "quadruple": "more"}
    assert [loaded.check_names(task.id) for task in loaded.rubric.tasks] == [
        ("value",),
        ("value",),
        ("value",),
        ("many", "few"),
        ("present", "pages"),
        (),
    ]
    assert loaded.check_names("nobody") == ()
    assert list(loaded.sheets) == ["words"]
    assert loaded.contract["1-double"] is loaded.contract["double"]
    assert loaded.contract.aliases == {"1-double": "double"}
    assert loaded.graph == {"1-double": (), "quadruple": ("1-double",)}
    assert set(loaded.digests) == {task.id for task in loaded.rubric.tasks}
    assert loaded.names(loaded.rubric.only(("words", "quadruple"))) == {"quadruple": "more"}


def test_nothing_is_imported_before_it_is_needed(tmp_path: Path) -> None:
    """Rubric, contract and digests are read as text; the reference is imported for this assignment alone."""
    folder = make_assignment(tmp_path)
    path = folder / "reference/answers.py"
    text = path.read_text()
    path.write_text(text + "\nraise RuntimeError('ran')\n")
    loaded = Assignment(folder)

    assert loaded.digests["double"]
    with pytest.raises(UsageError) as caught:
        loaded.objects
    assert str(caught.value) == f"{tmp_path / 'reference/answers'}.py cannot be imported (RuntimeError: ran)"
    path.write_text(text)
    assert loaded.objects["double"](3) == 6
    assert "reference.answers" not in sys.modules


def test_two_at_once(tmp_path: Path) -> None:
    """Two assignments with the same names of modules and tasks answer with their own."""
    one, two = make_assignment(tmp_path / "one"), make_assignment(tmp_path / "two")
    path = two / "reference/answers.py"
    path.write_text(path.read_text().replace("2 * x", "x - 1"))
    first, second = Assignment(one), Assignment(two)

    assert [loaded.objects["double"](5) for loaded in (first, second, first)] == [10, 4, 10]
    assert first.digests != second.digests
    assert (first.candidates.everyone, second.candidates.everyone) == ((), ())


def test_weights_of_own_checks(tmp_path: Path) -> None:
    """A rubric may weigh the checks that a kind brings: all of them or none, and only those that it has."""
    weighed = of_all_kinds(tmp_path / "a", "kind: answers,", "kind: answers, checks: {few: 3, many: 1},")
    words = weighed.rubric.task("words")
    assert [(check.name, check.weight) for check in words.checks] == [("few", Decimal(3)), ("many", Decimal(1))]

    with pytest.raises(RubricError, match=r"^rubric.yaml: words has no check 'all'; it has: many, few$"):
        of_all_kinds(tmp_path / "b", "kind: answers,", "kind: answers, checks: {all: 1},")
    with pytest.raises(RubricError, match=r"^rubric.yaml: words: the check 'few' exists but has no weight$"):
        of_all_kinds(tmp_path / "c", "kind: answers,", "kind: answers, checks: {many: 1},")


UNUSABLE = {
    "no folder": ("", "is not a folder: an assignment is a folder with rubric.yaml, reference/ and tests/"),
    "no rubric": ("rubric.yaml", "rubric.yaml: cannot be read"),
    "no reference": ("reference", "is not a folder: an assignment needs reference/ with its annotated functions"),
    "no such function": ("reference/answers.py", "no annotated function or class 'double' (asked for by rubric.yaml)"),
}


@pytest.mark.parametrize(("missing", "message"), UNUSABLE.values(), ids=UNUSABLE)
def test_what_is_no_assignment(missing: str, message: str, tmp_path: Path) -> None:
    """A folder that lacks a part is refused with what is missing."""
    folder = make_assignment(tmp_path / "a")
    (folder / missing).rename(tmp_path / "elsewhere")
    with pytest.raises(UsageError) as caught:
        Assignment(folder)
    assert message in str(caught.value)


def test_checks_must_be_those_of_the_rubric(tmp_path: Path) -> None:
    """The assignment refuses what its tests define and its rubric does not weigh, with the line."""
    loaded = Assignment(make_assignment(tmp_path))

    loaded.require_checks(["double.contract", "double.value"])
    with pytest.raises(RubricError, match=r"^rubric.yaml:10: double: the check 'speed' exists but has no weight$"):
        loaded.require_checks(["double.contract", "double.value", "double.speed"])
    assert "checks" in RUBRIC
