"""Results that still hold: another price, weight or carry rule is reckoned anew from what was found, without asking again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tiny_assignment import RUBRIC, grade_here, make_assignment, write_files

from autograder.records import GradeRecord
from autograder.sandbox.plain import Plain

CANDIDATES = """
    from autograder.authoring.candidates import wrong

    @wrong("added", "Two is added.", severity="gap", credit=0.45)
    def added(x):
        return x + 2
"""
WORK = {
    "right": "def double(x):\n    return x + x\n",
    "a named mistake": "def double(x):\n    return 2 + x\n",
    "form": "def double(x):\n    return 2 * x.float()[:, None]\n",
    "both": "def double(x):\n    return (2 + x).numpy()\n",
    "one that nobody wrote down": "def double(x):\n    return 3 * x\n",
    "without a name": "def double(x):\n    return x.exp()\n",
    "another shape": "def double(x):\n    return x.sum()\n",
    "not there": "def other(x):\n    return x\n",
}
OTHER = """\
credits: {gap: 0.3, slip: 0.5, form: 0.7}
    mistakes: {other_dtype: slip, scaled: gap}
    carry: always
"""


@pytest.fixture(scope="module")
def plain() -> Iterator[Plain]:
    """One zygote without isolation for all gradings of this file: what is graded here are our own texts."""
    started = Plain()
    yield started
    started.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An assignment with a named mistake."""
    return write_files(make_assignment(tmp_path), {"reference/candidates/first/double.py": CANDIDATES})


def change(folder: Path, text: str) -> None:
    """Say more in the rubric."""
    write_files(folder, {"rubric.yaml": RUBRIC.replace("points: 3\n", "points: 3\n    " + text, 1)})


def without_times(record: dict[str, Any]) -> dict[str, Any]:
    """A record without what differs between two gradings."""
    return {name: value for name, value in record.items() if name not in ("timing", "provenance")}


@pytest.mark.parametrize("name", WORK)
def test_the_same_record_as_a_fresh_grading(name: str, folder: Path, plain: Plain) -> None:
    """Under another rubric: points, mistakes, sentences and what was undone."""
    earlier = GradeRecord.model_validate(grade_here(folder, WORK[name], backend=plain))
    change(folder, OTHER)
    reused = grade_here(folder, WORK[name], backend=plain, earlier=earlier)
    fresh = grade_here(folder, WORK[name], backend=plain)

    assert "checks" not in reused["timing"]["stages_seconds"]
    assert without_times(reused) == without_times(fresh)


def test_another_severity_of_a_named_mistake_changes_the_points(folder: Path, plain: Plain) -> None:
    """It stands beside the reference, in no task's digest: what failed is asked again, what passed is not."""
    scores = []
    for name in ("a named mistake", "right"):
        write_files(folder, {"reference/candidates/first/double.py": CANDIDATES})
        earlier = GradeRecord.model_validate(grade_here(folder, WORK[name], backend=plain))
        write_files(folder, {"reference/candidates/first/double.py": CANDIDATES.replace("0.45", "0.25")})
        reused = grade_here(folder, WORK[name], backend=plain, earlier=earlier)
        scores.append((earlier.score, reused["score"], "checks" in reused["timing"]["stages_seconds"]))

    assert scores == [("1.35", "0.75", True), ("3.00", "3.00", False)]


def test_another_price_changes_the_points(folder: Path, plain: Plain) -> None:
    """That of a severity where the mistake has none of its own, that of the mistake before all others."""
    work = WORK["a named mistake"]
    earlier = GradeRecord.model_validate(grade_here(folder, work, backend=plain))
    scores = []
    for text in ("credits: {gap: 0.3}\n", "mistakes: {double.added: 0.9}\n", "mistakes: {added: gap}\n"):
        change(folder, text)
        scores.append(grade_here(folder, work, backend=plain, earlier=earlier)["score"])

    assert (earlier.score, scores) == ("1.35", ["1.35", "2.70", "1.20"])
