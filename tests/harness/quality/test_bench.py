"""What is measured, on whatever isolates here; no figure is looked at."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.assignment.loading import Assignment
from autograder.errors import SandboxUnavailable
from autograder.quality import bench
from autograder.quality.bench import Measured, measure_sandbox, mostly_wrong
from autograder.sandbox.choice import why_not_uid

ROOT = Path(__file__).resolve().parents[3]
CORRECT = ROOT / "tests" / "submissions" / "correct_modules"


def test_the_median_and_the_extremes() -> None:
    """One line has the median of its values, the least and the most."""
    line = Measured("a", (3.0, 1.0, 2.0), "s")

    assert (line.median, line.least, line.most) == (2.0, 1.0, 3.0)


def test_without_bubblewrap_the_other_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where only another user and Landlock can be had, these are measured, round trips included."""
    if why := why_not_uid():
        pytest.skip(f"needs root and Landlock: {why}")
    why_not = "namespaces are forbidden"
    monkeypatch.setattr(bench, "why_not_bubblewrap", lambda: why_not)
    monkeypatch.setattr("autograder.sandbox.choice.why_not_bubblewrap", lambda: why_not)
    lines = [line.what for line in measure_sandbox(1)]

    assert [line for line in lines if line.startswith("uid: ")]
    assert not [line for line in lines if line.startswith("bubblewrap: ")]
    assert sum(line.startswith("round trip with ") for line in lines) == 3


def test_where_nothing_isolates_nothing_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """No figure is made up: it says why nothing can be isolated."""
    for module in (bench, "autograder.sandbox.choice"):
        name = module if isinstance(module, str) else module.__name__
        monkeypatch.setattr(f"{name}.why_not_bubblewrap", lambda: "namespaces are forbidden")
        monkeypatch.setattr(f"{name}.why_not_uid", lambda: "no Landlock")
    with pytest.raises(SandboxUnavailable, match=r"namespaces are forbidden(.|\n)*no Landlock"):
        list(measure_sandbox(1))


def test_a_mostly_wrong_submission(assignment: Assignment, tmp_path: Path) -> None:
    """Every function that is asked for differs from the correct one, and every file is Python; programs are left as they are."""
    mostly_wrong(CORRECT, assignment.names(), tmp_path)
    names = sorted(path.name for path in CORRECT.glob("*.py"))
    programs = {task.file for task in assignment.rubric.tasks if task.kind == "script"}

    assert sorted(path.name for path in tmp_path.rglob("*.py")) == names
    for name in names:
        text, before = ((place / name).read_text(encoding="utf-8") for place in (tmp_path, CORRECT))
        compile(text, name, "exec")
        assert text != before or name in programs
