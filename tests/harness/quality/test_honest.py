"""A class that nobody handed in: what is wrong in it, and that it is the same every time."""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny_assignment import RIGHT, make_assignment

from autograder.assignment.loading import Assignment
from autograder.errors import UsageError
from autograder.quality.honest import QUALITIES, write_class

ROOT = Path(__file__).resolve().parents[3]
CORRECT = ROOT / "tests" / "submissions" / "correct_modules"
TASKS = ("gaussian_log_density", "kl_standard_normal", "kl_gaussian", "log_mean_exp")
CANDIDATES = """
from autograder.authoring.candidates import right, wrong
from reference.answers import double

SHIFT = 3

@wrong("tripled", "It is three times x.", severity="slip")
def _tripled(x):
    return 1.5 * double(x)

@wrong("shifted", "Something is added.", severity="slip")
def _shifted(x):
    return double(x) + SHIFT

@right("added", "x and x.")
def _added(x):
    return x + x
"""


def texts(folder: Path) -> dict[str, str]:
    """Every file below a folder, by path."""
    return {str(path.relative_to(folder)): path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*.py"))}


def test_mixed_quality_and_the_same_every_time(assignment: Assignment, tmp_path: Path) -> None:
    """As many tasks are wrong as the quality says, every file is Python, and nothing else has changed."""
    said = write_class(CORRECT, assignment, TASKS, 10, tmp_path / "one")
    again = write_class(CORRECT, assignment, TASKS, 10, tmp_path / "two")

    assert [len(what.split(", ")) if what else 0 for what in said[:5]] == [round(q * len(TASKS)) for q in QUALITIES]
    assert (said, texts(tmp_path / "one")) == (again, texts(tmp_path / "two"))
    assert len(set(said)) > 5
    for name, text in texts(tmp_path / "one").items():
        compile(text, name, "exec")
    right, wrong = (texts(tmp_path / "one" / f"student-00{number}") for number in (0, 4))
    assert right == {path.name: path.read_text(encoding="utf-8") for path in sorted(CORRECT.glob("*.py"))}
    changed = {name for name in right if right[name] != wrong[name]}
    assert changed
    assert changed <= {"densities.py", "divergences.py", "evidence.py"}


def test_mistakes_are_candidates_edits_and_unfinished_work(tmp_path: Path) -> None:
    """A candidate that calls the right answer finds it; one that needs more than libraries, or is right, is none."""
    course = make_assignment(tmp_path / "course")
    (course / "reference" / "candidates" / "all").mkdir(parents=True)
    (course / "reference" / "candidates" / "all" / "double.py").write_text(CANDIDATES)
    (tmp_path / "work.py").write_text(f"import math\n\n{RIGHT}\n\ndef other(x):\n    return double(x)\n")
    said = write_class(tmp_path / "work.py", Assignment(course), ["double"], 60, tmp_path / "class")
    kinds = {what.removeprefix("double: ") for what in said if what}

    assert {"tripled", "unfinished"} < kinds
    assert not {"shifted", "added"} & kinds
    for number, what in enumerate(said):
        names: dict[str, object] = {}
        exec((tmp_path / "class" / f"student-{number:03}" / "work.py").read_text(), names)
        if what == "double: tripled":
            assert names["double"](2) == names["other"](2) == 6  # type: ignore[operator]
        if not what:
            assert names["double"](2) == 4  # type: ignore[operator]


def test_a_submission_without_the_tasks_is_refused(assignment: Assignment, tmp_path: Path) -> None:
    """There would be nothing to measure."""
    (tmp_path / "work.py").write_text("x = 1\n")
    with pytest.raises(UsageError, match="defines none of the tasks kl_gaussian"):
        write_class(tmp_path / "work.py", assignment, ["kl_gaussian"], 3, tmp_path / "class")
